//! Writing on a ticket’s page: what is kept, shown, put in, sent, and who else is there.

use axum::http::StatusCode;
use maildesk::{
    actions::{
        reply::{Reply, reply},
        saved_replies,
    },
    desk::{
        comment::CommentText,
        id::{CommentId, TicketNumber},
        person::Role,
        settings::{DeskSettings, Reach},
    },
    store::saved_replies::Saving,
};

use crate::{
    browser::{Browser, Page},
    test_desk::TestDesk,
};

async fn a_ticket(desk: &TestDesk) -> TicketNumber {
    let number = desk.write("Ann Lee <ann@home.test>", "Printer", "It smokes.").await.ticket.unwrap();
    desk.mail().await;
    number
}

/// What stands in one half of the composer.
fn half(page: &Page, kind: &str) -> String {
    let text = page.text();
    let from = text.split_once(&format!("id=\"write-{kind}\"")).unwrap_or_else(|| panic!("no composer on {text}")).1;
    from.split_once("</form>").unwrap().0.to_owned()
}

fn typed(page: &Page, kind: &str) -> String {
    let half = half(page, kind);
    half.split_once("<textarea").unwrap().1.split_once(">\n").unwrap().1.split_once("</textarea>").unwrap().0.to_owned()
}

fn open(page: &Page) -> &'static str {
    let text = page.text();
    let note = text.split_once("name=\"half\" value=\"note\"").unwrap().1;
    if note.starts_with(" checked") { "note" } else { "reply" }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draft_is_there_wherever_its_writer_signs_in_and_for_nobody_else() {
    let desk = TestDesk::new().await;
    let number = a_ticket(&desk).await;
    let path = format!("/tickets/{number}");
    let mut hal = Browser::of(&desk, &desk.hal).await;
    let seen = hal.get(&path).await.field("seen");
    let fields = [("kind", "reply"), ("body", "Unplug <it>."), ("markup", "markdown"), ("seen", &seen)];
    let kept = hal.post_file(&format!("{path}/draft"), &fields, ("a.csv", "text/csv", b"a;b")).await;
    assert_eq!(kept.location(), format!("{path}?write=reply#composer"));
    desk.later(jiff::SignedDuration::from_secs(1));
    hal.post(&format!("{path}/draft"), &[("kind", "note"), ("body", "Among us"), ("seen", &seen)]).await;

    let mut elsewhere = Browser::of(&desk, &desk.hal).await;
    let page = elsewhere.get(&path).await;
    assert_eq!((typed(&page, "reply").as_str(), typed(&page, "note").as_str()), ("Unplug &lt;it&gt;.", "Among us"));
    assert!(half(&page, "reply").contains("a.csv") && !half(&page, "note").contains("a.csv"));
    assert!(half(&page, "reply").contains("value=\"markdown\" selected"));
    assert_eq!(open(&page), "note", "it was written on last");
    assert!(elsewhere.get("/tickets").await.says("<span class=\"tag\">Draft</span>"));

    let mut ada = Browser::of(&desk, &desk.ada).await;
    let hers = ada.get(&path).await;
    assert_eq!((typed(&hers, "reply"), typed(&hers, "note")), (String::new(), String::new()));
    assert!(!ada.get("/tickets").await.says("<span class=\"tag\">Draft</span>"));

    let file = half(&page, "reply").split_once("name=\"file\" value=\"").unwrap().1.split('"').next().unwrap().to_owned();
    let sent = elsewhere
        .post(
            &format!("{path}/messages"),
            &[("kind", "reply"), ("body", "Unplug it."), ("seen", &seen), ("file", &file), ("send", "reply")],
        )
        .await;
    assert!(sent.location().starts_with(&format!("{path}#m")), "{}", sent.text());
    let page = elsewhere.get(&path).await;
    assert_eq!((typed(&page, "reply").as_str(), typed(&page, "note").as_str()), ("", "Among us"));
    let [left] = desk.mail_to("ann@home.test").await.try_into().unwrap();
    assert_eq!(left.read.attachments.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_safety_catch_keeps_the_words_and_the_files() {
    let desk = TestDesk::new().await;
    let number = a_ticket(&desk).await;
    let path = format!("/tickets/{number}");
    let mut hal = Browser::of(&desk, &desk.hal).await;
    let seen = hal.get(&path).await.field("seen");
    let words = Reply {
        text: CommentText::parse("Ada was first.").unwrap(),
        files: Vec::new(),
        seen: Some(CommentId(i64::MAX)),
        then: None,
        composed: Default::default(),
    };
    reply(&desk.desk, &desk.ada, number, &words).await.unwrap();
    desk.mail_to("ann@home.test").await;
    let fields = [("kind", "reply"), ("body", "Unplug it."), ("seen", seen.as_str()), ("cc", "ben@home.test"), ("then", "resolved")];
    let caught = hal.post_file(&format!("{path}/messages"), &fields, ("a.csv", "text/csv", b"a;b")).await;
    assert_eq!(caught.status, StatusCode::CONFLICT);
    assert!(caught.says("wrote since you opened this page") && caught.says("Ada was first."));
    let beside = caught.text().split_once("class=\"unread\"").expect("what was written stands beside the composer").1.to_owned();
    assert!(beside.contains("autofocus") && beside.contains("Ada was first.") && beside.contains("href=\"#m"));
    // The page of what was refused can be reloaded, and its links followed.
    assert_eq!(hal.get(&format!("{path}/messages?all=1")).await.location(), format!("{path}?all=1"));
    let kept = half(&caught, "reply");
    assert!(typed(&caught, "reply") == "Unplug it." && kept.contains("a.csv") && kept.contains("value=\"ben@home.test\""));
    assert!(kept.contains("value=\"resolved\" selected"));
    assert!(desk.mail_to("ann@home.test").await.is_empty());
    // From the page that was shown, one more press sends, file and all.
    let (seen, file) = (caught.field("seen"), caught.field("file"));
    let fields = [("kind", "reply"), ("body", "Unplug it."), ("seen", seen.as_str()), ("file", &file)];
    let sent = hal.post(&format!("{path}/messages"), &fields).await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.text());
    assert_eq!(desk.mail_to("ann@home.test").await[0].read.attachments.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_written_while_the_ticket_was_merged_is_a_draft_where_it_is_now() {
    let desk = TestDesk::new().await;
    let (from, into) = (a_ticket(&desk).await, a_ticket(&desk).await);
    let mut hal = Browser::of(&desk, &desk.hal).await;
    let seen = hal.get(&format!("/tickets/{from}")).await.field("seen");
    hal.post(&format!("/tickets/{from}/draft"), &[("kind", "reply"), ("body", "First words"), ("seen", &seen)]).await;
    maildesk::actions::merge::merge(&desk.desk, &desk.ada, from, None, into).await.unwrap();
    let fields = [("kind", "reply"), ("body", "First words and more"), ("seen", seen.as_str()), ("send", "reply")];
    let sent = hal.post(&format!("/tickets/{from}/messages"), &fields).await;
    assert_eq!(sent.location(), format!("/tickets/{into}?write=reply#composer"), "{}", sent.text());
    let page = hal.get(&format!("/tickets/{into}?write=reply")).await;
    assert_eq!(typed(&page, "reply"), "First words and more");
    assert!(page.says(&format!("Not sent: #{from} was merged into this ticket meanwhile.")), "{}", page.text());
    desk.mail_does_not_matter();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_written_is_shown_as_it_will_be_read() {
    let desk = TestDesk::new().await;
    let number = a_ticket(&desk).await;
    let path = format!("/tickets/{number}");
    let mut hal = Browser::of(&desk, &desk.hal).await;
    hal.get(&path).await;
    let fields = [("kind", "reply"), ("body", "**Unplug** <script>"), ("markup", "markdown"), ("do", "preview")];
    let shown = hal.post(&format!("{path}/draft"), &fields).await;
    let page = hal.get(shown.location().split('#').next().unwrap()).await;
    assert!(half(&page, "reply").contains("<strong>Unplug</strong> &lt;script&gt;"), "{}", half(&page, "reply"));
    let token = page.field("csrf");
    let part = hal.post_with(&format!("{path}/draft"), &fields, &token, &[("x-fragment", "1")]).await;
    assert!(part.status == StatusCode::OK && part.says("id=\"preview-reply\"") && part.says("<strong>Unplug</strong>"), "{}", part.text());
    assert!(!part.says("<html"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_saved_reply_comes_into_the_text_with_its_names_filled_in() {
    let desk = TestDesk::new().await;
    let number = a_ticket(&desk).await;
    let path = format!("/tickets/{number}");
    let saving = Saving { owner: None, mailbox: None, name: "Hello".to_owned(), body: "Hello {{ customer.first_name }}".to_owned() };
    let id = saved_replies::add(&desk.desk, &desk.ada, &saving).await.unwrap();
    let mut hal = Browser::of(&desk, &desk.hal).await;
    assert!(hal.get(&path).await.says(&format!("name=\"insert\" value=\"{id}\"")));
    let put = hal.post(&format!("{path}/draft"), &[("kind", "reply"), ("body", "Dear"), ("insert", &id.to_string())]).await;
    let page = hal.get(put.location().split('#').next().unwrap()).await;
    assert_eq!(typed(&page, "reply"), "Dear\n\nHello Ann");
    let text = hal.get(&format!("{path}/saved/{id}")).await;
    assert_eq!((text.text().as_str(), text.header("content-type")), ("Hello Ann", "text/plain; charset=utf-8"));
    assert_eq!(hal.get(&format!("{path}/saved/99")).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_taken_is_said_with_the_words_kept() {
    let desk = TestDesk::new().await;
    let number = a_ticket(&desk).await;
    let path = format!("/tickets/{number}");
    let mut hal = Browser::of(&desk, &desk.hal).await;
    let seen = hal.get(&path).await.field("seen");
    let messages = format!("{path}/messages");
    let wrong = hal.post(&messages, &[("kind", "reply"), ("body", "Unplug it."), ("seen", &seen), ("cc", "ben at home")]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.says("“ben” in Cc is no address") && typed(&wrong, "reply") == "Unplug it.");
    for (at, fields) in [
        ("draft", vec![("kind", "poem"), ("body", "x")]),
        ("draft", vec![("kind", "reply"), ("insert", "x")]),
        ("draft", vec![("kind", "reply"), ("remove", "-")]),
        ("draft", vec![("kind", "reply"), ("evil", "1")]),
        ("typing", vec![("doing", "sings")]),
        ("typing", vec![]),
    ] {
        let answer = hal.post(&format!("{path}/{at}"), &fields).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{at} {fields:?}");
    }
    let odd = [("kind", "reply"), ("body", "x"), ("seen", &seen), ("markup", "wiki"), ("left_out", "x"), ("saved", "y"), ("then", "burnt")];
    assert_eq!(hal.post(&messages, &odd).await.status, StatusCode::SEE_OTHER, "what is not known is left out");
    assert_eq!(
        hal.post(&messages, &[("kind", "reply"), ("body", "x"), ("seen", "99"), ("file", "77")]).await.status,
        StatusCode::UNPROCESSABLE_ENTITY
    );
    desk.mail_does_not_matter();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_note_is_marked_and_never_on_the_customers_page() {
    let desk = TestDesk::new().await;
    let number = a_ticket(&desk).await;
    let path = format!("/tickets/{number}");
    let mut hal = Browser::of(&desk, &desk.hal).await;
    hal.get(&path).await;
    hal.post(&format!("{path}/messages"), &[("kind", "note"), ("body", "@ada *zzsecretzz*"), ("markup", "markdown")]).await;
    let page = hal.get(&path).await;
    assert!(page.says("<span class=\"named\">@ada</span> <em>zzsecretzz</em>"), "{}", page.text());
    assert!(half(&page, "note").contains("value=\"markdown\" selected"), "how one writes is remembered");
    assert!(page.says("data-handle=\"ada\"") && !page.says("data-handle=\"hal\""));
    let mut ann = Browser::of(&desk, &desk.ann).await;
    assert!(!ann.get(&format!("/my/{number}")).await.says("zzsecretzz"));
    for path in ["/settings/canned".to_owned(), format!("{path}/saved/1")] {
        assert_ne!(ann.get(&path).await.status, StatusCode::OK);
    }
    desk.mail_does_not_matter();
}

#[tokio::test(flavor = "multi_thread")]
async fn who_else_is_there_and_who_writes_is_told() {
    let desk = TestDesk::new().await;
    let number = a_ticket(&desk).await;
    let path = format!("/tickets/{number}");
    let (mut hal, mut ada) = (Browser::of(&desk, &desk.hal).await, Browser::of(&desk, &desk.ada).await);
    let page = hal.get(&path).await;
    let list = hal.get("/tickets").await;
    let at = |page: &Page| page.text().split("data-events=\"").nth(1).unwrap().split('"').next().unwrap().replace("&amp;", "&");
    let (mut open, mut rows) = (hal.follow(&at(&page), &[]).await, hal.follow(&at(&list), &[]).await);
    ada.get(&path).await;
    assert_eq!(ada.post(&format!("{path}/typing"), &[("doing", "reads")]).await.status, StatusCode::NO_CONTENT);
    assert!(open.until("has this ticket open").await.contains("Ada"));
    ada.post(&format!("{path}/typing"), &[("doing", "replies")]).await;
    assert!(open.until("is replying to this ticket").await.contains("id=\"presence\""));
    assert!(rows.until("is writing").await.contains("id=\"t1\""));
    assert!(hal.get(&path).await.says("is replying to this ticket"));
    assert!(!ada.get(&path).await.says("is replying to this ticket"), "nobody is told of themselves");
    desk.later(jiff::SignedDuration::from_secs(31));
    assert!(hal.get(&path).await.says("has this ticket open"), "who types nothing writes no more");
    ada.post(&format!("{path}/typing"), &[("doing", "gone")]).await;
    let gone = hal.get(&path).await;
    assert!(!gone.says("has this ticket open"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_out_of_reach_takes_no_draft_and_tells_of_nobody() {
    let desk = TestDesk::with(DeskSettings { helpers_see: Reach::Assigned, ..DeskSettings::default() }, |_| {}).await;
    let number = a_ticket(&desk).await;
    let mut hal = Browser::of(&desk, &desk.hal).await;
    hal.get("/tickets").await;
    for (at, fields) in [
        ("draft", vec![("kind", "reply"), ("body", "x")]),
        ("typing", vec![("doing", "reads")]),
        ("messages", vec![("kind", "note"), ("body", "x")]),
    ] {
        assert_eq!(hal.post(&format!("/tickets/{number}/{at}"), &fields).await.status, StatusCode::NOT_FOUND, "{at}");
    }
    assert_eq!(hal.get(&format!("/tickets/{number}/saved/1")).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread")]
async fn saved_replies_are_kept_found_changed_and_removed_on_their_page() {
    let desk = TestDesk::new().await;
    let mut hal = Browser::of(&desk, &desk.hal).await;
    assert!(hal.get("/settings/canned").await.says("Nothing is saved yet"));
    assert!(hal.get("/settings/canned?new=1").await.says("A new saved reply"));
    let wrong = hal.post("/settings/canned", &[("name", "Recovery"), ("body", "Hi {{ customer.nam }}"), ("whose", "own")]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        wrong.says("there is no placeholder {{ customer.nam }}") || wrong.says("There is no placeholder") || wrong.says("no placeholder")
    );
    assert!(wrong.says("value=\"Recovery\"") && wrong.says("Hi {{ customer.nam }}"), "what was typed is there");
    hal.post("/settings/canned", &[("name", "Recovery"), ("body", "Hold <reset>"), ("whose", "own"), ("mailbox", "")]).await;
    let list = hal.get("/settings/canned").await;
    assert!(list.says("Recovery") && list.says("Hold &lt;reset&gt;"));
    assert!(hal.get("/settings/canned?q=reset").await.says("?edit=1"));
    assert!(hal.get("/settings/canned?q=nothing").await.says("No saved reply has"));
    assert_eq!(hal.get("/settings/canned?edit=9").await.status, StatusCode::NOT_FOUND);
    assert_eq!(hal.post("/settings/canned", &[("name", "All"), ("body", "x"), ("whose", "shared")]).await.status, StatusCode::FORBIDDEN);
    let mut ada = Browser::of(&desk, &desk.ada).await;
    assert!(!ada.get("/settings/canned").await.says("Recovery"), "one’s own are one’s own");
    ada.get("/settings/canned?new=1").await;
    ada.post("/settings/canned", &[("name", "Shared"), ("body", "x"), ("whose", "shared")]).await;
    assert!(hal.get("/settings/canned").await.says("Shared"));
    assert!(ada.get("/settings/audit?kind=saved-reply").await.says("Shared"), "what everybody has is in the log of changes");
    hal.post("/settings/canned/1", &[("name", "Recovery 2"), ("body", "Hold"), ("whose", "own")]).await;
    assert!(hal.get("/settings/canned?edit=1").await.says("Recovery 2"));
    assert_eq!(hal.post("/settings/canned/2", &[("do", "delete")]).await.status, StatusCode::FORBIDDEN);
    hal.post("/settings/canned/1", &[("do", "delete")]).await;
    let gone = hal.get("/settings/canned").await;
    assert!(gone.says("Removed: “Recovery 2”.") && gone.says("Undo"));
}

#[tokio::test(flavor = "multi_thread")]
async fn signatures_are_set_on_the_profile_and_among_the_settings() {
    let desk = TestDesk::new().await;
    let mut hal = Browser::of(&desk, &desk.hal).await;
    hal.get("/profile").await;
    hal.post("/profile/signature", &[("signature", "{{ helper.first_name }} of {{ company }}")]).await;
    assert!(hal.get("/profile").await.says("Hal of "));
    let wrong = hal.post("/profile/signature", &[("signature", "{{ x }}")]).await;
    assert!(wrong.status == StatusCode::UNPROCESSABLE_ENTITY && wrong.says("{{ x }}"));
    assert_eq!(hal.get("/settings/signatures").await.status, StatusCode::FORBIDDEN);
    let mut ada = Browser::of(&desk, &desk.ada).await;
    ada.get("/settings/signatures").await;
    ada.post("/settings/signatures", &[("mailbox", &desk.mailbox.to_string()), ("signature", "The desk")]).await;
    assert!(ada.get("/settings/signatures").await.says("The desk"));
    assert!(ada.get("/profile").await.says("What the mailbox says"));
    assert_eq!(ada.post("/settings/signatures", &[("mailbox", "99"), ("signature", "x")]).await.status, StatusCode::NOT_FOUND);
    let number = a_ticket(&desk).await;
    assert!(half(&hal.get(&format!("/tickets/{number}")).await, "reply").contains("Hal of "));
    let gone = desk.add(Role::Customer, "Cy", "cy@home.test").await;
    let mut cy = Browser::of(&desk, &gone).await;
    assert!(!cy.get("/profile").await.says("Signature"));
}
