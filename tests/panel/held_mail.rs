//! Held mail on its page: read, released, discarded, taken back.

use axum::http::StatusCode;

use crate::{
    browser::Browser,
    test_desk::{TestDesk, mail},
};

async fn with_list_mail() -> TestDesk {
    let desk = TestDesk::new().await;
    desk.mail_does_not_matter();
    let headers = ["List-Id: <offers.shop.test>\n", "Precedence: bulk\n"];
    let outcome = desk.receive(&mail("Shop <shop@shop.test>", "12 <b>offers</b>", &headers.map(str::trim), "Rakes & gloves.")).await;
    assert_eq!(outcome.decision, "hold");
    desk
}

#[tokio::test(flavor = "multi_thread")]
async fn a_held_message_is_read_with_its_reason_and_released_to_a_ticket() {
    let desk = with_list_mail().await;
    let mut hal = Browser::of(&desk, &desk.hal).await;
    let page = hal.get("/held").await;
    for said in
        ["12 &lt;b&gt;offers&lt;/b&gt;", "shop@shop.test", "Rakes &amp; gloves.", "List or bulk mail; this mailbox holds such mail."]
    {
        assert!(page.says(said), "{said}: {}", page.text());
    }
    assert!(!page.says("has waited") && hal.get("/held/1").await.says("has waited"), "the list says in its last column how old it is");
    let why = hal.get("/held/1").await;
    assert!(why.says("Written by a machine?") && why.says(">Headers</h2>") && why.says("decided") && why.says("Rakes &amp; gloves."));
    let source = hal.get("/held/1/source").await;
    assert!(source.header("content-disposition").starts_with("attachment") && source.header("content-type") == "message/rfc822");
    hal.get("/held").await;
    let released = hal.post("/held/1", &[("do", "open")]).await;
    assert_eq!(released.location(), "/tickets/1");
    assert!(hal.get("/tickets/1").await.says("Rakes &amp; gloves."));
    assert!(!hal.get("/held").await.says("Rakes"));
    hal.post("/held/1", &[("do", "open")]).await;
    assert!(hal.get("/held/1").await.says("This message is on a ticket already"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_discarded_message_can_be_taken_back_and_released() {
    let desk = with_list_mail().await;
    let mut hal = Browser::of(&desk, &desk.hal).await;
    hal.get("/held").await;
    hal.post("/held/1", &[("do", "discard")]).await;
    assert!(!hal.get("/held").await.says("Rakes"));
    assert!(hal.get("/held?state=discarded").await.says("Rakes"));
    hal.post("/held/1", &[("do", "back")]).await;
    assert!(hal.get("/held").await.says("Rakes"));
    hal.post("/held/1", &[("do", "discard")]).await;
    assert_eq!(hal.post("/held/1", &[("do", "open")]).await.location(), "/tickets/1");
    assert_eq!(hal.get("/held/99").await.status, StatusCode::NOT_FOUND);
    assert_eq!(hal.get("/held/99/source").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_was_never_held_is_not_shown_there() {
    let desk = TestDesk::new().await;
    desk.mail_does_not_matter();
    desk.write("Ann Lee <ann@home.test>", "Printer", "It smokes.").await;
    let mut hal = Browser::of(&desk, &desk.hal).await;
    assert_eq!(hal.get("/held/1").await.status, StatusCode::NOT_FOUND);
    assert_eq!(hal.get("/held/1/source").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_done_with_held_mail_is_undone_by_the_button_that_tells_of_it() {
    let desk = with_list_mail().await;
    let mut hal = Browser::of(&desk, &desk.hal).await;
    hal.get("/held").await;
    hal.post("/held/1", &[("do", "discard")]).await;
    let told = hal.get("/held").await;
    assert!(told.says("action=\"/held/bulk\"") && told.says("name=\"do\" value=\"back\"") && told.says("Undo"), "{}", told.text());
    hal.post("/held/bulk", &[("do", "back"), ("m", "1")]).await;
    let told = hal.get("/held").await;
    assert!(told.says("It waits again.") && told.says("Rakes"));
    hal.post("/held/1", &[("do", "open")]).await;
    assert!(hal.get("/tickets/1").await.says("Undo"));
    hal.post("/held/bulk", &[("do", "back"), ("m", "1")]).await;
    assert!(hal.get("/held").await.says("#1 is closed, and nobody is told"));
    let ticket = hal.get("/tickets/1").await;
    assert!(ticket.says("put a message back among held mail") && !ticket.says("Rakes &amp; gloves."), "{}", ticket.text());
    let why = hal.get("/held/1").await;
    assert!(why.says("Hal Nine opened ticket #1 from it") && why.says("Hal Nine took it off #1 again"));
    assert!(!why.says("Join #1"), "nothing is on #1 that it could be joined to");
    assert!(hal.get("/held").await.says("List or bulk mail; this mailbox holds such mail."), "it waits for the reason it was held for");
}

#[tokio::test(flavor = "multi_thread")]
async fn several_are_settled_at_once_and_each_refusal_is_told() {
    let desk = with_list_mail().await;
    for n in 2..5 {
        desk.receive(&mail("Shop <shop@shop.test>", &format!("Offer {n}"), &["Precedence: bulk"], "Cheap.")).await;
    }
    let mut hal = Browser::of(&desk, &desk.hal).await;
    assert!(hal.get("/held").await.says("Automatic (4)"));
    hal.post("/held/bulk", &[("do", "discard"), ("m", "1"), ("m", "2"), ("m", "3")]).await;
    assert!(hal.get("/held").await.says("3 messages: discarded"));
    hal.post("/held/bulk", &[("do", "discard"), ("m", "3"), ("m", "4")]).await;
    let told = hal.get("/held").await;
    assert!(told.says("1 stayed as they were. This message is discarded by now."), "{}", told.text());
    assert!(told.says("Nothing is held"));
    assert!(hal.get("/held?state=discarded&q=offer+3").await.says("1 in all"));
    hal.post("/held/bulk", &[("do", "join"), ("m", "1"), ("number", "")]).await;
    assert!(hal.get("/held").await.says("Write the number of the ticket"));
    hal.post("/held/bulk", &[("do", "back")]).await;
    assert!(hal.get("/held").await.says("no message was selected"));
}

#[tokio::test(flavor = "multi_thread")]
async fn held_mail_is_joined_to_the_ticket_it_may_belong_to() {
    let desk = TestDesk::new().await;
    desk.mail_does_not_matter();
    let number = desk.write("Ann Lee <ann@home.test>", "Printer", "It smokes.").await.ticket.unwrap();
    let spam = mail("Ben Lee <ben@home.test>", &format!("Re: [#{number}] Printer"), &["X-Spam-Flag: YES"], "Still smoking.");
    let held = desk.receive(&spam).await;
    let mut hal = Browser::of(&desk, &desk.hal).await;
    let page = hal.get(&format!("/held/{}", held.id)).await;
    assert!(page.says(&format!("Join #{number}")) && page.says("its subject names it"), "{}", page.text());
    hal.post(&format!("/held/{}", held.id), &[("join", &number.to_string())]).await;
    let ticket = hal.get(&format!("/tickets/{number}")).await;
    assert!(ticket.says("its sender takes part from now on") && ticket.says("Still smoking."), "{}", ticket.text());
    hal.post(&format!("/held/{}", held.id), &[("do", "back")]).await;
    let ticket = hal.get(&format!("/tickets/{number}")).await;
    assert!(!ticket.says("Still smoking.") && ticket.says("removed <b><bdi>ben@home.test"), "{}", ticket.text());
    for (typed, why) in [("#4711", "There is no ticket #4711, or it is not yours to see."), ("abc", "“abc” is not the number of a ticket.")]
    {
        let again = hal.post(&format!("/held/{}", held.id), &[("do", "join"), ("number", typed)]).await;
        assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(again.says(why) && again.says("id=\"number-err\"") && again.says(&format!("value=\"{typed}\"")), "{}", again.text());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn enter_joins_to_the_number_that_was_typed_and_not_to_the_one_that_was_offered() {
    let desk = TestDesk::new().await;
    desk.mail_does_not_matter();
    let other = desk.write("Bob Roe <bob@else.test>", "Scanner", "It hums.").await.ticket.unwrap();
    let named = desk.write("Ann Lee <ann@home.test>", "Printer", "It smokes.").await.ticket.unwrap();
    let spam = mail("Ann Lee <ann@home.test>", &format!("Re: [#{named}] Printer"), &["X-Spam-Flag: YES"], "Still smoking.");
    let held = desk.receive(&spam).await;
    let mut hal = Browser::of(&desk, &desk.hal).await;
    let page = hal.get(&format!("/held/{}", held.id)).await;
    let text = page.text();
    let field = text.find("id=\"number\"").expect("a field for the number");
    let form = text[..field].rfind("<form").expect("its form");
    assert!(!text[form..field].contains("<button"), "what Enter presses is the button behind the field: {text}");
    let joined = hal.post(&format!("/held/{}", held.id), &[("join", &named.to_string()), ("number", &other.to_string())]).await;
    assert_eq!(joined.location(), format!("/tickets/{other}"), "what was typed wins");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attachment_of_a_held_message_is_saved_and_never_shown() {
    let desk = TestDesk::new().await;
    desk.mail_does_not_matter();
    let raw = "From: Eve <eve@else.test>\nTo: support@desk.test\nSubject: Bill\nX-Spam: Yes\nMIME-Version: 1.0\n\
        Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\nSee it.\n\n\
        --b\nContent-Type: text/html; name=\"bill.html\"\nContent-Disposition: attachment; filename=\"bill.html\"\n\n<script>alert(1)</script>\n--b--\n";
    assert_eq!(desk.receive(raw).await.decision, "hold");
    let mut hal = Browser::of(&desk, &desk.hal).await;
    assert!(hal.get("/held").await.says("bill.html"));
    assert!(hal.get("/held/1").await.says("href=\"/held/1/files/0\""));
    let file = hal.get("/held/1/files/0").await;
    assert!(file.header("content-disposition").starts_with("attachment") && file.header("content-security-policy").contains("sandbox"));
    assert_eq!(file.header("x-content-type-options"), "nosniff");
    assert_eq!(hal.get("/held/1/files/1").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_is_paged_both_ways_and_narrowed() {
    let desk = with_list_mail().await;
    for n in 2..52 {
        desk.receive(&mail("Shop <shop@shop.test>", &format!("Offer {n}."), &["Precedence: bulk"], "Cheap.")).await;
    }
    let mut hal = Browser::of(&desk, &desk.hal).await;
    let first = hal.get("/held").await;
    assert!(first.says("Offer 51.") && !first.says("Rakes") && first.says("before=2") && !first.says(">Newer<"), "{}", first.text());
    let last = hal.get("/held?before=2").await;
    assert!(last.says("Rakes") && !last.says("Offer 2.") && last.says("after=1") && !last.says(">Older<"), "{}", last.text());
    let back = hal.get("/held?after=1").await;
    assert!(back.says("Offer 51.") && back.says("Offer 2.") && !back.says("Rakes") && back.says("before=2"), "{}", back.text());
    assert!(hal.get("/held?why=suspected").await.says("No message is like that"));
    assert!(hal.get("/held?why=automatic&q=offer+51").await.says("1 in all"));
    assert!(hal.get("/held?q=100%25").await.says("No message is like that"), "a sign of the database’s own is a sign");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_nameless_file_has_one_name_wherever_it_is_seen() {
    let desk = TestDesk::new().await;
    desk.mail_does_not_matter();
    let raw = "From: Shop <shop@shop.test>\nTo: support@desk.test\nSubject: Offers\nMessage-ID: <o@shop.test>\nPrecedence: bulk\n\
        MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\nSee\n--b\n\
        Content-Type: message/rfc822\n\nSubject: Inner\n\nx\n--b\nContent-Type: application/x-odd\n\nx\n--b--\n";
    assert_eq!(desk.receive(raw).await.decision, "hold");
    let mut hal = Browser::of(&desk, &desk.hal).await;
    for path in ["/held", "/held/1"] {
        let page = hal.get(path).await;
        assert!(page.says("message.eml") && page.says("part-2.bin"), "{path}: {}", page.text());
    }
    assert!(hal.get("/held/1/files/1").await.header("content-disposition").contains("part-2.bin"));
    assert_eq!(hal.get("/held/1/files/2").await.status, StatusCode::NOT_FOUND);
    hal.get("/held").await;
    hal.post("/held/1", &[("do", "open")]).await;
    let ticket = hal.get("/tickets/1").await;
    assert!(ticket.says("message.eml") && ticket.says("part-2.bin"), "{}", ticket.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_is_told_below_the_text() {
    let desk = TestDesk::new().await;
    desk.mail_does_not_matter();
    let raw = "From: Shop <shop@shop.test>\nTo: support@desk.test\nSubject: Open day\nMessage-ID: <i@shop.test>\nPrecedence: bulk\n\
        MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\nPlease come.\n--b\n\
        Content-Type: text/calendar; method=REQUEST\n\nBEGIN:VCALENDAR\nMETHOD:REQUEST\nBEGIN:VEVENT\nSUMMARY:Open day\n\
        DTSTART:20260205T100000Z\nEND:VEVENT\nEND:VCALENDAR\n--b--\n";
    assert_eq!(desk.receive(raw).await.decision, "hold");
    let page = Browser::of(&desk, &desk.hal).await.get("/held/1").await;
    assert!(page.says("Please come.") && page.says("Invitation: Open day"), "{}", page.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_automatic_message_is_not_called_list_mail() {
    let desk = TestDesk::new().await;
    desk.receive(&mail("Build <build@shop.test>", "Build 7", &["Auto-Submitted: auto-generated"], "It is done.")).await;
    let mut hal = Browser::of(&desk, &desk.hal).await;
    for page in ["/held", "/held/1"] {
        let page = hal.get(page).await;
        assert!(page.says("n automatic message; this mailbox holds such mail") && !page.says("ist or bulk mail"), "{}", page.text());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_said_of_it_is_true_wherever_it_stands() {
    let desk = with_list_mail().await;
    let mut hal = Browser::of(&desk, &desk.hal).await;
    for (press, state, of_one, of_all) in [
        ("", "waiting", ">Why is it held?<", "did not become a ticket"),
        ("discard", "discarded", ">Why was it held?<", "Mail that somebody discarded"),
        ("open", "released", ">Why was it held?<", "until somebody opened a ticket from it, or joined it to one"),
    ] {
        hal.get("/held/1").await;
        if !press.is_empty() {
            hal.post("/held/1", &[("do", press)]).await;
        }
        let (one, list) = (hal.get("/held/1").await, hal.get(&format!("/held?state={state}")).await);
        assert!(one.says(of_one), "{state}: {}", one.text());
        assert!(list.says(of_all) && list.says("did not become a ticket") == press.is_empty(), "{state}: {}", list.text());
    }
    let number = desk.write("Ann Lee <ann@home.test>", "Printer", "It smokes.").await.ticket.unwrap();
    let version = hal.get(&format!("/tickets/{number}")).await.field("version");
    hal.post(&format!("/tickets/{number}/spam"), &[("do", "mark"), ("version", &version), ("hold", "yes")]).await;
    assert!(hal.get("/held/2").await.says(">Why is it here?<"), "it was never held");
    hal.post(&format!("/tickets/{number}/spam"), &[("do", "undo")]).await;
    assert!(hal.get(&format!("/tickets/{number}")).await.says("ann@home.test is off the list of senders again."));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_released_message_keeps_the_time_it_came_and_its_place_behind_what_was_said_before() {
    let desk = TestDesk::new().await;
    desk.mail_does_not_matter();
    let moment = || desk.desk.clock.now().to_zoned(desk.desk.settings.time_zone.clone()).strftime("%-d %b %Y, %H:%M").to_string();
    let came = moment();
    let spam = ["X-Spam-Flag: YES"];
    let opened = desk.receive(&mail("Ben Lee <ben@home.test>", "Scanner", &spam, "It hums.")).await.id;
    let joined = desk.receive(&mail("Cy Lee <cy@home.test>", "Printer", &spam, "It burns.")).await.id;
    desk.later(jiff::SignedDuration::from_hours(24 * 9));
    let number = desk.write("Ann Lee <ann@home.test>", "Printer", "It smokes.").await.ticket.unwrap();
    desk.later(jiff::SignedDuration::from_hours(24 * 2));
    let released = moment();
    maildesk::actions::held::join(&desk.desk, &desk.hal, joined, number).await.unwrap();
    let other = maildesk::actions::held::open(&desk.desk, &desk.ada, opened).await.unwrap();

    let mut hal = Browser::of(&desk, &desk.hal).await;
    for (ticket, by) in [(number, "Hal Nine"), (other, "Ada Byron")] {
        let page = hal.get(&format!("/tickets/{ticket}")).await;
        let told = format!("Arrived {came}; released from held mail {released} by {by}.");
        assert!(page.says(&told) && page.says("took the message out of held mail"), "{told}: {}", page.text());
        assert!(page.says(&format!("title=\"{came}\"")), "{}", page.text());
    }
    let page = hal.get(&format!("/tickets/{number}")).await.text();
    assert!(page.find("It smokes.") < page.find("It burns."), "it stands where it was released: {page}");
    assert_eq!(page.matches("released from held mail").count(), 1, "what was never held says nothing of it: {page}");
    assert_eq!(desk.ticket(other).await.opened_at, desk.desk.clock.now(), "the ticket came to be when it was opened");

    let ben = desk.person("ben@home.test").await.unwrap();
    let page = Browser::of(&desk, &ben).await.get(&format!("/my/{other}")).await;
    assert!(page.says(&format!("title=\"{came}\"")) && !page.says("held mail"), "{}", page.text());
    let findings = desk.verify().await;
    assert!(findings.is_empty(), "{findings:?}");
}
