//! Mail that was taken in and not acted on: the list. One message is in `one.rs`, what can be done with it in `settle.rs`.

use std::collections::BTreeSet;

use axum::{
    extract::State,
    http::{StatusCode, Uri},
    response::Response,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    actions::{
        held::Seen,
        read_held::{HeldFile, excerpt, files, read_held},
    },
    desk::{
        id::{LedgerId, MailboxId},
        permission::{Act, Scope},
        triage::HeldFor,
    },
    panel::{
        Panel,
        error::{PageError, sentence},
        form::Fields,
        page::{self, Flash, Place},
        prose::without_pictures,
        url::Query,
        visitor::{Staff, Visitor},
        words::{Choice, When, lasted, own_path, size},
    },
    store::{
        held::{self, Count, From, HeldMail, List},
        messages::{Held, Taken},
    },
};

pub(super) mod one;
pub(super) mod settle;

/// Rows on a page.
const PAGE: usize = 50;

/// A message that was held before its excerpt was kept is read for the list, up to so many bytes.
const READ_IN_LIST: i64 = 256 * 1024;

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Asked {
    state: String,
    why: String,
    mailbox: String,
    q: String,
    #[serde(default, deserialize_with = "page::row_id")]
    before: Option<i64>,
    #[serde(default, deserialize_with = "page::row_id")]
    after: Option<i64>,
}

impl Asked {
    fn held(&self) -> Held {
        Held::parse(&self.state).unwrap_or(Held::Waiting)
    }

    fn mailbox(&self) -> Option<MailboxId> {
        self.mailbox.parse().ok().map(MailboxId)
    }

    /// What a filter does not know is no filter.
    fn list(&self, scope: Scope) -> List<'_> {
        let from = match (self.before, self.after) {
            (Some(id), _) => From::Before(LedgerId(id)),
            (None, Some(id)) => From::After(LedgerId(id)),
            (None, None) => From::Newest,
        };
        List {
            held: self.held(),
            held_for: HeldFor::parse(&self.why),
            mailbox: self.mailbox(),
            words: self.q.trim(),
            from,
            limit: i64::try_from(PAGE + 1).unwrap_or(i64::MAX),
            scope,
        }
    }

    fn is_filtered(&self) -> bool {
        [&self.why, &self.mailbox, &self.q].into_iter().any(|it| !it.trim().is_empty())
    }

    /// This list as an address, at another place in it.
    fn address(&self, place: &str) -> String {
        let fields = [("state", &self.state), ("why", &self.why), ("mailbox", &self.mailbox), ("q", &self.q)];
        let escaped = |text: &str| {
            let plain = |it: u8| it.is_ascii_alphanumeric() || b"-_.".contains(&it);
            text.trim().bytes().map(|it| if plain(it) { char::from(it).to_string() } else { format!("%{it:02X}") }).collect::<String>()
        };
        let mut query: Vec<String> =
            fields.iter().filter(|(_, value)| !value.trim().is_empty()).map(|(name, value)| format!("{name}={}", escaped(value))).collect();
        query.extend((!place.is_empty()).then(|| place.to_owned()));
        if query.is_empty() { "/held".to_owned() } else { format!("/held?{}", query.join("&")) }
    }
}

#[derive(Serialize)]
struct ListPage<'a> {
    asked: &'a Asked,
    state: &'static str,
    /// The same, and when it was so, for the form.
    seen: String,
    /// The ticket that was typed for those that are ticked.
    number: &'a str,
    tabs: Vec<Tab>,
    reasons: Vec<Choice>,
    mailboxes: Vec<Choice>,
    filtered: bool,
    clear: String,
    here: String,
    rows: Vec<Row>,
    total: i64,
    newest: Option<String>,
    newer: Option<String>,
    older: Option<String>,
}

#[derive(Serialize)]
struct Tab {
    state: &'static str,
    title: &'static str,
    href: &'static str,
    n: i64,
}

/// One line of the list.
#[derive(Serialize)]
struct Row {
    id: i64,
    ticked: bool,
    sender: SenderWords,
    subject: String,
    excerpt: String,
    badge: &'static str,
    why: String,
    files: Vec<FileName>,
    to: String,
    when: When,
    /// Who settled it; of what waits, `when` says enough.
    settled: Option<String>,
    ticket: Option<i64>,
}

#[derive(Serialize)]
struct FileName {
    name: String,
    size: String,
}

/// What was chosen on the list for what was then refused.
#[derive(Debug, Default)]
struct Chosen {
    ticked: BTreeSet<i64>,
    number: String,
}

/// `GET /held`.
pub(super) async fn list(State(panel): State<Panel>, Staff(visitor): Staff, Query(asked): Query<Asked>) -> Result<Response, PageError> {
    let chosen = Chosen::default();
    let page = read(&panel, &visitor, &asked, &chosen).await?;
    page::show(&panel, &visitor, Place::Held, "held.html", &page).await
}

/// The list that a form was sent from, with what was chosen on it and why nothing was done; the list itself, for a form from elsewhere.
async fn again(panel: &Panel, visitor: &Visitor, fields: &Fields, why: &Flash) -> Result<Response, PageError> {
    let back = fields.given("back").and_then(own_path);
    let uri = back.and_then(|it| it.parse::<Uri>().ok()).filter(|it| it.path() == "/held");
    let Some(Query(asked)) = uri.and_then(|it| Query::<Asked>::of(&it)) else {
        return Ok(page::go(panel, visitor, back.unwrap_or("/held"), why));
    };
    let chosen = Chosen { ticked: fields.all("m").filter_map(|it| it.parse().ok()).collect(), number: fields.get("number").to_owned() };
    let page = read(panel, visitor, &asked, &chosen).await?;
    let mut response = page::show_with(panel, visitor, Place::Held, "held.html", &page, Some(why)).await?;
    *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
    Ok(response)
}

async fn read<'a>(panel: &Panel, visitor: &Visitor, asked: &'a Asked, chosen: &'a Chosen) -> Result<ListPage<'a>, PageError> {
    panel.desk.allow(&visitor.person, Act::WorkHeldMail)?;
    let seen = Seen { held: asked.held(), at: panel.desk.clock.now() }.word();
    let mut conn = panel.desk.store.read().await?;
    let scope = visitor.scope(panel.desk.rules());
    let mut found = held::list(&mut conn, &asked.list(scope)).await?;
    let counts = held::counts(&mut conn, scope).await?;
    drop(conn);
    let more = found.len() > PAGE;
    let upwards = asked.before.is_none() && asked.after.is_some();
    if more && upwards {
        found.remove(0);
    }
    found.truncate(PAGE);
    let mut rows = Vec::with_capacity(found.len());
    for mail in &found {
        rows.push(Row { ticked: chosen.ticked.contains(&mail.id.0), ..row(panel, visitor, mail).await? });
    }
    let (first, last) = (found.first().map(|it| it.id), found.last().map(|it| it.id));
    let begun = if upwards { more } else { asked.before.is_some() };
    Ok(ListPage {
        state: asked.held().as_str(),
        seen,
        number: &chosen.number,
        tabs: tabs(&counts),
        reasons: reasons(&counts, asked),
        mailboxes: mailboxes(panel, &counts, asked),
        filtered: asked.is_filtered(),
        clear: Asked { state: asked.state.clone(), ..Asked::default() }.address(""),
        here: asked.address(""),
        total: counts.iter().filter(|it| it.held == asked.held()).map(|it| it.n).sum(),
        newest: begun.then(|| asked.address("")),
        newer: first.filter(|_| begun).map(|it| asked.address(&format!("after={it}"))),
        older: last.filter(|_| more || upwards).map(|it| asked.address(&format!("before={it}"))),
        rows,
        asked,
    })
}

fn tabs(counts: &[Count]) -> Vec<Tab> {
    let tab = |held: Held, title, href| {
        let n = counts.iter().filter(|it| it.held == held).map(|it| it.n).sum();
        Tab { state: held.as_str(), title, href, n }
    };
    vec![
        tab(Held::Waiting, "Waiting", "/held"),
        tab(Held::Discarded, "Discarded", "/held?state=discarded"),
        tab(Held::Released, "Released", "/held?state=released"),
    ]
}

/// What stopped those that stand so, each with how many.
fn reasons(counts: &[Count], asked: &Asked) -> Vec<Choice> {
    let n = |kind: HeldFor| {
        let of_mailbox = |it: &&Count| asked.mailbox().is_none_or(|mailbox| it.mailbox == mailbox);
        counts.iter().filter(|it| it.held == asked.held() && it.held_for == kind).filter(of_mailbox).map(|it| it.n).sum::<i64>()
    };
    let kinds = HeldFor::ALL.into_iter().map(|kind| (kind, n(kind))).filter(|(kind, n)| *n > 0 || asked.why == kind.as_str());
    kinds.map(|(kind, n)| Choice::new(kind.as_str(), format!("{} ({n})", kind.title()))).collect()
}

/// The mailboxes, where there is more than one to choose from.
fn mailboxes(panel: &Panel, counts: &[Count], asked: &Asked) -> Vec<Choice> {
    let n = |id: MailboxId| counts.iter().filter(|it| it.held == asked.held() && it.mailbox == id).map(|it| it.n).sum::<i64>();
    let all: Vec<Choice> = panel.desk.mailboxes.iter().map(|(id, it)| Choice::new(id, format!("{} ({})", it.address, n(id)))).collect();
    if all.len() > 1 { all } else { Vec::new() }
}

async fn row(panel: &Panel, visitor: &Visitor, mail: &HeldMail) -> Result<Row, PageError> {
    let (now, zone) = (panel.desk.clock.now(), &panel.zone());
    let (excerpt, files) = shown(panel, visitor, mail).await?;
    Ok(Row {
        id: mail.id.0,
        ticked: false,
        sender: sender(mail),
        subject: subject(mail),
        excerpt: without_pictures(&excerpt),
        badge: mail.held_for.title(),
        why: sentence(&mail.reason),
        files: files.into_iter().map(|it| FileName { name: it.name, size: size(it.size) }).collect(),
        to: mail.mailbox_address.clone(),
        when: When::new(mail.received_at, now, zone),
        settled: (mail.held != Held::Waiting).then(|| since(mail, now)),
        ticket: mail.ticket.map(|it| it.0),
    })
}

/// As kept when it was held; of an older one, as it is read now.
async fn shown(panel: &Panel, visitor: &Visitor, mail: &HeldMail) -> Result<(String, Vec<HeldFile>), PageError> {
    if let (Some(excerpt), Some(files)) = (&mail.excerpt, &mail.files) {
        return Ok((excerpt.clone(), serde_json::from_str(files).unwrap_or_default()));
    }
    if mail.size > READ_IN_LIST || mail.taken == Taken::HeaderOnly {
        return Ok((String::new(), Vec::new()));
    }
    let message = read_held(&panel.desk, &visitor.person, mail.id).await?;
    Ok((excerpt(&message), files(&message)))
}

/// Whom it says to be from: two texts, since each may run its own way on the page.
#[derive(Serialize)]
struct SenderWords {
    /// As they are called; where they are not, the address, or `nobody`.
    name: String,
    /// Beside a name.
    address: Option<String>,
}

fn sender(mail: &HeldMail) -> SenderWords {
    let address = mail.sender.clone();
    match mail.sender_name.as_deref().map(str::trim).filter(|it| !it.is_empty() && Some(*it) != address.as_deref()) {
        Some(name) => SenderWords { name: name.to_owned(), address },
        None => SenderWords { name: address.unwrap_or_else(|| "nobody".to_owned()), address: None },
    }
}

fn subject(mail: &HeldMail) -> String {
    if mail.subject.trim().is_empty() { "(no subject)".to_owned() } else { mail.subject.clone() }
}

/// `waits 3 days`; `discarded by Hal`.
fn since(mail: &HeldMail, now: Timestamp) -> String {
    let by = mail.settled.as_ref().map(|(name, _)| format!(" by {name}")).unwrap_or_default();
    match mail.held {
        Held::Waiting => format!("has waited {}", lasted(mail.received_at, now)),
        Held::Discarded if mail.ticket.is_some() => format!("marked as spam{by}"),
        Held::Discarded => format!("discarded{by}"),
        Held::Released => format!("released{by}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lists_address_holds_what_was_asked() {
        let asked = Asked { state: "discarded".to_owned(), q: "a b&c".to_owned(), ..Asked::default() };
        assert_eq!(asked.address("before=7"), "/held?state=discarded&q=a%20b%26c&before=7");
        assert_eq!(Asked::default().address(""), "/held");
    }
}
