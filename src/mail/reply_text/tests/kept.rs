//! What stays, since the sender wrote it or wants it read.

use super::{super::*, reply};
use crate::desk::message::REPLY_MARKER;

#[test]
fn sentences_that_look_a_little_like_attributions_stay() {
    for text in [
        "At 10:32 the server wrote:\n\nsegmentation fault\n\nWhat now?",
        "The manual says on page 2018:\n\nturn it off",
        "On your machine you can run:\n\n    make\n\nand wait.",
        "My colleague wrote:\n\nplease help\n\nSo please do.",
        "These are the steps I took on 5 Feb 2018:\n\n1. open\n2. close",
        "Write to ann@x.test:\n\nshe knows.",
        "From: Berlin\nTo: Paris\nDate: 3 May\n\nis what I booked.",
        "Dear all,\n\nSubject: to change\n\nthe meeting is at ten.",
        "Here is the log\n------\nline one\nline two\n------\nand that is it.",
        "Heading\n-------\nText below a heading.",
        "Sent from my desk, is much easier than my mobile phone to write on today.",
        "I ran foo -- bar and it failed.\n- one\n- two",
        "Guten Tag,\n\nam 23.11.2026 um 10:00 Uhr schrieb Ihr Kollege Herr Maier:\n\nEr wird repariert.\n\nEr ist es nicht.",
        "I have a question.\n\nOn 23 November 2026 at 10:00 your colleague Bob wrote:\n\nthat it would be mended. It was not.",
        "Things:\n--\napples are bad, they broke. Why?\nI want my money back!\nPlease answer by Monday.",
        "Options:\n\u{2014}\nRed\n\u{2014}\nBlue",
        "Colours:\n--\nRed and blue",
        "Hello\n\n--\nPlease call me back today\n\nThe printer is on fire. I need help now!",
        "Query fails:\n\nselect 1;\n--\nselect * from users where name is null;\nselect * from orders where id = 5;",
        "Hello\n\n\u{2014}\n\nSecond thought: the printer is also loud, and that is a problem for us. Can you help?",
        "Hello,\n\nSent from my bank was a letter about you.\n\nWhat is this?",
        "Gesendet: Montag, 23. November 2026 um 09:12 Uhr\nVon: \"Support\" <s@desk.test>\nAn: ann@x.test\nBetreff: Re: Printer\n\nIst er an?\n\nJa.",
        "```\n> not a quote\n-- \n____\n```\nis my code.",
    ] {
        assert_eq!(reply(text), text, "{text}");
    }
}

#[test]
fn an_answer_point_by_point_keeps_the_questions() {
    let text = "Hi Ann,\n\nOn Mon, Feb 5, 2018 Ann <ann@x.test> wrote:\n> First?\n\nYes.\n\n> Second?\n\nNo.\n\n> Bye, Ann\n";
    let parts = split(text, Purpose::Answers);
    assert!(parts.reply.contains("> First?\n\nYes.\n\n> Second?\n\nNo."), "{}", parts.reply);
    assert_eq!(parts.quoted, "> Bye, Ann");
    assert_eq!(reply("On 5 Feb 2018, Ann wrote:\n> Does it work?\n\nIt does."), "It does.");
    assert_eq!(
        reply("Hello,\n\nOn 5 Feb 2018, Ann wrote:\n> Does it work?\n\nIt does."),
        "Hello,\n\nOn 5 Feb 2018, Ann wrote:\n> Does it work?\n\nIt does."
    );
    assert_eq!(
        reply("See my answers below.\n\nOn 5 Feb 2018, Ann wrote:\n> It works\n\nFine."),
        "See my answers below.\n\nOn 5 Feb 2018, Ann wrote:\n> It works\n\nFine."
    );
}

#[test]
fn a_forward_stays_whole() {
    for text in [
        "Please look at this.\n\n---------- Forwarded message ---------\nFrom: Ann <ann@x.test>\nDate: Mon\nSubject: Help\nTo: <hal@y.test>\n\nIt broke.\n-- \nAnn",
        "FYI\n\nAnfang der weitergeleiteten Nachricht:\n\nVon: Ann\nBetreff: Hilfe\n\nkaputt",
        "-----Original Message-----\nFrom: Ann\n\nIt broke.",
    ] {
        assert_eq!(reply(text), text, "{text}");
    }
    let quoted = "Please look.\n\n> Begin forwarded message:\n> \n> From: Ann <ann@x.test>\n> Subject: Help\n> Date: 5 February 2018\n> To: Hal\n> \n> It broke.";
    assert_eq!(reply(quoted), quoted);
    for text in ["Please look.\n\n> It broke.\n> Ann", "Please look.\n\nOn 5 Feb 2018 at 10:12 Ann <ann@x.test> wrote:\n> It broke."] {
        assert_eq!(split(text, Purpose::Forwards).reply, text, "{text}");
        assert_eq!(reply(text), "Please look.", "{text}");
    }
    let history = "It is the cable.\n\nOn 5 Feb 2018 at 10:12 Ann <ann@x.test> wrote:\n> Please look.\n>\n> ---------- Forwarded message ---------\n> From: Bob <bob@x.test>\n>\n> It broke.";
    assert_eq!(reply(history), "It is the cable.");
    for mark in [
        "Proslijeđena poruka",
        "Прослеђена порука",
        "Препратено съобщение",
        "Posredovano sporočilo",
        "Tin nhắn đã chuyển tiếp",
        "ข้อความที่ส่งต่อ",
        "Pesan terusan",
        "Missatge reenviat",
        "Persiųstas laiškas",
        "Pārsūtīta ziņa",
        "Edastatud kiri",
        "Yönlendirilmiş ileti",
        "İletilen mesaj",
        "전달된 메일",
        "转发的消息",
    ] {
        let text = format!("Please look.\n\n---------- {mark} ---------\nFrom: Ann <ann@x.test>\nSubject: Help\nTo: Hal\n\nIt broke.");
        assert_eq!(reply(&text), text);
    }
    let outlook = "Please look.\n\nFrom: Ann <ann@x.test>\nSent: Monday\nTo: Hal\nSubject: Help\n\nIt broke.";
    assert_eq!(split(outlook, Purpose::of("WG: Help")).reply, outlook);
    assert_eq!(split(outlook, Purpose::of("AW: WG: Help")).reply, "Please look.");
}

#[test]
fn a_quoted_marker_takes_no_answer_between_the_quotes() {
    for greeting in ["Hello,", "Hi, answers inline.", "Thank you for the quick help with this."] {
        for attribution in ["", "On 5 Feb 2018, Support <desk@x.test> wrote:\n"] {
            let text =
                format!("{greeting}\n\n{attribution}> {REPLY_MARKER}\n> Is it on?\nYes it is.\n> Is it plugged in?\nNo it is not.\n\nAnn");
            let kept = format!("{greeting}\n\n{attribution}> Is it on?\nYes it is.\n> Is it plugged in?\nNo it is not.\n\nAnn");
            assert_eq!(reply(&text), kept);
        }
    }
    let last = format!("It works.\n\nOn 5 Feb 2018, Support wrote:\n> {REPLY_MARKER}\n> Did it help?\n\nThe other one still smokes.");
    assert!(reply(&last).contains("The other one still smokes."));
}

#[test]
fn words_that_point_down_keep_what_stands_below() {
    let header = "From: Ann <ann@x.test>\nSent: Monday, February 5, 2018 10:12 AM\nTo: Hal\nSubject: Help\n\n";
    for above in ["See my answers below in red.", "Hallo, siehe meine Antworten unten im Text.", "Mes réponses ci-dessous."] {
        let text = format!("{above}\n\n{header}Is it on?\nYes.");
        assert_eq!(reply(&text), text);
        let text = format!("{above}\n\n> Is it on?\n> Yes.");
        assert_eq!(reply(&text), text);
        let marked = format!("{above}\n\n{header}{REPLY_MARKER}\nIs it on?\nYes.");
        assert_eq!(reply(&marked), marked.replace(&format!("{REPLY_MARKER}\n"), ""));
    }
    assert_eq!(reply(&format!("It stays below five degrees.\n\n{header}Is it on?")), "It stays below five degrees.");
}

#[test]
fn an_answer_below_the_quote_is_no_signature() {
    let quote = "On 5 Feb 2018, Support wrote:\n> We will send somebody on Monday at ten.";
    let above = "Thanks a lot for your quick help with this!";
    for below in [
        "The part number is wrong.",
        "Monday does not suit me. Tuesday please.",
        "PS: the other printer smokes too.",
        "Tuesday",
        "not before noon",
        "I got this e-mail twice.",
    ] {
        let text = format!("{above}\n\n{quote}\n\n{below}");
        assert_eq!(reply(&text), text);
    }
    for below in [
        "Hal Smith\nDesk Ltd",
        "Best regards,\nHal",
        "MfG\nHal Smith",
        "hal@y.test",
        "This message is confidential.",
        "Sent from my iPhone",
    ] {
        assert_eq!(reply(&format!("{above}\n\n{quote}\n\n{below}")), above, "{below}");
    }
}

#[test]
fn a_mail_that_answers_nothing_is_cut_only_where_it_can_be_nothing_else() {
    for text in [
        "New enquiry:\n\nFrom: Ann Lee <ann@x.test>\nTo: desk@y.test\nSubject: Printer\n\nIt smokes.",
        "New enquiry:\n\nFrom: Ann Lee <ann@x.test>\nSent: 05.02.2018 10:12\nTo: desk@y.test\nSubject: Printer\n\nIt smokes.",
        "Kontaktformular\n\nVon: Ann Lee <ann@x.test>\nAn: desk@y.test\nDatum: 05.02.2018 10:12\nBetreff: Drucker\n\nEr raucht.",
        "The log says\n\nFrom: 10.0.0.1\nTo: 10.0.0.2\nSubject: CN=x\nDate: 2018-02-05 10:12\n\nWhat is it?",
        "The error reads:\n\n> Paper jam in tray 2",
        "> Paper jam in tray 2\n\nWhat now?",
        "I have a question.\n\nOn 5 Feb 2018 at 10:12 your colleague Bob wrote:\n\nIt is mended.\n\nIt is not.",
        "--- Unknown words ---\nFrom: the top",
    ] {
        assert_eq!(split(text, Purpose::Begins).reply, text, "{text}");
    }
    for history in [
        &*format!("{REPLY_MARKER}\nDid it help?"),
        "From: Ann Lee <ann@x.test>\nSent: Monday, February 5, 2018 10:12 AM\nTo: Hal\nSubject: Help\n\nPlease.",
        "-----Original Message-----\nFrom: Ann",
        "On 5 Feb 2018 at 10:12 Ann <ann@x.test> wrote:\n\n> Please.\n\n> Ann",
        "On 5 Feb 2018 at 10:12 Ann wrote:\n> Please.",
        "On Mon, Feb 5, 2018 at 10:12 AM Ann <ann@x.test> wrote:\n\nPlease.",
        "> From: Ann Lee <ann@x.test>\n> Sent: Monday, February 5, 2018 10:12 AM\n> To: Hal\n> Subject: Help\n>\n> Please.",
    ] {
        assert_eq!(split(&format!("It works.\n\n{history}"), Purpose::Begins).reply, "It works.", "{history}");
    }
}
