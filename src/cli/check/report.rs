//! What was tried and what came of it: one line a step.

use std::{fmt, process::ExitCode};

/// What came of one step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// As it must be.
    Ok,
    /// It works, and somebody should look.
    Warn,
    /// It does not work.
    Fail,
}

/// One step: `ok    mailbox "support" imap: signed in as …`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// What came of it.
    pub verdict: Verdict,
    /// What was tried: `database`, `mailbox "support" imap`.
    pub subject: String,
    /// What was found, and the mend where one is due.
    pub text: String,
}

impl Line {
    /// As it must be.
    pub fn ok(subject: &str, text: impl Into<String>) -> Self {
        Self { verdict: Verdict::Ok, subject: subject.to_owned(), text: text.into() }
    }

    /// It works, and somebody should look.
    pub fn warn(subject: &str, text: impl Into<String>) -> Self {
        Self { verdict: Verdict::Warn, subject: subject.to_owned(), text: text.into() }
    }

    /// It does not work.
    pub fn fail(subject: &str, text: impl Into<String>) -> Self {
        Self { verdict: Verdict::Fail, subject: subject.to_owned(), text: text.into() }
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = match self.verdict {
            Verdict::Ok => "ok",
            Verdict::Warn => "warn",
            Verdict::Fail => "FAIL",
        };
        // A server's words may hold anything; a line stays a line.
        let text: String = self.text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        write!(f, "{verdict:<4}  {}: {text}", self.subject)
    }
}

/// How many steps came out how.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    warnings: usize,
    faults: usize,
}

impl Tally {
    /// Prints the lines as they come and counts them.
    pub fn print(&mut self, lines: impl IntoIterator<Item = Line>) {
        for line in lines {
            say!("{line}");
            match line.verdict {
                Verdict::Ok => (),
                Verdict::Warn => self.warnings += 1,
                Verdict::Fail => self.faults += 1,
            }
        }
    }

    /// Prints the sum. 0 when nothing failed, 1 otherwise.
    pub fn finish(self) -> ExitCode {
        let count = |number: usize, word: &str| format!("{number} {word}{}", if number == 1 { "" } else { "s" });
        match (self.faults, self.warnings) {
            (0, 0) => say!("all is well"),
            (0, warnings) => say!("it can start; {}", count(warnings, "warning")),
            (faults, 0) => say!("{}", count(faults, "fault")),
            (faults, warnings) => say!("{}, {}", count(faults, "fault"), count(warnings, "warning")),
        }
        ExitCode::from(u8::from(self.faults > 0))
    }
}
