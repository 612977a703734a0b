//! A mail server's words in ours: what a code says to somebody who does not read codes.

/// What a reply or a delivery report says, in a sentence without its end; none: nothing that is surely so.
///
/// By the enhanced status code (RFC 3463 §3), which stands among the words wherever a server gives one.
#[must_use]
pub fn plainly(words: &str) -> Option<&'static str> {
    let code = words.split([' ', '-', ';']).find_map(subject_and_detail)?;
    Some(match code {
        (1, 1 | 0 | 3 | 6 | 10) => "there is no such mailbox",
        (1, 2) | (4, 4) | (4, 3) => "the domain of this address takes no mail",
        (1, 8) | (1, 7) => "the other side does not accept our own address",
        (2, 1) => "the mailbox is switched off, or takes no mail now",
        (2, 2) | (3, 1) => "the mailbox is full",
        (2, 3) | (3, 4) => "the message is too large for the other side",
        (4, 1) | (4, 2) => "the other side’s mail server does not answer",
        (4, 7) => "it was tried for too long without an answer",
        (4, 6) => "the mail went in a circle",
        (6, 7) => "the other side takes no addresses with such letters",
        (7, 1) => "the other side’s rules refuse it",
        (7, 20..=27) => "the other side does not believe that it comes from us (SPF, DKIM or DMARC)",
        (7, _) => "the other side refuses it for its safety, or holds us for spam",
        (_, _) => return None,
    })
}

/// `5.1.1` as 1 and 1.
fn subject_and_detail(word: &str) -> Option<(u16, u16)> {
    let mut parts = word.trim_matches(|c: char| !c.is_ascii_digit()).split('.');
    let class = parts.next().filter(|it| matches!(*it, "4" | "5"));
    let (subject, detail) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    (class.is_some() && parts.next().is_none()).then_some((subject, detail))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_told_plainly_and_only_where_they_are() {
        for (words, plain) in [
            ("550 5.1.1 <x@y.test>: no such mailbox here", Some("there is no such mailbox")),
            ("552-5.2.2 The email account is over quota", Some("the mailbox is full")),
            ("smtp; 550 5.7.26 unauthenticated", Some("the other side does not believe that it comes from us (SPF, DKIM or DMARC)")),
            ("554 5.7.1 spam", Some("the other side’s rules refuse it")),
            ("450 try 10.1.1.1 later", None),
            ("550 no", None),
            ("", None),
        ] {
            assert_eq!(plainly(words), plain, "{words}");
        }
    }
}
