//! A queue that is asked for again: told to be unchanged when, and only when, drawing it would give the same.

use axum::http::{Method, StatusCode};
use jiff::SignedDuration;
use maildesk::{
    actions::{own_profile, presence, tag, visits},
    desk::{
        health::{MailboxFacts, Round, Shown},
        id::{CommentId, TicketNumber},
        look::{Density, Keys, Look, Theme},
        presence::Doing,
        tag::TagName,
        trouble::{Trouble, TroubleKind},
    },
};

use crate::{
    browser::{Browser, Page},
    rows::Rows,
    test_desk::TestDesk,
};

const QUEUE: &str = "/tickets?view=open";

/// The page as somebody's browser keeps it.
struct Kept {
    tag: String,
    page: String,
}

impl Kept {
    async fn by(browser: &mut Browser) -> Self {
        Self::of(&browser.get(QUEUE).await)
    }

    fn of(page: &Page) -> Self {
        assert_eq!((page.status, page.header("cache-control")), (StatusCode::OK, "private, no-cache"));
        let tag = page.header("etag").to_owned();
        assert!(tag.starts_with("W/\""), "{tag}");
        Self { tag, page: without_token(page) }
    }

    async fn asked_again(&self, browser: &mut Browser) -> Page {
        browser.send(Method::GET, QUEUE, "", Vec::new(), &[("if-none-match", &self.tag)]).await
    }

    /// Nothing of it is sent again, and drawn again it would be the same. PostgreSQL counts what is written into any database of its
    /// server, other tests among it: then it is drawn again, and is the same.
    async fn stands(&mut self, browser: &mut Browser) {
        let mut answer = self.asked_again(browser).await;
        for _ in 0..100 {
            if std::env::var("MAILDESK_TEST_DATABASE").as_deref() != Ok("postgres") || answer.status != StatusCode::OK {
                break;
            }
            assert_eq!(without_token(&answer), self.page);
            self.tag = Self::of(&answer).tag;
            answer = self.asked_again(browser).await;
        }
        assert_eq!((answer.status, answer.bytes.len()), (StatusCode::NOT_MODIFIED, 0));
        assert_eq!((answer.header("etag"), answer.header("cache-control")), (self.tag.as_str(), "private, no-cache"));
        assert!(answer.header("set-cookie").is_empty());
        assert_eq!(without_token(&browser.get(QUEUE).await), self.page);
    }

    /// It is drawn again, is another, and that one stands.
    async fn changed(&mut self, browser: &mut Browser, what: &str) {
        let answer = self.asked_again(browser).await;
        assert_eq!(answer.status, StatusCode::OK, "{what}");
        let mut now = Self::of(&answer);
        assert!(now.tag != self.tag && now.page != self.page, "{what}");
        now.stands(browser).await;
        *self = now;
    }
}

/// Without the token of its forms, which is another text for the same secret each time.
fn without_token(page: &Page) -> String {
    page.text().replace(&page.field("csrf"), "")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_is_drawn_again_when_anything_that_it_shows_has_changed() {
    let desk = TestDesk::new().await;
    let (one, hal) = (TicketNumber(1), &desk.hal);
    desk.write("ann@home.test", "Scanner", "It hums.").await;
    let browser = &mut Browser::of(&desk, hal).await;
    let mut kept = Kept::by(browser).await;
    kept.stands(browser).await;
    desk.write("ben@home.test", "Printer", "It smokes.").await;
    kept.changed(browser, "rows and counts").await;
    tag::add(&desk.desk, &desk.ada, one, &TagName::parse("noise").unwrap()).await.unwrap();
    kept.changed(browser, "tags").await;
    visits::look(&desk.desk, hal, one, CommentId(1)).await.unwrap();
    kept.changed(browser, "what is read").await;
    presence::say(&desk.desk, &desk.ada, one, Some(Doing::Replies)).await.unwrap();
    kept.changed(browser, "who writes").await;
    desk.later(SignedDuration::from_mins(2));
    kept.changed(browser, "times, and who writes no more").await;
    for (theme, density, keys) in [
        (Theme::Dark, Density::Comfortable, Keys::On),
        (Theme::Dark, Density::Compact, Keys::On),
        (Theme::Dark, Density::Compact, Keys::Off),
    ] {
        own_profile::set_look(&desk.desk, hal, Look { theme, density, keys }).await.unwrap();
        kept.changed(browser, "the look").await;
    }
    own_profile::set_self(&desk.desk, hal, "Hal Nine", "Asia/Tokyo").await.unwrap();
    kept.changed(browser, "the time zone").await;
    own_profile::set_self(&desk.desk, hal, "Hal Ten", "Asia/Tokyo").await.unwrap();
    kept.changed(browser, "the viewer").await;
    Rows::of(&desk.url).await.run("update people set role = 'admin' where name = 'Hal Ten'").await;
    kept.changed(browser, "what the viewer may do").await;
    desk.mail_does_not_matter();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_database_holds_changes_a_queue_too() {
    let desk = TestDesk::new().await;
    desk.write("ann@home.test", "Scanner", "It hums.").await;
    let browser = &mut Browser::of(&desk, &desk.hal).await;
    let mut kept = Kept::by(browser).await;
    let mut settings = (*desk.desk.settings).clone();
    settings.name = "Elsewhere".to_owned();
    desk.desk.settings.set(settings);
    kept.changed(browser, "a setting that this process reads late").await;
    let at = desk.desk.clock.now();
    let checked = |at| MailboxFacts { checked_at: at, last_mail_at: at, ..MailboxFacts::default() };
    let round =
        |facts, troubles| Round { at, troubles, passing: Vec::new(), mailboxes: vec![(desk.mailbox, facts)], not_looked_into: Vec::new() };
    for (what, facts) in [
        ("the first round", checked(None)),
        ("a check", checked(Some(at - SignedDuration::from_mins(5)))),
        ("the next check", checked(Some(at))),
    ] {
        desk.desk.health.set(round(facts, Vec::new()));
        kept.changed(browser, what).await;
    }
    let says = "the disk is nearly full".to_owned();
    let trouble = Trouble { kind: TroubleKind::Disk, about: String::new(), since: at, says, mend: "make room".to_owned() };
    desk.desk.health.set(round(checked(Some(at)), vec![Shown { trouble, found_at: at }]));
    kept.changed(browser, "a trouble").await;
    desk.later(SignedDuration::from_secs(59));
    kept.changed(browser, "times").await;
    desk.later(SignedDuration::from_secs(30));
    kept.changed(browser, "rounds that have stopped").await;
    desk.mail_does_not_matter();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_process_writes_changes_a_queue_too() {
    let desk = TestDesk::new().await;
    desk.write("ann@home.test", "Scanner", "It hums.").await;
    let browser = &mut Browser::of(&desk, &desk.hal).await;
    let mut kept = Kept::by(browser).await;
    Rows::of(&desk.url).await.run("update tickets set subject = 'Copier' where number = 1").await;
    kept.changed(browser, "a subject").await;
    assert!(kept.page.contains("Copier"));
    desk.mail_does_not_matter();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_is_kept_is_good_for_its_session_alone() {
    let desk = TestDesk::new().await;
    desk.write("ann@home.test", "Scanner", "It hums.").await;
    let mut hal = Browser::of(&desk, &desk.hal).await;
    let kept = Kept::by(&mut hal).await;
    for somebody in [&desk.ada, &desk.hal] {
        let mut other = hal.beside(&desk, somebody).await;
        let answer = kept.asked_again(&mut other).await;
        assert_eq!(answer.status, StatusCode::OK, "not even of one’s own other session, whose forms have another secret");
    }
    let mut kept = Kept::by(&mut hal).await;
    kept.stands(&mut hal).await;
    // The forms of the page that was kept are good still.
    let done = hal.post("/tickets/bulk", &[("t", "1.1"), ("status", "resolved"), ("back", QUEUE)]).await;
    assert_eq!(done.location(), QUEUE, "{}", done.text());
    assert!(hal.get(QUEUE).await.status == StatusCode::OK);
    let kept = Kept::by(&mut hal).await;
    let answer = hal.post("/logout", &[]).await;
    assert_eq!(answer.header("clear-site-data"), "\"cache\"");
    assert_eq!(kept.asked_again(&mut hal).await.status, StatusCode::SEE_OTHER, "nobody is asked to sign in");
    desk.mail_does_not_matter();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_told_once_is_told_once_whatever_is_kept() {
    let desk = TestDesk::new().await;
    desk.write("ann@home.test", "Scanner", "It hums.").await;
    let hal = &mut Browser::of(&desk, &desk.hal).await;
    let mut kept = Kept::by(hal).await;
    // Nothing is changed by it, and that is told.
    hal.post("/tickets/bulk", &[("t", "1.1"), ("back", QUEUE)]).await;
    let told = kept.asked_again(hal).await;
    assert_eq!((told.status, told.header("etag"), told.header("cache-control")), (StatusCode::OK, "", "no-store"));
    assert!(told.says("Nothing was changed"), "{}", told.text());
    assert!(!kept.page.contains("Nothing was changed"));
    kept.stands(hal).await;
    desk.mail_does_not_matter();
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_but_a_queue_is_kept() {
    let desk = TestDesk::new().await;
    desk.write("ann@home.test", "Scanner", "It hums.").await;
    let mut hal = Browser::of(&desk, &desk.hal).await;
    for path in ["/tickets/1", "/search?q=scanner", "/held", "/profile", "/analytics"] {
        let page = hal.get(path).await;
        assert_eq!((page.status, page.header("etag"), page.header("cache-control")), (StatusCode::OK, "", "no-store"), "{path}");
    }
    let kept = Kept::by(&mut hal).await;
    let tag = kept.tag.as_str();
    for path in ["/tickets?view=closed", "/tickets?view=open&priority=high", "/tickets"] {
        let page = hal.send(Method::GET, path, "", Vec::new(), &[("if-none-match", tag)]).await;
        assert_eq!(page.status, StatusCode::OK, "the tag of another queue says nothing of {path}");
    }
    desk.mail_does_not_matter();
}
