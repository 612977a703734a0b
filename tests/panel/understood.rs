//! What a message came to be is told in the same words everywhere, and what could not be read is said.

use maildesk::{cli::inspect, desk::settings::DeskSettings};

use crate::{
    browser::Browser,
    test_desk::{TestDesk, mail},
};

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#x27;")
}

#[tokio::test(flavor = "multi_thread")]
async fn why_gives_the_trace_that_inspect_prints() {
    let desk = TestDesk::with(DeskSettings::default(), |mailbox| mailbox.authserv_id = None).await;
    desk.mail_does_not_matter();
    let raw = "From: Ann <ann@home.test>\r\nTo: support@desk.test\r\nReply-To: Bob <bob@home.test>\r\nSubject: Re: Printer\r\n\
        In-Reply-To: <unknown@home.test>\r\nMessage-ID: <a@home.test>\r\n\r\nIt smokes.\r\n";
    let number = desk.receive(raw).await.ticket.unwrap();
    let said = inspect::objects(&[raw.as_bytes().to_vec()]).remove(0);
    let page = Browser::of(&desk, &desk.hal).await.get(&format!("/tickets/{number}/messages/1")).await;
    let why = said["decision"]["why"].as_array().unwrap();
    assert!(why.len() > 8, "{why:?}");
    for sentence in why.iter().map(|it| it.as_str().unwrap()).filter(|it| !it.starts_with("action ")) {
        // A question and what was found stand in two cells.
        let shown = sentence.split_once("? ").map_or_else(
            || page.says(&escaped(sentence)),
            |(question, found)| page.says(&escaped(&format!("{question}?"))) && page.says(&escaped(found)),
        );
        assert!(shown, "{sentence} is not in {}", page.text());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_that_outlook_calls_an_attachment_is_shown_where_the_text_shows_it() {
    let desk = TestDesk::new().await;
    desk.mail_does_not_matter();
    let raw = "From: Ann Lee <ann@home.test>\nTo: support@desk.test\nSubject: See\nMessage-ID: <pic@home.test>\nMIME-Version: 1.0\n\
        Content-Type: multipart/related; boundary=XX\n\n--XX\nContent-Type: text/html; charset=utf-8\n\n<p>See</p><img src=\"cid:image001.png@01D0\">\n\
        --XX\nContent-Type: image/png; name=image001.png\nContent-ID: <image001.png@01D0>\nContent-Disposition: attachment; filename=image001.png\n\
        Content-Transfer-Encoding: base64\n\niVBORw0KGgpyZXN0\n--XX--\n";
    let number = desk.receive(raw).await.ticket.unwrap();
    let sheet = Browser::of(&desk, &desk.hal).await.get(&format!("/tickets/{number}/messages/1/html")).await;
    assert!(sheet.says("<img src=\"/attachments/"), "{}", sheet.text());
}

/// Hal forwards what Ann wrote to him.
const FORWARD: &str = "Please take this one.\n\n---------- Forwarded message ---------\nFrom: Ann Lee <ann@home.test>\nDate: Mon, 2 Nov 2026 at 10:00\n\
    Subject: Printer\nTo: Hal <hal@desk.test>\n\nIt smokes.\n";

#[tokio::test(flavor = "multi_thread")]
async fn a_forwarded_mail_says_who_opened_its_ticket_for_whom() {
    let desk = TestDesk::new().await;
    desk.mail_does_not_matter();
    let passes = "Authentication-Results: mx.desk.test; dmarc=pass header.from=desk.test";
    let number = desk.receive(&mail("Hal Nine <hal@desk.test>", "Fwd: Printer", &[passes], FORWARD)).await.ticket.unwrap();
    let page = Browser::of(&desk, &desk.hal).await.get(&format!("/tickets/{number}")).await;
    assert!(page.says("by <bdi>Hal Nine</bdi> for <bdi>Ann Lee</bdi>"), "{}", page.text());
    assert!(page.says("<b><bdi>Hal Nine</bdi></b> opened the ticket by mail for <b><bdi>Ann Lee</bdi></b>"), "{}", page.text());
    assert!(!page.says("without proof"));
}

#[tokio::test(flavor = "multi_thread")]
async fn words_that_nobody_vouches_for_say_so_in_plain_words() {
    let desk = TestDesk::new().await;
    desk.mail_does_not_matter();
    let number = desk.receive(&mail("Hal Nine <hal@desk.test>", "Fwd: Printer", &[], FORWARD)).await.ticket.unwrap();
    let page = Browser::of(&desk, &desk.hal).await.get(&format!("/tickets/{number}")).await;
    assert!(page.says("Came from a helper’s address without proof that they wrote it; kept as a note."), "{}", page.text());
    assert!(page.says("Forwarded from a helper’s address without proof that they sent it"), "{}", page.text());
    let theirs = Browser::of(&desk, &desk.ann).await.get(&format!("/my/{number}")).await;
    assert!(theirs.says("It smokes.") && !theirs.says("without proof"), "{}", theirs.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_folded_away_is_called_by_what_it_is() {
    let desk = TestDesk::new().await;
    desk.mail_does_not_matter();
    let number = desk.write("Ann Lee <ann@home.test>", "Printer", "It smokes.\n\n-- \nAnn Lee, Home Ltd").await.ticket.unwrap();
    let page = Browser::of(&desk, &desk.hal).await.get(&format!("/tickets/{number}")).await;
    assert!(page.says("Signature</summary>") && page.says("Home Ltd"), "{}", page.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mark_that_outlook_leaves_for_a_picture_is_the_picture_in_a_text_and_nothing_in_a_list() {
    let desk = TestDesk::new().await;
    desk.mail_does_not_matter();
    let raw = |id: &str, header: &str| {
        format!(
            "From: Ann Lee <ann@home.test>\nTo: support@desk.test\nSubject: See\nMessage-ID: <{id}@home.test>\n{header}MIME-Version: 1.0\n\
            Content-Type: multipart/related; boundary=XX\n\n--XX\nContent-Type: text/plain; charset=utf-8\n\n\
            [cid:image001.png@01D0] Look at this [cid:image002.png@01D0]\n--XX\nContent-Type: image/png; name=image001.png\n\
            Content-ID: <image001.png@01D0>\nContent-Transfer-Encoding: base64\n\niVBORw0KGgpyZXN0\n--XX--\n"
        )
    };
    let number = desk.receive(&raw("a", "")).await.ticket.unwrap();
    assert_eq!(desk.receive(&raw("b", "Precedence: bulk\n")).await.decision, "hold");
    let mut hal = Browser::of(&desk, &desk.hal).await;
    for (path, src) in [(format!("/tickets/{number}"), "/attachments/1"), ("/held/2".to_owned(), "/held/2/files/0")] {
        let page = hal.get(&path).await;
        let shown = format!("<img class=\"inpic\" src=\"{src}\" alt=\"image001.png\"");
        assert!(page.says(&shown) && page.says("Look at this [picture: image002.png]"), "{path}: {}", page.text());
        assert_eq!(hal.get(src).await.header("content-type"), "image/png");
    }
    for path in ["/tickets", "/held", "/search?q=look"] {
        let page = hal.get(path).await;
        assert!(!page.says("cid:") && page.says("See"), "{path}: {}", page.text());
    }
}
