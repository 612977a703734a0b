//! A desk is never left without an admin who may act.

use crate::desk::person::{Person, PersonState, Role};

/// Why somebody must stay what they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is the only admin who can sign in; make somebody else an admin first")]
pub struct LastAdmin;

/// May `who` become `role` and `state`, where `others` is how many other admins may act?
///
/// # Errors
/// [`LastAdmin`] when nobody would be left who may manage the desk.
pub fn may_become(who: &Person, role: Role, state: PersonState, others: usize) -> Result<(), LastAdmin> {
    let manages = |role: Role, state: PersonState| role == Role::Admin && state == PersonState::Active;
    if manages(who.role, who.state) && !manages(role, state) && others == 0 { Err(LastAdmin) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desk::{
        id::PersonId,
        person::{Arrived, Notices, Notify},
    };

    #[test]
    fn the_last_admin_stays_an_active_admin() {
        let person = |role, state| Person {
            id: PersonId(1),
            role,
            state,
            arrived: Arrived::Yes,
            name: "Ada".to_owned(),
            email: "ada@desk.test".parse().unwrap(),
            notices: Notices::all(Notify::Never),
        };
        use PersonState::{Active, Disabled};
        use Role::{Admin, Customer, Helper};
        for (was, becomes, others, allowed) in [
            ((Admin, Active), (Helper, Active), 0, false),
            ((Admin, Active), (Customer, Active), 0, false),
            ((Admin, Active), (Admin, Disabled), 0, false),
            ((Admin, Active), (Admin, Active), 0, true),
            ((Admin, Active), (Helper, Active), 1, true),
            ((Admin, Disabled), (Helper, Disabled), 0, true),
            ((Helper, Active), (Customer, Disabled), 0, true),
        ] {
            let answer = may_become(&person(was.0, was.1), becomes.0, becomes.1, others);
            assert_eq!(answer.is_ok(), allowed, "{was:?} to {becomes:?} with {others} others");
        }
    }
}
