//! What is done with held mail, one message or several at once; each can be undone from the page that tells of it.

use axum::{extract::State, response::Response};

use crate::{
    actions::{
        ActionError, Kind,
        held::{self as actions, Joined, Seen, Shown},
        read_held::find_held,
        sender_rules::{self, Added, NewRule},
        take_back::{TakenBack, take_back},
    },
    desk::{
        address::EmailAddress,
        domain::{Domain, kind_of},
        id::{LedgerId, TicketNumber},
        sender::{SenderPattern, SenderVerdict},
    },
    panel::{
        Panel,
        error::{PageError, sentence},
        form::Fields,
        page::{self, Flash},
        senders,
        url::Path,
        visitor::{Staff, Visitor},
        words::own_path,
    },
    store::messages::Held,
};

/// At most so many at once.
const MOST: usize = 200;

/// What a form asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verb {
    Open,
    Join(TicketNumber),
    Discard,
    Back,
    Rule(About, SenderVerdict),
}

/// How much of the world a rule is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum About {
    Address,
    Domain,
}

impl Verb {
    /// `do`, and for joining `number`; a button of a ticket that is offered sends its number as `join`. What was typed comes first.
    fn read(fields: &Fields) -> Result<Self, PageError> {
        if let Some(number) = fields.given("number").or_else(|| fields.given("join")).filter(|_| fields.given("join").is_some()) {
            return Ok(Self::Join(ticket(number)?));
        }
        match fields.get("do") {
            "open" => Ok(Self::Open),
            "join" => Ok(Self::Join(ticket(fields.get("number"))?)),
            "discard" => Ok(Self::Discard),
            "back" => Ok(Self::Back),
            "hold-address" => Ok(Self::Rule(About::Address, SenderVerdict::Hold)),
            "hold-domain" => Ok(Self::Rule(About::Domain, SenderVerdict::Hold)),
            "never-address" => Ok(Self::Rule(About::Address, SenderVerdict::NeverHold)),
            "never-domain" => Ok(Self::Rule(About::Domain, SenderVerdict::NeverHold)),
            _ => Err(PageError::Invalid("Choose what to do with the message; nothing was changed.".to_owned())),
        }
    }
}

fn ticket(typed: &str) -> Result<TicketNumber, PageError> {
    let number = typed.trim().trim_start_matches('#').parse().ok().filter(|it: &i64| *it > 0);
    number.map(TicketNumber).ok_or_else(|| {
        let wrong = if typed.trim().is_empty() { String::new() } else { format!("“{}” is not the number of a ticket. ", typed.trim()) };
        PageError::Invalid(format!("{wrong}Write the number of the ticket to join it to, such as 1042."))
    })
}

/// What became of one message.
enum Done {
    Opened(TicketNumber),
    Joined(TicketNumber, Joined),
    Discarded,
    Back(TakenBack),
    Ruled(Added, SenderPattern),
}

async fn one(panel: &Panel, visitor: &Visitor, which: Shown, verb: Verb, note: &str) -> Result<Done, ActionError> {
    let (desk, me) = (&panel.desk, &visitor.person);
    let mail = find_held(desk, &mut *desk.store.read().await?, me, which.id).await?;
    match verb {
        Verb::Open => actions::open(desk, me, which).await.map(Done::Opened),
        Verb::Join(number) => actions::join(desk, me, which, number).await.map(|how| Done::Joined(number, how)),
        Verb::Discard => actions::discard(desk, me, which).await.map(|()| Done::Discarded),
        Verb::Back => take_back(desk, me, which).await.map(Done::Back),
        Verb::Rule(about, verdict) => {
            let sender: Option<EmailAddress> = mail.sender.and_then(|it| it.parse().ok());
            let sender = sender.ok_or_else(|| ActionError::Conflict("this message names no sender".to_owned()))?;
            let pattern = match about {
                About::Address => SenderPattern::Address(sender),
                About::Domain if kind_of(sender.domain()) == Domain::FreeMail => {
                    let why = format!("anybody can have an address at {}; choose the sender alone", sender.domain());
                    return Err(ActionError::Conflict(why));
                }
                About::Domain => SenderPattern::Domain(sender.domain().to_owned()),
            };
            let new = NewRule { pattern, verdict, note: note.to_owned() };
            let added = sender_rules::add(desk, me, &new).await?;
            Ok(Done::Ruled(added, new.pattern))
        }
    }
}

/// `POST /held/{id}`.
pub(crate) async fn settle(
    State(panel): State<Panel>,
    Staff(visitor): Staff,
    Path(id): Path<i64>,
    fields: Fields,
) -> Result<Response, PageError> {
    fields.only(&["do", "join", "number", "note", "seen"])?;
    let here = format!("/held/{id}");
    let verb = match Verb::read(&fields) {
        Ok(verb) => verb,
        Err(PageError::Invalid(why)) if fields.get("do") == "join" => return refuse(&panel, &visitor, id, &fields, why).await,
        Err(error) => return Err(error),
    };
    let which = Shown { id: LedgerId(id), seen: Seen::parse(fields.get("seen")) };
    match one(&panel, &visitor, which, verb, fields.get("note")).await {
        Ok(done) => {
            let to = match &done {
                Done::Opened(number) | Done::Joined(number, _) => format!("/tickets/{number}"),
                Done::Discarded => "/held".to_owned(),
                Done::Back(_) | Done::Ruled(..) => here,
            };
            let flash = undoable(&panel, Flash::done(told_of(&done, verb)), verb, &[id.to_string()], std::slice::from_ref(&done));
            Ok(page::go(&panel, &visitor, &to, &flash))
        }
        Err(ActionError::Missing("held message")) if which.seen.is_some() => Ok(page::go(&panel, &visitor, "/held", &Flash::refused(GONE))),
        Err(error) if matches!(error.kind(), Kind::Conflict | Kind::Invalid) || matches!(error, ActionError::Missing("ticket")) => {
            refuse(&panel, &visitor, id, &fields, why_not(&error, verb)).await
        }
        Err(error) => Err(error.into()),
    }
}

/// Of a message that a page showed, and that is on a ticket out of reach since.
const GONE: &str = "A message is no longer among the held mail that you may see; nothing was done with it.";

/// Why nothing was done with one message. What cannot be seen is not told apart from what is not there.
fn why_not(error: &ActionError, verb: Verb) -> String {
    match (error, verb) {
        (ActionError::Missing("ticket"), Verb::Join(number)) => format!("There is no ticket #{number}, or it is not yours to see."),
        (ActionError::Missing("held message"), _) => GONE.to_owned(),
        (error, _) => sentence(error),
    }
}

/// Why nothing was done: below the number that was typed, or above the page.
async fn refuse(panel: &Panel, visitor: &Visitor, id: i64, fields: &Fields, why: String) -> Result<Response, PageError> {
    if fields.get("do") == "join" {
        return super::one::again(panel, visitor, id, fields.get("number"), why).await;
    }
    Ok(page::go(panel, visitor, &format!("/held/{id}"), &Flash::refused(why)))
}

fn told_of(done: &Done, verb: Verb) -> String {
    match done {
        Done::Opened(number) => format!("Ticket #{number} was opened from the held message."),
        Done::Joined(number, Joined::AsParticipant) => format!("Joined to #{number}; its sender takes part from now on."),
        Done::Joined(number, Joined::AsMachine) => format!("Joined to #{number} as an automatic message, which only staff see."),
        Done::Discarded => "Discarded. It stays among the discarded, where it can be taken back.".to_owned(),
        Done::Back(TakenBack::FromDiscarded) => "It waits again.".to_owned(),
        Done::Back(TakenBack::OffTicket(number)) => format!("Taken off #{number}; it waits again."),
        Done::Back(TakenBack::TicketClosed(number)) => format!("It waits again; #{number} is closed, and nobody is told."),
        Done::Back(TakenBack::NotSpam(number, rule)) => senders::told_not_spam(*number, rule),
        Done::Ruled(added, pattern) => match verb {
            Verb::Rule(_, verdict) => senders::told_of(pattern, verdict, added),
            Verb::Open | Verb::Join(_) | Verb::Discard | Verb::Back => format!("{pattern} is on the list."),
        },
    }
}

/// With a button that undoes it, where that is possible.
fn undoable(panel: &Panel, flash: Flash, verb: Verb, ids: &[String], done: &[Done]) -> Flash {
    // What a colleague made of it meanwhile is not undone with it.
    let messages = |verb: &str, held: Held| {
        let seen = Seen { held, at: panel.desk.clock.now() }.word();
        let mut fields = vec![("do".to_owned(), verb.to_owned()), ("seen".to_owned(), seen)];
        fields.extend(ids.iter().map(|it| ("m".to_owned(), it.clone())));
        fields
    };
    match verb {
        Verb::Open | Verb::Join(_) => flash.undo("/held/bulk", messages("back", Held::Released)),
        Verb::Discard => flash.undo("/held/bulk", messages("back", Held::Discarded)),
        Verb::Back if done.iter().all(|it| matches!(it, Done::Back(TakenBack::FromDiscarded))) => {
            flash.undo("/held/bulk", messages("discard", Held::Waiting))
        }
        Verb::Back => flash,
        Verb::Rule(..) => {
            let added: Vec<&Added> = done.iter().filter_map(|it| if let Done::Ruled(added, _) = it { Some(added) } else { None }).collect();
            senders::undoable(flash, &added)
        }
    }
}

/// `POST /held/bulk`: each message is settled or refused by itself, and every refusal is told.
pub(crate) async fn bulk(State(panel): State<Panel>, Staff(visitor): Staff, fields: Fields) -> Result<Response, PageError> {
    fields.only(&["m", "do", "number", "note", "back", "seen"])?;
    let back = own_path(fields.get("back")).unwrap_or("/held");
    let ids: Vec<i64> = fields.all("m").take(MOST).filter_map(|it| it.parse().ok()).collect();
    if ids.is_empty() {
        return Ok(page::go(&panel, &visitor, back, &Flash::warn("Nothing was changed: no message was selected.")));
    }
    let verb = match Verb::read(&fields) {
        Ok(verb) => verb,
        Err(PageError::Invalid(why)) => return super::again(&panel, &visitor, &fields, &Flash::refused(why)).await,
        Err(error) => return Err(error),
    };
    let (mut changed, mut done, mut refusals) = (Vec::new(), Vec::new(), Vec::new());
    // The oldest first, so that what joins a ticket stands in the order in which it came.
    let mut sorted = ids;
    sorted.sort_unstable();
    sorted.dedup();
    let seen = Seen::parse(fields.get("seen"));
    for id in sorted {
        match one(&panel, &visitor, Shown { id: LedgerId(id), seen }, verb, fields.get("note")).await {
            Ok(it) => {
                changed.push(id.to_string());
                done.push(it);
            }
            Err(error) if error.kind() == Kind::Broken => return Err(error.into()),
            Err(error) => refusals.push(why_not(&error, verb)),
        }
    }
    let text = match done.as_slice() {
        [] => "Nothing was changed.".to_owned(),
        [it] => told_of(it, verb),
        many => format!("{} messages: {}.", many.len(), summary(verb)),
    };
    let flash = with_refusals(&panel, &text, verb, &changed, &done, refusals);
    if done.is_empty() { super::again(&panel, &visitor, &fields, &flash).await } else { Ok(page::go(&panel, &visitor, back, &flash)) }
}

fn with_refusals(panel: &Panel, text: &str, verb: Verb, changed: &[String], done: &[Done], mut refusals: Vec<String>) -> Flash {
    let n = refusals.len();
    refusals.dedup();
    let flash = match (n, done.is_empty()) {
        (0, _) => Flash::done(text),
        (_, true) => Flash::refused(format!("{text} {}", refusals.into_iter().take(3).collect::<Vec<_>>().join(" "))),
        (n, false) => {
            Flash::warn(format!("{text} {n} stayed as they were. {}", refusals.into_iter().take(3).collect::<Vec<_>>().join(" ")))
        }
    };
    if done.is_empty() { flash } else { undoable(panel, flash, verb, changed, done) }
}

fn summary(verb: Verb) -> String {
    match verb {
        Verb::Open => "each is a ticket of its own now".to_owned(),
        Verb::Join(number) => format!("joined to #{number}"),
        Verb::Discard => "discarded; they stay among the discarded, where they can be taken back".to_owned(),
        Verb::Back => "they wait again".to_owned(),
        Verb::Rule(_, SenderVerdict::Hold) => "their senders are held from now on".to_owned(),
        Verb::Rule(_, SenderVerdict::NeverHold) => "their senders are not held for being automatic or marked as spam any more".to_owned(),
    }
}
