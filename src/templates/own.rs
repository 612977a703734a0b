//! Mail in somebody's own words: rendered apart from what is shipped, in a small language, with bounds on work and on what comes out.
//!
//! Nothing here can build a large value: no assignment, no joining of texts, no arithmetic, no function. What is left are the fields
//! that the mail has, conditions, loops over lists, a few filters, and the parts that are shipped for mail.

use std::io::{self, Write};

use minijinja::{Environment, UndefinedBehavior, Value, filters, tests};

use crate::desk::mail_kind::MailKind;

/// Steps of one part at most: a reply of 256 KiB laid out line by line needs about a million.
const FUEL: u64 = 3_000_000;

/// Octets of one part at most.
const LARGEST_PART: usize = 8 << 20;

/// A template is no longer; octets.
pub const LARGEST_SOURCE: usize = 64 << 10;

/// What begins a tag.
const TAGS: [&str; 14] =
    ["if", "elif", "else", "endif", "for", "endfor", "extends", "block", "endblock", "include", "import", "raw", "endraw", "break"];

/// What changes a value.
const FILTERS: [&str; 9] = ["upper", "lower", "title", "capitalize", "trim", "length", "default", "first", "last"];

/// What asks a value.
const TESTS: [&str; 2] = ["defined", "none"];

/// One mail as somebody wrote it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OwnMail {
    /// One line.
    pub subject: String,
    /// The text form.
    pub text: String,
    /// The HTML form.
    pub html: String,
}

/// Which part of a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// One line.
    Subject,
    /// The text form.
    Text,
    /// The HTML form.
    Html,
}

impl Part {
    /// Each.
    pub const ALL: [Self; 3] = [Self::Subject, Self::Text, Self::Html];

    /// The file of a shipped one; what goes into the last is escaped.
    #[must_use]
    pub fn file(self) -> &'static str {
        match self {
            Self::Subject => "subject.txt",
            Self::Text => "body.txt",
            Self::Html => "body.html",
        }
    }

    /// As forms name it.
    #[must_use]
    pub fn field(self) -> &'static str {
        match self {
            Self::Subject => "subject",
            Self::Text => "text",
            Self::Html => "html",
        }
    }
}

/// Why a part cannot be used: a sentence that names the line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub struct Wrong {
    /// Which part.
    pub part: Part,
    /// Lower case, no full stop.
    pub why: String,
}

impl OwnMail {
    /// One part.
    #[must_use]
    pub fn part(&self, part: Part) -> &str {
        match part {
            Part::Subject => &self.subject,
            Part::Text => &self.text,
            Part::Html => &self.html,
        }
    }
}

/// Renders one part with these values; `shipped` gives the source of what is shipped.
pub(super) fn render(
    own: &OwnMail,
    part: Part,
    values: &Value,
    shipped: impl Fn(&str) -> Option<String> + Send + Sync + 'static,
) -> Result<String, Wrong> {
    let wrong = |why: String| Wrong { part, why };
    let environment = environment(shipped);
    let name = format!("own/{}", part.file());
    let template = environment.template_from_named_str(&name, own.part(part)).map_err(|error| wrong(said(&error)))?;
    let mut out = Bounded(Vec::new());
    template.render_captured_to(values.clone(), &mut out).map_err(|error| wrong(said(&error)))?;
    let text = String::from_utf8(out.0).map_err(|_| wrong("what comes out is no text".to_owned()))?;
    if text.trim().is_empty() { Err(wrong("nothing comes out of it".to_owned())) } else { Ok(text) }
}

/// Looks at a part without rendering it: its language, and whether it names what there is.
///
/// # Errors
/// The first fault, with its line.
pub fn check(kind: MailKind, own: &OwnMail, part: Part) -> Result<(), Wrong> {
    let wrong = |why: String| Wrong { part, why };
    let source = own.part(part);
    if source.len() > LARGEST_SOURCE {
        return Err(wrong(format!("it is longer than {} KiB; shorten it", LARGEST_SOURCE >> 10)));
    }
    small_language(source).map_err(wrong)?;
    let environment = environment(|_| Some(String::new()));
    let name = format!("own/{}", part.file());
    let template = environment.template_from_named_str(&name, source).map_err(|error| wrong(said(&error)))?;
    let mut named: Vec<String> = template.undeclared_variables(true).into_iter().collect();
    named.sort_unstable();
    let known: Vec<&str> = kind.placeholders().iter().map(|(name, _)| *name).collect();
    if let Some(unknown) = named.iter().find(|it| !is_known(it, &known)) {
        let near = nearest(unknown, &known).map_or_else(String::new, |it| format!("; did you mean {it}?"));
        return Err(wrong(format!("line {}: there is no value called {unknown}{near}", line_of(source, unknown))));
    }
    match kind.must_name() {
        Some(must) if part != Part::Subject && !named.iter().any(|it| it == must || it.starts_with(&format!("{must}."))) => {
            let name = known.iter().find(|it| **it == must || it.starts_with(&format!("{must}."))).copied().unwrap_or(must);
            Err(wrong(format!("{{{{ {name} }}}} is missing: without it the mail does not say what it is sent for")))
        }
        Some(_) | None => Ok(()),
    }
}

/// A value, a group of them (`it.said`), or the ways the language has of its own.
fn is_known(name: &str, known: &[&str]) -> bool {
    ["super", "loop", "true", "false", "none"].contains(&name)
        || known.iter().any(|it| *it == name || it.starts_with(&format!("{name}.")))
        || name.strip_prefix("head.").is_some_and(|it| ["desk", "url", "number", "subject", "greeting"].contains(&it))
}

/// Refuses what could build large values or name other templates than those that are shipped for mail.
fn small_language(source: &str) -> Result<(), String> {
    let mut at = 0;
    while let Some(begin) = source[at..].find('{').map(|it| at + it) {
        let (end, code) = match source.as_bytes().get(begin + 1) {
            Some(b'#') => ("#}", false),
            Some(b'%') => ("%}", true),
            Some(b'{') => ("}}", true),
            _ => {
                at = begin + 1;
                continue;
            }
        };
        let line = source[..begin].matches('\n').count() + 1;
        let inside = &source[begin + 2..];
        let Some(length) = inside.find(end) else {
            return Err(format!("line {line}: {} is never closed by {end}", &source[begin..begin + 2]));
        };
        if code {
            let inside = inside[..length].trim_start_matches(['-', '+']).trim_end_matches(['-', '+']);
            expression(inside).map_err(|why| format!("line {line}: {why}"))?;
            if end == "%}" {
                tag(inside.trim()).map_err(|why| format!("line {line}: {why}"))?;
            }
        }
        at = begin + 2 + length + end.len();
    }
    Ok(())
}

fn tag(inside: &str) -> Result<(), String> {
    let word: String = inside.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
    if !TAGS.contains(&word.as_str()) {
        return Err(format!("the tag {word} is not for mail; if, for, and the parts that are shipped are"));
    }
    if ["extends", "include", "import"].contains(&word.as_str()) {
        let rest = inside[word.len()..].trim();
        let quote = rest.chars().next().filter(|it| ['"', '\''].contains(it));
        let name = quote.and_then(|it| rest[1..].split(it).next()).unwrap_or_default();
        let parts =
            name.strip_prefix("mail/").is_some_and(|it| it.rsplit('/').next().is_some_and(|it| it.starts_with('_')) && !it.contains(".."));
        if !parts {
            return Err(format!("{word} names {rest}; only parts of shipped mail such as \"mail/_mail.html\" can be named"));
        }
    }
    Ok(())
}

/// Outside of texts in quotes: nothing that joins or multiplies.
fn expression(inside: &str) -> Result<(), String> {
    let (mut quote, mut escaped) = (None, false);
    let mut bare = String::new();
    for c in inside.chars() {
        bare.push(if quote.is_some() { ' ' } else { c });
        match (quote, c) {
            (Some(_), _) if escaped => escaped = false,
            (Some(_), '\\') => escaped = true,
            (Some(open), c) if open == c => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(c),
            (None, '~' | '+' | '*') => {
                return Err(format!("{c} joins or multiplies, which is not for mail; write the texts one after the other"));
            }
            (None, _) => {}
        }
    }
    if quote.is_some() {
        return Err("a text in quotes is not closed, or holds the end of the tag".to_owned());
    }
    // The library finds them only where they are met, which may be in a mail of next year.
    let filters = bare.split('|').skip(1).map(word);
    let tests = bare.split_whitespace().skip_while(|it| *it != "is").skip(1).filter(|it| *it != "not").take(1).map(word);
    known("filter", filters, &FILTERS)?;
    known("test", tests, &TESTS)
}

/// The name at the beginning.
fn word(text: &str) -> &str {
    let text = text.trim_start();
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next().unwrap_or_default()
}

fn known<'s>(what: &str, mut named: impl Iterator<Item = &'s str>, all: &[&str]) -> Result<(), String> {
    named.find(|it| !all.contains(it)).map_or(Ok(()), |it| Err(format!("there is no {what} called {it}; there are {}", all.join(", "))))
}

fn environment(shipped: impl Fn(&str) -> Option<String> + Send + Sync + 'static) -> Environment<'static> {
    let mut environment = Environment::empty();
    environment.set_undefined_behavior(UndefinedBehavior::SemiStrict);
    environment.set_auto_escape_callback(minijinja::default_auto_escape_callback);
    environment.set_fuel(Some(FUEL));
    environment.set_recursion_limit(60);
    environment.set_loader(move |name| Ok(if name.starts_with("mail/") { shipped(name) } else { None }));
    environment.add_filter("upper", filters::upper);
    environment.add_filter("lower", filters::lower);
    environment.add_filter("title", filters::title);
    environment.add_filter("capitalize", filters::capitalize);
    environment.add_filter("trim", filters::trim);
    environment.add_filter("length", filters::length);
    environment.add_filter("default", filters::default);
    environment.add_filter("first", filters::first);
    environment.add_filter("last", filters::last);
    environment.add_test("defined", tests::is_defined);
    environment.add_test("none", tests::is_none);
    environment
}

/// What the library says, with the line, and without its own words about templates.
fn said(error: &minijinja::Error) -> String {
    let line = error.line().map_or_else(String::new, |it| format!("line {it}: "));
    let kind = error.kind();
    let what = if kind == minijinja::ErrorKind::OutOfFuel {
        "it needs too many steps; make its loops smaller".to_owned()
    } else if kind == minijinja::ErrorKind::WriteFailure {
        format!("more than {} MiB come out of it", LARGEST_PART >> 20)
    } else {
        error.detail().map_or_else(|| kind.to_string(), str::to_owned)
    };
    format!("{line}{what}")
}

/// Takes so much and no more.
struct Bounded(Vec<u8>);

impl Write for Bounded {
    fn write(&mut self, some: &[u8]) -> io::Result<usize> {
        if self.0.len() + some.len() > LARGEST_PART {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.0.extend_from_slice(some);
        Ok(some.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn line_of(source: &str, name: &str) -> usize {
    source.find(name).map_or(1, |at| source[..at].matches('\n').count() + 1)
}

/// The known name that is most like another, if any is.
fn nearest<'k>(name: &str, known: &[&'k str]) -> Option<&'k str> {
    let tail = |it: &str| it.rsplit('.').next().unwrap_or_default().to_owned();
    let apart = |it: &str| distance(it, name).min(distance(&tail(it), &tail(name)) + 2);
    known.iter().copied().min_by_key(|it| apart(it)).filter(|it| apart(it) <= 5)
}

/// How many letters have to be changed, put in or taken out (Levenshtein).
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().take(100).collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (i, a) in one.chars().take(100).enumerate() {
        let mut before = row[0];
        row[0] = i + 1;
        for (j, b) in other.iter().enumerate() {
            let change = before + usize::from(a != *b);
            before = row[j + 1];
            row[j + 1] = change.min(row[j] + 1).min(before + 1);
        }
    }
    row[other.len()]
}

#[cfg(test)]
mod own_tests;
