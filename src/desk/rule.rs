//! Plain rules that an admin writes: what is done by itself with mail that opens a ticket or answers one. Facts in, what is to be done
//! out; matching is looking for one text in another, so that no rule takes longer than the mail is long.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::desk::{address::Named, id::PersonId, message::IncomingMessage, tag::TagName, ticket::Priority};

/// A rule has so many conditions, and so many things to do, at most.
pub const MOST_LINES: usize = 8;

/// A condition's text is no longer; characters.
const LONGEST_TEXT: usize = 500;

/// What a rule is called is no longer; characters.
const LONGEST_NAME: usize = 80;

/// How much of a mail's text is looked through; octets.
const LONGEST_LOOK: usize = 256 << 10;

/// A rule as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// When it is asked.
    pub when: When,
    /// Whether every condition has to hold, or one.
    pub need: Need,
    /// The conditions; none: it holds for all mail.
    #[serde(rename = "if")]
    pub conditions: Vec<Condition>,
    /// What is done, in this order.
    #[serde(rename = "then")]
    pub deeds: Vec<Deed>,
    /// Whether the rules behind it are asked.
    pub after: After,
}

/// When a rule is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum When {
    /// A mail opens a ticket.
    New,
    /// A customer answers on one.
    Answer,
    /// Either.
    Both,
}

/// Whether every condition has to hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Need {
    /// Every one.
    All,
    /// One of them.
    Any,
}

/// Whether the rules behind one that holds are asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum After {
    /// They are.
    GoOn,
    /// They are not.
    Stop,
}

/// One condition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Condition {
    /// Where it looks.
    pub field: Field,
    /// Which header field, where it looks at one; else empty.
    #[serde(default)]
    pub header: String,
    /// How.
    pub how: How,
    /// For what.
    pub text: String,
}

/// Where a condition looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Field {
    /// Name and address of whoever wrote.
    From,
    /// Names and addresses that it went to, Cc among them.
    To,
    /// The subject.
    Subject,
    /// What was newly written.
    Body,
    /// The names of what is attached.
    File,
    /// The mailbox that it came to, by its short name.
    Mailbox,
    /// A header field.
    Header,
}

/// How a condition looks. Large and small letters are the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum How {
    /// The text is in it.
    Contains,
    /// It is not.
    Lacks,
    /// It is the text.
    Is,
    /// It begins with the text.
    Begins,
    /// It ends with the text.
    Ends,
}

/// Something that is done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "do", content = "to")]
pub enum Deed {
    /// The ticket is given to somebody.
    Assign(i64),
    /// It has this priority.
    Priority(String),
    /// It has this tag, too.
    Tag(String),
    /// The mail is held for a person.
    Hold,
    /// The mail is held and discarded at once: nobody has to look at it, and it can be taken out again.
    Discard,
}

impl Deed {
    /// Whom a ticket is given to.
    #[must_use]
    pub fn assignee(&self) -> Option<PersonId> {
        match self {
            Self::Assign(id) => Some(PersonId(*id)),
            Self::Priority(_) | Self::Tag(_) | Self::Hold | Self::Discard => None,
        }
    }

    /// Which tag.
    #[must_use]
    pub fn tag(&self) -> Option<TagName> {
        match self {
            Self::Tag(name) => TagName::parse(name).ok(),
            Self::Assign(_) | Self::Priority(_) | Self::Hold | Self::Discard => None,
        }
    }

    /// Which priority.
    #[must_use]
    pub fn priority(&self) -> Option<Priority> {
        match self {
            Self::Priority(word) => Priority::parse(word),
            Self::Assign(_) | Self::Tag(_) | Self::Hold | Self::Discard => None,
        }
    }
}

/// Words of a closed set as forms name them, each with its title.
macro_rules! titles {
    ($($name:ident { $($word:ident = $text:literal, $title:literal;)+ })+) => {$(
        impl $name {
            /// Each with the word of forms and its title, in the order of the page.
            pub const ALL: &[(Self, &str, &str)] = &[$((Self::$word, $text, $title)),+];

            /// The one that a form names.
            #[must_use]
            pub fn parse(word: &str) -> Option<Self> {
                Self::ALL.iter().find(|(_, it, _)| *it == word).map(|(it, ..)| *it)
            }

            /// As forms name it.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$word => $text),+ }
            }

            /// For people.
            #[must_use]
            pub fn title(self) -> &'static str {
                match self { $(Self::$word => $title),+ }
            }
        }
    )+};
}

titles! {
    When {
        New = "new", "a mail opens a ticket";
        Answer = "answer", "a customer answers on a ticket";
        Both = "both", "either";
    }
    Need {
        All = "all", "every condition holds";
        Any = "any", "one of the conditions holds";
    }
    After {
        GoOn = "go-on", "Go on with the next rule";
        Stop = "stop", "Ask no further rule";
    }
    Field {
        From = "from", "From";
        To = "to", "To or Cc";
        Subject = "subject", "Subject";
        Body = "body", "Text";
        File = "file", "Name of a file";
        Mailbox = "mailbox", "Mailbox";
        Header = "header", "Header field";
    }
    How {
        Contains = "contains", "contains";
        Lacks = "lacks", "does not contain";
        Is = "is", "is";
        Begins = "begins", "begins with";
        Ends = "ends", "ends with";
    }
}

/// What of a mail a rule can ask.
#[derive(Clone, Copy, Debug)]
pub struct Mail<'a> {
    /// The mail.
    pub message: &'a IncomingMessage,
    /// The short name of the mailbox that it came to.
    pub mailbox: &'a str,
    /// Whether it opens a ticket; else it answers on one.
    pub opens: bool,
    /// The header fields that rules ask for, by their names in lower case; each as often as it is there.
    pub header: &'a BTreeMap<String, Vec<String>>,
}

impl Rule {
    /// Whether it holds for this mail.
    #[must_use]
    pub fn holds(&self, mail: &Mail<'_>) -> bool {
        let asked = match self.when {
            When::New => mail.opens,
            When::Answer => !mail.opens,
            When::Both => true,
        };
        let mut each = self.conditions.iter().map(|it| it.holds(mail));
        asked
            && match self.need {
                Need::All => each.all(|it| it),
                Need::Any => self.conditions.is_empty() || each.any(|it| it),
            }
    }

    /// The header fields that it asks for, in lower case.
    pub fn headers(&self) -> impl Iterator<Item = String> {
        self.conditions.iter().filter(|it| it.field == Field::Header).map(|it| it.header.to_lowercase())
    }

    /// What keeps it from being saved: which part, and why.
    ///
    /// # Errors
    /// The form's field and the sentence.
    pub fn check(&self, name: &str) -> Result<(), (&'static str, String)> {
        let name = name.trim();
        if name.is_empty() || name.chars().count() > LONGEST_NAME || name.chars().any(char::is_control) {
            return Err(("name", format!("a name of 1 to {LONGEST_NAME} characters is missing; the history of each ticket will say it")));
        }
        if self.deeds.is_empty() {
            return Err(("deeds", "nothing is done; say what, or delete the rule".to_owned()));
        }
        if self.conditions.len() > MOST_LINES || self.deeds.len() > MOST_LINES {
            return Err(("conditions", format!("at most {MOST_LINES} conditions make a rule; make two of it")));
        }
        let ends = self.deeds.iter().any(|it| matches!(it, Deed::Hold | Deed::Discard));
        if ends && self.deeds.len() > 1 {
            return Err(("deeds", "mail that is held or discarded has no ticket to be changed; leave the rest out".to_owned()));
        }
        if ends && self.conditions.is_empty() {
            return Err(("conditions", "this would stop every mail; say which".to_owned()));
        }
        for condition in &self.conditions {
            condition.check().map_err(|why| ("conditions", why))?;
        }
        let odd = self.deeds.iter().any(|it| matches!(it, Deed::Priority(word) if Priority::parse(word).is_none()));
        if odd {
            return Err(("deeds", "there is no such priority".to_owned()));
        }
        let tags = self.deeds.iter().filter_map(|it| if let Deed::Tag(name) = it { Some(TagName::parse(name)) } else { None });
        tags.collect::<Result<Vec<_>, _>>().map(|_| ()).map_err(|why| ("deeds", why.to_string()))
    }

    /// In words: `From contains “@shop.test” and Subject begins with “Order”`.
    #[must_use]
    pub fn in_words(&self) -> String {
        if self.conditions.is_empty() {
            return "Every mail".to_owned();
        }
        let joined = match self.need {
            Need::All => " and ",
            Need::Any => " or ",
        };
        self.conditions.iter().map(Condition::in_words).collect::<Vec<_>>().join(joined)
    }
}

impl Condition {
    fn check(&self) -> Result<(), String> {
        if self.text.trim().is_empty() {
            return Err("a condition says nothing to look for; write it, or take the condition out".to_owned());
        }
        if self.text.chars().count() > LONGEST_TEXT {
            return Err(format!("what a condition looks for is longer than {LONGEST_TEXT} characters; shorten it"));
        }
        let name = |c: char| c.is_ascii_graphic() && c != ':';
        if self.field == Field::Header && (self.header.is_empty() || self.header.len() > 76 || !self.header.chars().all(name)) {
            return Err("a header field has a name such as X-Priority; write it without the colon".to_owned());
        }
        Ok(())
    }

    fn in_words(&self) -> String {
        let field = if self.field == Field::Header { self.header.as_str() } else { self.field.title() };
        format!("{field} {} “{}”", self.how.title(), self.text)
    }

    fn holds(&self, mail: &Mail<'_>) -> bool {
        let wanted = self.text.trim().to_lowercase();
        let one = |text: &str| {
            let text = text.to_lowercase();
            match self.how {
                How::Contains | How::Lacks => text.contains(&wanted),
                How::Is => text.trim() == wanted,
                How::Begins => text.trim_start().starts_with(&wanted),
                How::Ends => text.trim_end().ends_with(&wanted),
            }
        };
        let message = mail.message;
        // A name and an address are asked each by itself, and both together.
        let person = |it: &Named| {
            let (name, address) = (it.name.as_deref().unwrap_or_default(), it.address.as_str());
            one(name) || one(address) || one(&format!("{name} <{address}>"))
        };
        let found = match self.field {
            Field::From => message.from.iter().any(person),
            Field::To => message.to.iter().chain(&message.cc).any(person),
            Field::Subject => one(&message.subject),
            Field::Body => one(cut(&message.reply)),
            Field::File => message.attachments.iter().filter_map(|it| it.filename.as_deref()).any(one),
            Field::Mailbox => one(mail.mailbox),
            Field::Header => mail.header.get(&self.header.to_lowercase()).is_some_and(|all| all.iter().any(|it| one(it))),
        };
        if self.how == How::Lacks { !found } else { found }
    }
}

fn cut(text: &str) -> &str {
    let mut end = text.len().min(LONGEST_LOOK);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(field: Field, how: How, text: &str) -> Rule {
        let condition = Condition { field, header: "X-Kind".to_owned(), how, text: text.to_owned() };
        Rule { when: When::Both, need: Need::All, conditions: vec![condition], deeds: vec![Deed::Hold], after: After::GoOn }
    }

    #[test]
    fn a_rule_without_a_deed_or_that_stops_every_mail_is_refused() {
        let good = rule(Field::Subject, How::Contains, "offer");
        assert!(good.check("Offers").is_ok());
        assert_eq!(good.check(" ").unwrap_err().0, "name");
        assert_eq!(Rule { deeds: Vec::new(), ..good.clone() }.check("x").unwrap_err().0, "deeds");
        assert_eq!(Rule { conditions: Vec::new(), ..good.clone() }.check("x").unwrap_err().0, "conditions");
        assert_eq!(Rule { deeds: vec![Deed::Hold, Deed::Assign(1)], ..good.clone() }.check("x").unwrap_err().0, "deeds");
        assert_eq!(Rule { deeds: vec![Deed::Priority("no".to_owned())], ..good.clone() }.check("x").unwrap_err().0, "deeds");
        assert_eq!(rule(Field::Subject, How::Is, " ").check("x").unwrap_err().0, "conditions");
        let mut header = rule(Field::Header, How::Is, "a");
        header.conditions[0].header = "X Kind:".to_owned();
        assert_eq!(header.check("x").unwrap_err().0, "conditions");
    }

    #[test]
    fn a_rule_is_kept_as_it_is_written() {
        let it = Rule { deeds: vec![Deed::Assign(3), Deed::Priority("high".to_owned())], ..rule(Field::Header, How::Begins, "a") };
        let text = serde_json::to_string(&it).unwrap();
        assert_eq!(serde_json::from_str::<Rule>(&text).unwrap(), it, "{text}");
        assert_eq!(it.in_words(), "X-Kind begins with “a”");
        assert_eq!((Field::parse("header"), How::parse("x")), (Some(Field::Header), None));
    }
}
