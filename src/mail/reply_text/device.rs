//! What a device or a mail program writes below a mail: `Sent from my iPhone`, in short and in any of many languages.
//!
//! People begin sentences with the same words, so that the verb alone says nothing: the line names a device or a program, is short, and
//! stands by itself.

use super::{
    lines::{Kind, Line},
    phrases,
};

/// Bytes, characters and words of the longest: `Sent from my BlackBerry 10 smartphone on the Verizon Wireless network. Please excuse typos.`
const LONGEST: (usize, usize, usize) = (400, 90, 14);

/// Characters, where no spaces part the words.
const LONGEST_UNSPACED: usize = 30;

/// A line above that has more characters, and ends in no mark, goes on in the next.
const WRAPPED: usize = 45;

/// Whether a text is such a line, wherever it stands.
pub(super) fn is_line(text: &str) -> bool {
    let dressing = ['*', '_', '[', ']', '(', ')', '<', '>', ' ', '~', '\u{200e}', '\u{200f}'];
    let (bare, linked) = without_link(text.trim());
    let bare = bare.trim_matches(dressing);
    let (bytes, characters, words) = LONGEST;
    // What no such line is: long. Nearly every line is told by that alone.
    if bare.len() > bytes || bare.ends_with(['?', '!']) || bare.chars().count() > characters || bare.split_whitespace().nth(words).is_some()
    {
        return false;
    }
    let lower = phrases::lower(bare);
    let end = lower.trim_end_matches(['.', '。', ' ']);
    if bare.ends_with(':') {
        return phrases::DEVICE_LINES.are(end);
    }
    phrases::DEVICE_LINES.are(end)
        || phrases::DEVICE_NOTICES.begin(&lower)
        || is_sent(&lower, end)
        || is_brand(bare)
        || is_offer(end, linked)
}

/// The line at `at`, where nothing around it says that it is somebody's words: it does not go on from the line above, nor does a colon
/// announce it.
pub(super) fn stands_at(lines: &[Line<'_>], at: usize) -> bool {
    let line = &lines[at];
    if line.code || !is_line(line.text) {
        return false;
    }
    let said = lines[..at].iter().rev().find(|it| !it.is_empty() && it.kind == Kind::Text && !it.attribution);
    let announced = said.is_some_and(|it| it.text.trim_end().ends_with([':', '：']));
    let above = at.checked_sub(1).map(|it| &lines[it]).filter(|it| it.kind == Kind::Text);
    let wrapped = above.is_some_and(|it| {
        let text = it.text.trim();
        text.chars().count() > WRAPPED && !text.ends_with(['.', '!', '?', ':', ',', ';', '。', '>', ')']) && !is_line(text)
    });
    !(announced || wrapped && line.text.trim_start().starts_with(char::is_lowercase))
}

/// Below the line stand a link, another such line or somebody's name, and no words.
pub(super) fn only_devices(lines: &[Line<'_>]) -> bool {
    lines[1..].iter().filter(|it| !it.is_empty()).all(|it| {
        let text = it.text.trim();
        let words = text.split_whitespace().count();
        let sentence =
            text.ends_with(['?', '!', '。', '？', '！']) || text.ends_with('.') && words > 2 || text.starts_with(char::is_lowercase);
        let few = words <= 4 && !sentence && (!is_unspaced(text) || text.chars().count() <= 8);
        text.len() < 90 && (text.contains("://") || is_line(text) || few)
    })
}

/// `Get Outlook for iOS<https://…>`: without its link, and whether there was one.
fn without_link(text: &str) -> (&str, bool) {
    let link = |it: &str| it.trim_start_matches(['<', '(', '[']).starts_with("http") && !it.contains(char::is_whitespace);
    let from = text.rfind(['<', ' ']).filter(|at| link(text[*at..].trim_start()));
    from.map_or((text, false), |at| (text[..at].trim_end(), true))
}

/// A verb and a device: `Sent from my iPhone`, `iPhoneから送信`.
fn is_sent(lower: &str, end: &str) -> bool {
    let first = || phrases::SENT_BY_DEVICE.begin(lower);
    let last = || phrases::SENT_BY_DEVICE_LAST.end(end) && may_end_so(lower, end);
    let short = !is_unspaced(lower) || lower.chars().count() <= LONGEST_UNSPACED;
    short && phrases::DEVICES.within(lower) && (first() || last())
}

/// Where the verb comes last, a sentence has it there too: `habe die Datei vom iPad gesendet`.
fn may_end_so(lower: &str, end: &str) -> bool {
    let begins = |list: &[&str]| list.iter().any(|it| lower.starts_with(it));
    if end.ends_with("gesendet") {
        return begins(&["von ", "vom ", "mit ", "über ", "diese nachricht ", "diese e-mail "]);
    }
    if end.ends_with(['送']) {
        return begins(&["从", "從", "由", "通", "用", "使用", "来自", "來自", "发", "發", "透"]);
    }
    lower.split_whitespace().count() <= 7
}

/// `Sent from my Whatever 7`: a make that is on no list, in capitals as makes are.
fn is_brand(bare: &str) -> bool {
    let Some(make) = bare.get(..13).filter(|it| it.eq_ignore_ascii_case("Sent from my ")).map(|it| &bare[it.len()..]) else { return false };
    let name = |it: &str| it.starts_with(|c: char| c.is_uppercase() || c.is_ascii_digit());
    (1..=4).contains(&make.split_whitespace().count()) && make.split_whitespace().all(name)
}

/// `Get Outlook for Android`: a program near the verb, and at the end what it is for.
fn is_offer(end: &str, linked: bool) -> bool {
    let words: Vec<&str> = end.split_whitespace().collect();
    if words.len() > 8 {
        return false;
    }
    let first = |most: usize| phrases::OFFERED.within(&words.iter().take(most).copied().collect::<Vec<_>>().join(" "));
    let last = words.last().copied().unwrap_or_default();
    let whole = |it: &str| !it.starts_with(|c: char| c.is_ascii_alphanumeric());
    // Some languages add an ending to a name.
    let platform = || phrases::PLATFORMS.iter().any(|it| last == it || it.len() > 4 && last.starts_with(it));
    let named_last = || platform() || phrases::OFFERED.end(end);
    phrases::GET.behind(end).any(whole) && first(5) && named_last()
        || phrases::GET.end(end) && first(4)
        || linked && phrases::OFFERED.begin(end) && platform()
}

/// Whether it has signs of a script that sets no space between words.
fn is_unspaced(text: &str) -> bool {
    text.contains(|c: char| matches!(c, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_devices_and_programs_write_is_known() {
        for text in [
            "Sent from my iPhone",
            "Von meinem iPhone gesendet",
            "Von unterwegs gesendet",
            "iPhoneから送信",
            "从我的 iPhone 发送",
            "發自我的 iPhone",
            "나의 iPhone에서 보냄",
            "Elküldve az iPhone-omról",
            "Lähetetty iPhonesta",
            "Sent from my Whatever 7",
            "Sent from Missive",
            "Sent with Proton Mail secure email.",
            "Sent from my BlackBerry 10 smartphone on the Verizon network.",
            "Diese Nachricht wurde von meinem Android-Gerät mit K-9 Mail gesendet.",
            "Get Outlook for Android<https://aka.ms/AAb9ysg>",
            "Outlook für iOS beziehen<https://aka.ms/o0ukef>",
            "Holen Sie sich Outlook für Android",
            "iOS 版 Outlook を入手<https://aka.ms/o0ukef>",
            "Virus-free. www.avast.com",
        ] {
            assert!(is_line(text), "{text}");
        }
    }

    #[test]
    fn a_sentence_that_begins_like_one_is_none() {
        for text in [
            "von meinem Konto wurde zweimal abgebucht",
            "von meiner Seite ist alles erledigt.",
            "Outlook für Mac stürzt beim Start ab",
            "Outlook voor Mac start niet meer op.",
            "Getting this in Outlook since yesterday.",
            "Get Outlook working on my new laptop",
            "Download of attachments fails in Outlook",
            "文件已发送",
            "我的 iPhone 无法发送",
            "从我的账户多扣了一次款",
            "내 iPhone에서 로그인이 안 됩니다",
            "Elküldve, köszönöm.",
            "Lähetetty",
            "Enviado pelo correio ontem.",
            "Отправлено через СДЭК вчера",
            "Sent from the warehouse on Monday.",
            "Sent via DHL",
            "sent from my account yesterday",
            "habe die Datei vom iPad gesendet",
            "Yahoo Mail: cannot log in",
        ] {
            assert!(!is_line(text), "{text}");
        }
    }

    #[test]
    fn it_stands_by_itself() {
        let stands = |text: &str| {
            let lines = super::super::lines::read(text);
            stands_at(&lines, lines.len() - 1)
        };
        assert!(stands("Yes.\n\nSent from my iPhone"));
        assert!(stands("Yes\nSent from my iPhone"));
        assert!(!stands("How do I remove this line:\n\nSent from my iPhone"));
        assert!(!stands("nobody here knows anything about the mail that was allegedly\nsent from my iPhone on Monday"));
    }
}
