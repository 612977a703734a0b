//! What stands beside a conversation: its tags, its mailbox, its linked tickets, whether it is put off, what is new in it, and the list that
//! it was opened from.

use serde::Serialize;

use crate::{
    actions::visits,
    desk::{
        id::{CommentId, MailboxId},
        tag::Tag,
        ticket::Ticket,
    },
    panel::{
        Panel,
        error::PageError,
        links::{self, LinkedRow},
        neighbours::{self, From, Neighbours},
        snooze,
        tickets::{mailboxes, tag_choices},
        visitor::Visitor,
        words::{Choice, Coming},
    },
    store::{self, Conn, conversation::Said, people, tags},
};

/// Values of the page of a ticket.
#[derive(Serialize)]
pub(super) struct Aside {
    #[serde(flatten)]
    neighbours: Neighbours,
    tags: Vec<Choice>,
    /// Those that it has not.
    other_tags: Vec<Choice>,
    snoozes: Vec<Choice>,
    snoozed: Option<Snoozed>,
    /// The mailboxes that may answer, where there is more than one.
    mailboxes: Vec<Choice>,
    /// The one that does.
    answers: String,
    links: Vec<LinkedRow>,
    /// The first comment that somebody else wrote since the visitor last looked.
    pub first_new: Option<i64>,
}

#[derive(Debug, Serialize)]
struct Snoozed {
    until: Coming,
    by: String,
}

/// Reads it, and keeps how far the visitor has read.
pub(super) async fn read(panel: &Panel, visitor: &Visitor, ticket: &Ticket, said: &[Said], from: &From) -> Result<Aside, PageError> {
    let seen = match said.last() {
        Some(last) => visits::look(&panel.desk, &visitor.person, ticket.number, last.id).await?,
        None => None,
    };
    let version = panel.desk.store.version().await?;
    let mut conn = panel.desk.store.read().await?;
    let all = panel.known.tags.of(&version, (), tags::all(&mut conn)).await?;
    let (mine, others): (Vec<&Tag>, Vec<&Tag>) = all.iter().partition(|it| ticket.tags.contains(&it.id));
    let snoozed = match ticket.snooze {
        Some(snooze) => {
            let by = people::get(&mut conn, snooze.by).await?.map_or_else(|| "somebody".to_owned(), |it| it.name);
            Some(Snoozed { until: Coming::new(snooze.until, panel.desk.clock.now(), &panel.zone()), by })
        }
        None => None,
    };
    Ok(Aside {
        neighbours: neighbours::find(panel, visitor, &mut conn, ticket.number, from).await?,
        tags: tag_choices(mine),
        other_tags: tag_choices(others),
        snoozes: snooze::choices(panel),
        snoozed,
        mailboxes: may_answer(panel, &mut conn, ticket.mailbox).await?,
        answers: ticket.mailbox.to_string(),
        links: links::of(panel, visitor, &mut conn, ticket).await?,
        first_new: seen.and_then(|seen| first_new(said, seen, visitor)),
    })
}

/// The mailboxes to choose from, and the ticket's own where this desk has it no more.
async fn may_answer(panel: &Panel, conn: &mut Conn, own: MailboxId) -> Result<Vec<Choice>, PageError> {
    let mut all = mailboxes(panel);
    if !all.is_empty() && panel.desk.mailboxes.iter().all(|(it, _)| it != own) {
        let address = store::mailboxes::address(conn, own).await?.unwrap_or_default();
        all.push(Choice::new(own, format!("{address} (removed)")));
    }
    Ok(all)
}

fn first_new(said: &[Said], seen: CommentId, visitor: &Visitor) -> Option<i64> {
    let own = |it: &Said| it.author.as_ref().is_some_and(|author| author.id == visitor.person.id);
    said.iter().find(|it| it.id > seen && it.withdrawn_at.is_none() && !own(it)).map(|it| it.id.0)
}
