//! What must be so of a ticket or a comment, as conditions on their rows `t` and `c`. Every value is bound.

use jiff::Timestamp;

use crate::{
    desk::{
        id::PersonId,
        permission::Scope,
        query::{Fact, Sense},
    },
    store::ms,
};

/// A condition with its values; its first one is `$1`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Condition {
    pub sql: String,
    pub values: Vec<i64>,
}

impl Condition {
    fn bound(&mut self, value: i64) -> String {
        self.values.push(value);
        format!("${}", self.values.len())
    }

    fn one_of(&mut self, column: &str, values: impl Iterator<Item = i64>) -> String {
        let values: Vec<String> = values.map(|it| self.bound(it)).collect();
        if values.is_empty() { "1 = 0".to_owned() } else { format!("{column} in ({})", values.join(", ")) }
    }

    fn and(&mut self, condition: &str) {
        if !self.sql.is_empty() {
            self.sql.push_str(" and ");
        }
        self.sql.push_str(condition);
    }

    /// Of tickets: those that the scope shows, and of which each of these holds.
    pub(super) fn on_tickets(scope: Scope, facts: &[(Sense, Vec<Fact>)]) -> Self {
        let mut all = Self::default();
        all.and("t.shelf <> 'merged'");
        match scope {
            Scope::All => {}
            Scope::OwnAndUnassigned(who) => {
                let who = all.bound(who.0);
                all.and(&format!("(t.assignee = {who} or t.assignee is null)"));
            }
            Scope::Own(who) => {
                let who = all.bound(who.0);
                all.and(&format!("t.assignee = {who}"));
            }
            Scope::TakesPart(who) => {
                let who = all.bound(who.0);
                // Begun from whom it is about: few are theirs.
                all.and(&format!(
                    "t.number in (select number from tickets where requester = {who}
                        union select ticket from participants where person = {who} and state = 'active')"
                ));
            }
        }
        all.and_facts(facts, ticket);
        all
    }

    /// Of comments: those that the scope shows, and of which each of these holds.
    pub(super) fn and_on_comments(&mut self, scope: Scope, facts: &[(Sense, Vec<Fact>)], left_before: Timestamp) {
        self.and("c.withdrawn_at is null");
        match scope {
            Scope::All | Scope::OwnAndUnassigned(_) | Scope::Own(_) => {}
            Scope::TakesPart(_) => {
                // A reply that can still be taken back has not been said yet.
                let left = self.bound(ms(left_before));
                self.and(&format!("c.visibility = 'public' and (c.origin <> 'staff' or c.created_at <= {left})"));
            }
        }
        self.and_facts(facts, comment);
    }

    fn and_facts(&mut self, facts: &[(Sense, Vec<Fact>)], of: fn(&mut Self, &Fact) -> Option<String>) {
        for (sense, together) in facts {
            let conditions: Vec<String> = together.iter().filter_map(|it| of(self, it)).collect();
            if conditions.is_empty() {
                continue;
            }
            let together = conditions.join(" and ");
            match sense {
                Sense::With => self.and(&format!("({together})")),
                // What is unknown is not so.
                Sense::Without => self.and(&format!("case when {together} then 0 else 1 end = 1")),
            }
        }
    }
}

fn ticket(all: &mut Condition, fact: &Fact) -> Option<String> {
    Some(match fact {
        Fact::Status(status) => format!("t.status = '{}'", status.as_str()),
        Fact::Active => "t.active = 1".to_owned(),
        Fact::HadByNobody => "t.assignee is null".to_owned(),
        Fact::HadBy(who) => all.one_of("t.assignee", who.iter().map(|it| it.0)),
        Fact::Turn(turn) => format!("t.turn = '{}'", turn.as_str()),
        Fact::Snoozed => "t.shelf = 'snoozed'".to_owned(),
        Fact::Unread(who) => unread(all, *who),
        Fact::Spam => "coalesce((select e.kind from events e where e.ticket = t.number and e.kind in ('spam', 'not-spam') order by e.id desc limit 1), '') = 'spam'".to_owned(),
        Fact::Tag(tag) => {
            let tag = all.bound(tag.0);
            format!("t.number in (select g.ticket from ticket_tags g where g.tag = {tag})")
        }
        Fact::Priority(priority) => {
            let rank = all.bound(priority.rank());
            format!("t.priority = {rank}")
        }
        Fact::Mailbox(mailboxes) => all.one_of("t.mailbox", mailboxes.iter().map(|it| it.0)),
        Fact::Number(number) => {
            let number = all.bound(number.0);
            format!("t.number = {number}")
        }
        Fact::Before(_) | Fact::After(_) => return None,
    })
}

/// The rule of `store/visits.rs`.
fn unread(all: &mut Condition, who: PersonId) -> String {
    let who = all.bound(who.0);
    format!(
        "t.active = 1 and case when (select v.seen from visits v where v.person = {who} and v.ticket = t.number) is null
            then t.status = 'open' and t.turn = 'staff'
            else exists (select 1 from comments n where n.ticket = t.number and n.withdrawn_at is null and (n.author is null or n.author <> {who})
                and n.id > (select v.seen from visits v where v.person = {who} and v.ticket = t.number)) end"
    )
}

fn comment(all: &mut Condition, fact: &Fact) -> Option<String> {
    match fact {
        Fact::Before(at) => {
            let at = all.bound(ms(*at));
            Some(format!("c.created_at < {at}"))
        }
        Fact::After(at) => {
            let at = all.bound(ms(*at));
            Some(format!("c.created_at >= {at}"))
        }
        Fact::Status(_) | Fact::Active | Fact::HadByNobody | Fact::HadBy(_) | Fact::Turn(_) | Fact::Snoozed | Fact::Unread(_) => None,
        Fact::Spam | Fact::Tag(_) | Fact::Priority(_) | Fact::Mailbox(_) | Fact::Number(_) => None,
    }
}

/// How many tickets can be so, by the numbers beside the queues; none: those do not know.
pub(super) fn counted(scope: Scope, facts: &[(Sense, Vec<Fact>)]) -> Option<Condition> {
    let mut all = Condition::default();
    match scope {
        Scope::All | Scope::TakesPart(_) => {}
        Scope::OwnAndUnassigned(who) => {
            let who = all.bound(who.0);
            all.and(&format!("assignee in (0, {who})"));
        }
        Scope::Own(who) => {
            let who = all.bound(who.0);
            all.and(&format!("assignee = {who}"));
        }
    }
    let mut tag = None;
    for fact in facts.iter().filter(|it| it.0 == Sense::With).flat_map(|it| &it.1) {
        let condition = match fact {
            Fact::Status(status) => format!("status = '{}'", status.as_str()),
            Fact::Active => "status in ('open', 'in-progress')".to_owned(),
            Fact::HadByNobody => "assignee = 0".to_owned(),
            Fact::HadBy(who) => all.one_of("assignee", who.iter().map(|it| it.0)),
            Fact::Turn(turn) => format!("turn = '{}'", turn.as_str()),
            Fact::Snoozed => "shelf = 'snoozed'".to_owned(),
            Fact::Unread(_) => "status in ('open', 'in-progress')".to_owned(),
            Fact::Tag(it) => {
                tag = Some(it.0);
                continue;
            }
            Fact::Priority(priority) => {
                let rank = all.bound(priority.rank());
                format!("priority = {rank}")
            }
            Fact::Mailbox(mailboxes) => all.one_of("mailbox", mailboxes.iter().map(|it| it.0)),
            Fact::Spam | Fact::Number(_) | Fact::Before(_) | Fact::After(_) => continue,
        };
        all.and(&condition);
    }
    if tag.is_none() && all.sql.is_empty() {
        return None;
    }
    let tag = all.bound(tag.unwrap_or(0));
    all.and(&format!("tag = {tag} and shelf <> 'merged'"));
    Some(all)
}
