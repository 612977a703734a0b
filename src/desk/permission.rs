//! Who may do what: the one table, and the scope of every list. Panel, portal, API and mail commands all ask here.

use crate::desk::{
    id::PersonId,
    person::{Person, PersonState, Role},
    settings::{HelpersAssign, Reach},
};

/// Something a person wants to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// Look at this ticket and its public conversation.
    See(Case),
    /// See internal comments, history and other customers on it.
    SeeInside(Case),
    /// Open a ticket for oneself.
    OpenTicket,
    /// Open a ticket on behalf of a customer.
    OpenTicketFor,
    /// Comment where the customer sees it.
    Comment(Case),
    /// Write a note.
    Note(Case),
    /// Set any status that the lifecycle allows.
    SetStatus(Case),
    /// Close or reopen as the customer whose ticket it is.
    CloseOrReopen(Case),
    /// Priority, subject, mailbox, tags, participants, links to other tickets; putting it off.
    Edit(Case),
    /// Move its messages, merge it; both tickets are asked.
    Correct(Case),
    /// Give the ticket to somebody, or to nobody.
    Assign(Case, AssignTo),
    /// See, release and discard held mail.
    WorkHeldMail,
    /// Look at figures: everybody's.
    SeeAnalytics,
    /// Look at one's own figures.
    SeeOwnFigures,
    /// Keep filters under a name.
    SaveView,
    /// Make a token of the API that may do at most what this role may.
    MakeToken(Role),
    /// Know of the token of the API that this person made, and revoke it.
    RevokeToken(PersonId),
    /// Users, mailboxes, the outbox, settings, tags, what all of the staff see.
    Manage,
}

/// What about a ticket matters to who may do what with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Case {
    /// The customer who opened it.
    pub requester: PersonId,
    /// Who has it.
    pub assignee: Option<PersonId>,
    /// Whether the person who asks is one of its active participants.
    pub taking_part: TakingPart,
}

/// Whether a person takes part in a ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TakingPart {
    /// As an active participant.
    Yes,
    /// Not, or only proposed.
    No,
}

/// Who is to have the ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AssignTo {
    /// The person who asks.
    Myself,
    /// Somebody else.
    Other,
    /// Nobody.
    Nobody,
}

/// The desk's settings that change the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// How far helpers see.
    pub reach: Reach,
    /// Whom helpers may assign to.
    pub helpers_assign: HelpersAssign,
}

/// The answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Go on.
    Allowed,
    /// The thing does not exist for this person: 404.
    Missing,
    /// It exists, and this is not theirs to do: 403.
    Forbidden,
}

/// May `who` do `what`?
#[must_use]
pub fn may(who: &Person, what: Act, rules: Rules) -> Verdict {
    if who.state == PersonState::Disabled {
        return Verdict::Forbidden;
    }
    match who.role {
        Role::Admin => admin_may(what),
        Role::Helper => helper_may(who.id, what, rules),
        Role::Customer => customer_may(who.id, what),
    }
}

/// A token for a customer opens nothing: nobody can make one.
fn admin_may(what: Act) -> Verdict {
    if what == Act::MakeToken(Role::Customer) { Verdict::Forbidden } else { Verdict::Allowed }
}

fn helper_may(who: PersonId, what: Act, rules: Rules) -> Verdict {
    let within = |case: Case| if in_reach(who, case, rules.reach) { Verdict::Allowed } else { Verdict::Missing };
    match what {
        Act::See(case)
        | Act::SeeInside(case)
        | Act::Comment(case)
        | Act::Note(case)
        | Act::SetStatus(case)
        | Act::CloseOrReopen(case)
        | Act::Edit(case)
        | Act::Correct(case) => within(case),
        Act::Assign(case, to) => match within(case) {
            Verdict::Allowed => helper_may_assign(who, case, to, rules.helpers_assign),
            Verdict::Missing | Verdict::Forbidden => Verdict::Missing,
        },
        Act::OpenTicket | Act::OpenTicketFor | Act::WorkHeldMail | Act::SeeOwnFigures | Act::SaveView => Verdict::Allowed,
        Act::MakeToken(Role::Helper) => Verdict::Allowed,
        Act::RevokeToken(owner) if owner == who => Verdict::Allowed,
        Act::RevokeToken(_) => Verdict::Missing,
        Act::SeeAnalytics | Act::Manage | Act::MakeToken(Role::Admin | Role::Customer) => Verdict::Forbidden,
    }
}

/// To self, or hand over own; to anyone where the desk says so.
fn helper_may_assign(who: PersonId, case: Case, to: AssignTo, rule: HelpersAssign) -> Verdict {
    match (rule, to) {
        (HelpersAssign::Anyone, _) | (HelpersAssign::Myself, AssignTo::Myself) => Verdict::Allowed,
        (HelpersAssign::Myself, AssignTo::Other | AssignTo::Nobody) if case.assignee == Some(who) => Verdict::Allowed,
        (HelpersAssign::Myself, AssignTo::Other | AssignTo::Nobody) => Verdict::Forbidden,
    }
}

fn customer_may(who: PersonId, what: Act) -> Verdict {
    let own = |case: Case| case.requester == who || case.taking_part == TakingPart::Yes;
    let allowed_if = |yes: bool, otherwise| if yes { Verdict::Allowed } else { otherwise };
    match what {
        Act::See(case) | Act::Comment(case) => allowed_if(own(case), Verdict::Missing),
        Act::CloseOrReopen(case) => allowed_if(case.requester == who, if own(case) { Verdict::Forbidden } else { Verdict::Missing }),
        Act::SeeInside(case) | Act::Note(case) | Act::SetStatus(case) | Act::Edit(case) | Act::Correct(case) | Act::Assign(case, _) => {
            if own(case) {
                Verdict::Forbidden
            } else {
                Verdict::Missing
            }
        }
        Act::OpenTicket => Verdict::Allowed,
        Act::OpenTicketFor
        | Act::WorkHeldMail
        | Act::SeeAnalytics
        | Act::SeeOwnFigures
        | Act::SaveView
        | Act::MakeToken(_)
        | Act::RevokeToken(_)
        | Act::Manage => Verdict::Forbidden,
    }
}

fn in_reach(who: PersonId, case: Case, reach: Reach) -> bool {
    let own = case.assignee == Some(who);
    match reach {
        Reach::All => true,
        Reach::Unassigned => own || case.assignee.is_none(),
        Reach::Assigned => own,
    }
}

/// Which tickets a list may show. Every list query takes one; only [`scope`] makes them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    /// Every ticket.
    All,
    /// Assigned to this helper, or to nobody.
    OwnAndUnassigned(PersonId),
    /// Assigned to this helper.
    Own(PersonId),
    /// Those a customer opened or takes part in; public comments alone.
    TakesPart(PersonId),
}

/// The scope of `who`'s lists; the same rule as [`may`] with [`Act::See`].
#[must_use]
pub fn scope(who: &Person, rules: Rules) -> Scope {
    match (who.role, rules.reach) {
        (Role::Admin, _) | (Role::Helper, Reach::All) => Scope::All,
        (Role::Helper, Reach::Unassigned) => Scope::OwnAndUnassigned(who.id),
        (Role::Helper, Reach::Assigned) => Scope::Own(who.id),
        (Role::Customer, _) => Scope::TakesPart(who.id),
    }
}

/// Whose figures somebody may see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sight {
    /// Everybody's.
    Everybody,
    /// What they did themselves.
    Own,
}

/// Whose figures `who` may see; none: nobody's.
#[must_use]
pub fn sight(who: &Person, rules: Rules) -> Option<Sight> {
    let allowed = |act| may(who, act, rules) == Verdict::Allowed;
    if allowed(Act::SeeAnalytics) {
        return Some(Sight::Everybody);
    }
    allowed(Act::SeeOwnFigures).then_some(Sight::Own)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: Rules = Rules { reach: Reach::Unassigned, helpers_assign: HelpersAssign::Myself };

    fn person(id: i64, role: Role) -> Person {
        Person {
            id: PersonId(id),
            role,
            state: PersonState::Active,
            arrived: crate::desk::person::Arrived::Yes,
            name: "Somebody".to_owned(),
            email: "somebody@desk.test".parse().unwrap(),
            notices: crate::desk::person::Notices::all(crate::desk::person::Notify::Never),
        }
    }

    fn case(requester: i64, assignee: Option<i64>) -> Case {
        Case { requester: PersonId(requester), assignee: assignee.map(PersonId), taking_part: TakingPart::No }
    }

    #[test]
    fn a_ticket_out_of_reach_does_not_exist() {
        let hal = person(2, Role::Helper);
        assert_eq!(may(&hal, Act::See(case(1, Some(3))), RULES), Verdict::Missing);
        assert_eq!(may(&hal, Act::See(case(1, None)), RULES), Verdict::Allowed);
        assert_eq!(may(&hal, Act::See(case(1, Some(3))), Rules { reach: Reach::All, ..RULES }), Verdict::Allowed);
        assert_eq!(may(&hal, Act::See(case(1, None)), Rules { reach: Reach::Assigned, ..RULES }), Verdict::Missing);
    }

    #[test]
    fn a_helper_takes_and_hands_over_but_gives_nobody_elses_away() {
        let hal = person(2, Role::Helper);
        let assign = |assignee, to, rules| may(&hal, Act::Assign(case(1, assignee), to), rules);
        assert_eq!(assign(None, AssignTo::Myself, RULES), Verdict::Allowed);
        assert_eq!(assign(Some(2), AssignTo::Other, RULES), Verdict::Allowed);
        assert_eq!(assign(None, AssignTo::Other, RULES), Verdict::Forbidden);
        assert_eq!(assign(None, AssignTo::Other, Rules { helpers_assign: HelpersAssign::Anyone, ..RULES }), Verdict::Allowed);
    }

    #[test]
    fn a_customer_sees_their_own_and_nothing_inside() {
        let ann = person(1, Role::Customer);
        assert_eq!(may(&ann, Act::See(case(1, Some(2))), RULES), Verdict::Allowed);
        assert_eq!(may(&ann, Act::See(case(9, Some(2))), RULES), Verdict::Missing);
        assert_eq!(may(&ann, Act::See(Case { taking_part: TakingPart::Yes, ..case(9, None) }), RULES), Verdict::Allowed);
        assert_eq!(may(&ann, Act::SeeInside(case(1, None)), RULES), Verdict::Forbidden);
        assert_eq!(may(&ann, Act::Note(case(9, None)), RULES), Verdict::Missing);
        assert_eq!(may(&ann, Act::WorkHeldMail, RULES), Verdict::Forbidden);
    }

    #[test]
    fn a_token_is_made_for_no_more_than_oneself_and_revoked_by_its_owner_or_an_admin() {
        let (ann, hal, ada) = (person(1, Role::Customer), person(2, Role::Helper), person(3, Role::Admin));
        let make = |who: &Person, role| may(who, Act::MakeToken(role), RULES);
        assert_eq!((make(&hal, Role::Helper), make(&hal, Role::Admin)), (Verdict::Allowed, Verdict::Forbidden));
        assert_eq!((make(&ada, Role::Helper), make(&ada, Role::Admin)), (Verdict::Allowed, Verdict::Allowed));
        assert_eq!((make(&ann, Role::Helper), make(&ada, Role::Customer)), (Verdict::Forbidden, Verdict::Forbidden));
        let revoke = |who: &Person, owner| may(who, Act::RevokeToken(PersonId(owner)), RULES);
        assert_eq!((revoke(&hal, 2), revoke(&hal, 3), revoke(&ada, 2)), (Verdict::Allowed, Verdict::Missing, Verdict::Allowed));
    }

    #[test]
    fn somebody_disabled_may_nothing() {
        let gone = Person { state: PersonState::Disabled, ..person(4, Role::Admin) };
        assert_eq!(may(&gone, Act::OpenTicket, RULES), Verdict::Forbidden);
    }
}
