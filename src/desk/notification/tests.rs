//! Who is told what.

use super::*;
use crate::desk::person::{Arrived, Notices, Notify, PersonState, Role};

const ANN: PersonId = PersonId(1);
const HAL: PersonId = PersonId(2);
const ADA: PersonId = PersonId(3);
const BEN: PersonId = PersonId(4);
const SAID: CommentId = CommentId(9);

fn staff() -> Vec<Person> {
    let person = |id, role| Person {
        id,
        role,
        state: PersonState::Active,
        arrived: Arrived::Yes,
        name: "X".to_owned(),
        email: "x@desk.test".parse().unwrap(),
        notices: Notices::all(Notify::AtOnce),
    };
    vec![person(HAL, Role::Helper), person(ADA, Role::Admin)]
}

fn at_once(to: PersonId, about: StaffNotice) -> Owed {
    Owed::Staff { to, about, notify: Notify::AtOnce }
}

fn hear(happenings: &[Happening], actor: Option<PersonId>, assignee: Option<PersonId>, participants: &[PersonId]) -> Vec<Owed> {
    hear_when(Answered::ByStaff, happenings, actor, assignee, participants)
}

fn hear_when(
    answered: Answered,
    happenings: &[Happening],
    actor: Option<PersonId>,
    assignee: Option<PersonId>,
    participants: &[PersonId],
) -> Vec<Owed> {
    let notices = StatusNotice::WORDS.iter().map(|(_, it)| *it).collect();
    who_hears(
        happenings,
        &Circle { actor, participants, requester: ANN, assignee, staff: &staff(), notices: &notices, answered, told: None },
    )
}

#[test]
fn a_helper_is_told_what_they_chose_and_nothing_else() {
    let (commented, replied) = (Happening::Commented { comment: SAID }, Happening::Replied { comment: SAID });
    let status = Happening::Status { from: Status::Open, to: Status::Closed };
    let opened = Happening::Opened { comment: SAID, receipt: Answer::Never };
    for (kind, happening, assignee) in [
        (NoticeKind::Assigned, Happening::Assigned { to: HAL }, Some(HAL)),
        (NoticeKind::Answered, commented, Some(HAL)),
        (NoticeKind::Named, Happening::Named { who: HAL }, Some(ADA)),
        (NoticeKind::Colleagues, replied, Some(HAL)),
        (NoticeKind::Colleagues, status, Some(HAL)),
        (NoticeKind::Nobodys, opened, None),
        (NoticeKind::Nobodys, commented, None),
    ] {
        let none = BTreeSet::new();
        let heard = |notices| {
            let staff = [Person { notices, ..staff().remove(0) }];
            let circle = Circle {
                actor: Some(ADA),
                participants: &[],
                requester: ANN,
                assignee,
                staff: &staff,
                notices: &none,
                answered: Answered::ByStaff,
                told: None,
            };
            who_hears(&[happening], &circle).len()
        };
        assert_eq!(heard(Notices::all(Notify::Never).with(kind, Notify::AtOnce)), 1, "{kind:?} {happening:?}");
        assert_eq!(heard(Notices::all(Notify::AtOnce).with(kind, Notify::Never)), 0, "{kind:?} {happening:?}");
    }
}

#[test]
fn a_new_ticket_is_acknowledged_and_told_to_those_who_asked() {
    let owed = hear(&[Happening::Opened { comment: SAID, receipt: Answer::Allowed }], Some(ANN), None, &[ANN]);
    let new = |to| at_once(to, StaffNotice::NewTicket { comment: SAID });
    assert_eq!(owed, [Owed::Receipt { to: ANN }, new(HAL), new(ADA)]);
    let machine = hear(&[Happening::Opened { comment: SAID, receipt: Answer::Never }], Some(ANN), None, &[ANN]);
    assert_eq!(machine.len(), 2);
}

#[test]
fn a_reply_that_also_resolves_is_one_mail() {
    let both = [Happening::Replied { comment: SAID }, Happening::Status { from: Status::InProgress, to: Status::Resolved }];
    let owed = hear(&both, Some(HAL), Some(HAL), &[ANN, BEN]);
    assert_eq!(owed, [Owed::Comment { comment: SAID, to: vec![ANN, BEN], status: Some(Status::Resolved), voice: Voice::Staff }]);
    let from_open = [both[0], Happening::Status { from: Status::Open, to: Status::InProgress }, both[1]];
    assert_eq!(hear(&from_open, Some(HAL), Some(HAL), &[ANN, BEN]), owed);
}

#[test]
fn a_customers_words_go_to_the_assignee_and_to_the_other_participants() {
    let owed = hear(&[Happening::Commented { comment: SAID }], Some(ANN), Some(HAL), &[ANN, BEN]);
    assert_eq!(owed[0], Owed::Comment { comment: SAID, to: vec![BEN], status: None, voice: Voice::Participant });
    assert_eq!(owed[1..], [at_once(HAL, StaffNotice::Commented { comment: SAID })]);
}

#[test]
fn a_strangers_words_are_not_mailed_on_before_staff_have_answered() {
    let owed = hear_when(Answered::NotYet, &[Happening::Commented { comment: SAID }], Some(ANN), Some(HAL), &[ANN, BEN]);
    assert_eq!(owed, [at_once(HAL, StaffNotice::Commented { comment: SAID })]);
}

#[test]
fn what_is_told_at_once_is_not_left_to_a_digest_that_would_tell_more() {
    let notices = Notices::all(Notify::Digest).with(NoticeKind::Colleagues, Notify::AtOnce);
    let staff = [Person { notices, ..staff().remove(0) }];
    let none = BTreeSet::new();
    let circle = Circle {
        actor: Some(ADA),
        participants: &[],
        requester: ANN,
        assignee: Some(HAL),
        staff: &staff,
        notices: &none,
        answered: Answered::ByStaff,
        told: None,
    };
    let (assigned, replied) = (Happening::Assigned { to: HAL }, Happening::Replied { comment: SAID });
    assert_eq!(who_hears(&[assigned, replied], &circle), [at_once(HAL, StaffNotice::Replied { comment: SAID })]);
    assert_eq!(who_hears(&[assigned], &circle), [Owed::Staff { to: HAL, about: StaffNotice::Assigned, notify: Notify::Digest }]);
}

#[test]
fn nobody_hears_of_what_they_did_themselves() {
    let took = [Happening::Assigned { to: HAL }, Happening::Status { from: Status::Open, to: Status::InProgress }];
    assert_eq!(hear(&took, Some(HAL), Some(HAL), &[ANN]), [Owed::Status { notice: StatusNotice::InProgress, to: vec![ANN] }]);
    assert_eq!(hear(&took, Some(ADA), Some(HAL), &[ANN])[1..], [at_once(HAL, StaffNotice::Assigned)]);
}

#[test]
fn whom_a_note_names_is_told_and_nobody_else() {
    let named = [Happening::Named { who: ADA }, Happening::Named { who: HAL }, Happening::Named { who: ANN }];
    assert_eq!(hear(&named, Some(HAL), Some(HAL), &[ANN, BEN]), [at_once(ADA, StaffNotice::Named)]);
}

#[test]
fn what_is_due_is_told_to_whoever_has_it_and_to_admins() {
    let mut staff = staff();
    assert_eq!(who_hears_of_due(Some(HAL), &staff), [(HAL, Notify::AtOnce), (ADA, Notify::AtOnce)]);
    assert_eq!(who_hears_of_due(None, &staff), [(ADA, Notify::AtOnce)]);
    staff[0].notices = Notices::all(Notify::AtOnce).with(NoticeKind::Due, Notify::Never);
    assert_eq!(who_hears_of_due(Some(HAL), &staff), [(ADA, Notify::AtOnce)]);
    staff[1].state = PersonState::Disabled;
    assert_eq!(who_hears_of_due(Some(HAL), &staff), []);
}

#[test]
fn handing_back_is_not_the_customers_business() {
    assert_eq!(hear(&[Happening::Status { from: Status::InProgress, to: Status::Open }], Some(HAL), None, &[ANN]), []);
}
