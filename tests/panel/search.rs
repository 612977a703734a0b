//! The search as pages show it: the language, whose eyes, what is marked, what is told.

use axum::http::StatusCode;
use jiff::SignedDuration;
use maildesk::{
    actions::{
        assign::assign, edit, merge::merge, reply, set_status::set_status, tag, undo_correction::undo_correction, write_note::write_note,
    },
    desk::{
        comment::CommentText,
        id::{CommentId, TicketNumber},
        permission::Scope,
        tag::TagName,
        ticket::{Priority, Status},
    },
    store::{comments, corrections},
};

use crate::{
    browser::{Browser, Page},
    lists::{address, listed},
    test_desk::{TestDesk, found},
};

fn encoded(q: &str) -> String {
    q.bytes().map(|it| format!("%{it:02X}")).collect()
}

async fn ask(browser: &mut Browser, q: &str) -> Page {
    browser.get(&format!("/search?q={}", encoded(q))).await
}

async fn finds(browser: &mut Browser, q: &str, numbers: &[i64]) {
    let page = ask(browser, q).await;
    let mut tickets = listed(&page);
    tickets.sort_unstable();
    assert_eq!((page.status, &tickets[..]), (StatusCode::OK, numbers), "{q}");
    assert!(!page.says("class=\"err\""), "{q} is no search: {}", page.text());
}

const WITH_FILE: &str = "From: Ann Lee <ann@home.test>\nTo: support@desk.test\nSubject: Refund of an invoice\nMessage-ID: <1@home.test>\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain; charset=utf-8\n\nThe station was returned to you.\n--b\nContent-Type: application/pdf; name=Quittung-Maerz.pdf\nContent-Disposition: attachment; filename=Quittung-Maerz.pdf\n\n%PDF-1.4\n--b--\n";

fn words(text: &str) -> CommentText {
    CommentText::parse(text).unwrap()
}

async fn answer(desk: &TestDesk, number: i64, text: &str) -> CommentId {
    let number = TicketNumber(number);
    let last = comments::last_public(&mut desk.desk.store.read().await.unwrap(), number, CommentId(i64::MAX)).await.unwrap();
    let words = reply::Reply { text: words(text), files: Vec::new(), seen: last.map(|it| it.id), then: None, composed: Default::default() };
    reply::reply(&desk.desk, &desk.hal, number, &words).await.unwrap()
}

/// Ann's refund with a file (1, Hal's, answered), Zoe's question (2, nobody's, urgent, tagged), Ann's printer (3, resolved), a note on 2.
async fn some() -> TestDesk {
    let desk = TestDesk::new().await;
    desk.mail_does_not_matter();
    desk.receive(WITH_FILE).await;
    desk.later(SignedDuration::from_hours(24 * 10));
    desk.write("Zo\u{eb} M\u{fc}ller <zoe@else.test>", "Question", "Where do I find my invoices? The station says nothing.").await;
    desk.write("Ann Lee <ann@home.test>", "Printer", "It smokes.").await;
    let n = TicketNumber;
    assign(&desk.desk, &desk.hal, n(1), None, Some(desk.hal.id)).await.unwrap();
    answer(&desk, 1, "We have refunded you twice.").await;
    write_note(&desk.desk, &desk.hal, n(2), &words("A difficult customer, \u{201c}zirconium\u{201d} class."), &[]).await.unwrap();
    tag::add(&desk.desk, &desk.ada, n(2), &TagName::parse("Return label").unwrap()).await.unwrap();
    edit::set_priority(&desk.desk, &desk.ada, n(2), None, Priority::Urgent).await.unwrap();
    set_status(&desk.desk, &desk.ada, n(3), None, Status::Resolved).await.unwrap();
    desk
}

#[tokio::test(flavor = "multi_thread")]
async fn every_word_of_the_language_finds_what_it_says() {
    let desk = some().await;
    let mut hal = Browser::of(&desk, &desk.hal).await;
    for (q, numbers) in [
        ("invoice", &[1, 2][..]),
        ("INVOICED", &[1, 2]),
        ("station refund", &[1]),
        ("\"station was returned\"", &[1]),
        ("\"was station\"", &[]),
        ("station -refund", &[2]),
        ("-station", &[1, 2, 3]),
        ("-station -printer -refund -zirconium", &[]),
        ("from:ann", &[1, 3]),
        ("from:hal", &[1, 2]),
        ("from:zoe@else.test", &[2]),
        ("from:\"Ann Lee\" smokes", &[3]),
        ("else.test", &[2]),
        ("to:ann", &[1]),
        ("to:support@desk.test", &[1, 2, 3]),
        ("subject:printer", &[3]),
        ("subject:station", &[]),
        ("quittung", &[1]),
        ("file:maerz.pdf", &[1]),
        ("has:attachment", &[1]),
        ("-has:attachment is:open", &[1, 2]),
        ("is:open", &[1, 2]),
        ("is:unassigned", &[2]),
        ("is:mine", &[1]),
        ("is:waiting", &[1]),
        ("is:needs-answer", &[2]),
        ("is:snoozed", &[]),
        ("is:spam", &[]),
        ("is:resolved", &[3]),
        ("is:closed", &[]),
        ("-is:open", &[3]),
        ("is:unread", &[2]),
        ("status:in-progress", &[1]),
        ("assignee:me", &[1]),
        ("assignee:none -is:resolved", &[2]),
        ("assignee:hal", &[1]),
        ("-assignee:me", &[2, 3]),
        ("tag:\"return label\"", &[2]),
        ("-tag:\"return label\" station", &[1]),
        ("priority:urgent invoices", &[2]),
        ("mailbox:support printer", &[3]),
        ("after:5d", &[1, 2, 3]),
        ("before:5d", &[1]),
        ("before:5d twice", &[]),
        ("after:5d twice", &[1]),
        ("before:5d refunded", &[1]),
        ("station before:5d", &[1]),
        ("station #2", &[2]),
        ("#1 #2", &[]),
        ("-#2 station", &[1]),
        ("zirconium", &[2]),
    ] {
        finds(&mut hal, q, numbers).await;
    }
    assert_eq!(ask(&mut hal, "#2").await.location(), "/tickets/2");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_is_told_and_nothing_is_found_by_half_of_it() {
    let desk = some().await;
    let mut hal = Browser::of(&desk, &desk.hal).await;
    for (q, sentence) in [
        ("station frm:ann", "did you mean “from:”?"),
        ("station status:opn", "did you mean status:open?"),
        ("station tag:retrn", "There is no tag “retrn”"),
        ("station assignee:jonas", "Nobody of the staff is called “jonas”"),
        ("station mailbox:sales", "There is no mailbox “sales”; there are support"),
        ("station after:soon", "is no day; write a date such as after:2026-11-01"),
        ("is:held", "the page Held mail has a search of its own"),
        (&"long ".repeat(120), "a search has at most 500 characters"),
    ] {
        let page = ask(&mut hal, q).await;
        assert_eq!((page.status, listed(&page)), (StatusCode::OK, vec![]), "{q}");
        let told = page.text().to_lowercase();
        assert!(told.contains(&sentence.to_lowercase()) && page.says("aria-invalid"), "{q}: {}", page.text());
    }
    let page = ask(&mut hal, "station & OR").await;
    assert!(
        page.says("“&amp;” has no letter or digit and was left out") && page.says("“OR” is looked for like any other word"),
        "{}",
        page.text()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_explains_the_whole_language_and_offers_it() {
    let desk = some().await;
    let mut hal = Browser::of(&desk, &desk.hal).await;
    let page = hal.get("/search").await;
    for help in maildesk::desk::query::HELP {
        for example in help.examples {
            assert!(page.says(&format!("<code>{}</code>", example.replace('"', "&quot;"))), "{example}");
        }
    }
    for suggestion in ["from:", "is:needs-answer", "tag:&quot;Return label&quot;", "mailbox:support"] {
        assert!(page.says(&format!("<option value=\"{suggestion}\">")), "{suggestion}: {}", page.text());
    }
    // The filters beside the box write the query.
    let to = hal.get(&format!("/search?q={}&status=in-progress&tag=&priority=&assignee=Hal+Nine", encoded("station is:open"))).await;
    assert_eq!(to.location(), "/search?q=station%20is%3Aopen%20status%3Ain-progress%20assignee%3A%22Hal%20Nine%22");
    let filtered = hal.get(to.location()).await;
    assert_eq!(listed(&filtered), [1]);
    assert!(filtered.says("<option value=\"in-progress\" selected>") && filtered.says("<option value=\"Hal Nine\" selected>"));
    let without = hal.get(&format!("/search?q={}&status=&sort=newest", encoded("station status:open"))).await;
    assert_eq!(without.location(), "/search?q=station&sort=newest");
}

#[tokio::test(flavor = "multi_thread")]
async fn words_are_marked_where_they_stand_and_nothing_of_a_mail_is_html() {
    let desk = TestDesk::new().await;
    desk.mail_does_not_matter();
    let name = "<img src=x onerror=alert(1)> Eve";
    desk.write(&format!("\"{name}\" <eve@home.test>"), "<b>Offline</b> & \"out\"", "Hello <script>alert('offline')</script> stations")
        .await;
    desk.receive(WITH_FILE).await;
    let mut hal = Browser::of(&desk, &desk.hal).await;
    let page = ask(&mut hal, "offline station eve -\"<script>\"").await;
    assert_eq!(listed(&page), Vec::<i64>::new());
    let page = ask(&mut hal, "offline station eve").await;
    assert!(page.says("&lt;b&gt;<mark>Offline</mark>&lt;/b&gt; &amp; &quot;out&quot;"), "{}", page.text());
    assert!(page.says("&lt;script&gt;alert(&#39;<mark>offline</mark>&#39;)&lt;/script&gt; <mark>stations</mark>"), "{}", page.text());
    assert!(page.says("onerror=alert(1)&gt; <mark>Eve</mark>") && !page.says("<img src=x") && !page.says("<script>alert"));
    assert!(page.says("href=\"/tickets/1?list=q%3D") && page.says("&amp;at=0.1#m1\""), "it leads to the message");
    let page = ask(&mut hal, "\"><script>alert(2)</script>").await;
    assert!(!page.says("<script>alert(2)"), "{}", page.text());
    assert!(ask(&mut hal, "quittung").await.says("<mark>Quittung</mark>-Maerz.pdf"), "a file is shown where its name is what was found");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_best_comes_first_or_the_newest_and_all_can_be_leafed_through() {
    let desk = TestDesk::new().await;
    desk.mail_does_not_matter();
    desk.write("Ann Lee <ann@home.test>", "Return label", "It is missing.").await;
    for n in 0..60 {
        desk.write(&format!("Guest {n} <guest{n}@home.test>"), "Question", "A label is gone, and I cannot return it.").await;
        desk.later(SignedDuration::from_mins(1));
    }
    let mut hal = Browser::of(&desk, &desk.hal).await;
    let best = ask(&mut hal, "return label").await;
    assert_eq!((listed(&best)[0], listed(&best)[1], listed(&best).len()), (1, 61, 50));
    assert!(best.says("<span class=\"count\">61</span>") && best.says("1–50 of 61"), "{}", best.text());
    let second = hal.get("/search?q=return+label&page=2").await;
    assert_eq!(listed(&second).len(), 11);
    let mut all = [listed(&best), listed(&second)].concat();
    all.sort_unstable();
    assert_eq!(all, (1..=61).collect::<Vec<i64>>());
    let newest = hal.get("/search?q=return+label&sort=newest").await;
    assert_eq!((listed(&newest)[0], listed(&newest).len()), (61, 50));
    assert_eq!(listed(&hal.get("/search?q=return+label&sort=newest&page=2").await).last(), Some(&1));
    assert_eq!(hal.get("/search?q=return&page=99999999999999999999").await.status, StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_leads_on_among_what_the_search_found_and_back_to_it() {
    let desk = TestDesk::new().await;
    crate::lists::some_tickets(&desk, 60).await;
    let mut hal = Browser::of(&desk, &desk.hal).await;
    let second = hal.get("/search?q=question&sort=newest&page=2").await;
    assert_eq!(listed(&second)[..2], [10, 9]);
    let page = hal.get(&address(&second, "/tickets/10?")).await;
    assert!(page.says("51 of 60") && page.says("href=\"/search?q=question&amp;sort=newest&amp;page=2#t10\""), "{}", page.text());
    let after = hal.get(&address(&page, "way=after")).await;
    assert!(after.location().starts_with("/tickets/9?list=q%3Dquestion%26sort%3Dnewest&at=51.60#m"), "{}", after.location());
    let before = hal.get(&address(&page, "way=before")).await;
    assert!(before.location().starts_with("/tickets/11?") && before.location().contains("&at=49.60#m"), "{}", before.location());
    // What the search does not find any more goes on from where it stood.
    let some = hal.get("/search?q=question+is%3Aopen&sort=newest").await;
    let page = hal.get(&address(&some, "/tickets/59?")).await;
    set_status(&desk.desk, &desk.ada, TicketNumber(59), None, Status::Closed).await.unwrap();
    assert!(hal.get(&address(&page, "way=after")).await.location().starts_with("/tickets/58?"));
    assert!(hal.get(&address(&page, "way=before")).await.location().starts_with("/tickets/60?"));
    let none = hal.get("/search/beside?list=q%3Dquestion%26sort%3Dnewest&at=59.60&ticket=1&way=after").await;
    assert_eq!(none.location(), "/tickets/1?list=q%3Dquestion%26sort%3Dnewest&at=59.60");
    assert!(hal.get(none.location()).await.says("This search finds no ticket after this one."));
    for odd in ["", "?list=q%3Dfrom%3A&at=3", "?list=q%3Dquestion&at=x", "?list=view%3Dmine&at=1&ticket=2"] {
        assert_eq!(hal.get(&format!("/search/beside{odd}")).await.status, StatusCode::SEE_OTHER, "{odd}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_finds_their_own_public_words_and_nothing_else() {
    let desk = some().await;
    let n = TicketNumber;
    write_note(&desk.desk, &desk.hal, n(1), &words("He is a zirconium case."), &[]).await.unwrap();
    let mut ann = Browser::of(&desk, &desk.ann).await;
    let mine = |page: &Page| page.text().matches("<li><a href=\"/my/").count();
    for (q, count) in [
        ("station", 1),
        ("refund", 1),
        ("invoices", 1),
        ("quittung", 1),
        ("zirconium", 0),
        ("difficult", 0),
        ("label", 0),
        ("else.test", 0),
        ("hal@desk.test", 0),
        ("from:hal@desk.test", 0),
        ("from:ann", 2),
        ("is:resolved", 1),
        ("#2 station", 0),
        ("-zirconium", 2),
    ] {
        let page = ann.get(&format!("/my?q={}", encoded(q))).await;
        assert_eq!((page.status, mine(&page)), (StatusCode::OK, count), "{q}: {}", page.text());
    }
    assert_eq!(mine(&ann.get("/my?q=twice").await), 0, "a reply that can be taken back has not been said");
    desk.later(SignedDuration::from_mins(1));
    assert!(ann.get("/my?q=twice").await.says("We have refunded you <mark>twice</mark>."));
    for (q, sentence) in
        [("tag:label", "“tag:” is not known here"), ("is:spam", "“is:” is not known here"), ("frm:x", "did you mean “from:”?")]
    {
        let page = ann.get(&format!("/my?q={}", encoded(q))).await;
        assert!(page.says(sentence) && mine(&page) == 0, "{q}: {}", page.text());
    }
    assert!(!ann.get("/my?q=station").await.says("assignee:"), "what is for staff is not in their help");
    assert_eq!(found(&desk.desk.store, "zirconium", Scope::All).await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changes_is_found_as_it_is_now() {
    let desk = some().await;
    let n = TicketNumber;
    let said = answer(&desk, 3, "Open a window, please.").await;
    let mut hal = Browser::of(&desk, &desk.hal).await;
    assert_eq!(found(&desk.desk.store, "window", Scope::All).await, [n(3)]);
    maildesk::actions::withdraw_reply::withdraw_reply(&desk.desk, &desk.hal, said).await.unwrap();
    finds(&mut hal, "window", &[]).await;
    edit::set_subject(&desk.desk, &desk.ada, n(3), None, "Fire brigade").await.unwrap();
    finds(&mut hal, "smokes brigade", &[3]).await;
    finds(&mut hal, "printer", &[]).await;
    assert_eq!(desk.verify().await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_subject_of_a_merged_ticket_leads_to_where_it_is_now() {
    let desk = some().await;
    let n = TicketNumber;
    desk.write("Bea <bea@home.test>", "Marzipan", "It melts.").await;
    desk.write("Bea <bea@home.test>", "Nougat", "It melts too.").await;
    let mut hal = Browser::of(&desk, &desk.ada).await;
    finds(&mut hal, "marzipan", &[4]).await;
    merge(&desk.desk, &desk.ada, n(4), None, n(5)).await.unwrap();
    merge(&desk.desk, &desk.ada, n(5), None, n(2)).await.unwrap();
    for q in ["marzipan", "subject:marzipan", "nougat melts", "marzipan -smokes"] {
        finds(&mut hal, q, &[2]).await;
    }
    let bea = desk.person("bea@home.test").await.unwrap();
    assert_eq!(found(&desk.desk.store, "marzipan", Scope::TakesPart(bea.id)).await, [n(2)], "whose ticket it was finds it by their word");
    let undo = async |of| {
        let made = corrections::standing(&mut desk.desk.store.read().await.unwrap(), n(of)).await.unwrap();
        undo_correction(&desk.desk, &desk.ada, made.last().unwrap().id, None).await.unwrap();
    };
    undo(5).await;
    finds(&mut hal, "marzipan", &[5]).await;
    undo(4).await;
    finds(&mut hal, "marzipan", &[4]).await;
    finds(&mut hal, "nougat", &[5]).await;
    assert_eq!(desk.verify().await, []);
}
