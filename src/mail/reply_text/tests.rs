//! Replies as mail programs send them, in many languages, and what must hold for any text.

mod kept;
mod mistaken;

use proptest::prelude::*;

use super::*;
use crate::{desk::message::REPLY_MARKER, mail::html};

fn reply(text: &str) -> String {
    split(text, Purpose::Answers).reply
}

#[test]
fn an_attribution_is_known_in_many_languages_with_the_quote_marked() {
    for attribution in [
        "On Mon, Feb 5, 2018 at 10:12 AM, Ann Lee <ann@x.test> wrote:",
        "On 5 Feb 2018, at 10:12, Ann Lee <ann@x.test>\nwrote:",
        "On Mon, Feb 5, 2018, at 10:12, Ann Lee wrote:",
        "Ann Lee wrote:",
        "Ann Lee <ann@x.test> writes:",
        "* Ann Lee <ann@x.test> [2018-02-05 10:12]:",
        "---- On Mon, 05 Feb 2018 10:12:13 +0100 Ann Lee <ann@x.test> wrote ----",
        "2018-02-05 10:12 GMT+01:00 Ann Lee <ann@x.test>:",
        "2010/5/7 Ann Lee <ann@x.test>",
        "Am 05.02.18 um 10:12 schrieb Ann Lee:",
        "Am 05.02.2018 um 10:12 schrieb Ann Lee <ann@x.test>:",
        "Ann Lee <ann@x.test> schrieb am Mo., 5. Feb. 2018,\n10:12:",
        "Le lun. 5 févr. 2018 à 10:12, Ann Lee <ann@x.test> a écrit :",
        "Le 05/02/2018 à 10:12, Ann Lee a écrit\u{a0}:",
        "El lun., 5 feb. 2018 a las 10:12, Ann Lee (<ann@x.test>) escribió:",
        "Il giorno lun 5 feb 2018 alle ore 10:12 Ann Lee <ann@x.test>\nha scritto:",
        "Em seg, 5 de fev de 2018 às 10:12, Ann Lee <ann@x.test> escreveu:",
        "Op 5 feb. 2018, om 10:12 heeft Ann Lee <ann@x.test> het volgende geschreven:",
        "Op ma 5 feb. 2018 om 10:12 schreef Ann Lee <ann@x.test>:",
        "Den mån 5 feb. 2018 kl 10:12 skrev Ann Lee <ann@x.test>:",
        "5. feb. 2018 kl. 10:12 skrev Ann Lee <ann@x.test>:",
        "Ann Lee <ann@x.test> kirjoitti 5.2.2018 kello 10.12:",
        "W dniu 05.02.2018 o 10:12, Ann Lee pisze:",
        "Wiadomość napisana przez Ann Lee <ann@x.test> w dniu 5 lut 2018, o godz. 10:12:",
        "Dne 5. 2. 2018 v 10:12 Ann Lee napsal(a):",
        "po 5. 2. 2018 o 10:12 Ann Lee <ann@x.test> napísal(a):",
        "Ann Lee <ann@x.test> ezt írta (időpont: 2018. febr. 5., H, 10:12):",
        "Pe lun., 5 feb. 2018 la 10:12, Ann Lee <ann@x.test> a scris:",
        "пн, 5 февр. 2018 г. в 10:12, Ann Lee <ann@x.test>:",
        "5 февраля 2018 г., 10:12 пользователь Ann Lee <ann@x.test> написал:",
        "05.02.2018 10:12, Ann Lee пишет:",
        "пн, 5 лют. 2018 о 10:12 Ann Lee <ann@x.test> пише:",
        "Στις Δευ, 5 Φεβ 2018 στις 10:12 π.μ., ο χρήστης Ann Lee <ann@x.test> έγραψε:",
        "Ann Lee <ann@x.test>, 5 Şub 2018 Pzt, 10:12 tarihinde şunu yazdı:",
        "\u{202b}בתאריך יום ב׳, 5 בפבר׳ 2018 ב-10:12 מאת \u{202a}Ann Lee\u{202c}\u{200f} <\u{202a}ann@x.test\u{202c}\u{200f}>:\u{202c}",
        "في الاثنين، 5 فبراير 2018 10:12 ص Ann Lee <ann@x.test> كتب:",
        "Vào Th 2, 5 thg 2, 2018 vào lúc 10:12 Ann Lee <ann@x.test> đã viết:",
        "Pada tanggal Sen, 5 Feb 2018 pukul 10.12 Ann Lee <ann@x.test> menulis:",
        "Ann Lee <ann@x.test> 于2018年2月5日周一 上午10:12写道：",
        "在 2018年2月5日，上午10:12，Ann Lee <ann@x.test> 写道：",
        "2018年2月5日(月) 10:12 Ann Lee <ann@x.test>:",
        "2018/02/05 10:12、Ann Lee <ann@x.test>のメール:",
        "2018년 2월 5일 (월) 오전 10:12, Ann Lee <ann@x.test>님이 작성:",
        "Quoting Ann Lee <ann@x.test>:",
        "Zitat von Ann Lee <ann@x.test>:",
    ] {
        let text = format!("Thanks, that works.\nBest, Hal\n\n{attribution}\n\n> Please try again.\n> Ann\n");
        assert_eq!(reply(&text), "Thanks, that works.\nBest, Hal", "{attribution}");
        let glued = format!("Thanks, that works.\n{attribution}\n> Please try again.\n");
        assert_eq!(reply(&glued), "Thanks, that works.", "{attribution}");
    }
}

#[test]
fn an_attribution_counts_without_quote_marks_when_it_can_be_nothing_else() {
    for attribution in [
        "On Monday, February 5, 2018, 10:12:13 AM GMT+1, Ann Lee <ann@x.test> wrote:",
        "Am 05.02.2018 um 10:12 schrieb Ann Lee <ann@x.test>:",
        "Den 08/06/2015 kl. 21.21 skrev Ann Lee <ann@x.test>:",
        "2018-02-05 10:12 GMT+01:00 Ann Lee <ann@x.test>:",
        ">>> Ann Lee <ann@x.test> 05.02.2018 10:12 >>>",
    ] {
        let text = format!("Thanks, that works.\n\n{attribution}\n\nPlease try again.\n\nAnn\n");
        assert_eq!(reply(&text), "Thanks, that works.", "{attribution}");
    }
}

#[test]
fn a_copied_header_begins_the_history_in_many_languages() {
    for block in [
        "From: Ann Lee <ann@x.test>\nSent: Monday, February 5, 2018 10:12 AM\nTo: Hal <hal@y.test>\nSubject: Help",
        "________________________________\nFrom: Ann Lee <ann@x.test>\nSent: Monday, February 5, 2018\nTo: Hal\nSubject: Help",
        "*From:* Ann Lee\n*Sent:* Monday\n*To:* Hal\n*Subject:* Help",
        "-----Original Message-----\nFrom: Ann",
        "-----Ursprüngliche Nachricht-----\nVon: Ann Lee",
        "Von: Ann Lee [mailto:ann@x.test]\nGesendet: Montag, 5. Februar 2018 10:12\nAn: Hal\nCc: Ada\nBetreff: Hilfe",
        "-------- Message d'origine --------\nDe : Ann Lee <ann@x.test>\nDate : 05/02/2018 10:12 (GMT+01:00)\nÀ : Hal\nObjet : Aide",
        "De : Ann Lee\nEnvoyé : lundi 5 février 2018 10:12\nÀ : Hal\nObjet : Aide",
        "De: Ann Lee\nEnviado el: lunes, 5 de febrero de 2018\nPara: Hal\nAsunto: Ayuda",
        "Da: Ann Lee\nInviato: lunedì 5 febbraio 2018\nA: Hal\nOggetto: Aiuto",
        "Van: Ann Lee\nVerzonden: maandag 5 februari 2018\nAan: Hal\nOnderwerp: Hulp",
        "Från: Ann Lee\nSkickat: den 5 februari 2018\nTill: Hal\nÄmne: Hjälp",
        "Fra: Ann Lee\nSendt: 5. februar 2018\nTil: Hal\nEmne: Hjælp",
        "Lähettäjä: Ann Lee\nLähetetty: 5. helmikuuta 2018\nVastaanottaja: Hal\nAihe: Apua",
        "Od: Ann Lee\nWysłano: 5 lutego 2018\nDo: Hal\nTemat: Pomoc",
        "Od: Ann Lee\nOdesláno: 5. února 2018\nKomu: Hal\nPředmět: Pomoc",
        "От: Ann Lee\nОтправлено: 5 февраля 2018\nКому: Hal\nТема: Помощь",
        "Kimden: Ann Lee\nGönderildi: 5 Şubat 2018\nKime: Hal\nKonu: Yardım",
        "发件人: Ann Lee\n发送时间: 2018年2月5日\n收件人: Hal\n主题: 帮助",
        "发件人：Ann Lee\n日期：2018年2月5日\n收件人：Hal\n主题：帮助",
        "差出人: Ann Lee\n送信日時: 2018年2月5日\n宛先: Hal\n件名: 助け",
        "보낸 사람: Ann Lee\n보낸 날짜: 2018년 2월 5일\n받는 사람: Hal\n제목: 도움",
        "Date: Thu, 26 Jun 2014 13:53:45 +0400\nSubject: Help\nFrom: ann@x.test\nTo: hal@y.test",
        "---- Messaggio originale ----\nDa: ann@x.test",
        "From: Ann Lee <ann@x.test> Sent: Monday, February 5, 2018 10:12 AM To: Hal Subject: Help",
        "Ann Lee\n\u{a0}\n发件人： Ann Lee\n发送时间： 2018-02-05 10:12\n收件人： Hal\n主题： 帮助",
        "Ann Lee <ann@x.test>\n05.02.2018 10:12\n\nAn\nHal <hal@y.test>\nKopie\n\nThema\nHilfe",
        "--- Eredeti üzenet ---\nFeladó: Ann",
        "--- Tuntematon otsikko ---\nLähettäjä: Ann",
    ] {
        let text = format!("Thanks, that works.\n\n{block}\n\nPlease try again.\n");
        assert_eq!(reply(&text), "Thanks, that works.", "{block}");
    }
}

#[test]
fn signatures_are_parted_from_the_words() {
    for signature in [
        "-- \nHal\nDesk Ltd",
        "--\nHal",
        "\u{2014}\nHal",
        "Sent from my iPhone",
        "Get Outlook for iOS<https://aka.ms/o0ukef>",
        "Get Outlook for Android\n________________________________",
        "Von meinem iPhone gesendet",
        "Von meinem Samsung Galaxy Smartphone gesendet.",
        "Gesendet mit der GMX Mail App",
        "Envoyé de mon iPhone",
        "Enviado desde mi iPhone",
        "Enviado do meu iPhone",
        "Inviato da iPhone",
        "Verstuurd vanaf mijn iPhone",
        "Skickat från min iPhone",
        "Sendt fra min iPhone",
        "Wysłane z iPhone'a",
        "Отправлено с iPhone",
        "iPhone'umdan gönderildi",
        "发自我的 iPhone",
        "iPhoneから送信",
        "나의 iPhone에서 보냄",
        "Diese E-Mail wurde von Avast Antivirus-Software auf Viren geprüft.",
        "Android 版 Outlook を入手する",
        "الحصول على Outlook لنظام التشغيل Android",
        "Hae Outlook Androidille",
        "发送自 Windows 10 版邮件应用",
        "--\nhal smith",
        "--\nMit freundlichen Grüßen\nHal Smith",
        "--\nhttps://desk.test/",
        "--\nHal Smith, Desk Ltd.\nBerlin",
        "\u{2014}\nDr. Hal Smith, M.Sc.",
        "_______________________________________________\nusers mailing list\nusers@lists.test\nhttp://lists.test/listinfo/users",
        "----------\nHal Smith\n+49 30 1234567",
    ] {
        let parts = split(&format!("Thanks, that works.\n\n{signature}"), Purpose::Answers);
        assert_eq!(parts.reply, "Thanks, that works.", "{signature}");
        assert!(!parts.signature.is_empty(), "{signature}");
    }
}

#[test]
fn our_own_marker_settles_it() {
    let text = format!("It works now.\n\nOn Monday Support wrote:\n> {REPLY_MARKER}\n> Did it help?");
    let parts = split(&text, Purpose::Answers);
    assert_eq!(parts.reply, "It works now.");
    assert!(parts.quoted.contains("Did it help?"));
    let unquoted = format!("It works now.\n\n{REPLY_MARKER}\nDid it help?\n");
    assert_eq!(reply(&unquoted), "It works now.");
    let below = format!("> {REPLY_MARKER}\n> Did it help?\n\nYes, it did.");
    assert_eq!(reply(&below), "Yes, it did.");
    let unknown = format!("It works now.\n\nDe Support <desk@x.test> je 5 Foo 2018 verfasst:\n{REPLY_MARKER}\nDid it help?\n");
    assert_eq!(reply(&unknown), "It works now.");
}

#[test]
fn what_programs_mark_in_html_is_believed() {
    for markup in [
        "<div>Fine.</div><div class=gmail_quote><div class=gmail_attr>Ann Lee alikuandika hivi karibuni<br></div><blockquote class=gmail_quote>old</blockquote></div>",
        "<div>Fine.</div><div id=appendonsend></div><hr><div id=divRplyFwdMsg><b>Ann</b> said</div><div>old</div>",
        "<div>Fine.</div><div style='border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm'><p>Avsändare: Ann</p></div><p>old</p>",
        "<div>Fine.</div><div class=yahoo_quoted><div>whatever Ann said</div>old</div>",
        "<div>Fine.</div><div class='protonmail_quote'>------- Some Header -------<br><blockquote>old</blockquote></div>",
        "<div>Fine.</div><div name=quote style='margin:10px; border-left: 2.0px solid #C3D9E5;'><b>Gesendet:</b> Montag<br><b>Von:</b> Ann<div>old</div></div>",
        "<div name=quote style='border-left: 2.0px solid #C3D9E5;'><b>Gesendet:</b> Montag<br><b>Von:</b> Ann<div>old</div></div><div>Fine.</div>",
        "<div>Fine.</div><signature id=x>Hal</signature>",
        "<div>Fine.</div><div id='Zm-_Id_-Sgn'>Hal</div>",
        "<div>Fine.</div><hr id=zwchr><div>Someone</div><div>old</div>",
        "<p>Fine.</p><div class=moz-cite-prefix>Aan wie dan ook, Ann:<br></div><blockquote type=cite>old</blockquote>",
        "<div>Fine.</div><div><br><blockquote type=cite><div>On Feb 5, Ann wrote:</div>old</blockquote></div>",
        "<div>Fine.</div><div class=gmail_signature>Hal<br>Desk</div>",
        "<div>Fine.</div><div id=Signature>Hal<br>Desk</div><div id=appendonsend></div><div>old</div>",
        "<div>Fine.</div><div class=moz-signature>-- <br>Hal</div>",
        "<div>Fine.</div><div name=quote style='border-left:2px solid'><b>Gesendet:</b> x<br><div>old</div></div><blockquote>old</blockquote>",
    ] {
        let marked = html::to_marked_text(markup);
        assert_eq!(split(&marked, Purpose::Answers).reply, "Fine.", "{markup}\n{marked:?}");
    }
    let below = html::to_marked_text("<div>Fine.</div><div class=gmail_signature>Hal</div><div>And one more thing.</div>");
    assert_eq!(split(&below, Purpose::Answers).reply, "Fine.\nAnd one more thing.");
    let form = html::to_marked_text("<p>Please check:</p><div class=signature-request>Contract 4711 needs a date</div>");
    assert_eq!(reply(&form), "Please check:\n\nContract 4711 needs a date");
    let forward = "<div>Look.</div><div class=gmail_quote><div class=gmail_attr>---------- Forwarded message ---------<br>From: Ann<br></div>It broke.</div>";
    assert!(reply(&html::to_marked_text(forward)).contains("It broke."));
    let forged = "<div>a</div>&#xF8F0;<div>b</div>";
    assert_eq!(reply(&html::to_marked_text(forged)), "a\nb");
}

#[test]
fn a_long_text_is_read_in_time_and_loses_nothing() {
    let lines =
        "> quoted|On Monday|wrote:|From: a|-- |--|<|____________________|Sent from my x|See my answers|> Begin forwarded message:\n|> a\n";
    for line in lines.split('|').map(|it| format!("{it}\n")) {
        let (text, count) = (line.repeat(100_000), 100_000);
        for purpose in [Purpose::Answers, Purpose::Begins] {
            let parts = split(&text, purpose);
            let kept = [&parts.reply, &parts.quoted, &parts.signature].map(|it| it.lines().filter(|it| !it.is_empty()).count());
            assert_eq!(kept.iter().sum::<usize>(), count, "{line:?}");
        }
    }
}

pub(super) fn line() -> impl Strategy<Value = String> {
    let known = "Hello|On Mon, Feb 5, 2018 at 10:12 AM Ann <ann@x.test> wrote:|> quoted|>> deeper|-- |--|_____________________|From: Ann <ann@x.test>|Sent: Monday|To: Hal|Subject: x|-----Original Message-----|Sent from my iPhone||||wrote:|-- Reply above this line --|---------- Forwarded message ---------|```|Ann> hm|| piped|Le 5 févr. 2018 à 10:12, Ann a écrit :|##- Please type your reply above this line -##|---|Hal Smith|<|> wrote:|Thanks,|\u{f8f0}|\u{f8f1}|\u{f8f2}";
    prop_oneof![6 => prop::sample::select(known.split('|').map(str::to_owned).collect::<Vec<_>>()), 1 => "[^\u{f8f0}-\u{f8f4}\n]{0,12}"]
}

#[test]
fn the_marker_of_another_helpdesk_settles_it_too() {
    for marker in [
        "##- Please type your reply above this line -##",
        "--- Reply above this line ---",
        "=====\nPlease reply above this line\n=====",
        "##- Bitte geben Sie Ihre Antwort oberhalb dieser Zeile ein. -##",
        "## Répondre au-dessus de cette ligne ##",
    ] {
        let text = format!("It works now.\n\n{marker}\nDid it help?\n\nAnn");
        assert_eq!(reply(&text), "It works now.", "{marker}");
    }
    let forward =
        "Look.\n\n---------- Forwarded message ---------\nFrom: Ann\n\n##- Please type your reply above this line -##\nDid it help?";
    assert_eq!(split(forward, Purpose::Forwards).reply, forward);
    let prose = "Please reply above this line of text if you can read it, for it is a test of our old printer.";
    assert_eq!(reply(prose), prose);
}

fn is_mark(line: &str) -> bool {
    !line.is_empty() && line.chars().all(|c| ('\u{f8f0}'..='\u{f8f4}').contains(&c))
}

/// Each part is lines of the text, in their order, and no line is lost or there twice.
pub(super) fn are_its_lines(parts: &Parts, text: &str) -> Result<(), TestCaseError> {
    let (mut all, mut kept) = (Vec::new(), Vec::new());
    all.extend(text.split('\n').filter(|it| !it.trim().is_empty() && !is_mark(it.trim())));
    for part in [&parts.reply, &parts.quoted, &parts.signature] {
        let mut rest = text.split('\n');
        for line in part.split('\n') {
            prop_assert!(line.is_empty() || rest.any(|it| it == line), "{line:?} of {part:?} in {text:?}");
        }
        kept.extend(part.split('\n').filter(|it| !it.trim().is_empty()));
    }
    all.sort_unstable();
    kept.sort_unstable();
    prop_assert_eq!(all, kept);
    Ok(())
}

proptest! {
    #[test]
    fn lines_are_only_ever_taken_away(
        lines in prop::collection::vec(line(), 0..25),
        purpose in prop::sample::select(vec![Purpose::Answers, Purpose::Forwards, Purpose::Begins]),
    ) {
        let text = lines.join("\n");
        are_its_lines(&split(&text, purpose), &text)?;
    }

    #[test]
    fn what_stands_below_our_marker_is_never_in_the_answer(
        above in prop::collection::vec(line(), 0..12), below in prop::collection::vec("[a-z]{8}", 1..6)
    ) {
        let text = format!("Words of mine.\n\n{}\n{REPLY_MARKER}\n{}", above.join("\n").replace("```", ""), below.join("\n"));
        let parts = split(&text, Purpose::Answers);
        prop_assert!(!parts.reply.contains(REPLY_MARKER), "{:?} of {:?}", parts.reply, text);
        for line in &below {
            prop_assert!(!parts.reply.lines().any(|it| it == line), "{:?} of {:?}", parts.reply, text);
        }
    }
}

#[test]
fn a_mail_of_quoted_lines_alone_is_read_only_where_nobody_is_named() {
    assert_eq!(reply("> look at this\n> please"), "> look at this\n> please");
    assert_eq!(reply("On 5 Feb 2018, Ann <ann@x.test> wrote:\n> Does it work?\n"), "");
    assert_eq!(reply("Sent from my iPhone"), "");
}
