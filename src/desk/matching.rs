//! Which ticket a message belongs to: evidence, strongest first.

use std::sync::LazyLock;

use regex::Regex;

use crate::desk::id::TicketNumber;

/// `[#1042]`, anywhere in a subject; also the full-width brackets that East Asian programs make of them.
static TAG: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"[\[［]\s*[#＃]\s*([0-9]{1,15})\s*[\]］]").expect("the pattern is fixed and compiles"));

/// One reply or forward prefix in the languages that mail programs speak, with a counter (`Re[2]:`) or a full-width colon.
static PREFIX: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)^(?:re|aw|antw|antwort|sv|vs|odp|ynt|ref|rif|res|r|fwd?|wg|tr|enc|rv|i|vb|doorst|vl|pd|ilt|yml|ha|továbbítás|回复|回覆|答复|转发|轉寄|返信|転送|회신|전달|отв|на|пересл)\s*(?:\[\d+\]|\(\d+\)|\^\d+)?\s*[:：]\s*")
        .expect("the pattern is fixed and compiles")
});

/// The ticket that a subject's tag names; the first one where there are several.
#[must_use]
pub fn subject_tag(subject: &str) -> Option<TicketNumber> {
    TAG.captures(subject)?.get(1)?.as_str().parse().ok().filter(|number| *number > 0).map(TicketNumber)
}

/// `Re: AW: [#12] Printer` is `Printer`: what a subject is about, for a ticket's subject and for the next mail's.
#[must_use]
pub fn without_tags_and_prefixes(subject: &str) -> String {
    let mut left = TAG.replace_all(subject, " ").trim().to_owned();
    while let Some(found) = PREFIX.find(&left) {
        left = left[found.end()..].trim_start().to_owned();
    }
    left.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_found_wherever_it_stands() {
        assert_eq!(subject_tag("Re: [#1042] Printer"), Some(TicketNumber(1042)));
        assert_eq!(subject_tag("Printer ［＃7］"), Some(TicketNumber(7)));
        assert_eq!(subject_tag("Order #1042"), None);
        assert_eq!(subject_tag("[#0]"), None);
        assert_eq!(subject_tag("[#99999999999999999999]"), None);
    }

    #[test]
    fn prefixes_never_stack() {
        assert_eq!(without_tags_and_prefixes("Re: Re: AW: [#12] Fwd: Printer"), "Printer");
        assert_eq!(without_tags_and_prefixes("RE[3]: [#12] Rechnung: offen"), "Rechnung: offen");
        assert_eq!(without_tags_and_prefixes("回复：订单"), "订单");
        assert_eq!(without_tags_and_prefixes("Reinstall the app"), "Reinstall the app");
    }
}
