//! Codes of other services: nobody reads in a ticket what a service mailed to an address that we gave away.

use maildesk::desk::id::TicketNumber;

use crate::{
    mail_loop::reply_of,
    test_desk::{Mail, TestDesk, answer, mail},
};

const CODE: &str = "Your verification code is 482913";
const LINK: &str = "Click https://acmechat.test/v?t=abc to confirm your email address and join the workspace";

/// A ticket of Ann's and the address that answers to it go to.
async fn ticket_and_address(desk: &TestDesk, headers: &[&str]) -> (TicketNumber, Mail, String) {
    desk.mail_does_not_matter();
    let number = desk.receive(&mail("Ann Lee <ann@home.test>", "Printer", headers, "It smokes.")).await.ticket.unwrap();
    let receipt = desk.mail_to("ann@home.test").await.remove(0);
    let address = format!("To: {}", receipt.read.reply_to[0].address);
    (number, receipt, address)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_that_a_service_mails_to_a_tickets_address_is_held() {
    let desk = TestDesk::new().await;
    let (_, _, address) = ticket_and_address(&desk, &[]).await;
    for (at, (from, headers, text)) in [
        ("Acme Chat <accounts@acmechat.test>", &[][..], CODE),
        ("Acme Chat <accounts@acmechat.test>", &[], LINK),
        ("Acme Chat <accounts@acmechat.test>", &[], "Twój kod weryfikacyjny to 482913"),
        ("Acme Chat <noreply@acmechat.test>", &[], CODE),
        ("Acme Chat <noreply@acmechat.test>", &[], LINK),
        ("Acme Chat <hello@acmechat.test>", &["Auto-Submitted: auto-generated"], "Enter 482913 to sign in"),
        ("Acme Chat <hello@acmechat.test>", &["Auto-Submitted: auto-replied", "In-Reply-To: <x@acmechat.test>"], CODE),
    ]
    .into_iter()
    .enumerate()
    {
        let headers: Vec<&str> = [address.as_str()].iter().chain(headers).copied().collect();
        let outcome = desk.receive(&mail(from, &format!("Welcome {at}"), &headers, text)).await;
        assert_eq!((outcome.decision, outcome.ticket), ("hold", None), "{from} {text}: {}", outcome.reason);
        assert!(outcome.reason.contains("of another service"), "{from} {text}: {}", outcome.reason);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn naming_the_service_in_cc_does_not_let_its_codes_in() {
    let desk = TestDesk::new().await;
    let (_, _, address) = ticket_and_address(&desk, &["Cc: accounts@acmechat.test, noreply@acmechat.test"]).await;
    for from in ["accounts@acmechat.test", "noreply@acmechat.test"] {
        assert_eq!(desk.receive(&mail(from, "Welcome", &[&address], CODE)).await.decision, "hold", "{from}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn people_who_answer_may_speak_of_codes() {
    let desk = TestDesk::new().await;
    let (number, receipt, address) = ticket_and_address(&desk, &[]).await;
    let text = "The shop says: your verification code is 482913. It refuses it.";
    for from in ["Ann Lee <ann@home.test>", "Ann Lee <ann@work.test>"] {
        assert_eq!(desk.receive(&answer(&receipt, from, text)).await.ticket, Some(number), "{from}");
    }
    maildesk::actions::reply::reply(&desk.desk, &desk.hal, number, &reply_of("Your verification code is 482913.")).await.unwrap();
    let ours = desk.mail_to("ann@home.test").await.pop().unwrap();
    assert_eq!(desk.receive(&answer(&ours, "Ann Lee <ann@home.test>", "Thank you.")).await.ticket, Some(number));
    let away =
        answer(&ours, "Ann Lee <ann@home.test>", "I am away.").replacen("MIME-Version", "Auto-Submitted: auto-replied\nMIME-Version", 1);
    assert_eq!(desk.receive(&away).await.ticket, Some(number), "an absence quotes what it answers");
    let order = mail("Ben <ben@home.test>", "Printer", &[&address], "My order is 482913, the postcode 10115.");
    assert_eq!(desk.receive(&order).await.ticket, Some(number), "a number is no code");
    assert_eq!(desk.write("Cy <cy@home.test>", "Codes", text).await.decision, "open-ticket", "a ticket of one's own shows it to oneself");
}
