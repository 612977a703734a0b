//! Figures: the same as on their page.

use jiff::SignedDuration;
use maildesk::{
    actions::{assign::assign, set_status::set_status},
    desk::{id::TicketNumber, ticket::Status},
};
use serde_json::{Value, json};

use super::Program;
use crate::{browser::Browser, test_desk::TestDesk};

async fn worked() -> TestDesk {
    let desk = TestDesk::new().await;
    desk.mail_does_not_matter();
    for subject in ["One", "Two", "Three"] {
        desk.write("Ann Lee <ann@home.test>", subject, "It smokes.").await;
    }
    assign(&desk.desk, &desk.hal, TicketNumber(1), None, Some(desk.hal.id)).await.unwrap();
    desk.later(SignedDuration::from_mins(30));
    let hal = Program::of(&desk.desk, &desk.hal).await;
    hal.post("/tickets/1/replies", json!({ "text": "Unplug it.", "status": "resolved" })).await.ok();
    set_status(&desk.desk, &desk.ada, TicketNumber(2), None, Status::Resolved).await.unwrap();
    desk
}

/// The cells of a row of a CSV, by their heads.
fn row(csv: &str, first: &str) -> Vec<(String, String)> {
    let (head, rows) = csv.split_once("\r\n").unwrap();
    let row = rows.split("\r\n").find(|it| it.starts_with(first)).unwrap_or_else(|| panic!("{first} in {csv}"));
    head.split(',').map(str::to_owned).zip(row.split(',').map(str::to_owned)).collect()
}

fn cell<'a>(row: &'a [(String, String)], head: &str) -> &'a str {
    &row.iter().find(|it| it.0 == head).unwrap_or_else(|| panic!("{head}")).1
}

/// Whether sums are those of a row.
fn same(sums: &Value, row: &[(String, String)]) {
    let number = |value: &Value| {
        value.as_f64().map_or_else(String::new, |it| if it.fract() == 0.0 { format!("{it:.0}") } else { format!("{it:.1}") })
    };
    let minutes = |value: &Value| value.as_f64().map_or_else(String::new, |it| format!("{it:.1}"));
    for (field, head) in [
        ("opened", "New"),
        ("resolved", "Resolved"),
        ("reopened", "Reopened"),
        ("replies", "Replies"),
        ("replies_to_resolution", "Replies up to resolution"),
        ("assigned", "Assigned"),
        ("open_now", "Open now"),
    ] {
        assert_eq!(number(&sums[field]), cell(row, head), "{head}: {sums}");
    }
    for (field, name) in [("first_reply", "First reply"), ("resolution", "Resolution")] {
        let took = &sums[field];
        assert_eq!(number(&took["tickets"]), cell(row, &format!("{name}: tickets")));
        assert_eq!(minutes(&took["median_business_minutes"]), cell(row, &format!("{name}: median (business minutes)")));
        assert_eq!(minutes(&took["ninety_business_minutes"]), cell(row, &format!("{name}: 90 % within (business minutes)")));
        assert_eq!(minutes(&took["median_minutes"]), cell(row, &format!("{name}: median (minutes)")));
        assert_eq!(minutes(&took["ninety_minutes"]), cell(row, &format!("{name}: 90 % within (minutes)")));
        assert_eq!(
            (number(&took["within_target"]), number(&took["with_target"])),
            (cell(row, &format!("{name}: within target")).to_owned(), cell(row, &format!("{name}: of")).to_owned())
        );
    }
    for (field, head) in [("good", "Good"), ("okay", "Okay"), ("bad", "Not good")] {
        assert_eq!(number(&sums["satisfaction"][field]), cell(row, head));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_figure_is_that_of_the_page() {
    let desk = worked().await;
    let program = Program::reading(&desk.desk, &desk.ada).await;
    let mut ada = Browser::of(&desk, &desk.ada).await;
    for (api, page) in [
        ("range=7d".to_owned(), "range=7d".to_owned()),
        ("range=12m".to_owned(), "range=12m".to_owned()),
        (format!("range=7d&helper={}", desk.hal.id), format!("range=7d&helper={}", desk.hal.id)),
        ("range=90d&mailbox=support&priority=normal".to_owned(), format!("range=90d&mailbox={}&priority=normal", desk.mailbox)),
    ] {
        let figures = program.get(&format!("/figures?{api}")).await.ok();
        let mut csv = async |table: &str| ada.get(&format!("/analytics?{page}&csv={table}")).await.text();
        let totals = csv("totals").await;
        same(&figures["all"], &row(&totals, "This period"));
        same(&figures["before"], &row(&totals, "The period before"));
        let all = &figures["everybody"];
        let days = csv("days").await;
        for day in all["days"].as_array().unwrap() {
            let it = row(&days, day["date"].as_str().unwrap());
            let backlog = day["open"].as_i64().unwrap() + day["in_progress"].as_i64().unwrap();
            let ours = [&day["opened"], &day["reopened"], &day["resolved"]].map(|it| it.as_i64().unwrap());
            let theirs = ["New", "Reopened", "Resolved", "Open at the end"].map(|head| cell(&it, head).parse::<i64>().unwrap());
            assert_eq!([ours[0], ours[1], ours[2], backlog], theirs, "{day}");
        }
        assert_eq!(days.trim_end().lines().count() - 1, all["days"].as_array().unwrap().len());
        let helpers = csv("helpers").await;
        for it in figures["helpers"].as_array().unwrap().iter().filter(|it| helpers.contains(it["helper"]["email"].as_str().unwrap())) {
            same(&it["all"], &row(&helpers, it["helper"]["name"].as_str().unwrap()));
        }
        let mailboxes = csv("mailboxes").await;
        same(&all["mailboxes"][0]["all"], &row(&mailboxes, "support@desk.test"));
        let steps = csv("times").await;
        assert_eq!(steps.trim_end().lines().count() - 1, all["steps"].as_array().unwrap().len());
        let busiest: i64 =
            all["busiest"].as_array().unwrap().iter().flat_map(|it| it.as_array().unwrap()).map(|it| it.as_i64().unwrap()).sum();
        let written: i64 = csv("busiest")
            .await
            .trim_end()
            .lines()
            .skip(1)
            .flat_map(|it| it.split(',').skip(1).map(|it| it.parse::<i64>().unwrap()).collect::<Vec<_>>())
            .sum();
        assert_eq!(busiest, written);
    }
    let figures = program.get("/figures?range=7d").await.ok();
    assert_eq!((&figures["all"]["opened"], &figures["all"]["resolved"], &figures["all"]["replies"]), (&json!(3), &json!(2), &json!(1)));
    assert_eq!(
        (&figures["from"], &figures["to"], &figures["everybody"]["step"]),
        (&json!("2026-10-27"), &json!("2026-11-02"), &json!("day"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_helpers_program_has_their_own_figures_and_no_sum_of_others() {
    let desk = worked().await;
    let hal = Program::reading(&desk.desk, &desk.hal).await;
    let figures = hal.get("/figures?range=7d").await.ok();
    assert_eq!((&figures["everybody"], &figures["all"]["resolved"]), (&Value::Null, &json!(1)));
    assert_eq!(figures["helpers"].as_array().unwrap().len(), 1);
    assert!(!figures.to_string().contains("Ada"), "{figures}");
    assert_eq!(hal.get(&format!("/figures?helper={}", desk.ada.id)).await.problem(), (403, "forbidden", ""));
    assert_eq!(hal.get("/figures?range=2y").await.problem(), (422, "invalid", "range"));
    let ada = Program::reading(&desk.desk, &desk.ada).await;
    assert_eq!(ada.get("/figures?helper=99").await.problem(), (422, "invalid", "helper"));
    assert_eq!(ada.get("/figures?tag=none").await.problem(), (422, "invalid", "tag"));
}
