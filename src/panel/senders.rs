//! The block list: whose mail is always held, and whose never.

use axum::{extract::State, response::Response};
use serde::{Deserialize, Serialize};

use crate::{
    actions::{
        ActionError, Kind,
        sender_rules::{self as actions, Added, NewRule, RuleUndone, Stood},
    },
    desk::{
        domain::{Domain, kind_of},
        id::{SenderRuleId, TicketNumber},
        permission::{Act, Verdict, may},
        sender::{SenderPattern, SenderVerdict},
    },
    panel::{
        Panel,
        error::{PageError, sentence},
        form::Fields,
        page::{self, Flash, Place},
        url::Query,
        visitor::{Staff, Visitor},
        words::When,
    },
    store::{
        people,
        sender_rules::{self, Part, RuleRow},
    },
};

/// Rows on a page.
const PAGE: usize = 50;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Asked {
    list: String,
    q: String,
    #[serde(default, deserialize_with = "page::row_id")]
    before: Option<i64>,
}

impl Asked {
    fn part(&self) -> Part {
        if self.list == "removed" { Part::Removed } else { Part::InForce }
    }
}

/// What was typed and refused.
#[derive(Default, Serialize)]
struct Typed {
    pattern: String,
    verdict: String,
    note: String,
    err: Option<String>,
    /// What has to be said a second time.
    sure: Option<Sure>,
}

/// What has to be said a second time.
#[derive(Serialize)]
struct Sure {
    /// The domain that many share.
    pattern: String,
    /// How many of them the desk knows.
    known: i64,
}

#[derive(Serialize)]
struct ListPage {
    removed: bool,
    sizes: (i64, i64),
    words: String,
    rows: Vec<Row>,
    next: Option<i64>,
    typed: Typed,
}

#[derive(Serialize)]
struct Row {
    id: i64,
    pattern: String,
    verdict: &'static str,
    holds: bool,
    note: String,
    by: String,
    when: When,
    removed: Option<(String, When)>,
    held: i64,
    may_remove: bool,
}

/// `GET /senders`.
pub(super) async fn list(State(panel): State<Panel>, Staff(visitor): Staff, Query(asked): Query<Asked>) -> Result<Response, PageError> {
    let page = read(&panel, &visitor, &asked, Typed::default()).await?;
    page::show(&panel, &visitor, Place::Senders, "senders.html", &page).await
}

async fn read(panel: &Panel, visitor: &Visitor, asked: &Asked, typed: Typed) -> Result<ListPage, PageError> {
    panel.desk.allow(&visitor.person, Act::WorkHeldMail)?;
    let limit = i64::try_from(PAGE + 1).unwrap_or(i64::MAX);
    let words: String = asked.q.trim().chars().take(200).collect();
    let mut conn = panel.desk.store.read().await?;
    let mut rules = sender_rules::list(&mut conn, asked.part(), &words, asked.before.map(SenderRuleId), limit).await?;
    let sizes = sender_rules::counts(&mut conn).await?;
    drop(conn);
    let more = rules.len() > PAGE;
    rules.truncate(PAGE);
    Ok(ListPage {
        removed: asked.part() == Part::Removed,
        sizes,
        words,
        next: rules.last().filter(|_| more).map(|it| it.id.0),
        rows: rules.iter().map(|it| row(panel, visitor, it)).collect(),
        typed,
    })
}

fn row(panel: &Panel, visitor: &Visitor, rule: &RuleRow) -> Row {
    let when = |at| When::new(at, panel.desk.clock.now(), &panel.zone());
    let me = &visitor.person;
    Row {
        id: rule.id.0,
        pattern: rule.pattern.to_string(),
        verdict: rule.verdict.title(),
        holds: rule.verdict == SenderVerdict::Hold,
        note: rule.note.clone(),
        by: rule.made_by.clone(),
        when: when(rule.made_at),
        removed: rule.removed.as_ref().map(|(by, at)| (by.clone(), when(*at))),
        held: rule.held,
        may_remove: rule.made_by_id == me.id || may(me, Act::Manage, panel.desk.rules()) == Verdict::Allowed,
    }
}

/// `POST /senders`: adds a rule, takes some off, or puts some back.
pub(super) async fn change(State(panel): State<Panel>, Staff(visitor): Staff, fields: Fields) -> Result<Response, PageError> {
    fields.only(&["do", "pattern", "verdict", "note", "sure", "r"])?;
    match fields.get("do") {
        "add" => add(&panel, &visitor, &fields).await,
        "remove" => each(&panel, &visitor, &fields, Way::Off).await,
        "restore" => each(&panel, &visitor, &fields, Way::On).await,
        _ => Err(PageError::Invalid("The form does not say what to do.".to_owned())),
    }
}

/// `Mail from @shop.test is always held from now on; it was “Never hold” before.`
pub(super) fn told_of(pattern: &SenderPattern, verdict: SenderVerdict, added: &Added) -> String {
    let rule = verdict.of(pattern);
    match (added.stood, &added.replaced) {
        (Stood::Already, _) => format!("{rule}, as before."),
        (Stood::NotYet, Some(before)) => format!("{rule} from now on; it was “{}” before.", before.verdict.title()),
        (Stood::NotYet, None) => format!("{rule} from now on."),
    }
}

/// That a ticket is not marked as spam any more, and what became of the rule about its sender that was made with the mark.
pub(super) fn told_not_spam(number: TicketNumber, rule: &RuleUndone) -> String {
    let rule = match rule {
        RuleUndone::NotThere => String::new(),
        RuleUndone::TakenOff(pattern) => format!(" {pattern} is off the list of senders again."),
        RuleUndone::AsBefore(pattern, verdict) => format!(" {}, as before.", verdict.of(pattern)),
        RuleUndone::Stays(pattern, verdict) => {
            format!(" {} still: whoever put that on the list of senders, or an admin, can take it off.", verdict.of(pattern))
        }
    };
    format!("#{number} is as it was, and its mail is no longer discarded.{rule}")
}

/// With a button that takes it back: the rule that stood there before is put back, one that stood in no place is taken off. A rule that
/// was there already is not this press’s to take off.
pub(super) fn undoable(flash: Flash, added: &[&Added]) -> Flash {
    let made: Vec<&Added> = added.iter().copied().filter(|it| it.stood == Stood::NotYet).collect();
    if made.is_empty() { flash } else { flash.undo("/senders", undo_of(&made)) }
}

fn undo_of(added: &[&Added]) -> Vec<(String, String)> {
    let replaced = added.iter().all(|it| it.replaced.is_some());
    let row = |it: &&Added| it.replaced.as_ref().filter(|_| replaced).map_or(it.id, |old| old.id);
    let mut fields = vec![("do".to_owned(), if replaced { "restore" } else { "remove" }.to_owned())];
    fields.extend(added.iter().map(row).map(|id| ("r".to_owned(), id.to_string())));
    fields.dedup();
    fields
}

async fn add(panel: &Panel, visitor: &Visitor, fields: &Fields) -> Result<Response, PageError> {
    let verdict = SenderVerdict::parse(fields.get("verdict")).ok_or_else(|| PageError::Invalid("Choose always or never.".to_owned()))?;
    let made = match fields.get("pattern").parse() {
        Ok(SenderPattern::Domain(domain)) if kind_of(&domain) == Domain::FreeMail && fields.get("sure") != format!("@{domain}") => {
            let known = people::customers_at(&mut *panel.desk.store.read().await?, &domain).await?;
            let sure = Sure { pattern: format!("@{domain}"), known };
            return again(panel, visitor, Typed { sure: Some(sure), ..typed(fields) }).await;
        }
        Ok(pattern) => {
            let new = NewRule { pattern, verdict, note: fields.get("note").to_owned() };
            actions::add(&panel.desk, &visitor.person, &new).await.map(|added| (new, added))
        }
        Err(error) => Err(ActionError::Invalid { field: "pattern", why: format!("{error}") }),
    };
    match made {
        Ok((new, added)) => {
            let flash = undoable(Flash::done(told_of(&new.pattern, verdict, &added)), &[&added]);
            Ok(page::go(panel, visitor, "/senders", &flash))
        }
        Err(error) if error.kind() == Kind::Invalid => again(panel, visitor, Typed { err: Some(sentence(&error)), ..typed(fields) }).await,
        Err(error) => Err(error.into()),
    }
}

fn typed(fields: &Fields) -> Typed {
    let text = |name| fields.get(name).to_owned();
    Typed { pattern: text("pattern"), verdict: text("verdict"), note: text("note"), ..Typed::default() }
}

/// The page again, with what was typed and what there is to say about it.
async fn again(panel: &Panel, visitor: &Visitor, typed: Typed) -> Result<Response, PageError> {
    let page = read(panel, visitor, &Asked::default(), typed).await?;
    let mut response = page::show(panel, visitor, Place::Senders, "senders.html", &page).await?;
    *response.status_mut() = axum::http::StatusCode::UNPROCESSABLE_ENTITY;
    Ok(response)
}

/// Off the list, or on it again.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Off,
    On,
}

async fn each(panel: &Panel, visitor: &Visitor, fields: &Fields, way: Way) -> Result<Response, PageError> {
    let (desk, me) = (&panel.desk, &visitor.person);
    let (mut changed, mut refusals) = (Vec::new(), Vec::new());
    for id in fields.all("r").take(200).filter_map(|it| it.parse().ok()).map(SenderRuleId) {
        let done = match way {
            Way::Off => actions::remove(desk, me, id).await.map(|_| id),
            Way::On => actions::restore(desk, me, id).await,
        };
        match done {
            Ok(id) => changed.push(("r".to_owned(), id.to_string())),
            Err(error) if matches!(error.kind(), Kind::Conflict | Kind::Invalid) => refusals.push(sentence(&error)),
            Err(error) => return Err(error.into()),
        }
    }
    let (text, undo) = match way {
        Way::Off => ("Taken off. What it held stays held.", "restore"),
        Way::On => ("On the list again.", "remove"),
    };
    let flash = match (changed.is_empty(), refusals.is_empty()) {
        (false, true) => Flash::done(text),
        (false, false) => Flash::warn(format!("{text} {}", refusals.join(" "))),
        (true, _) => return Ok(page::go(panel, visitor, "/senders", &Flash::refused(refusals.join(" ")))),
    };
    let fields: Vec<_> = [("do".to_owned(), undo.to_owned())].into_iter().chain(changed).collect();
    Ok(page::go(panel, visitor, "/senders", &flash.undo("/senders", fields)))
}
