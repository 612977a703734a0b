//! Reading one table key by key: what is given, what the environment puts in its place, and every fault.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::{self, ErrorKind},
    path::{Path, PathBuf},
};

use secrecy::SecretString;

use super::{
    fault::{Fault, Place},
    source::{Given, Table, Value},
};

/// Why a value is refused, and the mend: goes on from `key = value `.
pub(super) type Refusal = String;

/// There is no value, and the fault that says so is noted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Noted;

/// What is common to all sections of one reading.
pub(super) struct Reading {
    /// Relative paths of the file begin here: the folder it lies in.
    pub base: PathBuf,
    /// Variables that begin with `MAILDESK_`; taken out as they are used.
    pub environment: BTreeMap<String, String>,
    pub faults: Vec<Fault>,
    /// The keys of passwords and tokens that stand in the file itself.
    pub secrets: BTreeSet<String>,
    /// Every key that was asked for, by its path: `mailbox.imap.host`.
    pub asked: BTreeSet<String>,
}

/// One table of the file.
pub(super) struct Section<'r> {
    reading: &'r mut Reading,
    table: Table,
    /// The line of its header; the file itself for the top.
    place: Place,
    /// Led before a key in a fault: `mailbox "sales": imap.`.
    title: String,
    /// Led before a key in the documentation: `mailbox.imap.`.
    path: String,
    /// Led before a key in the environment: `MAILDESK_MAILBOX_SALES_IMAP_`.
    variable: String,
}

impl<'r> Section<'r> {
    /// The file as a whole.
    pub fn top(reading: &'r mut Reading, table: Table) -> Self {
        Self { reading, table, place: Place::Nowhere, title: String::new(), path: String::new(), variable: "MAILDESK_".to_owned() }
    }

    /// The table under `key`; one that is missing reads as empty.
    pub fn table(&mut self, key: &str) -> Section<'_> {
        let (table, place) = match self.table.remove(key) {
            None => (Table::new(), self.place.clone()),
            Some(Given { value: Value::Table(table), place }) => (table, place),
            Some(given) => {
                self.refuse(key, &given, "is not a table; write it as a section in brackets");
                (Table::new(), given.place)
            }
        };
        let (title, path) = (format!("{}{key}.", self.title), format!("{}{key}.", self.path));
        let variable = format!("{}{}_", self.variable, in_capitals(key));
        Section { reading: self.reading, table, place, title, path, variable }
    }

    /// The tables under `[[key]]`, each with its place.
    pub fn tables(&mut self, key: &str) -> Vec<(Table, Place)> {
        let Some(given) = self.table.remove(key) else { return Vec::new() };
        let all = match &given.value {
            Value::List(items) => items.iter().map(|it| Some((as_table(&it.value)?, it.place.clone()))).collect(),
            Value::Table(_) | Value::Text(_) | Value::Whole(_) | Value::Other(_) => None,
        };
        all.unwrap_or_else(|| {
            self.fault(given.place, format!("{key} is not a list of sections; begin each with [[{key}]]"));
            Vec::new()
        })
    }

    /// One of [`Section::tables`], called by `name` in faults and in the environment.
    pub fn named(&mut self, key: &str, name: &str, (table, place): (Table, Place)) -> Section<'_> {
        let (title, path) = (format!("{key} {name:?}: "), format!("{key}."));
        let variable = format!("{}{}_{}_", self.variable, in_capitals(key), in_capitals(name));
        Section { reading: self.reading, table, place, title, path, variable }
    }

    /// Whether a key is given, here or in the environment.
    pub fn has(&self, key: &str) -> bool {
        self.table.contains_key(key) || self.reading.environment.contains_key(&self.variable(key))
    }

    /// Whether anything is given in the table under `key`, here or in the environment.
    pub fn has_table(&self, key: &str) -> bool {
        let prefix = format!("{}_", self.variable(key));
        self.table.contains_key(key) || self.reading.environment.keys().any(|it| it.starts_with(&prefix))
    }

    /// What is given for a key; none when nothing is, or when it is refused and noted as a fault.
    pub fn optional<T>(&mut self, key: &str, parse: impl FnOnce(&Value) -> Result<T, Refusal>) -> Option<T> {
        let given = self.take(key)?;
        match parse(&given.value) {
            Ok(value) => Some(value),
            Err(why) => {
                self.refuse(key, &given, &why);
                None
            }
        }
    }

    /// What is given for a key, else `default`.
    pub fn or<T>(&mut self, key: &str, default: T, parse: impl FnOnce(&Value) -> Result<T, Refusal>) -> T {
        self.optional(key, parse).unwrap_or(default)
    }

    /// What is given for a key that must be given; `mend` says what to write.
    pub fn required<T>(&mut self, key: &str, mend: &str, parse: impl FnOnce(&Value) -> Result<T, Refusal>) -> Result<T, Noted> {
        let Some(given) = self.take(key) else { return Err(self.missing(key, mend)) };
        parse(&given.value).map_err(|why| self.refuse(key, &given, &why))
    }

    /// A secret: in the file, in a file of its own (`key_file`, one line end cut), or in the environment.
    pub fn secret(&mut self, key: &str) -> Result<Option<SecretString>, Noted> {
        let file_key = format!("{key}_file");
        let (plain, file) = self.nearer(key, &file_key);
        match (plain, file) {
            (None, None) => Ok(None),
            (Some(plain), None) => self.secret_text(key, plain).map(Some),
            (None, Some(file)) => self.secret_file(&file_key, &file).map(Some),
            (Some(_), Some(file)) => {
                let text = format!("{}{key} and {}{file_key} are both given; keep one of them", self.title, self.title);
                Err(self.fault(file.place, text))
            }
        }
    }

    /// The key and its file twin; what the environment says of either puts aside what the file says of both.
    fn nearer(&mut self, key: &str, file_key: &str) -> (Option<Given>, Option<Given>) {
        let both = (self.take(key), self.take(file_key));
        let here = |it: &Option<Given>| it.as_ref().is_some_and(|it| matches!(it.place, Place::Environment(_)));
        match (here(&both.0), here(&both.1)) {
            (true, false) => (both.0, None),
            (false, true) => (None, both.1),
            (true, true) | (false, false) => both,
        }
    }

    fn secret_text(&mut self, key: &str, given: Given) -> Result<SecretString, Noted> {
        let why = match given.value {
            Value::Text(text) if !text.is_empty() => {
                if !matches!(given.place, Place::Environment(_)) {
                    self.reading.secrets.insert(key.to_owned());
                }
                return Ok(text.into());
            }
            Value::Text(_) => "is empty",
            Value::Whole(_) | Value::List(_) | Value::Table(_) | Value::Other(_) => "is not text; put it in quotes",
        };
        Err(self.fault(given.place, format!("{}{key} {why}", self.title)))
    }

    fn secret_file(&mut self, key: &str, given: &Given) -> Result<SecretString, Noted> {
        let base = self.reading.base.clone();
        let read = super::value::text(&given.value).and_then(|path| secret_in(&base.join(path)));
        read.map_err(|why| self.refuse(key, given, &why))
    }

    /// A path as it is given; a relative one begins at the folder of the file.
    pub fn path(&mut self, key: &str) -> Option<PathBuf> {
        let base = self.reading.base.clone();
        self.optional(key, |value| super::value::text(value).map(|it| base.join(it)))
    }

    /// Where relative paths begin.
    pub fn base(&self) -> PathBuf {
        self.reading.base.clone()
    }

    /// Notes that a key which the others call for is not there.
    pub fn missing(&mut self, key: &str, mend: &str) -> Noted {
        self.fault(self.place.clone(), format!("{}{key} is missing; {mend}", self.title))
    }

    /// Notes a fault between values that are good each by itself.
    pub fn at_odds(&mut self, text: &str) -> Noted {
        self.fault(self.place.clone(), format!("{}{text}", self.title))
    }

    /// How the environment would give a key.
    pub fn variable(&self, key: &str) -> String {
        format!("{}{}", self.variable, in_capitals(key))
    }

    /// Refuses what is left: keys that nothing asked for.
    pub fn finish(self) {
        let asked: Vec<&str> =
            self.reading.asked.iter().filter_map(|it| it.strip_prefix(&self.path)).filter(|it| !it.contains('.')).collect();
        let unknown = self.table.iter().map(|(key, given)| {
            let known = crate::desk::nearest::nearest(key, &asked).map_or_else(String::new, |it| format!("; did you mean {it}?"));
            Fault { place: given.place.clone(), text: format!("{}{key} is no key that maildesk knows{known}", self.title) }
        });
        let unknown: Vec<Fault> = unknown.collect();
        self.reading.faults.extend(unknown);
    }

    fn take(&mut self, key: &str) -> Option<Given> {
        self.reading.asked.insert(format!("{}{key}", self.path));
        let from_file = self.table.remove(key);
        let variable = self.variable(key);
        match self.reading.environment.remove(&variable) {
            Some(text) => Some(Given { value: Value::Text(text), place: Place::Environment(variable) }),
            None => from_file,
        }
    }

    fn refuse(&mut self, key: &str, given: &Given, why: &str) -> Noted {
        self.fault(given.place.clone(), format!("{}{key} = {} {why}", self.title, given.value))
    }

    fn fault(&mut self, place: Place, text: String) -> Noted {
        self.reading.faults.push(Fault { place, text });
        Noted
    }
}

fn as_table(value: &Value) -> Option<Table> {
    match value {
        Value::Table(table) => Some(table.clone()),
        Value::Text(_) | Value::Whole(_) | Value::List(_) | Value::Other(_) => None,
    }
}

fn in_capitals(key: &str) -> String {
    key.replace('-', "_").to_uppercase()
}

/// Why a file that a key names cannot be read: where it was looked for, and the mend.
pub(super) fn unreadable(path: &Path, why: &io::Error) -> Refusal {
    let shown = path.display();
    if why.kind() == ErrorKind::InvalidData {
        return format!("cannot be read: {shown} is not UTF-8: save it as UTF-8");
    }
    let mend = if why.kind() == ErrorKind::PermissionDenied {
        "let the user that maildesk runs as read it"
    } else {
        "write the path of a file that is there, from the folder of the configuration or from /"
    };
    format!("cannot be read: {shown}: {why}; {mend}")
}

fn secret_in(path: &Path) -> Result<SecretString, Refusal> {
    let text = fs::read_to_string(path).map_err(|why| unreadable(path, &why))?;
    let text = text.strip_suffix('\n').unwrap_or(&text);
    let text = text.strip_suffix('\r').unwrap_or(text);
    if text.is_empty() { Err("is an empty file".to_owned()) } else { Ok(text.into()) }
}
