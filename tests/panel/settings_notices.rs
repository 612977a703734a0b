//! Mail in the desk's own words: tried before it is saved, and never in the way of a mail.

use axum::http::StatusCode;
use maildesk::{
    desk::trouble::TroubleKind,
    store::{
        audit::{self, Which},
        mail_templates,
    },
};

use crate::{
    browser::Browser,
    test_desk::{TestDesk, mail},
};

const HERE: &str = "/settings/notices";
const RECEIPT: &str = "/settings/notices/receipt";

fn words<'a>(subject: &'a str, text: &'a str, html: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![("do", "save"), ("mailbox", ""), ("subject", subject), ("text", text), ("html", html)]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notice_in_ones_own_words_is_what_is_sent() {
    let desk = TestDesk::new().await;
    let mut ada = Browser::of(&desk, &desk.ada).await;
    let page = ada.get(RECEIPT).await;
    assert!(page.says("As shipped") && page.says("ticket.number") && page.says("we have received your message"), "{}", page.text());
    let html = "{% extends \"mail/_mail.html\" %}{% block body %}<p>Danke, <b>{{ person.first_name }}</b></p>{% endblock %}";
    ada.post(RECEIPT, &words("[#{{ ticket.number }}]\r\nBcc: x@evil.test", "Danke {{ person.name|upper }}: #{{ ticket.number }}", html))
        .await;
    let page = ada.get(RECEIPT).await;
    assert!(page.says("Saved.") && page.says("Own words") && page.says("Written by <bdi>Ada Byron"), "{}", page.text());
    desk.receive(&mail("Ann Lee <ann@home.test>", "Printer", &[], "It smokes.")).await;
    let sent = desk.mail().await;
    let receipt = sent.iter().find(|it| it.to == "ann@home.test").unwrap();
    assert_eq!(receipt.read.subject, "[#1] Bcc: x@evil.test", "it stays one line");
    assert!(!receipt.raw.to_lowercase().contains("\nbcc:") && receipt.read.text.contains("Danke"), "{}", receipt.raw);
    assert!(receipt.read.html.as_deref().unwrap_or_default().contains("<b>"), "{:?}", receipt.read.html);
    ada.post(RECEIPT, &[("do", "default"), ("mailbox", "")]).await;
    assert!(ada.get(RECEIPT).await.says("As it is shipped again."));
    desk.receive(&mail("Bob <bob@home.test>", "Printer", &[], "It smokes.")).await;
    let sent = desk.mail().await;
    assert!(sent.iter().any(|it| it.read.text.contains("we have received your message")));
    let lines = audit::list(&mut desk.desk.store.read().await.unwrap(), Which::default(), None, 10).await.unwrap();
    assert!(
        lines.iter().any(|it| it.what == "changed the subject" && it.old.as_deref() == Some("[#{{ ticket.number }}] {{ ticket.subject }}"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_used_is_refused_with_its_line_and_kept_in_the_form() {
    let desk = TestDesk::new().await;
    let mut ada = Browser::of(&desk, &desk.ada).await;
    ada.get(RECEIPT).await;
    for (text, why) in [
        ("Hello\n{{ ticket.numbr }}", "Line 2: there is no value called ticket.numbr; did you mean ticket.number?"),
        ("{{ it.said.text }}", "there is no value called it.said"),
        ("{% for x in ticket.number %}", "ine 1"),
        ("{% set x = 1 %}", "the tag set is not for mail"),
        (" ", "othing comes out of it"),
        ("{% include \"login.html\" %}", "only parts of shipped mail"),
    ] {
        let page = ada.post(RECEIPT, &words("Subject", text, "<p>x</p>")).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{text}");
        assert!(page.says(why) && page.says("&lt;p&gt;x&lt;/p&gt;"), "{text}: {}", page.text());
    }
    let long = "x".repeat(70_000);
    assert_eq!(ada.post(RECEIPT, &words("Subject", &long, "<p>x</p>")).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    let reply = ada.post("/settings/notices/reply", &words("Re", "No words of theirs", "<p>x</p>")).await;
    assert!(reply.says("it.said.text") && reply.says("is missing"), "{}", reply.text());
    assert_eq!(ada.get("/settings/notices/nothing").await.status, StatusCode::NOT_FOUND);
    assert_eq!(ada.get("/settings/notices/receipt?mailbox=99").await.status, StatusCode::NOT_FOUND);
    assert_eq!(
        ada.post(RECEIPT, &[("do", "default"), ("mailbox", "all")]).await.status,
        StatusCode::NOT_FOUND,
        "it is not taken for all of them"
    );
    assert_eq!(ada.post(RECEIPT, &[("do", "default"), ("mailbox", "")]).await.status, StatusCode::SEE_OTHER);
    assert!(ada.get(RECEIPT).await.says("as it is shipped already"));
    let mut hal = Browser::of(&desk, &desk.hal).await;
    assert_eq!(hal.get(HERE).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_preview_is_the_mail_of_a_ticket_that_nobody_opened_in_a_frame_where_nothing_runs() {
    let desk = TestDesk::new().await;
    let mut ada = Browser::of(&desk, &desk.ada).await;
    ada.get(RECEIPT).await;
    let html = "<p>#{{ ticket.number }}</p><script>alert(1)</script>";
    let fields = [("mailbox", ""), ("subject", "S {{ ticket.subject }}"), ("text", "T <{{ person.first_name }}>"), ("html", html)];
    let shown = ada.post(&format!("{RECEIPT}/preview"), &[&fields[..], &[("as", "html")]].concat()).await;
    assert!(shown.says("<p>#4127</p>"));
    let policy = shown.header("content-security-policy");
    assert!(policy.ends_with("sandbox") && policy.contains("default-src 'none'") && !policy.contains("script"), "{policy}");
    let text = ada.post(&format!("{RECEIPT}/preview"), &[&fields[..], &[("as", "text")]].concat()).await;
    assert!(text.says("Subject: S Station shows") && text.says("T &lt;Hanako&gt;"), "{}", text.text());
    let wrong = ada.post(&format!("{RECEIPT}/preview"), &[("mailbox", ""), ("subject", "{{ x"), ("text", "t"), ("html", "h")]).await;
    assert!(wrong.says("subject: Line 1"), "{}", wrong.text());
    assert!(mail_templates::all(&mut desk.desk.store.read().await.unwrap()).await.unwrap().is_empty(), "it changes nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn words_that_fail_later_stop_no_mail_and_the_admins_are_told() {
    let desk = TestDesk::new().await;
    let mut ada = Browser::of(&desk, &desk.ada).await;
    ada.get(RECEIPT).await;
    // Nothing comes out of it for the one ticket that arrives, and something for the ticket of the preview.
    ada.post(RECEIPT, &words("S", "{% if ticket.number == 4127 %}Sample{% endif %}", "<p>x</p>")).await;
    assert!(ada.get(RECEIPT).await.says("Saved."));
    desk.receive(&mail("Ann Lee <ann@home.test>", "Printer", &[], "It smokes.")).await;
    let sent = desk.mail().await;
    assert!(sent.iter().any(|it| it.to == "ann@home.test" && it.read.text.contains("we have received your message")));
    assert!(ada.get(RECEIPT).await.says("could not be used the last time"));
    let broken = async || {
        desk.round().await;
        let round = desk.desk.health.get().unwrap();
        round.troubles.iter().any(|it| it.trouble.kind == TroubleKind::Template && it.trouble.says.contains("Ticket received"))
    };
    assert!(broken().await);
    ada.post(RECEIPT, &words("S", "Always", "<p>x</p>")).await;
    assert!(!broken().await);
    desk.mail_does_not_matter();
}

#[tokio::test(flavor = "multi_thread")]
async fn one_mailbox_may_have_words_of_its_own_and_notices_are_switched_off_for_each() {
    let desk = TestDesk::with_two_mailboxes().await;
    let mut ada = Browser::of(&desk, &desk.ada).await;
    let page = ada.get(RECEIPT).await;
    assert!(page.says("sales@desk.test") && page.says("All mailboxes"));
    let id = desk.mailbox.to_string();
    let fields = [("do", "save"), ("mailbox", id.as_str()), ("subject", "Support"), ("text", "Support’s"), ("html", "<p>x</p>")];
    ada.post(RECEIPT, &fields).await;
    ada.post(RECEIPT, &words("Everybody", "Everybody’s", "<p>x</p>")).await;
    desk.receive(&mail("Ann Lee <ann@home.test>", "Printer", &[], "It smokes.")).await;
    assert!(desk.mail().await.iter().any(|it| it.read.subject == "Support"));
    ada.get(HERE).await;
    let on = |page: &str| page.matches(" checked").count();
    let before = on(&ada.get(HERE).await.text());
    ada.post(HERE, &[("resolved", &id)]).await;
    assert_eq!(on(&ada.get(HERE).await.text()), before, "a mailbox that the page did not show is left as it is");
    ada.post(HERE, &[("shown", &id), ("resolved", &id), ("closed", &id)]).await;
    let page = ada.get(HERE).await;
    assert!(page.says("Saved."), "{}", page.text());
    desk.receive(&mail("Bob <bob@home.test>", "Printer", &[], "It smokes.")).await;
    assert!(!desk.mail().await.iter().any(|it| it.to == "bob@home.test"), "no receipt any more");
}
