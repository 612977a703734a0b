//! What a spam filter on the way has written into the header. Anybody can write such a field; to be believed only holds a mail.

use super::{header::Header, words};

/// Fields whose first word is the verdict, and the words that say spam.
const VERDICTS: &[(&str, &str, &[&str])] = &[
    ("x-spam-flag", "X-Spam-Flag", &["yes", "true"]),
    ("x-spam-status", "X-Spam-Status", &["yes"]),
    ("x-spam", "X-Spam", &["yes", "true"]),
    ("x-spam-tag", "X-Spam-Tag", &["yes"]),
    ("x-barracuda-spam-flag", "X-Barracuda-Spam-Flag", &["yes"]),
    ("x-barracuda-spam-status", "X-Barracuda-Spam-Status", &["yes"]),
    ("x-bogosity", "X-Bogosity", &["spam", "yes"]),
    ("x-dspam-result", "X-DSPAM-Result", &["spam"]),
    ("x-crm114-status", "X-CRM114-Status", &["spam"]),
    ("x-kaspersky-antispam", "X-Kaspersky-Antispam", &["spam"]),
];

/// What rspamd did, where that is what it does with spam.
const ACTIONS: &[&str] = &["reject", "add header", "rewrite subject", "quarantine"];

/// Exchange's own bound: from 5 up it is filed as junk.
const JUNK_LEVEL: i64 = 5;

/// SpamAssassin's own bound, one star a point.
const STARS: usize = 5;

/// As much of a value as a reason quotes; characters.
const QUOTED: usize = 60;

/// The field that says spam, as a reason quotes it: `X-Spam-Status: Yes, score=12.1`. None where no filter says so.
pub(super) fn mark(header: &Header<'_>) -> Option<String> {
    VERDICTS
        .iter()
        .find_map(|(name, shown, spam)| said(header, name, shown, |value| spam.contains(&first_word(value).as_str())))
        .or_else(|| said(header, "x-spamd-result", "X-Spamd-Result", |value| words_of(value).any(|it| it == "true")))
        .or_else(|| said(header, "x-rspamd-action", "X-Rspamd-Action", |value| ACTIONS.contains(&value)))
        .or_else(|| said(header, "x-spam-action", "X-Spam-Action", |value| ACTIONS.contains(&value)))
        .or_else(|| said(header, "x-ms-exchange-organization-scl", "X-MS-Exchange-Organization-SCL", is_junk))
        .or_else(|| said(header, "x-forefront-antispam-report", "X-Forefront-Antispam-Report", forefront))
        .or_else(|| stars(header))
}

/// The first field of this name whose value, in lower case, says so.
fn said(header: &Header<'_>, name: &str, shown: &str, is_spam: impl Fn(&str) -> bool) -> Option<String> {
    let value = header.all(name).map(|it| words::decode(&header.unicode(it))).find(|it| is_spam(it.trim().to_lowercase().as_str()))?;
    let value: String = value.trim().chars().map(|c| if c.is_control() { ' ' } else { c }).take(QUOTED).collect();
    Some(format!("{shown}: {value}"))
}

fn words_of(value: &str) -> impl Iterator<Item = &str> {
    value.split(|c: char| !c.is_alphanumeric()).filter(|it| !it.is_empty()).take(2)
}

fn first_word(value: &str) -> String {
    words_of(value).next().unwrap_or_default().to_owned()
}

fn is_junk(value: &str) -> bool {
    value.parse::<i64>().is_ok_and(|level| level >= JUNK_LEVEL)
}

/// `…;SFV:SPM;…`: spam by the filter, by a blocked sender, by a rule; or one of the categories that are worse.
fn forefront(value: &str) -> bool {
    const SPAM: &[&str] = &["sfv:spm", "sfv:spb", "sfv:sks", "cat:spm", "cat:hspm", "cat:phsh", "cat:hphsh", "cat:hphish", "cat:malw"];
    value.split(';').any(|it| SPAM.contains(&it.trim()))
}

/// `X-Spam-Level: *******` counts only where the filter says nothing plainer: its bound may be another.
fn stars(header: &Header<'_>) -> Option<String> {
    let plainer = ["x-spam-flag", "x-spam-status", "x-spam", "x-spamd-result", "x-rspamd-action"];
    if plainer.iter().any(|it| header.first(it).is_some()) {
        return None;
    }
    said(header, "x-spam-level", "X-Spam-Level", |value| value.chars().take_while(|c| *c == '*').count() >= STARS)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark_of(line: &str) -> Option<String> {
        mark(&super::super::header::read(format!("{line}\n\n").as_bytes(), 0, |_| false).0)
    }

    #[test]
    fn a_filters_verdict_is_known_in_its_own_words() {
        for line in [
            "X-Spam-Flag: YES",
            "X-Spam-Status: Yes, score=12.1 required=5.0 tests=BAYES_99",
            "X-Spam: Yes",
            "X-Spamd-Result: default: True [15.20 / 15.00]",
            "X-Rspamd-Action: add header",
            "X-MS-Exchange-Organization-SCL: 6",
            "X-Forefront-Antispam-Report: CIP:192.0.2.1;CTRY:;LANG:en;SCL:5;SFV:SPM;H:x.test",
            "X-Bogosity: Spam, tests=bogofilter, spamicity=0.99",
            "X-Spam-Level: *******",
            "X-Spam-Status: No\nX-Spam-Status: Yes, score=9",
        ] {
            let found = mark_of(line).unwrap_or_else(|| panic!("{line}"));
            assert!(found.starts_with(line.split(':').next().unwrap()), "{line}: {found}");
        }
    }

    #[test]
    fn what_a_filter_lets_through_is_no_spam() {
        for line in [
            "X-Spam-Flag: NO",
            "X-Spam-Status: No, score=-1.9 required=5.0 tests=YES_MAN",
            "X-Spamd-Result: default: False [1.20 / 15.00]; TRUE_NAME(0.00)[]",
            "X-Rspamd-Action: no action",
            "X-Rspamd-Action: greylist",
            "X-MS-Exchange-Organization-SCL: -1",
            "X-MS-Exchange-Organization-SCL: 1",
            "X-Forefront-Antispam-Report: CIP:192.0.2.1;SCL:1;SFV:NSPM;CAT:NONE",
            "X-Bogosity: Ham, tests=bogofilter",
            "X-Spam-Level: **",
            "X-Spam-Status: No, score=6\nX-Spam-Level: ******",
            "Subject: X-Spam-Flag: YES",
        ] {
            assert_eq!(mark_of(line), None, "{line}");
        }
    }
}
