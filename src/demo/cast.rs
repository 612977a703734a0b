//! Who is in the demo: the desk's people, the customers whose mailboxes are named, and addresses where mail cannot arrive.

use crate::{
    demo::world::Treatment,
    desk::{address::EmailAddress, person::Role},
};

/// The desk's name.
pub const DESK: &str = "Skerry Support";

/// Everybody's password, at the panel and for their mail: it is printed, and guards nothing.
pub const PASSWORD: &str = "lantern-harbour-otter";

/// Somebody who can sign in.
#[derive(Clone, Copy, Debug)]
pub struct Member {
    /// As people know them.
    pub name: &'static str,
    /// Where they are written to.
    pub email: &'static str,
    /// What they are.
    pub role: Role,
}

/// Those who can sign in: an admin, three helpers, then customers.
pub const MEMBERS: &[Member] = &[
    Member { name: "Elena Marchetti", email: "elena@skerry.example", role: Role::Admin },
    Member { name: "Maya Lindqvist", email: "maya@skerry.example", role: Role::Helper },
    Member { name: "Jonas Ekdahl", email: "jonas@skerry.example", role: Role::Helper },
    Member { name: "Priya Raman", email: "priya@skerry.example", role: Role::Helper },
    Member { name: "Hannah Okonkwo-Bell", email: "hannah@okonkwo-bell.example", role: Role::Customer },
    Member { name: "Samir Haddad", email: "samir.haddad@postkasse.example", role: Role::Customer },
    Member { name: "Marguerite Dubois-Lefèvre", email: "marguerite@dubois-lefevre.example", role: Role::Customer },
];

/// A mailbox that the desk watches: its short name and its address. The first is the one that is printed.
pub const MAILBOXES: &[(&str, &str)] = &[("support", SUPPORT), ("billing", "billing@skerry.example")];

/// Where customers write to.
pub const SUPPORT: &str = "support@skerry.example";

/// What the world does with mail that cannot arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// The server says no at once.
    Refused,
    /// The server puts it off, again and again.
    PutOff,
    /// The server takes it, and a report comes back.
    Bounces,
}

/// Addresses to see delivery states with.
pub const UNREACHABLE: &[(&str, Fate)] =
    &[("refused@nowhere.example", Fate::Refused), ("later@nowhere.example", Fate::PutOff), ("bounces@nowhere.example", Fate::Bounces)];

/// The member of the desk whose first name this is.
#[must_use]
pub fn staff(first_name: &str) -> Option<&'static Member> {
    MEMBERS.iter().filter(|it| it.role.is_staff()).find(|it| it.name.split(' ').next() == Some(first_name))
}

impl Fate {
    /// As the world is told.
    #[must_use]
    pub fn treatment(self) -> Treatment {
        match self {
            Self::Refused => Treatment::AtRecipient(550, "5.1.1 there is no such person here".to_owned()),
            Self::PutOff => Treatment::AtRecipient(450, "4.2.2 this mailbox is full; try again later".to_owned()),
            Self::Bounces => Treatment::Bounce("550 5.1.1 this mailbox has been closed".to_owned()),
        }
    }
}

/// One of the addresses above.
///
/// # Panics
/// For a text that is no address: those above all are, and a test reads each.
#[must_use]
pub fn address(text: &str) -> EmailAddress {
    text.parse().expect("the demo's addresses are addresses")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::password::NewPassword;

    #[test]
    fn the_desk_would_take_the_demos_password_and_every_address_is_one() {
        NewPassword::parse(PASSWORD).unwrap();
        let addresses = MEMBERS.iter().map(|it| it.email).chain(MAILBOXES.iter().map(|it| it.1)).chain(UNREACHABLE.iter().map(|it| it.0));
        assert!(addresses.map(address).all(|it| it.domain().ends_with(".example")));
        assert_eq!(MAILBOXES[0].1, SUPPORT);
        assert!(staff("Maya").is_some() && staff("Hannah").is_none());
    }
}
