//! What is wrong with a configuration: all of it, so that it is mended in one go.

use std::fmt;

/// Where a value was given.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// A line of the file, from 1.
    Line(usize),
    /// A line and a column of the file, from 1: where the file cannot be read as TOML.
    Column(usize, usize),
    /// An environment variable.
    Environment(String),
    /// Nowhere in particular: the file itself.
    Nowhere,
}

/// One thing that is wrong, and its mend. Never holds a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Where.
    pub place: Place,
    /// Key, value and mend in one sentence: `desk.undo_window = "1h" is over 5m; …`.
    pub text: String,
}

/// Everything that is wrong, in the order of the file; at least one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Faults {
    /// The file as it was named.
    pub file: String,
    /// In the order of the file, what the environment says last.
    pub list: Vec<Fault>,
}

impl Faults {
    pub(super) fn new(file: &str, mut list: Vec<Fault>) -> Self {
        list.sort_by_key(|it| it.place.line());
        Self { file: file.to_owned(), list }
    }

    pub(super) fn one(file: &str, text: String) -> Self {
        Self::new(file, vec![Fault { place: Place::Nowhere, text }])
    }

    /// One line for each fault, led by its place: `maildesk.toml:12: mailbox "sales": …`.
    pub fn lines(&self) -> impl Iterator<Item = String> {
        self.list.iter().map(|fault| match &fault.place {
            Place::Line(line) => format!("{}:{line}: {}", self.file, fault.text),
            Place::Column(line, column) => format!("{}:{line}:{column}: {}", self.file, fault.text),
            Place::Environment(name) => format!("{name}: {}", fault.text),
            Place::Nowhere => format!("{}: {}", self.file, fault.text),
        })
    }
}

impl Place {
    fn line(&self) -> usize {
        match self {
            Self::Line(line) | Self::Column(line, _) => *line,
            Self::Nowhere => 0,
            Self::Environment(_) => usize::MAX,
        }
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, line) in self.lines().enumerate() {
            if at > 0 {
                f.write_str("\n")?;
            }
            f.write_str(&line)?;
        }
        Ok(())
    }
}
