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
    let csv = ada.get("/analytics?range=7d&csv=days").await;
    assert_eq!(csv.header("content-type"), "text/csv; charset=utf-8");
    assert!(csv.text().ends_with("2026-11-02,2,0,1,1\r\n"), "{}", csv.text());
    assert!(ada.get("/analytics?csv=helpers").await.says("Hal Nine,hal@desk.test,1,0,1,,,30.0,30.0,0\r\n"));
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
    for table in ["days", "first-reply", "resolution"] {
        assert_eq!(hal.get(&format!("/analytics?csv={table}")).await.status, StatusCode::NOT_FOUND, "{table}");
    }
}
