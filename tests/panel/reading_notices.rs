//! What could not be read, or had to be mended, is said beside the message in our own voice, and never put in its sender's mouth.

use maildesk::{
    actions::reply::{self, Reply},
    desk::{comment::CommentText, id::CommentId},
};

use crate::{browser::Browser, test_desk::TestDesk};

fn raw(id: &str, extra: &str, content_type: &str, parts: &[(&str, &str)]) -> String {
    let parts: String = parts.iter().map(|(head, body)| format!("--XX\n{head}\n\n{body}\n")).collect();
    format!(
        "From: Ann Lee <ann@home.test>\nTo: support@desk.test\nSubject: Secret\nMessage-ID: <{id}@home.test>\n{extra}MIME-Version: 1.0\n\
        Content-Type: {content_type}; boundary=XX\n\n{parts}--XX--\n"
    )
}

fn openpgp() -> String {
    let armour = "-----BEGIN PGP MESSAGE-----\n\nhQEMA\n-----END PGP MESSAGE-----";
    let (control, secret) = ("Content-Type: application/pgp-encrypted", "Content-Type: application/octet-stream; name=encrypted.asc");
    raw("e", "", "multipart/encrypted; protocol=\"application/pgp-encrypted\"", &[(control, "Version: 1"), (secret, armour)])
}

#[tokio::test(flavor = "multi_thread")]
async fn an_encrypted_mail_has_a_notice_in_place_of_its_words_and_a_reply_does_not_quote_it() {
    let desk = TestDesk::new().await;
    let number = desk.receive(&openpgp()).await.ticket.unwrap();
    let mut hal = Browser::of(&desk, &desk.hal).await;
    let page = hal.get(&format!("/tickets/{number}")).await;
    let said = "This message is encrypted with OpenPGP and cannot be read here; the encrypted part is kept as an attachment.";
    let article = page.text().split_once("id=\"m1\"").unwrap().1.split("</article>").next().unwrap().to_owned();
    assert!(article.contains(said) && article.contains("encrypted.asc"), "{article}");
    assert!(!article.contains("(this message") && !article.contains("class=\"prose\""), "as the customer's words: {article}");
    assert!(!article.contains("part.bin"), "the part that says only `Version: 1` is no file: {article}");
    let why = hal.get(&format!("/tickets/{number}/messages/1")).await;
    assert!(why.says("Mended or left out") && why.says(said), "{}", why.text());
    let theirs = Browser::of(&desk, &desk.ann).await.get(&format!("/my/{number}")).await;
    assert!(theirs.says(said) && !theirs.says("(this message"), "{}", theirs.text());

    let text = CommentText::parse("Please send it in the clear.").unwrap();
    let words = Reply { text, files: Vec::new(), seen: Some(CommentId(i64::MAX)), then: None, composed: Default::default() };
    reply::reply(&desk.desk, &desk.hal, number, &words).await.unwrap();
    let mail = desk.mail_to("ann@home.test").await;
    let sent = mail.iter().find(|it| it.raw.contains("in the clear")).unwrap();
    assert!(!sent.raw.contains("encrypted with") && !sent.raw.contains("\n> "), "{}", sent.raw);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_encrypted_in_part_or_under_rights_management_says_so_beside_its_words() {
    let desk = TestDesk::new().await;
    desk.mail_does_not_matter();
    let rights = [("Content-Type: text/plain", "Hello"), ("Content-Type: application/x-microsoft-rpmsg-message; name=message.rpmsg", "xx")];
    let part = "Hello\n\n-----BEGIN PGP MESSAGE-----\n\nhQEMA\n-----END PGP MESSAGE-----";
    let mut hal = Browser::of(&desk, &desk.hal).await;
    for (id, parts, with) in [("r", &rights[..], "Microsoft rights management"), ("p", &[("Content-Type: text/plain", part)], "OpenPGP")] {
        let number = desk.receive(&raw(id, "", "multipart/mixed", parts)).await.ticket.unwrap();
        let page = hal.get(&format!("/tickets/{number}")).await;
        let said = format!("Part of this message is encrypted with {with} and cannot be read here; that part is kept as an attachment.");
        assert!(page.says(&said) && page.says("<p>Hello</p>"), "{}", page.text());
        assert!(!page.says("Mended or left out"), "said once: {}", page.text());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_file_is_told_in_the_conversation_and_wherever_a_message_is_explained() {
    let desk = TestDesk::new().await;
    desk.mail_does_not_matter();
    let pdf = "Content-Type: application/pdf; name=contract.pdf\nContent-Transfer-Encoding: base64";
    let parts = [("Content-Type: text/plain", "Our contract."), (pdf, "JVBERi0xLjQK!!!!")];
    let number = desk.receive(&raw("c", "", "multipart/mixed", &parts)).await.ticket.unwrap();
    let held = desk.receive(&raw("h", "X-Spam-Flag: YES\n", "multipart/mixed", &parts)).await;
    assert_eq!(held.decision, "hold");
    let mut ada = Browser::of(&desk, &desk.ada).await;
    let page = ada.get(&format!("/tickets/{number}")).await;
    let mark = format!("/tickets/{number}/messages/1#mended");
    assert!(page.says("Mended or left out in reading") && page.says(&mark) && page.says("ase64"), "{}", page.text());
    for path in [
        format!("/tickets/{number}/messages/1"),
        format!("/held/{}", held.id),
        "/mail/messages/1".to_owned(),
        "/mail/messages/2".to_owned(),
    ] {
        let page = ada.get(&path).await;
        assert!(page.says("id=\"mended\"") && page.says("ase64"), "{path}: {}", page.text());
    }
    let theirs = Browser::of(&desk, &desk.ann).await.get(&format!("/my/{number}")).await;
    assert!(theirs.says("contract.pdf") && !theirs.says("Mended"), "{}", theirs.text());
    let whole = desk.write("Ann Lee <ann@home.test>", "Printer", "It smokes.").await.ticket.unwrap();
    assert!(!ada.get(&format!("/tickets/{whole}")).await.says("Mended"));
}
