//! Mail that another program has kept: threads and dates as they were, both sides of a conversation, and nobody hears of it, then or later.

use std::fs;

use jiff::{SignedDuration, Timestamp};
use maildesk::{
    actions::{import::How, merge, reply::reply, set_status, spam, stale},
    desk::{
        comment::{Origin, Visibility},
        id::TicketNumber,
        ticket::{Status, Turn},
    },
    store::{
        blobs::ContentHash,
        conversation::{self, Audience, Said},
    },
    workers::import::{Summary, find::find, look, scan, take},
};

use crate::{
    export::{exported, findings, same},
    mail_loop::reply_of,
    month,
    rows::Rows,
    test_desk::{TestDesk, mail},
};

/// A mail of October, as a file has it.
fn old(from: &str, to: &str, id: &str, answers: &str, day: u32, text: &str) -> String {
    let answers = if answers.is_empty() { String::new() } else { format!("In-Reply-To: <{answers}@home.test>\n") };
    format!(
        "From: {from}\nTo: {to}\nSubject: Printer\nMessage-ID: <{id}@home.test>\nDate: {day} Oct 2026 10:00:00 +0000\n{answers}\
         Content-Type: text/plain; charset=utf-8\n\n{text}\n"
    )
}

const ANN: &str = "Ann Lee <ann@home.test>";
const BEN: &str = "Ben <ben@home.test>";
const DESK: &str = "Desk Support <support@desk.test>";
const HAL: &str = "Hal Nine <hal@desk.test>";

impl TestDesk {
    async fn import_as(&self, ends: Status, mails: &[String]) -> Summary {
        let file = self.folder.path().join("old.mbox");
        let lines: Vec<String> = mails.iter().map(|it| format!("From - Sat Oct 31 10:00:00 2026\n{it}\n")).collect();
        fs::write(&file, lines.concat()).unwrap();
        self.import_files(ends, &file).await
    }

    async fn import_files(&self, ends: Status, file: &std::path::Path) -> Summary {
        let how = How { mailbox: self.mailbox, ends, agents: vec!["former@desk.test".parse().unwrap()] };
        let archive = scan(find(&[file.to_owned()]).unwrap(), self.desk.clock.now(), &mut |_| ());
        take(&self.desk, &how, &archive, &mut |_| ()).await.unwrap()
    }

    async fn import(&self, mails: &[String]) -> Summary {
        self.import_as(Status::Closed, mails).await
    }

    async fn said(&self, ticket: i64) -> Vec<Said> {
        let mut conn = self.desk.store.read().await.unwrap();
        conversation::said(&mut conn, TicketNumber(ticket), Audience::Staff, 100).await.unwrap()
    }

    /// How many mails were ever owed.
    async fn owed(&self) -> i64 {
        Rows::of(&self.url).await.count("select count(*) from outbox").await
    }
}

fn october(day: i8) -> Timestamp {
    jiff::civil::date(2026, 10, day).at(10, 0, 0, 0).in_tz("UTC").unwrap().timestamp()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_is_one_ticket_with_both_sides_and_its_dates_whatever_the_order_of_the_file() {
    let desk = TestDesk::new().await;
    let done = desk
        .import(&[
            old(ANN, "support@desk.test", "3", "2", 7, "It is off now."),
            old("Gone Helper <former@desk.test>", ANN, "4", "3", 8, "Good."),
            old(DESK, ANN, "2", "1", 6, "Unplug it."),
            old(ANN, "support@desk.test", "1", "", 5, "It smokes."),
        ])
        .await;
    assert_eq!((done.tickets, done.taken, done.known), (1, 4, 0), "{done:?}");
    let said = desk.said(1).await;
    let lines: Vec<_> = said.iter().map(|it| (it.origin, it.visibility, it.body.as_str(), it.created_at)).collect();
    let public = Visibility::Public;
    assert_eq!(
        lines,
        [
            (Origin::Customer, public, "It smokes.", october(5)),
            (Origin::Staff, public, "Unplug it.", october(6)),
            (Origin::Customer, public, "It is off now.", october(7)),
            (Origin::Staff, public, "Good.", october(8)),
        ]
    );
    let ticket = desk.ticket(TicketNumber(1)).await;
    assert_eq!((ticket.status, ticket.turn), (Status::Closed, Turn::Customer));
    assert_eq!((ticket.opened_at, ticket.status_at, ticket.updated_at), (october(5), october(8), october(8)));
    // What figures are counted from.
    let rows = Rows::of(&desk.url).await;
    let at = |day| october(day).as_millisecond();
    let (replied, closed) = (at(6) - at(5), at(8) - at(5));
    let course = format!("opened_at = {} and course like 'o0.%' and course like '%;r{replied}.%' and course like '%;s{closed}.%'", at(5));
    assert_eq!(rows.count(&format!("select count(*) from courses where {course}")).await, 1);
    assert_eq!(rows.count(&format!("select count(*) from events where at > {}", at(8))).await, 0);
    assert_eq!(desk.owed().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_there_already_is_passed_over_and_what_is_new_joins_its_ticket() {
    let desk = TestDesk::new().await;
    let all = [
        old(ANN, "support@desk.test", "1", "", 5, "It smokes."),
        old(HAL, ANN, "2", "1", 6, "Unplug it."),
        old(ANN, "support@desk.test", "3", "2", 7, "It is off."),
    ];
    desk.import(&all[..2]).await;
    let again = desk.import(&all[..2]).await;
    assert_eq!((again.known, again.taken), (2, 0));
    let more = desk.import(&all).await;
    assert_eq!((more.known, more.taken, more.tickets), (2, 1, 0));
    let ticket = desk.ticket(TicketNumber(1)).await;
    assert_eq!((ticket.status, ticket.status_at, ticket.turn), (Status::Closed, october(7), Turn::Staff));
    assert_eq!(desk.said(1).await[1].author.as_ref().map(|it| it.id), Some(desk.hal.id), "a helper’s own address is the helper");
    // The same message comes once more, as live mail.
    assert_eq!(desk.receive_again(&all[0]).await, None);
    assert_eq!(desk.owed().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_file_or_a_mail_program_adds_to_a_message_makes_no_second_one_of_it() {
    let desk = TestDesk::new().await;
    let folder = desk.folder.path().to_owned();
    let (mbox, delivery) = (folder.join("Inbox"), folder.join("1.eml"));
    let (one, two) = (old(ANN, "support@desk.test", "1", "", 5, "It smokes."), old(BEN, "support@desk.test", "2", "", 6, "Mine too."));
    let of_file = |mails: &[&str]| mails.iter().map(|it| format!("From - Sat Oct 31 10:00:00 2026\n{it}\n")).collect::<String>();
    // The last line has no end; then the file grows.
    fs::write(&mbox, of_file(&[&one]).trim_end()).unwrap();
    assert_eq!(desk.import_files(Status::Closed, &mbox).await.taken, 1);
    fs::write(&mbox, of_file(&[&one, &two])).unwrap();
    let grown = desk.import_files(Status::Closed, &mbox).await;
    assert_eq!((grown.known, grown.taken), (1, 1));
    // The same from a Maildir.
    fs::write(&delivery, two.trim_end()).unwrap();
    assert_eq!(desk.import_files(Status::Closed, &delivery).await.known, 1);
    // Without an id, before and after it was read.
    let bare = |marks: &str| one.replace("Message-ID: <1@home.test>\n", marks).replace("Printer", "Scanner");
    for (marks, known) in
        [("", 0), ("Status: RO\n", 1), ("X-Mozilla-Status: 0001\nX-Mozilla-Keys: $label1\n", 1), ("X-Keywords: work\nX-UID: 4\n", 1)]
    {
        fs::write(&delivery, bare(marks)).unwrap();
        let done = desk.import_files(Status::Closed, &delivery).await;
        assert_eq!((done.known, done.taken), (known, 1 - known), "{marks}");
    }
    assert_eq!(desk.receive_again(&bare("Status: RO\n")).await, None, "as live mail");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_taken_in_when_every_octet_counted_is_known_still() {
    let desk = TestDesk::new().await;
    let (file, rows) = (desk.folder.path().join("1.eml"), Rows::of(&desk.url).await);
    let mail = old(ANN, "support@desk.test", "1", "", 5, "It smokes.").replace("Message-ID: <1@home.test>\n", "");
    fs::write(&file, &mail).unwrap();
    assert_eq!(desk.import_files(Status::Closed, &file).await.taken, 1);
    let before = ContentHash::of(mail.as_bytes());
    assert_eq!(rows.run(&format!("update messages set content_key = '{}'", before.as_str())).await, 1);
    for again in [mail.as_str(), mail.trim_end()] {
        fs::write(&file, again).unwrap();
        let done = desk.import_files(Status::Closed, &file).await;
        assert_eq!((done.known, done.taken), (1, 0));
        let archive = scan(find(std::slice::from_ref(&file)).unwrap(), desk.desk.clock.now(), &mut |_| ());
        let looked = look(Some(&desk.desk.store), 1 << 20, &archive, &mut |_| ()).await.unwrap();
        assert_eq!((looked.known, looked.new), (1, 0));
        assert_eq!(desk.receive_again(again).await, None, "as live mail");
    }
    assert_eq!(rows.count("select count(*) from messages").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_rewritten_between_the_two_ways_through_it_says_so_and_gives_no_torn_message() {
    let desk = TestDesk::new().await;
    let file = desk.folder.path().join("old.mbox");
    let mails: Vec<String> = (1..=4)
        .map(|n| format!("From - Sat Oct 31 10:00:00 2026\n{}\n", old(ANN, "support@desk.test", &n.to_string(), "", 5, "It smokes.")))
        .collect();
    let whole = mails.concat();
    for (what, now, changed) in [
        ("a mail program notes something in the second", whole.replacen("Message-ID: <2@", "Status: RO\nMessage-ID: <2@", 1), 3),
        ("the first is taken out", mails[1..].concat(), 4),
        (
            "the third is another text under the same header",
            whole.replacen(&mails[2], &format!("{}It burns.\n\n", mails[2].trim_end()), 1),
            2,
        ),
        ("the last has more", format!("{}and more\n", whole.trim_end()), 1),
        ("another has come", format!("{whole}{}", mails[0]), 0),
    ] {
        fs::write(&file, &whole).unwrap();
        let archive = scan(find(std::slice::from_ref(&file)).unwrap(), desk.desk.clock.now(), &mut |_| ());
        fs::write(&file, now).unwrap();
        let looked = look(None, 1 << 20, &archive, &mut |_| ()).await.unwrap();
        assert_eq!((looked.new, looked.unreadable.len()), (4 - changed, usize::try_from(changed).unwrap()), "{what}: {looked:?}");
        for one in &looked.unreadable {
            assert!(one.why.contains("run this again"), "{what}: {one:?}");
        }
    }
    fs::write(&file, &whole).unwrap();
    assert_eq!(desk.import_files(Status::Closed, &file).await.taken, 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_hears_of_an_imported_ticket_until_somebody_here_has_written_on_it() {
    let desk = TestDesk::new().await;
    let to_both = old(ANN, "support@desk.test", "1", "", 29, "It smokes.").replace("Subject:", "Cc: Ben <ben@home.test>\nSubject:");
    let done = desk.import_as(Status::Resolved, &[to_both, old(DESK, ANN, "2", "1", 30, "Unplug it.")]).await;
    assert_eq!((done.tickets, done.taken), (1, 2));
    assert_eq!(desk.ticket(TicketNumber(1)).await.status, Status::Resolved);
    // Time closes it, and staff put it right.
    desk.later(SignedDuration::from_hours(7 * 24));
    assert_eq!(stale::close_stale(&desk.desk).await.unwrap(), [TicketNumber(1)]);
    set_status::set_status(&desk.desk, &desk.hal, TicketNumber(1), None, Status::Open).await.unwrap();
    set_status::set_status(&desk.desk, &desk.hal, TicketNumber(1), None, Status::Closed).await.unwrap();
    assert_eq!(desk.owed().await, 0);
    // Once somebody has written, they are told as everybody is.
    set_status::set_status(&desk.desk, &desk.hal, TicketNumber(1), None, Status::Open).await.unwrap();
    reply(&desk.desk, &desk.hal, TicketNumber(1), &reply_of("Does it still smoke?")).await.unwrap();
    assert_eq!(desk.mail_to("ann@home.test").await.len(), 1);
    set_status::set_status(&desk.desk, &desk.hal, TicketNumber(1), None, Status::Closed).await.unwrap();
    let told = desk.mail_to("ben@home.test").await;
    assert_eq!(told.len(), 1, "that it is closed");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_comes_later_finds_the_imported_ticket() {
    let desk = TestDesk::new().await;
    desk.import(&[old(ANN, "support@desk.test", "1", "", 5, "It smokes."), old(DESK, ANN, "2", "1", 20, "Unplug it.")]).await;
    let answer = mail(ANN, "Re: Printer", &["In-Reply-To: <2@home.test>"], "It smokes again.");
    let joined = desk.receive(&answer).await;
    assert_eq!((joined.decision, joined.ticket), ("add-comment", Some(TicketNumber(1))));
    assert_eq!(desk.ticket(TicketNumber(1)).await.status, Status::Open, "closed within the last thirty days");
    let to: Vec<String> = desk.mail().await.into_iter().map(|it| it.to).collect();
    assert!(to.iter().all(|it| it.ends_with("@desk.test")), "staff alone are told of it: {to:?}");
    // A second import adds what was missing, and leaves the ticket to those who work on it.
    desk.import(&[old(ANN, "support@desk.test", "1b", "1", 6, "Still.")]).await;
    let ticket = desk.ticket(TicketNumber(1)).await;
    assert_eq!((ticket.status, ticket.comments), (Status::Open, 4));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_people_work_on_is_not_closed_by_old_mail_and_old_numbers_mean_nothing() {
    let desk = TestDesk::new().await;
    let live = desk.write(ANN, "Scanner", "It hums.").await.ticket.unwrap();
    desk.mail().await;
    let numbered = old(ANN, "support@desk.test", "9", "", 5, "It smokes.").replace("Subject: Printer", "Subject: [#1] Printer");
    let done = desk.import(&[numbered, old(BEN, "support@desk.test", "8", "", 6, "Mine too.")]).await;
    assert_eq!((done.tickets, desk.said(live.0).await.len()), (2, 1));
    assert_eq!(desk.ticket(live).await.status, Status::Open);
    // Merged since, it is still found.
    merge::merge(&desk.desk, &desk.ada, TicketNumber(2), None, live).await.unwrap();
    let more = desk.import(&[old(ANN, "support@desk.test", "9b", "9", 7, "More smoke.")]).await;
    assert_eq!((more.tickets, more.taken, desk.ticket(live).await.status), (0, 1, Status::Open));
    desk.mail_does_not_matter();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_desk_wrote_to_others_is_a_note_and_what_only_claims_to_be_the_desks_is_not_said_in_its_name() {
    let desk = TestDesk::new().await;
    let done = desk
        .import(&[
            old(ANN, "support@desk.test", "1", "", 5, "It smokes."),
            old(HAL, "Parts <parts@maker.test>", "2", "1", 6, "What does a fuse cost?"),
            old(DESK, "support@desk.test", "3", "1", 7, "Your account is locked."),
            old(HAL, BEN, "4", "", 8, "We will come on Monday."),
        ])
        .await;
    assert_eq!((done.tickets, done.taken), (2, 3), "{done:?}");
    let said: Vec<_> = desk.said(1).await.iter().map(|it| (it.origin, it.visibility)).collect();
    assert_eq!(said, [(Origin::Customer, Visibility::Public), (Origin::Staff, Visibility::Internal)]);
    assert_eq!(desk.person("parts@maker.test").await, None, "whom a note went to is nobody’s customer");
    let first = desk.ticket(TicketNumber(2)).await;
    assert_eq!((first.requester, first.turn), (desk.person("ben@home.test").await.unwrap().id, Turn::Customer));
    assert_eq!(done.held.values().sum::<u64>(), 1, "{done:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_rules_hold_is_set_aside_and_what_cannot_be_decided_waits_and_stops_nothing() {
    let desk = TestDesk::new().await;
    let rakes = mail(BEN, "Rakes", &["Message-ID: <rakes@home.test>"], "Buy more.");
    let second = desk.receive(&rakes).await.ticket.unwrap();
    spam::mark(&desk.desk, &desk.hal, second, None, spam::Sender::Stays).await.unwrap();
    desk.mail_does_not_matter();
    let owed = desk.owed().await;
    let list =
        old("News <news@home.test>", "support@desk.test", "2", "", 6, "News.").replace("Subject:", "List-Id: <n.home.test>\nSubject:");
    let nobody = old(ANN, "support@desk.test", "3", "", 7, "Who?").replace("From: Ann Lee <ann@home.test>\n", "");
    let mails = [old(ANN, "support@desk.test", "1", "", 5, "It smokes."), list.clone(), nobody, old(DESK, BEN, "4", "rakes", 8, "No.")];
    let done = desk.import(&mails).await;
    assert_eq!((done.taken, done.held.values().sum::<u64>(), done.broken.len()), (1, 3, 1), "{done:?}");
    assert!(done.broken[0].what.ends_with("old.mbox, message 4"), "{done:?}");
    let rows = Rows::of(&desk.url).await;
    let held = |state: &str| format!("select count(*) from messages where decision = 'hold' and held = '{state}' and excerpt is not null");
    assert_eq!((rows.count(&held("discarded")).await, rows.count(&held("waiting")).await), (1, 2));
    assert_eq!(desk.owed().await, owed);
    // Mail that is still to be worked on waits for a person.
    let other = list.replace("<2@", "<2b@");
    desk.import_as(Status::Open, &[other, old(ANN, "support@desk.test", "5", "", 9, "It burns.")]).await;
    assert_eq!(rows.count(&held("waiting")).await, 3);
    let last = rows.count("select max(number) from tickets").await;
    assert_eq!(desk.ticket(TicketNumber(last)).await.status, Status::Open);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_old_tickets_of_one_sender_keep_none_of_their_mail_out_now() {
    let desk = TestDesk::new().await;
    let all: Vec<String> = (0..60).map(|n| old(ANN, "support@desk.test", &format!("m{n}"), "", 5, &format!("It smokes, {n}."))).collect();
    assert_eq!(desk.import(&all).await.tickets, 60, "no flood: nothing is answered");
    let now = desk.write(ANN, "Printer", "It burns.").await;
    assert_eq!(now.decision, "open-ticket");
    desk.mail_does_not_matter();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_month_of_old_mail_comes_in_once_goes_out_and_in_and_out_again_the_same() {
    let desk = TestDesk::new().await;
    let file = desk.folder.path().join("month.mbox");
    let n: u64 = std::env::var("MONTH_MESSAGES").ok().and_then(|it| it.parse().ok()).unwrap_or(300);
    month::mbox(7, usize::try_from(n).unwrap(), 2_000, &mut fs::File::create(&file).unwrap());
    let done = desk.import_files(Status::Closed, &file).await;
    let all = done.taken + done.held.values().sum::<u64>();
    assert_eq!((all, done.known, done.broken.len(), desk.owed().await), (n, 0, 0, 0), "{done:?}");
    assert!(done.held["Automatic"] >= 2 && done.held.len() == 1, "newsletters are set aside: {done:?}");
    let rows = Rows::of(&desk.url).await;
    assert_eq!(rows.count("select count(*) from tickets").await, i64::try_from(done.tickets).unwrap());
    let thread = "select count(*) from (select subject from tickets group by subject having count(*) > 1) as twice";
    assert_eq!(rows.count(thread).await, 0, "a thread is on several tickets");
    let before = rows.all().await;
    let again = desk.import_files(Status::Closed, &file).await;
    assert_eq!((again.known, again.taken), (n, 0));
    assert_eq!(rows.all().await, before, "a second import wrote something");

    let first = exported(&desk.desk.store).await;
    let there = crate::export::Empty::sqlite().await;
    assert_eq!(there.read(&first).await.unwrap()["message"], n);
    same(&first, &exported(&there.store).await);
    assert_eq!(findings(&there.store).await, []);
}
