//! Machines, loops and budgets: what keeps a public mailbox from answering itself.

use crate::desk::{
    address::EmailAddress,
    message::{IncomingMessage, ReturnPath},
    settings::Budgets,
};

/// How much automatic mail went out lately.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AutomaticSent {
    /// To this address, in the last hour.
    pub address_hour: u32,
    /// To this address, in the last 24 hours.
    pub address_day: u32,
    /// To its domain, in the last hour.
    pub domain_hour: u32,
    /// By the whole desk, in the last hour.
    pub desk_hour: u32,
}

/// Whether one more automatic mail may go out. None: it may; else the bound that it would break.
#[must_use]
pub fn over_budget(sent: AutomaticSent, budgets: &Budgets) -> Option<String> {
    let bounds = [
        (sent.address_hour, budgets.automatic_per_address_hour, "to this address within an hour"),
        (sent.address_day, budgets.automatic_per_address_day, "to this address within a day"),
        (sent.domain_hour, budgets.automatic_per_domain_hour, "to this domain within an hour"),
        (sent.desk_hour, budgets.automatic_per_hour, "by the whole desk within an hour"),
    ];
    bounds.iter().find(|(sent, most, _)| sent >= most).map(|(_, most, of)| format!("{most} automatic mails {of} are the most"))
}

/// Words before the @ that no person answers.
const NOBODY_READS: &[&str] =
    &["noreply", "no-reply", "no_reply", "donotreply", "do-not-reply", "do_not_reply", "mailer-daemon", "postmaster", "bounce", "bounces"];

/// Whether an automatic answer to this address is sure to be wasted or to loop.
#[must_use]
pub fn nobody_reads(address: &EmailAddress) -> bool {
    let local = address.without_detail().local().to_lowercase();
    NOBODY_READS.contains(&local.as_str()) || local.starts_with("noreply") || local.starts_with("no-reply")
}

/// Whether a machine wrote it, or somebody under an address that nobody reads.
#[must_use]
pub fn is_by_a_machine(message: &IncomingMessage) -> bool {
    message.kind.automated() || message.return_path == ReturnPath::Null || message.author().is_some_and(|it| nobody_reads(&it.address))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn budgets_name_the_bound_that_strikes() {
        let budgets = Budgets::default();
        assert_eq!(over_budget(AutomaticSent { address_hour: 4, ..Default::default() }, &budgets), None);
        assert!(over_budget(AutomaticSent { address_hour: 5, ..Default::default() }, &budgets).unwrap().contains("within an hour"));
        assert!(over_budget(AutomaticSent { address_day: 20, ..Default::default() }, &budgets).unwrap().contains("within a day"));
    }

    #[test]
    fn nobody_reads_a_noreply_address() {
        for address in ["noreply@x.test", "no-reply+7@x.test", "MAILER-DAEMON@x.test", "noreply-orders@x.test"] {
            assert!(nobody_reads(&address.parse().unwrap()), "{address}");
        }
        assert!(!nobody_reads(&"nora@x.test".parse().unwrap()));
    }
}
