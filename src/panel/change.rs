//! Changing a ticket's properties and its people, and many tickets at once.

use axum::{extract::State, http::StatusCode, response::Response};

use crate::{
    actions::{
        ActionError, Kind,
        assign::assign,
        deliveries::Unsent,
        edit, participants,
        set_status::{set_status, set_status_knowing},
        spam,
    },
    desk::{
        address::EmailAddress,
        id::{PersonId, TicketNumber},
        person::Person,
        ticket::{Priority, Status},
    },
    panel::{
        Panel, composer,
        error::{PageError, sentence},
        form::Fields,
        page::{self, Flash},
        senders, ticket,
        url::Path,
        visitor::{Staff, Visitor},
        words::own_path,
    },
};

/// One property that a form sets.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Property {
    Status(Status),
    /// Although a reply on it was not sent.
    ResolvedAllTheSame,
    Priority(Priority),
    Helper(Option<PersonId>),
    Subject(String),
}

impl Property {
    /// What a form gives, as far as it gives something: an empty choice leaves things as they are.
    fn read(fields: &Fields, me: &Person) -> Result<Vec<Self>, PageError> {
        let unknown = |what: &str| PageError::Invalid(format!("There is no such {what}; choose one of the list."));
        let mut properties = Vec::new();
        if let Some(helper) = fields.given("helper").or_else(|| fields.given("assign")) {
            properties.push(Self::Helper(match helper {
                "nobody" => None,
                "me" => Some(me.id),
                id => Some(PersonId(id.parse().map_err(|_| unknown("helper"))?)),
            }));
        }
        if let Some(priority) = fields.given("priority") {
            properties.push(Self::Priority(Priority::parse(priority).ok_or_else(|| unknown("priority"))?));
        }
        if let Some(subject) = fields.given("subject") {
            properties.push(Self::Subject(subject.to_owned()));
        }
        if let Some(status) = fields.given("status") {
            let to = Status::parse(status).ok_or_else(|| unknown("status"))?;
            let all_the_same = to == Status::Resolved && fields.get("sure") == "unsent";
            properties.push(if all_the_same { Self::ResolvedAllTheSame } else { Self::Status(to) });
        }
        Ok(properties)
    }

    async fn set(&self, panel: &Panel, me: &Person, number: TicketNumber, seen: i64) -> Result<(), ActionError> {
        let desk = &panel.desk;
        match self {
            Self::Status(to) => set_status(desk, me, number, Some(seen), *to).await,
            Self::ResolvedAllTheSame => set_status_knowing(desk, me, number, Some(seen), Status::Resolved, Unsent::DoesNotMatter).await,
            Self::Priority(to) => edit::set_priority(desk, me, number, Some(seen), *to).await,
            Self::Helper(to) => assign(desk, me, number, Some(seen), *to).await,
            Self::Subject(to) => edit::set_subject(desk, me, number, Some(seen), to).await,
        }
    }
}

/// `POST /tickets/{number}`: one property or several, each against the version that the page showed.
pub(super) async fn properties(
    State(panel): State<Panel>,
    Staff(visitor): Staff,
    Path(number): Path<i64>,
    fields: Fields,
) -> Result<Response, PageError> {
    fields.only(&["version", "status", "priority", "helper", "subject", "sure"])?;
    let number = TicketNumber(number);
    let mut conn = panel.desk.store.read().await?;
    let (shown, _) = ticket::enter(&panel, &visitor, &mut conn, number).await?;
    drop(conn);
    let version = fields.number("version")?;
    let wanted = Property::read(&fields, &visitor.person)?;
    let changed: Vec<Property> = wanted.into_iter().filter(|it| version != shown.version || differs(it, &shown)).collect();
    match set_all(&panel, &visitor, number, version, &changed).await {
        Ok(()) => Ok(page::go(&panel, &visitor, &after(&panel, &visitor, number).await?, &Flash::done(done(&changed)))),
        Err(error) => refused(&panel, &visitor, number, error).await,
    }
}

fn differs(property: &Property, ticket: &crate::desk::ticket::Ticket) -> bool {
    match property {
        Property::Status(to) => *to != ticket.status,
        Property::ResolvedAllTheSame => ticket.status != Status::Resolved,
        Property::Priority(to) => *to != ticket.priority,
        Property::Helper(to) => *to != ticket.assignee,
        Property::Subject(to) => *to != ticket.subject,
    }
}

/// Each change that is made is one version more.
async fn set_all(panel: &Panel, visitor: &Visitor, number: TicketNumber, seen: i64, changed: &[Property]) -> Result<(), ActionError> {
    for (property, version) in changed.iter().zip(seen..) {
        property.set(panel, &visitor.person, number, version).await?;
    }
    Ok(())
}

fn done(changed: &[Property]) -> String {
    let words: Vec<String> = changed
        .iter()
        .map(|it| match it {
            Property::Status(to) => format!("status {}", to.title()),
            Property::ResolvedAllTheSame => format!("status {}", Status::Resolved.title()),
            Property::Priority(to) => format!("priority {}", to.title()),
            Property::Helper(Some(_)) => "helper".to_owned(),
            Property::Helper(None) => "no helper".to_owned(),
            Property::Subject(_) => "subject".to_owned(),
        })
        .collect();
    if words.is_empty() { "Nothing was different.".to_owned() } else { format!("Saved: {}.", words.join(", ")) }
}

/// Back to the ticket, or to the list when it is out of reach from now on.
async fn after(panel: &Panel, visitor: &Visitor, number: TicketNumber) -> Result<String, PageError> {
    let mut conn = panel.desk.store.read().await?;
    match ticket::enter(panel, visitor, &mut conn, number).await {
        Ok(_) => Ok(format!("/tickets/{number}")),
        Err(PageError::Missing) => Ok("/tickets".to_owned()),
        Err(error) => Err(error),
    }
}

/// The ticket as it is now, with what was refused and why.
async fn refused(panel: &Panel, visitor: &Visitor, number: TicketNumber, error: ActionError) -> Result<Response, PageError> {
    let status = match error.kind() {
        Kind::Conflict => StatusCode::CONFLICT,
        Kind::Invalid => StatusCode::UNPROCESSABLE_ENTITY,
        Kind::Forbidden => StatusCode::FORBIDDEN,
        Kind::Missing | Kind::Broken => return Err(error.into()),
    };
    if let ActionError::Unsent { addresses } = &error {
        return ask_about_unsent(panel, visitor, number, &addresses.join(", ")).await;
    }
    let text = if matches!(error, ActionError::Stale) {
        "Not changed: somebody changed the ticket since you opened it. This is how it is now; set it again if it still fits.".to_owned()
    } else {
        format!("Not changed. {}", sentence(&error))
    };
    ticket::again(panel, visitor, number, status, composer::State::default(), &Flash::refused(text)).await
}

/// Resolving a ticket with a reply that was not sent asks first.
async fn ask_about_unsent(panel: &Panel, visitor: &Visitor, number: TicketNumber, to: &str) -> Result<Response, PageError> {
    let mut conn = panel.desk.store.read().await?;
    let (shown, _) = ticket::enter(panel, visitor, &mut conn, number).await?;
    drop(conn);
    let text = format!("Not resolved yet: a reply to {to} was not sent. Look at it below, or resolve the ticket all the same.");
    let fields = [("version", shown.version.to_string()), ("status", "resolved".to_owned()), ("sure", "unsent".to_owned())];
    let fields = fields.map(|(name, value)| (name.to_owned(), value)).to_vec();
    let flash = Flash::warn(text).all_the_same("Resolve all the same", &format!("/tickets/{number}"), fields);
    ticket::again(panel, visitor, number, StatusCode::CONFLICT, composer::State::default(), &flash).await
}

/// `POST /tickets/{number}/people`: who takes part.
pub(super) async fn people(
    State(panel): State<Panel>,
    Staff(visitor): Staff,
    Path(number): Path<i64>,
    fields: Fields,
) -> Result<Response, PageError> {
    fields.only(&["add", "accept", "remove"])?;
    let (number, me, desk) = (TicketNumber(number), &visitor.person, &panel.desk);
    let (result, told) = if fields.given("accept").is_some() {
        (participants::accept(desk, me, number, PersonId(fields.number("accept")?)).await, "They take part from now on.")
    } else if fields.given("remove").is_some() {
        (participants::remove(desk, me, number, PersonId(fields.number("remove")?)).await, "They are sent nothing any more.")
    } else {
        let email: EmailAddress = match fields.get("add").parse() {
            Ok(email) => email,
            Err(error) => return refused(&panel, &visitor, number, ActionError::Invalid { field: "add", why: error.to_string() }).await,
        };
        (participants::add(desk, me, number, &email).await, "They take part from now on; they are sent what is said from here.")
    };
    match result {
        Ok(()) => Ok(page::go(&panel, &visitor, &format!("/tickets/{number}"), &Flash::done(told))),
        Err(error) => refused(&panel, &visitor, number, error).await,
    }
}

/// `POST /tickets/bulk`: each ticket is changed or refused by itself, and every refusal is told.
pub(super) async fn bulk(State(panel): State<Panel>, Staff(visitor): Staff, fields: Fields) -> Result<Response, PageError> {
    fields.only(&["t", "assign", "status", "priority", "back"])?;
    let back = own_path(fields.get("back")).unwrap_or("/tickets");
    let wanted = Property::read(&fields, &visitor.person)?;
    let (mut changed, mut refusals) = (0, Vec::new());
    for ticket in fields.all("t").take(200) {
        let Some((number, version)) =
            ticket.split_once('.').and_then(|(number, version)| Some((number.parse().ok()?, version.parse().ok()?)))
        else {
            return Err(PageError::Invalid("The list of tickets cannot be read; reload the page.".to_owned()));
        };
        match set_all(&panel, &visitor, TicketNumber(number), version, &wanted).await {
            Ok(()) => changed += 1,
            Err(error) if error.kind() == Kind::Broken => return Err(error.into()),
            Err(error) => refusals.push(format!("#{number}: {error}")),
        }
    }
    Ok(page::go(&panel, &visitor, back, &told(changed, &refusals, wanted.is_empty())))
}

fn told(changed: usize, refusals: &[String], nothing_asked: bool) -> Flash {
    let many = |n: usize| if n == 1 { "1 ticket".to_owned() } else { format!("{n} tickets") };
    if nothing_asked {
        return Flash::warn("Nothing was changed: choose a helper, a status or a priority first.");
    }
    if changed + refusals.len() == 0 {
        return Flash::warn("Nothing was changed: no ticket was selected.");
    }
    if refusals.is_empty() {
        return Flash::done(format!("Changed {}.", many(changed)));
    }
    let shown = refusals.iter().take(5).cloned().collect::<Vec<_>>().join("; ");
    let rest = if refusals.len() > 5 { format!("; and {} more", refusals.len() - 5) } else { String::new() };
    Flash::warn(format!("Changed {}; {} stayed as they were. {shown}{rest}.", many(changed), many(refusals.len())))
}

/// `POST /tickets/{number}/spam`: marks it, or undoes that.
pub(super) async fn spam(
    State(panel): State<Panel>,
    Staff(visitor): Staff,
    Path(number): Path<i64>,
    fields: Fields,
) -> Result<Response, PageError> {
    fields.only(&["do", "version", "hold"])?;
    let (number, me, desk) = (TicketNumber(number), &visitor.person, &panel.desk);
    if fields.get("do") == "undo" {
        return match spam::undo(desk, me, number).await {
            Ok(rule) => {
                let flash = Flash::done(senders::told_not_spam(number, &rule));
                Ok(page::go(&panel, &visitor, &format!("/tickets/{number}"), &flash))
            }
            Err(error) => refused(&panel, &visitor, number, error).await,
        };
    }
    let sender = if fields.get("hold") == "yes" { spam::Sender::AlwaysHeld } else { spam::Sender::Stays };
    match spam::mark(desk, me, number, Some(fields.number("version")?), sender).await {
        Ok(_) => {
            let text = format!("#{number} is closed as spam. Nobody is told, and its mail is among the discarded.");
            let flash = Flash::done(text).undo(&format!("/tickets/{number}/spam"), vec![("do".to_owned(), "undo".to_owned())]);
            Ok(page::go(&panel, &visitor, "/tickets", &flash))
        }
        Err(error) => refused(&panel, &visitor, number, error).await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_of_many_is_told() {
        let text = |flash: Flash| serde_json::to_value(flash).unwrap()["text"].as_str().unwrap().to_owned();
        assert_eq!(text(told(1, &[], false)), "Changed 1 ticket.");
        assert_eq!(text(told(2, &["#7: stale".to_owned()], false)), "Changed 2 tickets; 1 ticket stayed as they were. #7: stale.");
        assert!(text(told(0, &[], true)).contains("choose"));
        assert!(text(told(0, &[], false)).contains("no ticket"));
    }
}
