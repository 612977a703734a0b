//! Machines, loops and budgets: what keeps a public mailbox from answering itself.

use std::sync::LazyLock;

use regex::Regex;

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

static CODE_WORDS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)\b(verification|verify|security|confirmation|one[- ]time|sign[- ]?in|log[- ]?in|login|access|authentication|two[- ]factor|2fa|otp|passcode|Bestätigungscode|Sicherheitscode|Anmeldecode)\b[^.\n]{0,60}\b(code|pin|passcode|password|token|otp)\b|\b(code|pin|passcode)\b[^.\n]{0,40}\b(verif|sign|log ?in|confirm|expire|valid for)|Bestätigungscode|Sicherheitscode|code de (vérification|sécurité)|código de (verificación|seguridad)|确认码|验证码|認証コード|код подтверждения")
        .expect("the pattern is fixed and compiles")
});

static CODE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(^|[^\d#-])(\d{4,8}|\d{3}[ -]\d{3}|[A-Z0-9]{3,4}-[A-Z0-9]{3,4})([^\d]|$)").expect("the pattern is fixed and compiles")
});

/// A sign-in or verification code that another service mailed to our own address: a machine or an unread sender, words about
/// a code, and something that looks like one. It is held, so that no ticket shows it to whoever named our address there.
#[must_use]
pub fn carries_a_code(message: &IncomingMessage) -> bool {
    let by_machine =
        message.kind.automated() || message.return_path == ReturnPath::Null || message.author().is_some_and(|it| nobody_reads(&it.address));
    if !by_machine {
        return false;
    }
    let start: String = message.text.chars().take(4000).collect();
    let said = format!("{}\n{start}", message.subject);
    CODE_WORDS.is_match(&said) && CODE.is_match(&said)
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

    #[test]
    fn words_about_a_code_and_a_code_are_known() {
        for said in ["Your verification code is 482913", "123 456 is your sign-in code, valid for 10 minutes", "Ihr Bestätigungscode: 9931"]
        {
            assert!(CODE_WORDS.is_match(said) && CODE.is_match(said), "{said}");
        }
        assert!(!CODE_WORDS.is_match("My order 482913 has not arrived"));
    }
}
