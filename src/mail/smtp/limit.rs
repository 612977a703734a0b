//! Which refusals speak of the account and not of the message or its recipient.

use crate::desk::delivery::Trouble;

/// Enhanced status codes by which large providers say that an account has sent too much, or is blocked for it: Gmail
/// (<https://support.google.com/a/answer/3726730>) and Exchange Online
/// (<https://learn.microsoft.com/exchange/troubleshoot/email-delivery/ndr/non-delivery-reports-in-exchange-online>).
const USED_UP: &[&str] = &["5.4.5", "5.1.8", "5.1.90", "5.7.501", "5.7.502", "5.7.503", "5.7.705", "5.7.708", "4.7.28", "5.7.28"];

/// And words that say it.
const SAID: &[&str] = &[
    "sending limit",
    "sending quota",
    "submissionquota",
    "rate limit",
    "ratelimit",
    "daily limit",
    "hourly limit",
    "too much mail from",
    "too many messages from",
    "sender thread limit",
];

/// What ails the account, where a reply to a message speaks of it; none: it speaks of the message.
pub(super) fn of_the_account(code: u16, words: &str) -> Option<Trouble> {
    match code {
        // 421 closes the connection (RFC 5321 §3.8).
        421 => Some(Trouble::Passing),
        // They speak of the sign-in (RFC 4954 §6).
        530 | 534 | 535 | 538 => Some(Trouble::Lasting),
        _ if is_used_up(words) => Some(if code < 500 { Trouble::Passing } else { Trouble::Lasting }),
        _ => None,
    }
}

fn is_used_up(words: &str) -> bool {
    let enhanced = words.split([' ', '-']).nth(1).unwrap_or_default();
    let said = words.to_ascii_lowercase();
    USED_UP.contains(&enhanced) || SAID.iter().any(|it| said.contains(it))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_that_is_used_up_refuses_no_message() {
        for (code, words, trouble) in [
            (550, "550 5.4.5 Daily user sending limit exceeded.", Some(Trouble::Lasting)),
            (
                550,
                "550 5.1.90 Your message can't be sent because you've reached your daily limit for message recipients",
                Some(Trouble::Lasting),
            ),
            (554, "554 5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceededException", Some(Trouble::Lasting)),
            (432, "432 4.3.2 STOREDRV.ClientSubmit; sender thread limit exceeded", Some(Trouble::Passing)),
            (450, "450 4.7.1 Error: too much mail from 192.0.2.7", Some(Trouble::Passing)),
            (535, "535 5.7.8 no", Some(Trouble::Lasting)),
            (421, "421 4.7.0 come back later", Some(Trouble::Passing)),
            (452, "452 4.2.2 The recipient's inbox is over quota", None),
            (450, "450 4.2.1 The user is receiving mail at a rate that prevents more", None),
            (550, "550 5.1.1 no such user", None),
            (550, "550", None),
        ] {
            assert_eq!(of_the_account(code, words), trouble, "{words}");
        }
    }
}
