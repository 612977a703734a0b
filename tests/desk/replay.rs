//! Yesterday's mail is read again with today's reading: shown, written on demand, and never a mail for it.

use jiff::SignedDuration;
use maildesk::{
    actions::{
        edit::set_subject,
        replay::{Extent, Finding, Reread, Run, replay},
        reply::reply,
        set_status::set_status,
    },
    desk::{
        id::{LedgerId, TicketNumber},
        permission::Scope,
        replay::{Aspect, Mend, Place, Title},
        settings::{Budgets, DeskSettings, MailboxSettings},
        ticket::Status,
    },
    mail::parse,
    store::{
        conversation::{self, Audience, Said},
        replay::{Held, Which, list},
    },
};

use crate::{
    mail_loop::reply_of,
    rows::Rows,
    test_desk::{TestDesk, answer, found, mail},
};

/// Every message, oldest first.
pub async fn everything(desk: &TestDesk) -> Vec<LedgerId> {
    let which = Which { since: jiff::Timestamp::UNIX_EPOCH, until: jiff::Timestamp::MAX, mailbox: None, held: Held::OrNot };
    list(&mut desk.desk.store.read().await.unwrap(), &which, LedgerId(0), 10_000).await.unwrap()
}

/// What reading everything again finds to be otherwise.
pub async fn again(desk: &TestDesk, extent: Extent) -> Vec<Finding> {
    let (mut run, mut found) = (Run::default(), Vec::new());
    for id in everything(desk).await {
        let read = |octets: Vec<u8>| Some(parse::read(&octets));
        match replay(&desk.desk, id, extent, &mut run, read).await.unwrap() {
            Some(Reread::Read(finding)) if !finding.is_unchanged() => found.push(*finding),
            Some(Reread::Read(_)) => {}
            other => panic!("{other:?}"),
        }
    }
    found
}

pub async fn said(desk: &TestDesk, number: TicketNumber) -> Vec<Said> {
    conversation::said(&mut desk.desk.store.read().await.unwrap(), number, Audience::Staff, 100).await.unwrap()
}

pub async fn history(desk: &TestDesk, number: TicketNumber) -> Vec<(&'static str, Option<String>)> {
    let lines = conversation::history(&mut desk.desk.store.read().await.unwrap(), number, 100).await.unwrap();
    lines.into_iter().map(|it| (it.kind.as_str(), it.new)).collect()
}

const WITH_FILES: &str = "From: Ann Lee <ann@home.test>\nTo: support@desk.test\nSubject: Rechnung\nMessage-ID: <bill@home.test>\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain; charset=utf-8\n\nGrüße aus Köln\n\n-- \nAnn\n--b\nContent-Type: application/pdf; name=bill.pdf\nContent-Disposition: attachment; filename=bill.pdf\n\n%PDF-1.4 one\n--b\nContent-Type: text/csv; name=list.csv\nContent-Disposition: attachment; filename=list.csv\n\na;b\n--b--\n";

/// Ann's mail with two files, as a worse reading left it: its words garbled, a file lost, another misnamed, its header misread.
async fn badly_read() -> (TestDesk, TicketNumber, Rows) {
    let desk = TestDesk::new().await;
    desk.mail_does_not_matter();
    let number = desk.receive(WITH_FILES).await.ticket.unwrap();
    desk.later(SignedDuration::from_hours(1));
    let rows = Rows::of(&desk.url).await;
    assert_eq!(rows.run("update comments set body = 'GrÃ¼ÃŸe', quoted = '', html = '<p>x</p>', remote_images = 3").await, 1);
    rows.run("delete from search").await;
    rows.run("delete from attachments where filename = 'bill.pdf'").await;
    rows.run("update attachments set filename = 'list.csv?', content_type = 'text/plain', position = 0").await;
    rows.run("update messages set subject = '=?', sender = null, sender_name = null, message_id = 'bill'").await;
    rows.run("update tickets set snippet = 'GrÃ¼ÃŸe', has_files = 0, opened_message = 'bill'").await;
    (desk, number, rows)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_today_reads_otherwise_is_shown_and_nothing_is_written() {
    let (desk, number, rows) = badly_read().await;
    desk.is_damaged();
    let before = rows.all().await;
    let found = again(&desk, Extent::Show).await;
    let [finding] = &found[..] else { panic!("{found:?}") };
    assert_eq!(finding.aspects, [Aspect::Text, Aspect::Quoted, Aspect::Html, Aspect::Attachments, Aspect::Header]);
    assert_eq!(finding.ticket, Some(number));
    let (then, today) = (finding.then.words.as_ref().unwrap(), finding.today.words.as_ref().unwrap());
    assert_eq!((then.text.as_str(), today.text.as_str()), ("GrÃ¼ÃŸe", "Grüße aus Köln"));
    let names: Vec<&str> = today.files.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(names, ["bill.pdf", "list.csv"]);
    assert!(finding.threading.is_none(), "{finding:?}");
    assert_eq!(rows.all().await, before, "a look wrote something");
}

#[tokio::test(flavor = "multi_thread")]
async fn applied_it_is_as_if_it_had_come_in_today_and_once_is_enough() {
    let (desk, number, rows) = badly_read().await;
    let (before, outbox) = (desk.ticket(number).await, rows.count("select count(*) from outbox").await);
    assert_eq!(again(&desk, Extent::Write).await.len(), 1);
    let said = said(&desk, number).await;
    let [words] = &said[..] else { panic!("{said:?}") };
    assert_eq!((words.body.as_str(), words.quoted.as_str()), ("Grüße aus Köln", "-- \nAnn"));
    let names: Vec<&str> = words.files.iter().map(|it| it.filename.as_str()).collect();
    assert_eq!(names, ["bill.pdf", "list.csv"]);
    assert_eq!(found(&desk.desk.store, "köln", Scope::All).await, [number], "the search knows the new words");
    let lists = "select count(*) from tickets where snippet = 'Grüße aus Köln' and has_files = 1 and opened_message = 'bill@home.test'";
    assert_eq!(rows.count(lists).await, 1);
    let ledger = "select count(*) from messages where subject = 'Rechnung' and sender = 'ann@home.test' and sender_name = 'Ann Lee' and message_id = 'bill@home.test'";
    assert_eq!(rows.count(ledger).await, 1);
    let changed = Some("text, quoted text, HTML, attachments, header".to_owned());
    assert_eq!(history(&desk, number).await.last(), Some(&("read-again", changed)));
    let after = desk.ticket(number).await;
    let stays = |it: &maildesk::desk::ticket::Ticket| (it.subject.clone(), it.version, it.updated_at, it.opened_at, it.status);
    assert_eq!(stays(&after), stays(&before), "its subject, version and times are nobody's reading");
    assert_eq!(rows.count("select count(*) from outbox").await, outbox, "nothing is sent");

    let before = rows.all().await;
    assert!(again(&desk, Extent::WriteAndMove).await.is_empty());
    assert_eq!(rows.all().await, before, "the second time wrote something");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_title_that_nobody_has_given_goes_with_the_subject_it_came_from() {
    let desk = TestDesk::new().await;
    desk.mail_does_not_matter();
    let rows = Rows::of(&desk.url).await;
    let theirs = desk.write("Ann Lee <ann@home.test>", "Printer", "It smokes.").await.ticket.unwrap();
    let ours = desk.write("Ann Lee <ann@home.test>", "Printer", "It burns.").await.ticket.unwrap();
    desk.later(SignedDuration::from_mins(5));
    rows.run("update messages set subject = 'Wrong subject'").await;
    rows.run("update tickets set subject = 'Wrong subject'").await;
    set_subject(&desk.desk, &desk.hal, ours, None, "Fire").await.unwrap();
    let (before, outbox) = (desk.ticket(theirs).await, rows.count("select count(*) from outbox").await);
    for extent in [Extent::Show, Extent::Write] {
        let found = again(&desk, extent).await;
        let titles: Vec<_> = found.iter().map(|it| it.title.clone().unwrap()).collect();
        let title =
            |was: &str, left: Option<&str>| Title { was: was.to_owned(), would: "Printer".to_owned(), left: left.map(str::to_owned) };
        assert_eq!(titles, [title("Wrong subject", None), title("Fire", Some("Hal Nine has given it"))]);
    }
    let after = desk.ticket(theirs).await;
    assert_eq!((after.subject.as_str(), desk.ticket(ours).await.subject.as_str()), ("Printer", "Fire"));
    assert_eq!((after.version, after.updated_at), (before.version, before.updated_at));
    assert_eq!(history(&desk, theirs).await.last(), Some(&("subject", Some("Printer".to_owned()))));
    assert!(found(&desk.desk.store, "printer", Scope::All).await.contains(&theirs), "the search knows it");
    assert_eq!(rows.count("select count(*) from outbox").await, outbox, "nobody is told");
    assert!(again(&desk, Extent::WriteAndMove).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn nameless_files_keep_the_names_that_they_were_given_when_they_came() {
    let desk = TestDesk::new().await;
    desk.mail_does_not_matter();
    let nameless = |id: &str, header: &str| {
        format!(
            "From: Ann Lee <ann@home.test>\nTo: support@desk.test\nSubject: See\nMessage-ID: <{id}@home.test>\n{header}MIME-Version: 1.0\n\
            Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\nSee\n--b\nContent-Type: message/rfc822\n\n\
            Subject: Inner\n\nx\n--b\nContent-Type: image/png\nContent-Transfer-Encoding: base64\n\niVBORw0KGgpyZXN0\n--b--\n"
        )
    };
    let number = desk.receive(&nameless("a", "")).await.ticket.unwrap();
    assert_eq!(desk.receive(&nameless("b", "Precedence: bulk\n")).await.decision, "hold");
    let names: Vec<String> = said(&desk, number).await[0].files.iter().map(|it| it.filename.clone()).collect();
    assert_eq!(names, ["message.eml", "picture-2.png"]);
    let rows = Rows::of(&desk.url).await;
    assert_eq!(rows.count("select count(*) from messages where files like '%message.eml%picture-2.png%'").await, 1);
    assert!(again(&desk, Extent::Show).await.is_empty());
    assert_eq!(rows.run("update attachments set filename = 'attachment-' || (position + 1)").await, 2);
    let then = "replace(replace(files, 'message.eml', 'attachment-1'), 'picture-2.png', 'attachment-2')";
    assert_eq!(rows.run(&format!("update messages set files = {then} where files is not null")).await, 1);
    let found = again(&desk, Extent::Show).await;
    assert!(found.is_empty(), "{found:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_helper_answered_by_mail_stays_as_it_was_sent() {
    let desk = TestDesk::new().await;
    desk.mail_does_not_matter();
    let number = desk.write("Ann Lee <ann@home.test>", "Printer", "It smokes.").await.ticket.unwrap();
    let notice = desk.mail().await.into_iter().find(|it| it.to == "hal@desk.test").unwrap();
    desk.receive(&answer(&notice, "Hal <hal@desk.test>", "Unplug it.\n\nThen wait.")).await;
    let rows = Rows::of(&desk.url).await;
    assert_eq!(rows.run("update comments set body = 'Unplug it.' where origin = 'staff'").await, 1);
    let found = again(&desk, Extent::WriteAndMove).await;
    let [finding] = &found[..] else { panic!("{found:?}") };
    assert_eq!((&finding.aspects[..], finding.to_write().len()), (&[Aspect::Text][..], 0));
    assert!(finding.kept.is_some(), "it says why");
    assert_eq!(said(&desk, number).await[1].body, "Unplug it.");
    assert!(history(&desk, number).await.iter().all(|(kind, _)| *kind != "read-again"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forwarded_customers_words_are_read_as_theirs_alone() {
    let desk = TestDesk::new().await;
    desk.mail_does_not_matter();
    let text = "Please take this one.\n\n---------- Forwarded message ---------\nFrom: Ann Lee <ann@home.test>\nDate: Mon, 2 Nov 2026 at 10:00\nSubject: Printer\nTo: Hal <hal@desk.test>\n\nIt smokes.\n";
    let number = desk.receive(&mail("Hal <hal@desk.test>", "Fwd: Printer", &[], text)).await.ticket.unwrap();
    assert!(again(&desk, Extent::Show).await.is_empty());
    let rows = Rows::of(&desk.url).await;
    rows.run("update comments set body = 'It sm=6Fkes.' where origin = 'customer'").await;
    assert_eq!(again(&desk, Extent::Write).await.len(), 1);
    let bodies: Vec<String> = said(&desk, number).await.into_iter().map(|it| it.body.trim().to_owned()).collect();
    assert_eq!(bodies, ["It smokes.", "Please take this one."]);
}

/// The same desk that trusts no server any more.
fn trusting_nobody(desk: &mut TestDesk) {
    let settings = desk.desk.mailboxes.get(desk.mailbox).unwrap().clone();
    let settings = MailboxSettings { authserv_id: None, ..settings };
    desk.desk.mailboxes = maildesk::desk::present::Present::new(maildesk::actions::Mailboxes::new(vec![(desk.mailbox, settings)]));
}

#[tokio::test(flavor = "multi_thread")]
async fn held_mail_that_would_not_be_held_today_waits_for_a_person_all_the_same() {
    let mut desk = TestDesk::new().await;
    let fails = "Authentication-Results: mx.desk.test; dmarc=fail header.from=home.test";
    desk.receive(&mail("Ann Lee <ann@home.test>", "Printer", &[fails], "It smokes.")).await;
    assert!(again(&desk, Extent::Show).await.is_empty());
    trusting_nobody(&mut desk);
    let rows = Rows::of(&desk.url).await;
    let found = again(&desk, Extent::WriteAndMove).await;
    let threading = found[0].threading.as_ref().unwrap();
    assert_eq!((threading.was, threading.would), (Place::Held, Place::Own));
    assert!(matches!(&threading.mend, Mend::Left(why) if why.contains("page of held mail")), "{threading:?}");
    assert_eq!(rows.count("select count(*) from messages where held = 'waiting'").await, 1);
    assert_eq!(rows.count("select count(*) from tickets").await, 0);
    let who = format!("update messages set held = 'discarded', held_by = {}", desk.hal.id);
    rows.run(&who).await;
    let left = again(&desk, Extent::Show).await;
    assert!(matches!(&left[0].threading.as_ref().unwrap().mend, Mend::Left(why) if why.contains("Hal Nine has put it")), "{left:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_too_much_then_is_not_asked_again() {
    let budgets = Budgets { new_per_sender_hour: 2, ..Budgets::default() };
    let desk = TestDesk::with(DeskSettings { budgets, ..DeskSettings::default() }, |_| ()).await;
    desk.mail_does_not_matter();
    for n in 0..4 {
        desk.write("Ann Lee <ann@home.test>", &format!("Printer {n}"), "It smokes.").await;
    }
    let rows = Rows::of(&desk.url).await;
    assert_eq!(rows.count("select count(*) from messages where held = 'waiting'").await, 2);
    desk.later(SignedDuration::from_hours(24));
    assert!(again(&desk, Extent::Show).await.is_empty());
}

/// Own and borrowed mails of the corpus: each that answers something, and of the others every third.
fn corpus() -> Vec<Vec<u8>> {
    let mut folders = vec![std::path::PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/corpus"))];
    let mut mails = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            match path.extension() {
                _ if path.is_dir() => folders.push(path),
                Some(it) if it == "eml" => mails.push(path),
                Some(_) | None => {}
            }
        }
    }
    mails.sort();
    let mails = mails.into_iter().map(|it| std::fs::read(it).unwrap()).filter(|it| it.len() < 100_000).enumerate();
    let answers = |it: &[u8]| String::from_utf8_lossy(it).to_lowercase().contains("\nin-reply-to:");
    mails.filter(|(at, it)| at % 3 == 0 || answers(it)).map(|(_, it)| it).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn decided_again_each_message_is_where_it_is_whatever_was_done_since() {
    let budgets = Budgets { new_per_sender_hour: 10_000, per_ticket_hour: 10_000, ..Budgets::default() };
    let desk = TestDesk::with(DeskSettings { budgets, ..DeskSettings::default() }, |_| ()).await;
    desk.mail_does_not_matter();
    for octets in corpus() {
        desk.receive_octets(&octets).await;
        desk.later(SignedDuration::from_secs(20));
    }
    let read = everything(&desk).await.len();
    assert!(read > 60, "{read}");
    assert!(again(&desk, Extent::Show).await.is_empty());

    let tickets = Rows::of(&desk.url).await.count("select count(*) from tickets").await;
    for number in (1..=tickets).map(TicketNumber) {
        reply(&desk.desk, &desk.ada, number, &reply_of("Done.")).await.unwrap();
        set_status(&desk.desk, &desk.ada, number, None, Status::Closed).await.unwrap();
    }
    desk.later(SignedDuration::from_hours(24 * 365));
    let since: Vec<Finding> = again(&desk, Extent::WriteAndMove).await;
    assert!(since.is_empty(), "{:#?}", since.iter().map(|it| (it.id, &it.threading)).collect::<Vec<_>>());
}
