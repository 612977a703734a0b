//! People's words that look like what mail programs write, and what programs write that is long or rare.

use super::{super::*, reply};
use crate::desk::message::REPLY_MARKER;

/// Below the answer, what it answers.
const HISTORY: &str = "\n\nOn Mon, 5 Feb 2018 at 10:12, Ann Lee <ann@x.test> wrote:\n> Hello Pat,\n> where is it?\n";

fn stays_everywhere(text: &str) {
    assert_eq!(reply(text), text, "an answer: {text}");
    assert_eq!(split(text, Purpose::Begins).reply, text, "a first mail: {text}");
    assert_eq!(reply(&format!("{text}{HISTORY}")), text, "above its history: {text}");
}

#[test]
fn a_sentence_is_no_line_of_a_device() {
    for text in [
        "Hallo,\n\nvon meinem Konto wurde zweimal abgebucht",
        "Hi,\n\nGetting this in Outlook since yesterday.\n\nPat",
        "Hallo,\n\nOutlook für Mac stürzt beim Start ab",
        "您好，\n文件已发送\n谢谢",
        "Hello,\n\nSent from the warehouse on Monday.",
        "Hi,\n\nElküldve, köszönöm.",
        "How do I remove this line:\n\nSent from my iPhone",
    ] {
        stays_everywhere(text);
    }
}

#[test]
fn a_sentence_with_a_day_and_an_address_is_no_attribution() {
    for text in [
        "Hello,\n\nOn 5 March 2018 I received this mail from fake@evil.test:\n\n\"Your account is locked.\"\n\nIs that from you?",
        "Hello,\n\nAm 3. März 2018 habe ich an support@desk.test geschrieben:\n\n\"Er raucht.\"\n\nUnd nun?",
        "2018-03-05 10:12:13 user@host wrote:\n  disk full\n\nWhat is that?",
        "Hello,\n\nAm 05.03.2018 schrieben Sie:\n\n\"Sie bekommen Ihr Geld.\"\n\nWann?",
    ] {
        assert_eq!(reply(text), text, "{text}");
        assert_eq!(split(text, Purpose::Begins).reply, text, "{text}");
    }
    let bare = "Hello,\n\nOn 4 March 2018 ann@desk.test wrote:\n\nyou get it back.";
    assert_eq!(split(bare, Purpose::Begins).reply, bare);
}

#[test]
fn a_journey_a_parcel_or_a_rule_is_no_copied_mail() {
    for text in [
        "Please book it:\n\nFrom: Berlin\nTo: Munich\nDate: 12.03.2018 10:30\n\nPat",
        "I was away\n\nFrom: 09:00\nTo: 17:00\nDate: 12.03.2018\n\nPat",
        "My rule is\n\nFrom: *@evil.test\nTo: me\nSubject: *win*\n\nand it does not work.",
    ] {
        assert_eq!(reply(text), text, "{text}");
        assert_eq!(reply(&format!("{text}{HISTORY}")), text, "{text}");
    }
}

#[test]
fn a_colon_above_a_copied_mail_keeps_nothing_of_it() {
    for header in [
        "From: Desk <support@d.test>\nSent: Monday, 3 March 2026 10:00\nTo: Hal Smith <hal@d.test>\nSubject: [#1042] Printer",
        "Von: Desk <support@d.test>\nGesendet: Montag, 3. März 2026 10:00\nAn: Hal Smith <hal@d.test>\nBetreff: [#1042] Drucker",
        "From: Desk <support@d.test>\nDate: Monday, 3 March 2026 10:00\nTo: Hal Smith <hal@d.test>\nSubject: [#1042] Printer",
    ] {
        for words in ["Restart it as follows:", "Kind regards:", "See\n\nX-Note: this\n\nas follows:"] {
            let text = format!("{words}\n\n{header}\n\nInternal: she is rude");
            assert_eq!(reply(&text), words, "{text}");
            let marked = format!("{words}\n\n{header}\n\n{REPLY_MARKER}\n\nInternal: she is rude");
            assert_eq!(reply(&marked), words, "{marked}");
        }
    }
}

#[test]
fn a_line_that_parts_two_thoughts_begins_no_signature() {
    for text in [
        "I see this:\n\n--\nError E5",
        "It beeps\n\n--\nand nothing else",
        "The week\n\n---\nMonday\n\n---\nTuesday",
        "First question: does it print?\n\n____________________\n\nSecond question: does it work on a Mac?\nAnd what does it cost?",
        "The form\n\n____________________\n\nModel: LX 3\nSerial: A-77",
    ] {
        stays_everywhere(text);
    }
}

#[test]
fn a_colon_above_quoted_lines_keeps_nothing_of_them() {
    for quoted in [format!("> {REPLY_MARKER}\n> Internal: she is rude"), "> Ada wrote a note\n> Internal: she is rude".to_owned()] {
        assert_eq!(reply(&format!("Restart it as follows:\n\n{quoted}")), "Restart it as follows:");
    }
}

#[test]
fn a_long_name_of_a_desk_goes_with_its_attribution() {
    for attribution in [
        "On Tue, Mar 5, 2018 at 10:12 AM Example Company Customer Support and Service\nDesk <desk@x.test> wrote:",
        "wt., 5 mar 2018 o 10:12 Ann Katharina Lee-Winterbottom via Desk Example\nSupport <ann.lee@desk.test> napisał(a):",
        "Ann Katharina Lee-Winterbottom via Desk Example Support\n<ann.lee@desk.test> 於 2018年3月5日週二 上午10:12寫道：",
        "Ann Lee <ann@x.test> ezt\nírta (időpont: 2018. márc. 7., Sze, 10:12):",
    ] {
        assert_eq!(reply(&format!("Yes, tomorrow.\n\n{attribution}\n\n> Hello Pat\n")), "Yes, tomorrow.", "{attribution}");
    }
}

#[test]
fn rare_programs_are_known() {
    for history in [
        "  Am Di., März 5, 2018 at 10:12 schrieb Ann Lee<ann@x.test>:   Hello Pat,\n\nwould it suit you?",
        "Ann Lee ---05.03.2018 10:12:15---Hello Pat, would it suit you?\n\nVon:\tAnn Lee/DESK/Example\nAn:\tPat/CUST\nDatum:\t05.03.2018 10:12\nBetreff:\tPrinter\n\nHello Pat",
        "ann@x.test\n \n发件人： Ann Lee\n发送时间： 2018-03-05 10:12\n收件人： pat\n主题： Re: Printer\nHello Pat",
        "________________________________\nСтап: Ann Lee <ann@x.test>\nБир: Monday, 5 March 2018 10:12\nИки: Pat <pat@y.test>\nУч: Printer\n\nHello Pat",
    ] {
        assert_eq!(reply(&format!("Yes, tomorrow.\n\n{history}")), "Yes, tomorrow.", "{history}");
    }
}

#[test]
fn words_typed_into_the_signature_are_the_answer_where_there_is_no_other() {
    let parts = split(&format!("-- \nYes, that works for me, thank you.\n\nPat{HISTORY}"), Purpose::Answers);
    assert_eq!(parts.reply, "-- \nYes, that works for me, thank you.\n\nPat");
    assert!(parts.quoted.contains("where is it?"));
    assert_eq!(split("-- \nPat Lee\n+44 20 7946 0000", Purpose::Answers).signature, "");
}
