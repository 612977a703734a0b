//! The block list on its page, and from held mail.

use axum::http::StatusCode;
use maildesk::actions::spam;

use crate::{
    browser::Browser,
    test_desk::{TestDesk, mail},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_sender_is_put_on_the_list_and_taken_off_again() {
    let desk = TestDesk::new().await;
    desk.mail_does_not_matter();
    let mut ada = Browser::of(&desk, &desk.ada).await;
    assert!(ada.get("/senders").await.says("The list is empty"));
    ada.post("/senders", &[("do", "add"), ("pattern", "Else.test"), ("verdict", "hold"), ("note", "sends  offers\nalone")]).await;
    let page = ada.get("/senders").await;
    assert!(page.says("@else.test") && page.says("sends offers alone") && page.says("Ada Byron") && page.says("Undo"), "{}", page.text());
    assert_eq!(desk.write("Eve <eve@mail.else.test>", "Buy", "Now.").await.decision, "hold");
    let held = ada.get("/held").await;
    assert!(held.says("Blocked") && held.says("Always held: @else.test (added by Ada Byron on 2 Nov 2026: sends offers alone)."));
    assert!(ada.get("/senders?q=else").await.says("data-label=\"held\">1</td>"), "how many it held is counted");
    ada.post("/senders", &[("do", "remove"), ("r", "1")]).await;
    assert!(ada.get("/senders").await.says("The list is empty"));
    assert!(ada.get("/senders?list=removed").await.says("taken off by <bdi>Ada Byron"));
    assert_eq!(desk.write("Eve <eve@else.test>", "Buy", "Now.").await.decision, "open-ticket");
    ada.post("/senders", &[("do", "restore"), ("r", "1")]).await;
    assert_eq!(desk.write("Eve <eve@else.test>", "Buy more", "Now.").await.decision, "hold");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_would_lock_out_the_desk_itself_is_refused_and_kept_in_the_form() {
    let desk = TestDesk::new().await;
    let mut ada = Browser::of(&desk, &desk.ada).await;
    ada.get("/senders").await;
    for (pattern, verdict, why) in [
        ("@desk.test", "hold", "This desk’s own address support@desk.test is at @desk.test; name single addresses."),
        ("support@desk.test", "hold", "This is the desk’s own address, support@desk.test; name somebody else’s."),
        ("hal@desk.test", "hold", "This would hold the answers of Hal Nine, who works here; name another address."),
        ("@test", "never-hold", "“test” is neither an address nor one organisation’s domain; write name@example.com, or @example.com"),
        ("com", "hold", "“com” is neither an address nor one organisation’s domain; write name@example.com, or @example.com"),
        ("@com", "hold", "“com” is neither an address nor one organisation’s domain"),
        ("garbage", "hold", "“garbage” is neither an address nor one organisation’s domain"),
        ("no body@else.test", "hold", "“no body@else.test” is neither an address nor a domain"),
    ] {
        let page = ada.post("/senders", &[("do", "add"), ("pattern", pattern), ("verdict", verdict), ("note", "kept")]).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{pattern}");
        assert!(page.says(why) && page.says("value=\"kept\""), "{pattern}: {}", page.text());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_helper_blocks_a_sender_from_held_mail_and_takes_off_only_their_own() {
    let desk = TestDesk::new().await;
    desk.mail_does_not_matter();
    desk.receive(&mail("Shop <shop@shop.test>", "Offers", &["Precedence: bulk"], "Rakes.")).await;
    let mut hal = Browser::of(&desk, &desk.hal).await;
    hal.get("/held/1").await;
    hal.post("/held/1", &[("do", "never-domain"), ("note", "we sell their rakes")]).await;
    let page = hal.get("/held/1").await;
    let rule = "Mail from @shop.test is never held for being automatic or marked as spam (added by Hal Nine: we sell their rakes).";
    assert!(page.says(rule) && page.says("action=\"/senders\""), "{}", page.text());
    assert!(page.says("value=\"hold-domain\"") && !page.says("value=\"never-domain\""), "its opposite alone is offered");
    let let_in = desk.receive(&mail("Shop <shop@shop.test>", "More", &["Precedence: bulk", "X-Spam-Flag: YES"], "Rakes.")).await;
    assert_eq!(let_in.decision, "open-ticket");
    hal.post("/senders", &[("do", "remove"), ("r", "1")]).await;
    assert!(hal.get("/senders").await.says("Taken off."));
    let mut ada = Browser::of(&desk, &desk.ada).await;
    ada.get("/senders").await;
    ada.post("/senders", &[("do", "add"), ("pattern", "eve@else.test"), ("verdict", "hold"), ("note", "")]).await;
    hal.get("/senders").await;
    assert_eq!(hal.post("/senders", &[("do", "remove"), ("r", "2")]).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_tells_whose_mail_is_held_now_and_what_that_replaced() {
    let desk = TestDesk::new().await;
    desk.mail_does_not_matter();
    let mut ada = Browser::of(&desk, &desk.ada).await;
    ada.get("/senders").await;
    ada.post("/senders", &[("do", "add"), ("pattern", "else.test"), ("verdict", "never-hold"), ("note", "")]).await;
    let told = ada.get("/senders").await;
    assert!(told.says("Mail from @else.test is never held for being automatic or marked as spam from now on."), "{}", told.text());
    ada.post("/senders", &[("do", "add"), ("pattern", "@else.test"), ("verdict", "hold"), ("note", "")]).await;
    let told = ada.get("/senders").await;
    assert!(told.says("Mail from @else.test is always held from now on; it was “Never hold” before."), "{}", told.text());
    assert!(told.says("name=\"do\" value=\"restore\"") && told.says("name=\"r\" value=\"1\""), "undo puts back what it replaced");
    ada.post("/senders", &[("do", "add"), ("pattern", "@else.test"), ("verdict", "hold"), ("note", "")]).await;
    let told = ada.get("/senders").await;
    assert!(told.says("Mail from @else.test is always held, as before."), "{}", told.text());
    assert!(!told.says(">Undo<") && !told.says("</svg>Undo"), "a rule that stood is not this press’s to take off: {}", told.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_form_about_a_sender_has_a_first_button_that_does_nothing_and_none_for_mail_servers() {
    let desk = TestDesk::new().await;
    desk.mail_does_not_matter();
    desk.receive(&mail("Shop <shop@shop.test>", "Offers", &["Precedence: bulk"], "Rakes.")).await;
    desk.receive(&mail("MAILER-DAEMON@shop.test", "Odd", &["Precedence: bulk", "X-Spam-Flag: YES"], "Rakes.")).await;
    let mut hal = Browser::of(&desk, &desk.hal).await;
    let page = hal.get("/held/1").await;
    let form = page.text().split("This sender\"").nth(1).unwrap_or_default().to_owned();
    assert!(form.find("<button").is_some_and(|at| form[at..].starts_with("<button hidden disabled>")), "{form}");
    for name in ["Always hold shop@shop.test", "Always hold @shop.test", "Never hold shop@shop.test", "Never hold @shop.test"] {
        assert!(page.says(&format!("aria-label=\"{name}\"")), "{name}: {}", page.text());
    }
    let daemon = hal.get("/held/2").await;
    assert!(daemon.says("MAILER-DAEMON") && !daemon.says("This sender from now on"), "{}", daemon.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_is_marked_as_spam_without_a_word_to_anybody_and_unmarked() {
    let desk = TestDesk::new().await;
    let raw = mail("Eve <eve@else.test>", "Buy", &["Cc: Victim <victim@home.test>"], "Now.");
    let number = desk.receive(&raw).await.ticket.unwrap();
    let mut hal = Browser::of(&desk, &desk.hal).await;
    let version = hal.get(&format!("/tickets/{number}")).await.field("version");
    hal.post(&format!("/tickets/{number}/spam"), &[("do", "mark"), ("version", &version), ("hold", "yes")]).await;
    let told = hal.get("/tickets").await;
    assert!(told.says("is closed as spam") && told.says("Undo"), "{}", told.text());
    assert_eq!(desk.ticket(number).await.status.as_str(), "closed");
    assert!(hal.get("/held?state=discarded").await.says("marked as spam by Hal Nine"));
    assert_eq!(desk.write("Eve <eve@else.test>", "Buy again", "Now.").await.decision, "hold");
    hal.post(&format!("/tickets/{number}/spam"), &[("do", "undo")]).await;
    assert_eq!(desk.ticket(number).await.status.as_str(), "open");
    assert!(hal.get("/held?state=discarded").await.says("Nothing was discarded"));
    let left = desk.mail().await;
    assert!(left.iter().all(|it| !it.to.ends_with("else.test") && !it.to.ends_with("home.test")), "{left:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_answers_a_ticket_that_is_spam_is_shown_with_that_reason_wherever_it_is_looked_for() {
    let desk = TestDesk::new().await;
    let number = desk.write("Eve <eve@else.test>", "Buy", "Now.").await.ticket.unwrap();
    desk.mail_does_not_matter();
    spam::mark(&desk.desk, &desk.hal, number, None, spam::Sender::Stays).await.unwrap();
    let id = desk.write("Eve <eve@else.test>", &format!("Re: [#{number}] Buy"), "Why not?").await.id;
    let mut ada = Browser::of(&desk, &desk.ada).await;
    for page in ["/held", "/held?why=answers-spam", &format!("/held/{id}"), "/mail/messages", &format!("/mail/messages/{id}")] {
        let page = ada.get(page).await;
        assert!(page.says(&format!("nswers a ticket that was marked as spam, #{number}")), "{}", page.text());
    }
    assert!(ada.get("/held").await.says("Answers spam (1)"));
    assert!(ada.get(&format!("/held/{id}")).await.says("An answer to spam?"));

    let ticket = format!("/tickets/{number}");
    let page = ada.get(&ticket).await;
    assert!(page.says("This ticket was marked as spam.") && page.says("It is not spam"), "{}", page.text());
    let version = page.field("version");
    let seen = page.field("seen");
    let kept = ada.post(&format!("{ticket}/messages"), &[("kind", "reply"), ("seen", &seen), ("body", "No, thanks.")]).await;
    assert!(kept.says("is marked as spam; undo that first") && kept.says("No, thanks."), "{}", kept.text());
    let stays = ada.post(&ticket, &[("version", &version), ("status", "open")]).await;
    assert!(stays.says("is marked as spam; undo that first"), "{}", stays.text());
    let twice = ada.post(&format!("{ticket}/spam"), &[("do", "mark"), ("version", &version)]).await;
    assert!(twice.says("is marked as spam; undo that first"), "{}", twice.text());

    let eve = desk.person("eve@else.test").await.unwrap();
    let mut eve = Browser::of(&desk, &eve).await;
    let mine = format!("/my/{number}");
    let page = eve.get(&mine).await;
    assert!(!page.says("spam"), "{}", page.text());
    let refused = eve.post(&format!("{mine}/messages"), &[("body", "Buy!")]).await;
    assert!(refused.says("is closed and takes no more answers; open a new request instead"), "{}", refused.text());
    assert!(refused.says("Buy!") && !refused.says("spam"));

    ada.get(&ticket).await;
    ada.post(&format!("{ticket}/spam"), &[("do", "undo")]).await;
    assert!(!ada.get(&ticket).await.says("This ticket was marked as spam."));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_belongs_to_nobody_is_refused_and_what_many_share_is_asked_about_once_more() {
    let desk = TestDesk::new().await;
    desk.mail_does_not_matter();
    let mut ada = Browser::of(&desk, &desk.ada).await;
    ada.get("/senders").await;
    for registry in ["com", "@co.uk", "*.com.au"] {
        let refused = ada.post("/senders", &[("do", "add"), ("pattern", registry), ("verdict", "hold"), ("note", "")]).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{registry}");
        assert!(refused.says("is neither an address nor one organisation’s domain"), "{}", refused.text());
    }
    let gmail = |sure| [("do", "add"), ("pattern", "gmail.com"), ("verdict", "hold"), ("note", "a flood"), ("sure", sure)];
    let asked = ada.post("/senders", &gmail("")).await;
    assert!(asked.says("all of them, though nobody whom this desk knows by now."), "{}", asked.text());
    for from in ["Zoe <zoe@gmail.com>", "Yan <yan@gmail.com>", "Xia <xia@notgmail.com>"] {
        desk.write(from, "Hello", "I have a question.").await;
    }
    for sure in ["", "@yahoo.fr"] {
        let asked = ada.post("/senders", &gmail(sure)).await;
        assert_eq!(asked.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(
            asked.says("Nothing was added yet.") && asked.says("value=\"a flood\"") && asked.says("Add all the same"),
            "{}",
            asked.text()
        );
        assert_eq!(asked.field("sure"), "@gmail.com");
        assert!(asked.says("all of them, 2 people whom this desk knows among them."), "{}", asked.text());
    }
    assert!(ada.get("/senders").await.says("The list is empty."));
    ada.post("/senders", &gmail("@gmail.com")).await;
    assert!(ada.get("/senders").await.says("Mail from @gmail.com is always held from now on."));
    desk.receive(&mail("Shop <shop@gmail.com>", "Offers", &["Precedence: bulk"], "Rakes.")).await;
    let offered = ada.get("/held/4").await;
    assert!(offered.says("Never hold shop@gmail.com") && !offered.says("Never hold @gmail.com"), "{}", offered.text());
    ada.post("/held/bulk", &[("do", "never-domain"), ("m", "4")]).await;
    assert!(ada.get("/held").await.says("Anybody can have an address at gmail.com; choose the sender alone"));
}
