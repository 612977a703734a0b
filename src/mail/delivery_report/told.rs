//! What a mail system tells in its own words: whom it did not reach, why, and where the copy of the mail begins.

use std::borrow::Cow;

use super::{evidence::is_daemon_local, has_status_fields, phrases, reason, returned, status, text_of};
use crate::{
    desk::{
        address::EmailAddress,
        message::{IncomingMessage, MessageId, ReportedAction, ReportedRecipient},
    },
    mail::{
        parse::{address, header::Header, structure::Tree},
        phrases::{head, plain},
    },
};

/// So many octets and lines are looked at, and so many recipients have a reason of their own.
const MOST_OCTETS: usize = 64 * 1024;
const MOST_LINES: usize = 400;
const MOST_OWN_REASONS: usize = 20;

/// What a mail system tells, apart from the mail that it gives back.
pub(super) struct Told<'a> {
    /// Its own words.
    pub words: Cow<'a, str>,
    /// The copy of the mail below them; empty where it gives none in the text.
    pub copy: &'a str,
    subject: &'a str,
}

impl<'a> Told<'a> {
    /// From the text, and from a part that has the fields of a delivery status under another type.
    pub fn of(tree: &Tree<'_>, message: &'a IncomingMessage) -> Self {
        let looked_at = message.text.floor_char_boundary(MOST_OCTETS);
        let (words, copy) = cut_copy(&message.text[..looked_at]);
        let leaf = tree.parts.iter().skip(1).filter(|it| !it.multipart && it.media.main == "text/plain").take(5);
        let fields = leaf.map(text_of).find(|it| has_status_fields(it) && !message.text.contains(it.trim()));
        let words = fields.map_or(Cow::Borrowed(words), |it| Cow::Owned(format!("{words}\n\n{it}")));
        Self { words, copy, subject: &message.subject }
    }

    /// Whether it shows in numbers, whatever its language, that a server refused somebody.
    pub fn refuses_somebody(&self, message: &IncomingMessage) -> bool {
        let refused =
            |it: &str| status::failure_code(it).is_some_and(|code| reason::reply_code(it).is_some() || it.contains(&format!("#{code}")));
        self.words.lines().take(MOST_LINES).any(refused) && !self.named(message).0.is_empty()
    }

    /// Whether it shows a server’s code, and somebody whom it may be about.
    pub fn names_a_code(&self, message: &IncomingMessage) -> bool {
        self.words.lines().take(MOST_LINES).any(is_coded) && self.names_somebody(message)
    }

    /// Whether it shows a status as mail servers write it: `5.1.1`.
    pub fn names_a_status(&self) -> bool {
        self.words.lines().take(MOST_LINES).any(|it| status::failure_code(it).is_some())
    }

    /// Whether there is somebody whom it may be about.
    pub fn names_somebody(&self, message: &IncomingMessage) -> bool {
        let (sure, perhaps) = self.named(message);
        !sure.is_empty() || !perhaps.is_empty()
    }

    /// Whether it gives the mail back.
    pub fn shows_a_copy(&self, tree: &Tree<'_>) -> bool {
        !self.copy.trim().is_empty() || returned::message_id(tree).is_some()
    }

    /// The Message-ID of the mail that it gives back in the text, or names in its own.
    pub fn copied_id(&self) -> Option<MessageId> {
        returned::id_in(self.copy).or_else(|| returned::id_in(&self.words))
    }

    /// Whom it did not reach.
    pub fn recipients(&self, header: &Header<'_>, message: &IncomingMessage) -> Vec<ReportedRecipient> {
        let failed = header.all("x-failed-recipients").flat_map(|it| address::read(it).mailboxes);
        let failed: Vec<EmailAddress> = failed.map(|it| it.address).collect();
        if !failed.is_empty() {
            return self.about(failed, message);
        }
        let mut fields = status::read(&self.words);
        if fields.iter().any(|it| it.address.contains('@')) {
            for it in fields.iter_mut().filter(|it| it.status.is_none()).take(MOST_OWN_REASONS) {
                it.status = self.status_of(&it.address);
            }
            return fields;
        }
        let (sure, perhaps) = self.named(message);
        self.about(if sure.is_empty() { perhaps.into_iter().take(1).collect() } else { sure }, message)
    }

    /// What it tells about each of these.
    pub fn about(&self, addresses: Vec<EmailAddress>, message: &IncomingMessage) -> Vec<ReportedRecipient> {
        let mut unique: Vec<EmailAddress> = Vec::new();
        for address in addresses.into_iter().filter(|it| !is_ours(message, it)).take(500) {
            if !unique.contains(&address) {
                unique.push(address);
            }
        }
        let common = (unique.len() > MOST_OWN_REASONS).then(|| (self.status_of(""), self.diagnostic_of("")));
        let recipient = |it: &EmailAddress| {
            let own = || {
                let diagnostic = self.diagnostic_of(it.as_str());
                (self.status_by(it.as_str(), diagnostic.as_deref().unwrap_or_default()), diagnostic)
            };
            let (status, diagnostic) = common.clone().unwrap_or_else(own);
            let action = self.action(status.as_deref());
            let status = status.map(|it| if action == ReportedAction::Delayed { format!("4{}", &it[1..]) } else { it });
            ReportedRecipient { address: it.to_string(), action, status, diagnostic }
        };
        unique.iter().map(recipient).collect()
    }

    /// The status that is told or meant for this recipient, else for all.
    pub fn status_of(&self, address: &str) -> Option<String> {
        self.status_by(address, &self.diagnostic_of(address).unwrap_or_default())
    }

    fn status_by(&self, address: &str, diagnostic: &str) -> Option<String> {
        let own = self.about_one(address).join("\n");
        let whole = || format!("{}\n{}", self.subject, head(&self.words, 8000));
        let given = [diagnostic, &own].into_iter().find_map(status::failure_code);
        let apart = || if self.is_about_several() { [diagnostic, &own].into_iter().find_map(reason::meant) } else { None };
        let given = given.or_else(apart).or_else(|| with_reply(&self.words));
        given
            .or_else(|| [diagnostic, &own].into_iter().find_map(reason::meant).or_else(|| reason::meant(&whole())))
            .or_else(|| reason::status(diagnostic))
    }

    /// The server's own words about this recipient, else about all, on one line.
    pub fn diagnostic_of(&self, address: &str) -> Option<String> {
        let own = self.about_one(address);
        let all: Vec<&str> = self.words.lines().take(MOST_LINES).map(str::trim).collect();
        let told = |lines: &[&str], fits: &dyn Fn(&str) -> bool| {
            let at = lines.iter().position(|it| fits(it))?;
            let rest = lines[at + 1..].iter().take_while(|it| !it.is_empty() && !begins_anew(it)).take(6);
            Some(std::iter::once(&lines[at]).chain(rest).copied().collect::<Vec<_>>().join(" "))
        };
        // What is told of another is no reason for this one.
        let apart = || if self.is_about_several() { told(&own, &reason::tells) } else { None };
        let line = told(&own, &is_coded).or_else(apart).or_else(|| told(&all, &is_coded));
        let line = line.or_else(|| told(&own, &reason::tells)).or_else(|| told(&all, &reason::tells));
        line.map(|it| it.chars().take(status::LONGEST_DIAGNOSTIC).collect())
    }

    /// The line that names this address and those below it that belong to it; of several such lines the first with a code.
    fn about_one(&self, address: &str) -> Vec<&str> {
        if address.is_empty() {
            return Vec::new();
        }
        let (lines, address) = (self.words.lines().take(MOST_LINES).map(str::trim).collect::<Vec<_>>(), address.to_lowercase());
        let names = |it: &str| it.to_lowercase().contains(&address);
        let others = |it: &&&str| !names(it) && addresses(it).first().is_some_and(|(at, _)| *at <= 1);
        let block = |at: usize| {
            let below = lines[at + 1..].iter().take_while(|it| !others(it)).take(8);
            std::iter::once(&lines[at]).chain(below).copied().collect::<Vec<_>>()
        };
        let mut blocks = (0..lines.len()).filter(|at| names(lines[*at])).map(block);
        let Some(first) = blocks.next() else { return Vec::new() };
        let coded = |it: &Vec<&str>| it.iter().any(|line| is_coded(line));
        if coded(&first) { first } else { blocks.find(coded).unwrap_or(first) }
    }

    /// Whether it begins lines with the addresses of several.
    fn is_about_several(&self) -> bool {
        let mut begun = self.words.lines().take(MOST_LINES).map(str::trim).filter_map(|it| addresses(it).into_iter().next());
        let mut begun = begun.by_ref().filter(|(at, _)| *at <= 1).map(|(_, address)| address);
        begun.next().is_some_and(|first| begun.any(|it| it != first))
    }

    /// Addresses that a line is about, and those that are only mentioned.
    fn named(&self, message: &IncomingMessage) -> (Vec<EmailAddress>, Vec<EmailAddress>) {
        let (mut sure, mut perhaps) = (Vec::new(), Vec::new());
        for line in self.words.lines().take(MOST_LINES) {
            let line = line.trim().trim_start_matches(['-', '*', '\u{2022}', '>', '|', '<', '+']).trim_start();
            let lower = line.to_lowercase();
            let labelled = has_rcpt(line) || phrases::RECIPIENT_LABELS.begin(&lower);
            let aside = phrases::ASIDES.within(&lower);
            for (at, address) in addresses(line).into_iter().filter(|(_, it)| !is_ours(message, it)) {
                let begins = at <= 1 || labelled || (!aside && is_led_to(&line[..at]));
                if begins { sure.push(address) } else { perhaps.push(address) }
            }
        }
        (sure, perhaps)
    }

    fn action(&self, code: Option<&str>) -> ReportedAction {
        let said = plain(&format!("{}{}", head(&self.words, 4000), self.subject));
        let delayed = phrases::DELAYED.within(&said) && !phrases::GIVEN_UP.within(&said);
        if delayed && !code.is_some_and(|it| it.starts_with('5')) { ReportedAction::Delayed } else { ReportedAction::Failed }
    }
}

/// A line with a reply code or a status of failure.
fn is_coded(line: &str) -> bool {
    line.len() > 5 && (reason::reply_code(line).is_some() || status::failure_code(line).is_some())
}

/// A line that tells of something else than the one before.
fn begins_anew(line: &str) -> bool {
    line.starts_with("---")
        || line.starts_with("===")
        || line.starts_with(">>>")
        || line.starts_with("<<<")
        || addresses(line).first().is_some_and(|(at, _)| *at <= 1)
}

/// Preferably from a line that has a reply code too.
fn with_reply(words: &str) -> Option<String> {
    let lines = || words.lines().take(MOST_LINES);
    let with_reply = lines().filter(|it| reason::reply_code(it).is_some()).find_map(status::failure_code);
    with_reply.or_else(|| lines().find_map(status::failure_code))
}

fn has_rcpt(line: &str) -> bool {
    line.to_lowercase().contains("rcpt to:")
}

/// Whether what stands before an address says that it is a recipient's: `Unable to deliver message to: <`.
fn is_led_to(before: &str) -> bool {
    let before =
        before.trim_end_matches(|c: char| c.is_whitespace() || matches!(c, '<' | '(' | '[' | '"' | '\'' | '`' | ':')).to_lowercase();
    let last = before.split(|c: char| !c.is_alphanumeric()).next_back().unwrap_or_default();
    phrases::LEADS.are(last)
}

/// Whom the bounce was sent to: the one who wrote the mail, not the one who did not get it.
fn is_ours(message: &IncomingMessage, address: &EmailAddress) -> bool {
    is_daemon_local(address.local())
        || message.to.iter().chain(&message.from).any(|it| it.address == *address)
        || message.facts.delivered_to.contains(address)
}

/// Each address in a line and where it begins.
fn addresses(line: &str) -> Vec<(usize, EmailAddress)> {
    let outside = |c: char| {
        c.is_whitespace()
            || matches!(
                c,
                '<' | '>'
                    | '('
                    | ')'
                    | '['
                    | ']'
                    | '"'
                    | '\''
                    | ','
                    | ';'
                    | '`'
                    | '|'
                    | '：'
                    | '（'
                    | '）'
                    | '，'
                    | '；'
                    | '、'
                    | '。'
                    | '《'
                    | '》'
                    | '【'
                    | '】'
            )
    };
    let mut found = Vec::new();
    for word in line.split(outside).filter(|it| it.contains('@')).take(20) {
        let bare = word.trim_start_matches("mailto:").trim_end_matches(['.', ':', '!', '?', '…']);
        let bare = bare
            .rsplit_once(':')
            .map_or(bare, |(_, it)| it)
            .trim_matches(|c: char| matches!(c, '\u{201c}' | '\u{201d}' | '\u{2018}' | '\u{2019}' | '«' | '»' | '「' | '」'));
        if let Ok(address) = bare.parse::<EmailAddress>()
            && address.domain().contains('.')
        {
            found.push((word.as_ptr().addr() - line.as_ptr().addr(), address));
        }
    }
    found
}

/// What the mail system says, and the copy of the mail below it.
fn cut_copy(text: &str) -> (&str, &str) {
    let mut at = 0;
    let mut said = false;
    for line in text.split_inclusive('\n') {
        if said && begins_copy(line) {
            return text.split_at(at);
        }
        said |= !line.trim().is_empty();
        at += line.len();
    }
    (text, "")
}

/// Words in a frame of dashes, a whole sentence, or a header field of a mail that came over a network.
fn begins_copy(line: &str) -> bool {
    let framing = |c: char| matches!(c, '-' | '=' | '*' | '_' | '.' | ':' | '+' | '#' | '~' | '!' | '>' | '<') || c.is_whitespace();
    let bare = line.trim().trim_matches(framing).to_lowercase();
    if phrases::COPY_FIELDS.iter().any(|it| line.get(..it.len()).is_some_and(|start| start.eq_ignore_ascii_case(it))) {
        return true;
    }
    let dressed = line.trim().len() > bare.len();
    (dressed || bare.len() > 24) && phrases::COPY_BEGINS.begin(&bare)
}
