//! Mail in, ticket, answer out, answer in: what issue 2 must show, 2.

use crate::newcomer::{PATIENCE, SOON, answer, demo, inbox, mail, panel, send, until, who};

const ANN: &str = "ann@bell.example";
const SUBJECT: &str = "The printer is on fire";

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_becomes_a_ticket_that_is_answered_reopened_and_resolved_by_mail_and_panel() {
    let demo = demo().await;
    let at = demo.announcement();
    let mut helper = panel(&at, "helper").await;
    let (helper_email, _) = who(&at, "helper");

    // A mail is a ticket on the panel within two seconds.
    let first = format!(
        "From: Ann Bell <{ANN}>\r\nTo: {}\r\nSubject: {SUBJECT}\r\nMessage-ID: <fire-1@bell.example>\r\n\r\nReally.\r\n",
        at.support
    );
    send(&at.smtp, at.support, ANN, &first).await;
    let (number, took) = until(SOON, "the ticket is on the panel", async || {
        let list = helper.get("/tickets?view=unassigned").await;
        let row = list.text.split("href=\"/tickets/").find(|it| it.contains(SUBJECT))?.to_owned();
        row.split(['"', '?']).next()?.parse::<u32>().ok()
    })
    .await;
    assert!(took < SOON, "{took:?}");
    let tag = format!("[#{number}]");

    // The helper's reply arrives threaded.
    let ticket = helper.get(&format!("/tickets/{number}")).await;
    let seen = ticket.between("name=\"seen\" value=\"", "\"").unwrap();
    let version = ticket.between("name=\"version\" value=\"", "\"").unwrap();
    let taken = helper.post(&format!("/tickets/{number}"), &[("version", &version), ("helper", "me")]).await;
    assert_eq!(taken.status, 303, "{}", taken.text);
    let reply = [("seen", seen.as_str()), ("kind", "reply"), ("body", "Please step back, we are coming."), ("then", ""), ("send", "reply")];
    let sent = helper.post(&format!("/tickets/{number}/messages"), &reply).await;
    assert_eq!(sent.status, 303, "{}", sent.text);
    let (came, read) = mail(&demo, ANN, |it| it.text.contains("Please step back")).await;
    assert_eq!(read.in_reply_to[0].as_str(), "fire-1@bell.example");
    assert!(read.references.iter().any(|it| it.as_str() == "fire-1@bell.example"), "{:?}", read.references);
    assert_eq!(read.subject.matches(&tag).count(), 1, "{}", read.subject);

    // The customer's answer, from the mailbox page, joins the same ticket.
    answer(&at, ANN, &came, "It is out now. Thank you!").await;
    until(PATIENCE, "the answer joins", async || {
        helper.get(&format!("/tickets/{number}")).await.says("It is out now. Thank you!").then_some(())
    })
    .await;

    // Resolving sends one notice.
    let before = inbox(&demo, ANN).len();
    let page = helper.get(&format!("/tickets/{number}")).await;
    let version = page.between("name=\"version\" value=\"", "\"").unwrap();
    let resolved = helper.post(&format!("/tickets/{number}"), &[("version", &version), ("status", "resolved")]).await;
    assert_eq!(resolved.status, 303, "{}", resolved.text);
    let (notice, read) = mail(&demo, ANN, |it| it.text.to_lowercase().contains("resolved")).await;
    assert_eq!(read.subject.matches(&tag).count(), 1, "{}", read.subject);

    // The customer answers it: the ticket opens again, the helper is told, and answers the notice in their mail program.
    answer(&at, ANN, &notice, "It burns again.").await;
    let (told, read) = mail(&demo, helper_email, |it| it.subject.contains(&tag) && it.text.contains("It burns again")).await;
    let token = read.reply_to[0].address.local().to_owned();
    assert_eq!(inbox(&demo, ANN).len(), before + 1, "one notice for resolving, and nothing more");
    answer(&at, helper_email, &told, "Take the blue extinguisher.").await;
    let (came, _) = mail(&demo, ANN, |it| it.text.contains("blue extinguisher")).await;
    let octets = came.text().to_lowercase();
    for secret in [helper_email, token.as_str()] {
        assert!(!octets.contains(&secret.to_lowercase()), "the customer can read {secret}: {octets}");
    }
    assert!(octets.contains(&format!("from: \"skerry support\" <{}>", at.support)) || octets.contains(&format!("<{}>", at.support)));
    demo.stop().await.unwrap();
}
