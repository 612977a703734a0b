//! Moving a message, merging tickets and undoing either, on their pages.

use axum::http::StatusCode;
use maildesk::{
    actions::assign::assign,
    desk::id::{CommentId, TicketNumber},
    store::conversation::{self, Audience},
};

use crate::{
    browser::Browser,
    test_desk::{TestDesk, mail},
};

/// Ann's printer with her invoice in it, and Cleo's scanner.
async fn desk() -> (TestDesk, TicketNumber, TicketNumber, CommentId) {
    let desk = TestDesk::new().await;
    desk.mail_does_not_matter();
    let printer = desk.write("Ann Lee <ann@home.test>", "Printer", "It smokes.").await.ticket.unwrap();
    let invoice = "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=XX";
    let raw = format!(
        "From: Ann Lee <ann@home.test>\nTo: support@desk.test\nSubject: Re: [#{printer}] Invoice <7>\nMessage-ID: <invoice@home.test>\n{invoice}\n\n\
        --XX\nContent-Type: text/plain\n\nPlease pay it.\n--XX\nContent-Type: text/plain; name=bill.txt\n\
        Content-Disposition: attachment; filename=bill.txt\n\n12 pounds\n--XX--\n"
    );
    assert_eq!(desk.receive(&raw).await.ticket, Some(printer));
    let scanner = desk.write("Cleo <cleo@else.test>", "Scanner", "It hums.").await.ticket.unwrap();
    let said = conversation::said(&mut desk.desk.store.read().await.unwrap(), printer, Audience::Staff, 10).await.unwrap();
    let id = said[1].id;
    (desk, printer, scanner, id)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_moved_to_a_new_ticket_and_back_with_one_press() {
    let (desk, printer, _, invoice) = desk().await;
    let mut hal = Browser::of(&desk, &desk.hal).await;
    let page = hal.get(&format!("/tickets/{printer}")).await;
    assert!(page.says(&format!("/tickets/{printer}/messages/{invoice}/move")), "{}", page.text());
    let path = format!("/tickets/{printer}/messages/{invoice}/move");
    let form = hal.get(&path).await;
    assert!(form.says("Please pay it.") && form.says("A new ticket") && form.says("Nothing is sent to anybody."), "{}", form.text());
    let version = form.field("version");
    let nothing = hal.post(&path, &[("version", &version), ("number", "")]).await;
    assert_eq!(nothing.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(nothing.says("Choose a ticket, or write its number."));
    let moved = hal.post(&path, &[("version", &version), ("to", "new"), ("number", "")]).await;
    assert_eq!(moved.location(), format!("/tickets/3#m{invoice}"), "{}", moved.text());
    let page = hal.get("/tickets/3").await;
    for said in
        ["Invoice &lt;7&gt;", "The message is moved here from #1.", "moved a message here from", "bill.txt", "Undo", "Merge into #1"]
    {
        assert!(page.says(said), "{said}: {}", page.text());
    }
    let why = hal.get(&format!("/tickets/3/messages/{invoice}")).await;
    assert!(why.says("Why is it here?") && why.says("moved by Hal Nine from #1 to a new ticket, #3"), "{}", why.text());

    let (version, correction) = (page.field("version"), page.field("correction"));
    let undone = hal.post("/tickets/3/undo", &[("version", &version), ("correction", &correction)]).await;
    assert_eq!(undone.location(), "/tickets/3");
    let page = hal.get("/tickets/3").await;
    assert!(page.says("Undone: the message is on #1 again.") && page.says("Its only message went back to"), "{}", page.text());
    assert!(page.says("gave messages back to <a href=\"/tickets/1\">#1</a>") && !page.says("Unmerge") && !page.says("merged this ticket"));
    let old = hal.get(&format!("/tickets/{printer}")).await;
    assert!(old.says("took messages back from <a href=\"/tickets/3\">#3</a>") && !old.says("Merged into this ticket"), "{}", old.text());
    assert!(!page.says("id=\"composer\""));
    assert!(hal.get(&format!("/tickets/{printer}")).await.says("Please pay it."));
}

#[tokio::test(flavor = "multi_thread")]
async fn undoing_a_move_says_how_many_messages_came_back() {
    let (desk, printer, scanner, invoice) = desk().await;
    let mut hal = Browser::of(&desk, &desk.hal).await;
    let path = format!("/tickets/{printer}/messages/{invoice}/move");
    let version = hal.get(&path).await.field("version");
    hal.post(&path, &[("version", &version), ("to", &scanner.to_string()), ("number", "")]).await;
    let answer = mail("Ann Lee <ann@home.test>", "Re: Invoice", &["In-Reply-To: <invoice@home.test>"], "Paid?");
    assert_eq!(desk.receive(&answer).await.ticket, Some(scanner));
    let page = hal.get(&format!("/tickets/{scanner}")).await;
    let (version, correction) = (page.field("version"), page.field("correction"));
    hal.post(&format!("/tickets/{scanner}/undo"), &[("version", &version), ("correction", &correction)]).await;
    let page = hal.get(&format!("/tickets/{scanner}")).await;
    assert!(page.says(&format!("Undone: 2 messages are on #{printer} again.")), "{}", page.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_of_every_message_says_who_moved_one_since() {
    let (desk, printer, scanner, invoice) = desk().await;
    let mut hal = Browser::of(&desk, &desk.hal).await;
    let path = format!("/tickets/{printer}/messages/{invoice}/move");
    let version = hal.get(&path).await.field("version");
    hal.post(&path, &[("version", &version), ("to", &scanner.to_string()), ("number", "")]).await;
    let since = format!("Moved by Hal Nine from #{printer} to #{scanner}.");
    let mut ada = Browser::of(&desk, &desk.ada).await;
    let list = ada.get("/mail/messages").await;
    assert!(list.says(&since), "{}", list.text());
    assert!(ada.get("/mail/messages/2").await.says(&since));
    assert!(!ada.get("/mail/messages/1").await.says("Moved by"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_that_does_not_fit_is_said_on_the_form_and_what_was_chosen_is_kept() {
    let (desk, printer, scanner, invoice) = desk().await;
    let mut hal = Browser::of(&desk, &desk.hal).await;
    let path = format!("/tickets/{printer}/messages/{invoice}/move");
    let version = hal.get(&path).await.field("version");
    let own = printer.to_string();
    for (number, why) in [
        ("99", "There is no such ticket, or it is not yours to see."),
        ("printer", "“printer” is not the number of a ticket."),
        (own.as_str(), "It is on #1 already; choose another ticket."),
    ] {
        let refused = hal.post(&path, &[("version", &version), ("number", number)]).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(refused.says(why) && refused.says(&format!("type=\"text\" value=\"{number}\"")), "{}", refused.text());
    }
    for (chosen, named) in [("new", "a new ticket"), (scanner.to_string().as_str(), "#2")] {
        let both = hal.post(&path, &[("version", &version), ("to", chosen), ("number", "#7")]).await;
        assert_eq!(both.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(both.says(&format!("You chose {named} and wrote the number “#7”.")), "{}", both.text());
        assert!(both.says("type=\"text\" value=\"#7\"") && !both.says(" checked"), "neither wins: {}", both.text());
    }
    maildesk::actions::edit::set_subject(&desk.desk, &desk.ada, printer, None, "Other").await.unwrap();
    let stale = hal.post(&path, &[("version", &version), ("number", &scanner.to_string())]).await;
    assert!(stale.says("Somebody changed the ticket since this page was opened"), "{}", stale.text());
    assign(&desk.desk, &desk.ada, scanner, None, Some(desk.ada.id)).await.unwrap();
    let version = stale.field("version");
    let hidden = hal.post(&path, &[("version", &version), ("number", &scanner.to_string())]).await;
    assert!(hidden.says("There is no such ticket, or it is not yours to see."));
    assert_eq!(hal.get(&format!("/tickets/{scanner}/merge")).await.status, StatusCode::NOT_FOUND);
    assert_eq!(hal.get(&format!("/tickets/{printer}/messages/99/move")).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread")]
async fn tickets_are_merged_shown_as_merged_and_unmerged() {
    let (desk, printer, scanner, _) = desk().await;
    let mut hal = Browser::of(&desk, &desk.hal).await;
    let second = desk.write("Ann Lee <ann@home.test>", "Printer", "Anybody?").await.ticket.unwrap();
    let form = hal.get(&format!("/tickets/{second}/merge")).await;
    assert!(form.says("name=\"to\" value=\"1\"") && form.says("Of the same customer"), "{}", form.text());
    let merged = hal.post(&format!("/tickets/{second}/merge"), &[("version", &form.field("version")), ("to", "1"), ("number", "")]).await;
    assert_eq!(merged.location(), format!("/tickets/{printer}"));
    let page = hal.get(&format!("/tickets/{printer}")).await;
    for said in [&format!("#{second} is merged into this ticket."), "Anybody?", "Merged into this ticket", "Undo"] {
        assert!(page.says(said), "{said}: {}", page.text());
    }
    let old = hal.get(&format!("/tickets/{second}")).await;
    assert!(
        old.says("This ticket was merged into") && old.says("by <bdi>Hal Nine</bdi>") && !old.says("id=\"composer\""),
        "{}",
        old.text()
    );
    let version = old.field("version");
    let circle =
        hal.post(&format!("/tickets/{printer}/merge"), &[("version", &page.field("version")), ("number", &second.to_string())]).await;
    assert!(circle.says(&format!("#{second} was merged into #{printer}; choose #{printer}.")), "{}", circle.text());
    let itself =
        hal.post(&format!("/tickets/{printer}/merge"), &[("version", &circle.field("version")), ("number", &printer.to_string())]).await;
    assert!(itself.says(&format!("This is #{printer} itself; choose another ticket.")), "{}", itself.text());
    let closed = hal.post(&format!("/tickets/{second}"), &[("version", &version), ("status", "open")]).await;
    assert_eq!(closed.status, StatusCode::CONFLICT);
    assert_eq!(desk.ticket(second).await.merged_into, Some(printer));

    hal.get(&format!("/tickets/{second}")).await;
    let undone = hal.post(&format!("/tickets/{second}/undo"), &[("version", &version), ("correction", &old.field("correction"))]).await;
    assert_eq!(undone.location(), format!("/tickets/{second}"));
    let page = hal.get(&format!("/tickets/{second}")).await;
    assert!(page.says("stands by itself again") && page.says("Anybody?") && page.says("id=\"composer\""), "{}", page.text());
    let elsewhere = hal.post(&format!("/tickets/{scanner}/undo"), &[("version", "1"), ("correction", &old.field("correction"))]).await;
    assert_eq!(elsewhere.status, StatusCode::SEE_OTHER);
    assert!(hal.get(&format!("/tickets/{scanner}")).await.says("Not undone."));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_that_came_out_of_another_is_moved_in_with_one_press() {
    let (desk, printer, _, _) = desk().await;
    let stranger = desk.receive(&mail("Dan <dan@else.test>", &format!("Re: [#{printer}] Printer"), &[], "Me too.")).await;
    let number = stranger.ticket.unwrap();
    assert_ne!(number, printer);
    let mut hal = Browser::of(&desk, &desk.hal).await;
    let page = hal.get(&format!("/tickets/{number}")).await;
    assert!(page.says("Merge into #1"), "{}", page.text());
    let joined = hal.post(&format!("/tickets/{number}/merge"), &[("version", &page.field("version")), ("to", "1")]).await;
    assert_eq!(joined.location(), format!("/tickets/{printer}"));
    assert!(hal.get(&format!("/tickets/{printer}")).await.says("Me too."));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_sees_a_moved_message_where_it_now_is_and_its_file_there_alone() {
    let (desk, printer, scanner, invoice) = desk().await;
    let cleo = desk.person("cleo@else.test").await.unwrap();
    let said = conversation::said(&mut desk.desk.store.read().await.unwrap(), printer, Audience::Staff, 10).await.unwrap();
    let file = format!("/my/attachments/{}", said[1].files[0].id);
    let (mut ann, mut cleos) = (Browser::of(&desk, &desk.ann).await, Browser::of(&desk, &cleo).await);
    assert_eq!((ann.get(&file).await.status, cleos.get(&file).await.status), (StatusCode::OK, StatusCode::NOT_FOUND));
    let mut hal = Browser::of(&desk, &desk.hal).await;
    let path = format!("/tickets/{printer}/messages/{invoice}/move");
    let version = hal.get(&path).await.field("version");
    hal.post(&path, &[("version", &version), ("number", &format!("#{scanner}"))]).await;
    assert_eq!(cleos.get(&file).await.status, StatusCode::OK);
    assert!(!ann.get(&format!("/my/{printer}")).await.says("Please pay it."));
    assert!(ann.get(&format!("/my/{scanner}")).await.says("Please pay it."), "she takes part there now");

    // Merged: the old address leads on, and the list has it once.
    let page = hal.get(&format!("/tickets/{printer}/merge")).await;
    hal.post(&format!("/tickets/{printer}/merge"), &[("version", &page.field("version")), ("number", &scanner.to_string())]).await;
    assert_eq!(ann.get(&format!("/my/{printer}")).await.location(), format!("/my/{scanner}"));
    let list = ann.get("/my").await;
    assert!(!list.says(&format!("href=\"/my/{printer}\"")) && list.says(&format!("href=\"/my/{scanner}\"")), "{}", list.text());
    assert_eq!(ann.get(&format!("/tickets/{printer}/merge")).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_no_ticket_is_offered_a_number_is_asked_for_and_no_other_one() {
    let (desk, printer, scanner, _) = desk().await;
    let mut hal = Browser::of(&desk, &desk.hal).await;
    let alone = hal.get(&format!("/tickets/{scanner}/merge")).await;
    assert!(
        alone.says("Number of the ticket to merge into") && !alone.says("Or the number") && !alone.says("<legend>"),
        "{}",
        alone.text()
    );
    desk.write("Ann Lee <ann@home.test>", "Stove", "Cold.").await;
    let offered = hal.get(&format!("/tickets/{printer}/merge")).await;
    assert!(offered.says("Merge into</legend>") && offered.says("Or the number of another ticket"), "{}", offered.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_merged_ticket_is_found_by_its_number_and_in_no_list() {
    let (desk, printer, scanner, _) = desk().await;
    let mut hal = Browser::of(&desk, &desk.hal).await;
    let version = hal.get(&format!("/tickets/{scanner}/merge")).await.field("version");
    let merged = hal.post(&format!("/tickets/{scanner}/merge"), &[("version", &version), ("number", &printer.to_string())]).await;
    assert_eq!(merged.status, StatusCode::SEE_OTHER, "{}", merged.text());
    assert!(hal.get(&format!("/tickets/{scanner}")).await.says("This ticket was merged into"));
    for list in ["/tickets?view=closed", "/tickets?view=closed&priority=normal", "/tickets"] {
        let page = hal.get(list).await;
        assert!(!page.says(&format!("href=\"/tickets/{scanner}\"")), "{list}: {}", page.text());
    }
    assert!(hal.get("/tickets?view=closed").await.says("Nothing is closed"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_messages_stand_there_however_much_was_merged() {
    let desk = TestDesk::new().await;
    desk.mail_does_not_matter();
    for n in 1..=13 {
        desk.write("Ann Lee <ann@home.test>", &format!("Printer {n}"), &format!("It smokes, number {n}.")).await;
        desk.later(jiff::SignedDuration::from_mins(1));
    }
    for n in 2..=13 {
        maildesk::actions::merge::merge(&desk.desk, &desk.ada, TicketNumber(n), None, TicketNumber(1)).await.unwrap();
        desk.later(jiff::SignedDuration::from_mins(1));
    }
    let page = Browser::of(&desk, &desk.hal).await.get("/tickets/1").await.text();
    let folded = |summary: &str| {
        let fold = page.split("<details class=\"fold\"").find(|it| it.contains(summary)).unwrap_or_else(|| panic!("no {summary}: {page}"));
        fold.split("</details></li>").next().unwrap().to_owned()
    };
    let (middle, merges) = (folded("<summary>4 earlier entries</summary>"), folded("<summary>11 changes</summary>"));
    for n in 1..=13 {
        let words = format!("It smokes, number {n}.");
        assert_eq!(page.matches(&words).count(), 1, "{n}");
        assert_eq!(middle.contains(&words), (2..=5).contains(&n), "{n}");
    }
    assert_eq!(merges.matches("class=\"ev\"").count(), 11);
}
