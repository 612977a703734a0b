//! What a form changes about one ticket or many.

use jiff::Timestamp;

use crate::{
    actions::{
        ActionError,
        assign::assign,
        deliveries::Unsent,
        edit,
        set_status::{set_status, set_status_knowing},
        snooze, tag,
        undo_change::Was,
    },
    desk::{
        id::{MailboxId, PersonId, TagId, TicketNumber},
        person::Person,
        tag::{Tag, TagName},
        ticket::{Priority, Status, Ticket},
    },
    panel::{
        Panel,
        error::PageError,
        form::Fields,
        snooze::{self as wishes, Asked},
        ticket,
        tickets::choice_of,
        visitor::Visitor,
        words::Coming,
    },
    store::tags,
};

/// The fields that say it.
pub(super) const FIELDS: [&str; 9] = ["helper", "assign", "priority", "status", "mailbox", "snooze", "snooze_at", "tag", "untag"];

/// One property that a form sets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Property {
    Status(Status),
    /// Although a reply on it was not sent.
    ResolvedAllTheSame,
    Priority(Priority),
    /// With their name; empty: nobody active has this id.
    Helper(Option<PersonId>, String),
    Subject(String),
    Mailbox(MailboxId),
    Snooze(Timestamp),
    NoSnooze,
    /// By its name; the tag of this name, where there is one.
    Tag(TagName, Option<TagId>),
    NoTag(Tag),
}

impl Property {
    /// What a form gives, as far as it gives something: an empty choice leaves things as they are. `tags` and `staff`: all of the desk.
    pub fn read(panel: &Panel, fields: &Fields, me: &Person, (tags, staff): (&[Tag], &[Person])) -> Result<Vec<Self>, ActionError> {
        let unknown =
            |field: &'static str| ActionError::Invalid { field, why: format!("there is no such {field}; choose one of the list") };
        let mut properties = Vec::new();
        let helper = match fields.given("helper").or_else(|| fields.given("assign")) {
            None => None,
            Some("nobody") => Some(None),
            Some("me") => Some(Some(me.id)),
            Some(id) => Some(Some(PersonId(id.parse().map_err(|_| unknown("helper"))?))),
        };
        // Taken first, so that a status which is chosen stands; given away last: it may be out of reach from then on.
        let to_another = helper.flatten().is_some_and(|it| it != me.id);
        let given = |to: Option<PersonId>| {
            let name = staff.iter().find(|it| Some(it.id) == to).map(|it| it.name.clone());
            Self::Helper(to, name.unwrap_or_default())
        };
        properties.extend(helper.filter(|_| !to_another).map(given));
        if let Some(priority) = fields.given("priority") {
            properties.push(Self::Priority(Priority::parse(priority).ok_or_else(|| unknown("priority"))?));
        }
        if let Some(subject) = fields.given("subject") {
            properties.push(Self::Subject(subject.to_owned()));
        }
        if let Some(id) = fields.given("mailbox") {
            properties.push(Self::Mailbox(MailboxId(id.parse().map_err(|_| unknown("mailbox"))?)));
        }
        if let Some(status) = fields.given("status") {
            let to = Status::parse(status).ok_or_else(|| unknown("status"))?;
            let all_the_same = to == Status::Resolved && fields.get("sure") == "unsent";
            properties.push(if all_the_same { Self::ResolvedAllTheSame } else { Self::Status(to) });
        }
        properties.extend(wishes::read(panel, fields)?.map(|it| match it {
            Asked::Until(at) => Self::Snooze(at),
            Asked::Back => Self::NoSnooze,
        }));
        if let Some(name) = fields.given("tag") {
            let name = TagName::parse(name).map_err(|why| ActionError::Invalid { field: "tag", why: why.to_string() })?;
            let known = tags.iter().find(|it| it.name.to_lowercase() == name.folded()).map(|it| it.id);
            properties.push(Self::Tag(name, known));
        }
        if let Some(id) = fields.given("untag") {
            let known = tags.iter().find(|it| it.id.to_string() == id).cloned();
            properties.push(Self::NoTag(known.ok_or_else(|| unknown("tag"))?));
        }
        properties.extend(helper.filter(|_| to_another).map(given));
        Ok(properties)
    }

    async fn set(&self, panel: &Panel, me: &Person, number: TicketNumber, seen: i64) -> Result<(), ActionError> {
        let desk = &panel.desk;
        match self {
            Self::Status(to) => set_status(desk, me, number, Some(seen), *to).await,
            Self::ResolvedAllTheSame => set_status_knowing(desk, me, number, Some(seen), Status::Resolved, Unsent::DoesNotMatter).await,
            Self::Priority(to) => edit::set_priority(desk, me, number, Some(seen), *to).await,
            Self::Helper(to, _) => assign(desk, me, number, Some(seen), *to).await,
            Self::Subject(to) => edit::set_subject(desk, me, number, Some(seen), to).await,
            Self::Mailbox(to) => edit::move_to_mailbox(desk, me, number, Some(seen), *to).await,
            Self::Snooze(until) => snooze::snooze(desk, me, number, Some(seen), *until).await,
            Self::NoSnooze => snooze::take_back(desk, me, number, Some(seen)).await.map(|_| ()),
            Self::Tag(name, _) => tag::add(desk, me, number, name).await.map(|_| ()),
            Self::NoTag(tag) => tag::remove(desk, me, number, tag.id).await.map(|_| ()),
        }
    }

    fn is_of_tags(&self) -> bool {
        matches!(self, Self::Tag(..) | Self::NoTag(_))
    }

    /// Whether it would be any change to the ticket as it is.
    fn differs(&self, ticket: &Ticket) -> bool {
        match self {
            Self::Status(to) => *to != ticket.status,
            Self::ResolvedAllTheSame => ticket.status != Status::Resolved,
            Self::Priority(to) => *to != ticket.priority,
            Self::Helper(to, _) => *to != ticket.assignee,
            Self::Subject(to) => *to != ticket.subject,
            Self::Mailbox(to) => *to != ticket.mailbox,
            Self::Snooze(until) => ticket.snooze.map(|it| it.until) != Some(*until),
            Self::NoSnooze => ticket.snooze.is_some(),
            Self::Tag(_, known) => known.is_none_or(|it| !ticket.tags.contains(&it)),
            Self::NoTag(tag) => ticket.tags.contains(&tag.id),
        }
    }

    pub fn in_words(&self, panel: &Panel) -> String {
        match self {
            Self::Status(to) => format!("status {}", to.title()),
            Self::ResolvedAllTheSame => format!("status {}", Status::Resolved.title()),
            Self::Priority(to) => format!("priority {}", to.title()),
            Self::Helper(Some(_), name) => format!("helper {name}").trim_end().to_owned(),
            Self::Helper(None, _) => "no helper".to_owned(),
            Self::Subject(_) => "subject".to_owned(),
            Self::Mailbox(to) => panel.desk.mailboxes.get(*to).map_or_else(String::new, |it| format!("mailbox {}", choice_of(it))),
            Self::Snooze(until) => {
                let coming = Coming::new(*until, panel.desk.clock.now(), &panel.zone());
                format!("snoozed until {}", coming.clock)
            }
            Self::NoSnooze => "back in its queue".to_owned(),
            Self::Tag(name, _) => format!("tag “{name}”"),
            Self::NoTag(tag) => format!("no tag “{}”", tag.name),
        }
    }
}

/// What setting properties of one ticket came to.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    /// In words, what is different now.
    pub made: Vec<String>,
    /// What takes it back: the version that was left, and what the ticket was; none where nothing can.
    pub back: Option<(TicketNumber, i64, Was)>,
    /// Why the rest of it was not done.
    pub refused: Option<ActionError>,
}

/// Sets each of them that is any change by then, one after the other, as long as nobody else is in between.
///
/// # Errors
/// What a reading of the ticket answers, a ticket that is out of reach included; what is refused stands in the answer.
pub(super) async fn set_all(
    panel: &Panel,
    visitor: &Visitor,
    number: TicketNumber,
    seen: i64,
    wanted: &[Property],
) -> Result<Outcome, PageError> {
    let (mut outcome, mut version) = (Outcome::default(), seen);
    let first = read(panel, visitor, number).await?;
    let mut was = Was::of(&first);
    let mut now = Some(first);
    for property in wanted {
        let Some(ticket) = now.as_ref() else { break };
        if ticket.version != version {
            // A tag fits whatever else was changed since the page was made.
            if !property.is_of_tags() || !outcome.made.is_empty() {
                outcome.refused = Some(ActionError::Stale);
                break;
            }
            version = ticket.version;
        }
        if !property.differs(ticket) {
            continue;
        }
        if let Err(error) = property.set(panel, &visitor.person, number, version).await {
            outcome.refused = Some(error);
            break;
        }
        version += 1;
        outcome.made.push(property.in_words(panel));
        now = match read(panel, visitor, number).await {
            Ok(ticket) => Some(ticket),
            Err(PageError::Missing) => None,
            Err(other) => return Err(other),
        };
        match property {
            Property::Tag(name, _) => was.put = tags::named(&mut *panel.desk.store.read().await?, name).await?.map(|it| it.id),
            Property::NoTag(tag) => was.taken = Some(tag.id),
            Property::Status(_)
            | Property::ResolvedAllTheSame
            | Property::Priority(_)
            | Property::Helper(..)
            | Property::Subject(_)
            | Property::Mailbox(_)
            | Property::Snooze(_)
            | Property::NoSnooze => {}
        }
    }
    // A subject is not taken back. What was given away is, also where it is out of reach from then on.
    let renamed = wanted.iter().any(|it| matches!(it, Property::Subject(_)));
    outcome.back = (!outcome.made.is_empty() && !renamed).then_some((number, version, was));
    Ok(outcome)
}

async fn read(panel: &Panel, visitor: &Visitor, number: TicketNumber) -> Result<Ticket, PageError> {
    Ok(ticket::enter(panel, visitor, &mut *panel.desk.store.read().await?, number).await?.0)
}
