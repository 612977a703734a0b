//! Figures on their page: everybody's for an admin, one's own for a helper.

use axum::http::StatusCode;
use jiff::SignedDuration;
use maildesk::{
    actions::{assign::assign, set_status::set_status},
    desk::ticket::Status,
};

use crate::{browser::Browser, test_desk::TestDesk};

async fn one_resolved() -> TestDesk {
    let desk = TestDesk::new().await;
    desk.mail_does_not_matter();
    for subject in ["One", "Two"] {
        desk.write("Ann Lee <ann@home.test>", subject, "It smokes.").await;
    }
    let number = maildesk::desk::id::TicketNumber(1);
    assign(&desk.desk, &desk.hal, number, None, Some(desk.hal.id)).await.unwrap();
    desk.later(SignedDuration::from_mins(30));
    set_status(&desk.desk, &desk.hal, number, None, Status::Resolved).await.unwrap();
    desk
}

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_sees_the_desks_figures_with_their_tables() {
    let desk = one_resolved().await;
    let mut ada = Browser::of(&desk, &desk.ada).await;
    for range in ["7d", "30d", "90d", "12m", "nonsense"] {
        let page = ada.get(&format!("/analytics?range={range}&mailbox={}", desk.mailbox)).await;
        assert_eq!(page.status, StatusCode::OK, "{range}: {}", page.text());
        assert!(page.says("<dt>New tickets</dt><dd>2") && page.says("<dt>Resolved</dt><dd>1") && page.says("30 min"), "{range}");
    }
    for table in ["days", "backlog", "times", "busiest", "lengths", "satisfaction", "totals", "helpers", "mailboxes", "priorities", "tags"]
    {
        let csv = ada.get(&format!("/analytics?range=7d&csv={table}")).await;
        assert_eq!((csv.status, csv.header("content-type")), (StatusCode::OK, "text/csv; charset=utf-8"), "{table}");
        let (text, columns) = (csv.text(), csv.text().lines().next().unwrap().split(',').count());
        assert!(text.lines().all(|line| line.split(',').count() == columns), "{table}: {text}");
    }
    let csv = ada.get("/analytics?range=7d&csv=days").await;
    assert_eq!(csv.header("content-type"), "text/csv; charset=utf-8");
    assert!(csv.text().ends_with("2026-11-02,2,0,1,1\r\n"), "{}", csv.text());
    let helpers = ada.get("/analytics?csv=helpers").await;
    assert!(helpers.says("Hal Nine,hal@desk.test,0,1,0,0,0,1,0,0,0,0,0,,,0,0,,,1,30.0,30.0,0,0,30.0,30.0\r\n"), "{}", helpers.text());
    assert_eq!(ada.get("/analytics?csv=nothing").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_helper_sees_their_own_figures_and_nobody_elses() {
    let desk = one_resolved().await;
    set_status(&desk.desk, &desk.ada, maildesk::desk::id::TicketNumber(2), None, Status::Resolved).await.unwrap();
    let mut hal = Browser::of(&desk, &desk.hal).await;
    let page = hal.get("/analytics").await;
    assert!(page.says("Your figures") && page.says("<dt>Resolved</dt><dd>1") && !page.says("Ada"), "{}", page.text());
    let csv = hal.get("/analytics?csv=helpers").await;
    assert!(csv.says("Hal Nine") && !csv.says("Ada"));
    for table in ["days", "times", "totals", "mailboxes", "tags"] {
        assert_eq!(hal.get(&format!("/analytics?csv={table}")).await.status, StatusCode::NOT_FOUND, "{table}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_pick_tickets_and_what_names_nothing_picks_all() {
    let desk = one_resolved().await;
    maildesk::actions::edit::set_priority(
        &desk.desk,
        &desk.hal,
        maildesk::desk::id::TicketNumber(2),
        None,
        maildesk::desk::ticket::Priority::Urgent,
    )
    .await
    .unwrap();
    let mut ada = Browser::of(&desk, &desk.ada).await;
    for (query, new) in [
        (String::new(), 2),
        ("priority=urgent".to_owned(), 1),
        ("priority=low".to_owned(), 0),
        (format!("helper={}", desk.hal.id), 1),
        (format!("helper={}&priority=urgent", desk.hal.id), 0),
        (format!("helper={}", desk.ann.id), 2),
        ("helper=x&mailbox=99&tag=99&priority=odd&range=odd".to_owned(), 2),
    ] {
        let page = ada.get(&format!("/analytics?{query}")).await;
        assert!(page.says(&format!("<dt>New tickets</dt><dd>{new} ")), "{query}: {}", page.text());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_customers_say_is_on_the_page_with_their_words() {
    let desk = one_resolved().await;
    let at = desk.ticket(maildesk::desk::id::TicketNumber(1)).await.status_at;
    let asked = maildesk::desk::rating::Asked { ticket: maildesk::desk::id::TicketNumber(1), resolved_at: at, person: Some(desk.ann.id) };
    let token = maildesk::desk::rating::token(asked, &|text| desk.desk.sign_rating(text));
    maildesk::actions::rate::rate(&desk.desk, &token, maildesk::desk::rating::Rating::Okay, "A <b>bit</b> slow.").await.unwrap();
    let mut ada = Browser::of(&desk, &desk.ada).await;
    let page = ada.get("/analytics").await;
    for there in ["<dt>Satisfied</dt><dd>100 %", "Okay 100 %", "A &lt;b&gt;bit&lt;/b&gt; slow.", "Ann Lee", "1 answer to 1 resolved"] {
        assert!(page.says(there), "{there}: {}", page.text());
    }
    let mut hal = Browser::of(&desk, &desk.hal).await;
    let own = hal.get("/analytics").await;
    assert!(own.says("<dt>Satisfied</dt><dd>100 %") && !own.says("slow"), "{}", own.text());
}
