//! What `maildesk verify` asks: each rule finds what breaks it. That nothing is wrong with a desk that is well, every test of this
//! program asks when it ends.

use maildesk::{
    actions::{
        merge::merge,
        move_message::{Destination, move_message},
        reply::reply,
        saved_views, snooze, spam, tag, visits,
        write_note::write_note,
    },
    desk::{comment::CommentText, id::CommentId, tag::TagName},
    store::{saved_views::SeenBy, verify::RULES},
};

use crate::{
    mail_loop::reply_of,
    rows::Rows,
    test_desk::{TestDesk, answer, mail},
};

/// A rule, and after what it is broken. `SQLITE`: PostgreSQL itself does not let it come to that.
const BROKEN: &[(&str, &str)] = &[
    (
        "erased",
        "insert into erasures (person, erased_at, tickets, comments, messages, outgoing, called_off, files)
            select id, 0, 0, 0, 0, 0, 0, 0 from people where email = 'eve@home.test' or email = 'dan@home.test'",
    ),
    ("erased-octets", "update messages set sha256 = '0000000000000000000000000000000000000000000000000000000000000000' where id = 6"),
    ("comment-count", "update tickets set comments = 99 where number = 1"),
    ("turn", "update tickets set turn = case turn when 'staff' then 'customer' else 'staff' end where number = 1"),
    ("queue-counts", "update queue_counts set n = n + 1"),
    ("course", "update courses set course = '' where ticket = 1"),
    ("due", "update tickets set due_at = 5, due = 'first-reply' where number = 1"),
    ("rated", "insert into ratings (ticket, resolved_at, rating, rated_at) values (1, 5, 'good', 5)"),
    ("search", "delete from search where rowid in (select id from comments where ticket = 1)"),
    ("ledger-octets", "SQLITE delete from blobs where sha256 = (select sha256 from messages where id = 2)"),
    ("attachment-octets", "SQLITE delete from blobs where sha256 = (select sha256 from attachments)"),
    ("outgoing-octets-kept", "SQLITE delete from blobs where sha256 = (select sha256 from outbox where id = 2)"),
    ("content", "update blobs set size = 1 where sha256 = (select sha256 from messages where id = 1)"),
    ("outgoing-octets", "update outbox set message_id = 'another@desk.test' where id = 1"),
    ("ledger-state", "update messages set trace = null where id = 1"),
    (
        "filed-undecided",
        "insert into sightings (mailbox, uid_validity, uid, message, seen_at, filed_at, filing) values (1, 1, 1, 1, 0, 0, 'done'); update messages set state = 'stored' where id = 1",
    ),
    ("one-comment", "update comments set message = 2 where id = 1"),
    ("done-undecided", "update messages set decision = 'ignore' where id = 5"),
    ("decided-and-done", "update messages set ticket = null where id = 4"),
    ("held", "update messages set held = null where decision = 'hold'"),
    ("discarded-on-ticket", "update messages set held = 'discarded' where id = 3"),
    ("outgoing-to-nobody", "delete from deliveries where outbox = 1"),
    ("delivery-attempts", "update deliveries set attempts = 0 where state = 'sent'"),
    ("delivery-state", "update deliveries set state = 'posted' where outbox = 2"),
    ("withheld-tried", "update deliveries set state = 'withheld', attempts = 1 where outbox = 3"),
    ("in-place-of", "update deliveries set instead_of = (select min(id) from deliveries) where id = (select max(id) from deliveries)"),
    ("note-to-customer", "update comments set visibility = 'internal' where id = 2"),
    (
        "withdrawn-waits",
        "update comments set withdrawn_at = 1 where id = 2;
        update deliveries set state = 'waiting', settled_at = null where outbox in (select id from outbox where comment = 2)",
    ),
    ("probe-sent", "insert into probes (mailbox, message_id, sent_at) values (1, 'gone@desk.test', 5)"),
    ("token", "insert into tokens (mailbox, purpose, good_until) values (1, 'x', 5)"),
    ("tags-in-history", "delete from ticket_tags where ticket = 1"),
    ("snoozed", "update tickets set snoozed_until = 5 where number = 1"),
    ("comment-in-history", "delete from events where comment = 3"),
    ("opened-once", "delete from events where kind = 'opened' and ticket = 3"),
    ("status-in-history", "update tickets set status = 'open' where number = 4"),
    ("priority-in-history", "insert into events (ticket, at, kind, old, new) values (2, 0, 'priority', 'normal', 'high')"),
    ("assignee-in-history", "update tickets set assignee = (select id from people where role = 'admin') where number = 2"),
    ("requester-takes-part", "delete from participants where ticket = 2"),
    ("merged", "update tickets set status = 'open' where number = 3"),
    ("merged-in-a-circle", "update tickets set merged_into = 3 where number = 2"),
    ("moved", "update comments set ticket = 2 where id = 6"),
    (
        "draft-octets",
        "SQLITE insert into drafts (id, person, ticket, kind, body, markup, updated_at) select 1, min(id), 1, 'reply', 'x', 'plain', 0 from people;
        insert into draft_files (draft, position, filename, content_type, size, sha256) values (1, 0, 'a', 'text/plain', 1, 'gone')",
    ),
    ("named-in-note", "insert into mentions (comment, person, handle) select 1, min(id), 'x' from people"),
    ("rendered", "update comments set markup = 'markdown' where id = 1"),
    ("expired", "update messages set expired_at = 5 where id = 3"),
    ("taken-away", "update blobs set packing = 'gone' where sha256 = (select sha256 from messages where id = 3)"),
];

const WITH_FILE: &str = "From: Ben <ben@home.test>\nTo: support@desk.test\nSubject: Scanner\nMessage-ID: <scanner@home.test>\n\
    Content-Type: multipart/mixed; boundary=b\n\n--b\n\nIt hums.\n--b\nContent-Type: text/csv\nContent-Disposition: attachment; filename=list.csv\n\na;b\n--b--\n";

/// A ticket that was answered (1), one with a file (2) of which a message was moved to the first, one that was merged into it (3),
/// one that was spam (4), and held mail.
pub async fn lived() -> TestDesk {
    let desk = TestDesk::new().await;
    desk.mail_does_not_matter();
    let printer = desk.write("Ann Lee <ann@home.test>", "Printer", "It smokes.").await.ticket.unwrap();
    reply(&desk.desk, &desk.hal, printer, &reply_of("Unplug it.")).await.unwrap();
    desk.later(jiff::SignedDuration::from_mins(1));
    let note = CommentText::parse("She should not touch it.").unwrap();
    write_note(&desk.desk, &desk.hal, printer, &note, &[]).await.unwrap();
    let left = desk.mail_to("ann@home.test").await;
    desk.receive(&answer(left.last().unwrap(), "Ann Lee <ann@home.test>", "It is off.")).await;
    let scanner = desk.receive(WITH_FILE).await.ticket.unwrap();
    let moved = mail("Ben <ben@home.test>", "Re: Scanner", &["In-Reply-To: <scanner@home.test>"], "It hums on.");
    assert_eq!(desk.receive(&moved).await.ticket, Some(scanner));
    move_message(&desk.desk, &desk.hal, CommentId(6), None, Destination::Ticket(printer)).await.unwrap();
    let third = desk.write("Cleo <cleo@home.test>", "Scanner too", "Mine also.").await.ticket.unwrap();
    for (number, tag) in [(printer, "Hardware"), (third, "hardware"), (third, "noisy")] {
        tag::add(&desk.desk, &desk.hal, number, &TagName::parse(tag).unwrap()).await.unwrap();
    }
    merge(&desk.desk, &desk.hal, third, None, scanner).await.unwrap();
    let until = desk.desk.clock.now() + jiff::SignedDuration::from_hours(3);
    snooze::snooze(&desk.desk, &desk.hal, scanner, None, until).await.unwrap();
    saved_views::save(&desk.desk, &desk.ada, "Noisy", "view=open&tag=2", SeenBy::Everybody).await.unwrap();
    visits::look(&desk.desk, &desk.hal, printer, CommentId(4)).await.unwrap();
    let fourth = desk.write("Dan <dan@home.test>", "Rakes", "Buy rakes.").await.ticket.unwrap();
    spam::mark(&desk.desk, &desk.hal, fourth, None, spam::Sender::Stays).await.unwrap();
    desk.receive(&mail("Eve <eve@home.test>", "Rakes", &["X-Spam-Flag: YES"], "More rakes.")).await;
    desk
}

#[tokio::test(flavor = "multi_thread")]
async fn each_rule_finds_what_breaks_it() {
    let desk = lived().await;
    assert_eq!(desk.verify().await, []);
    desk.is_damaged();
    let rows = Rows::of(&desk.url).await;
    for (rule, statements) in BROKEN {
        let statements = match (statements.strip_prefix("SQLITE "), &rows) {
            (Some(sql), Rows::Sqlite(_)) => format!("pragma foreign_keys = off; {sql}; pragma foreign_keys = on"),
            (Some(_), Rows::Postgres(_)) => continue,
            (None, _) => (*statements).to_owned(),
        };
        let found = desk.verify().await;
        assert!(found.iter().all(|it| it.rule != *rule), "{rule} is broken before: {found:#?}");
        match &rows {
            Rows::Sqlite(_) => drop(rows.run(&statements).await),
            Rows::Postgres(_) => {
                for sql in statements.split(';') {
                    rows.run(sql).await;
                }
            }
        }
        let found = desk.verify().await;
        let this = found.iter().find(|it| it.rule == *rule).unwrap_or_else(|| panic!("{rule} is not found: {found:#?}"));
        assert!(this.count > 0 && !this.places.is_empty(), "{this:?}");
    }
}

#[test]
fn every_rule_is_among_those_that_are_broken_here() {
    for rule in RULES {
        assert!(BROKEN.iter().any(|(name, _)| *name == rule.name), "{}: nothing shows that it finds anything", rule.name);
    }
}
