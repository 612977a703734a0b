//! The file as a tree whose every value knows its line.

use std::{collections::BTreeMap, fmt, ops::Range};

use toml::de::{DeTable, DeValue};

use super::fault::{Fault, Place};

/// Keys with what was given for them.
pub(super) type Table = BTreeMap<String, Given>;

/// A value and where it was given.
#[derive(Clone, Debug)]
pub(super) struct Given {
    pub value: Value,
    pub place: Place,
}

/// What a key can hold. The environment gives text alone.
#[derive(Clone, Debug)]
pub(super) enum Value {
    Text(String),
    Whole(i64),
    List(Vec<Given>),
    Table(Table),
    /// A fraction, a date, `true`: no key takes one. Held as it was written.
    Other(String),
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) if text.chars().count() > 80 => write!(f, "{:?}…", text.chars().take(80).collect::<String>()),
            Self::Text(text) => write!(f, "{text:?}"),
            Self::Whole(number) => number.fmt(f),
            Self::Other(text) => f.write_str(text),
            Self::Table(_) => f.write_str("{…}"),
            Self::List(items) => {
                let items: Vec<String> = items.iter().take(8).map(|it| it.value.to_string()).collect();
                write!(f, "[{}]", items.join(", "))
            }
        }
    }
}

/// Reads TOML.
///
/// # Errors
/// Every place where it is not TOML, by line and column. The line itself is not shown: it may hold a password.
pub(super) fn read(text: &str) -> Result<Table, Vec<Fault>> {
    let (document, errors) = DeTable::parse_recoverable(text);
    if errors.is_empty() {
        return Ok(table(text, document.get_ref()));
    }
    Err(errors
        .iter()
        .map(|error| Fault {
            place: error.span().map_or(Place::Nowhere, |span| column(text, &span)),
            text: error.message().lines().collect::<Vec<_>>().join(", "),
        })
        .collect())
}

fn table(text: &str, from: &DeTable<'_>) -> Table {
    from.iter()
        .map(|(key, value)| {
            let place = Place::Line(line(text, &key.span()));
            (key.get_ref().to_string(), Given { value: convert(text, value.get_ref()), place })
        })
        .collect()
}

fn convert(text: &str, from: &DeValue<'_>) -> Value {
    match from {
        DeValue::String(it) => Value::Text(it.to_string()),
        DeValue::Integer(it) => match i64::from_str_radix(it.as_str(), it.radix()) {
            Ok(number) => Value::Whole(number),
            Err(_) => Value::Other(it.to_string()),
        },
        DeValue::Float(it) => Value::Other(it.as_str().to_owned()),
        DeValue::Boolean(it) => Value::Other(it.to_string()),
        DeValue::Datetime(it) => Value::Other(it.to_string()),
        DeValue::Table(it) => Value::Table(table(text, it)),
        DeValue::Array(items) => Value::List(
            items.iter().map(|it| Given { value: convert(text, it.get_ref()), place: Place::Line(line(text, &it.span())) }).collect(),
        ),
    }
}

fn line(text: &str, span: &Range<usize>) -> usize {
    before(text, span).matches('\n').count() + 1
}

fn column(text: &str, span: &Range<usize>) -> Place {
    let before = before(text, span);
    let column = before.rsplit('\n').next().map_or(0, |it| it.chars().count()) + 1;
    Place::Column(line(text, span), column)
}

fn before<'t>(text: &'t str, span: &Range<usize>) -> &'t str {
    text.get(..span.start.min(text.len())).unwrap_or(text)
}
