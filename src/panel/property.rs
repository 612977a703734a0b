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
        undo_change::Tagged,
    },
    desk::{
        id::{PersonId, TagId, TicketNumber},
        person::Person,
        tag::{Tag, TagName},
        ticket::{Priority, Status, Ticket},
    },
    panel::{
        Panel,
        form::Fields,
        snooze::{self as wishes, Asked},
        words::Coming,
    },
};

/// The fields that say it.
pub(super) const FIELDS: [&str; 8] = ["helper", "assign", "priority", "status", "snooze", "snooze_at", "tag", "untag"];

/// One property that a form sets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Property {
    Status(Status),
    /// Although a reply on it was not sent.
    ResolvedAllTheSame,
    Priority(Priority),
    Helper(Option<PersonId>),
    Subject(String),
    Snooze(Timestamp),
    NoSnooze,
    /// By its name; the tag of this name, where there is one.
    Tag(TagName, Option<TagId>),
    NoTag(Tag),
}

impl Property {
    /// What a form gives, as far as it gives something: an empty choice leaves things as they are. `tags`: every tag of the desk.
    pub fn read(panel: &Panel, fields: &Fields, me: &Person, tags: &[Tag]) -> Result<Vec<Self>, ActionError> {
        let unknown =
            |field: &'static str| ActionError::Invalid { field, why: format!("there is no such {field}; choose one of the list") };
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
        properties.extend(wishes::read(panel, fields)?.map(|it| match it {
            Asked::Until(at) => Self::Snooze(at),
            Asked::Back => Self::NoSnooze,
        }));
        // These last: they are no matter of versions.
        if let Some(name) = fields.given("tag") {
            let name = TagName::parse(name).map_err(|why| ActionError::Invalid { field: "tag", why: why.to_string() })?;
            let known = tags.iter().find(|it| it.name.to_lowercase() == name.folded()).map(|it| it.id);
            properties.push(Self::Tag(name, known));
        }
        if let Some(id) = fields.given("untag") {
            let known = tags.iter().find(|it| it.id.to_string() == id).cloned();
            properties.push(Self::NoTag(known.ok_or_else(|| unknown("tag"))?));
        }
        Ok(properties)
    }

    pub async fn set(&self, panel: &Panel, me: &Person, number: TicketNumber, seen: i64) -> Result<(), ActionError> {
        let desk = &panel.desk;
        match self {
            Self::Status(to) => set_status(desk, me, number, Some(seen), *to).await,
            Self::ResolvedAllTheSame => set_status_knowing(desk, me, number, Some(seen), Status::Resolved, Unsent::DoesNotMatter).await,
            Self::Priority(to) => edit::set_priority(desk, me, number, Some(seen), *to).await,
            Self::Helper(to) => assign(desk, me, number, Some(seen), *to).await,
            Self::Subject(to) => edit::set_subject(desk, me, number, Some(seen), to).await,
            Self::Snooze(until) => snooze::snooze(desk, me, number, Some(seen), *until).await,
            Self::NoSnooze => snooze::take_back(desk, me, number, Some(seen)).await.map(|_| ()),
            Self::Tag(name, _) => tag::add(desk, me, number, name).await.map(|_| ()),
            Self::NoTag(tag) => tag::remove(desk, me, number, tag.id).await.map(|_| ()),
        }
    }

    /// Whether it would be any change to the ticket as it is.
    pub fn differs(&self, ticket: &Ticket) -> bool {
        match self {
            Self::Status(to) => *to != ticket.status,
            Self::ResolvedAllTheSame => ticket.status != Status::Resolved,
            Self::Priority(to) => *to != ticket.priority,
            Self::Helper(to) => *to != ticket.assignee,
            Self::Subject(to) => *to != ticket.subject,
            Self::Snooze(until) => ticket.snooze.map(|it| it.until) != Some(*until),
            Self::NoSnooze => ticket.snooze.is_some(),
            Self::Tag(_, known) => known.is_none_or(|it| !ticket.tags.contains(&it)),
            Self::NoTag(tag) => ticket.tags.contains(&tag.id),
        }
    }

    /// What is to be undone about a tag, once this was done. `tags`: every tag of the desk since.
    pub fn tagged(&self, tags: &[Tag]) -> Option<Tagged> {
        match self {
            Self::Tag(name, _) => tags.iter().find(|it| it.name.to_lowercase() == name.folded()).map(|it| Tagged::Put(it.id)),
            Self::NoTag(tag) => Some(Tagged::Taken(tag.id)),
            Self::Status(_)
            | Self::ResolvedAllTheSame
            | Self::Priority(_)
            | Self::Helper(_)
            | Self::Subject(_)
            | Self::Snooze(_)
            | Self::NoSnooze => None,
        }
    }

    pub fn in_words(&self, panel: &Panel) -> String {
        match self {
            Self::Status(to) => format!("status {}", to.title()),
            Self::ResolvedAllTheSame => format!("status {}", Status::Resolved.title()),
            Self::Priority(to) => format!("priority {}", to.title()),
            Self::Helper(Some(_)) => "helper".to_owned(),
            Self::Helper(None) => "no helper".to_owned(),
            Self::Subject(_) => "subject".to_owned(),
            Self::Snooze(until) => {
                let coming = Coming::new(*until, panel.desk.clock.now(), &panel.desk.settings.time_zone);
                format!("snoozed until {}", coming.clock)
            }
            Self::NoSnooze => "back in its queue".to_owned(),
            Self::Tag(name, _) => format!("tag “{name}”"),
            Self::NoTag(tag) => format!("no tag “{}”", tag.name),
        }
    }
}
