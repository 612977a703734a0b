//! A customer is erased: nothing of them is left in the database or the blob folder, what is others’ stays, and it stays so.

use std::{collections::BTreeMap, path::Path};

use jiff::SignedDuration;
use maildesk::{
    actions::{
        ActionError, Kind, deliveries,
        erase::{Erased, Swept, erase, would_erase},
        people::{self, By},
        reply::reply,
        sender_rules::{self, NewRule},
        write_note::write_note,
    },
    desk::{comment::CommentText, erasure, id::TicketNumber, sender::SenderVerdict},
    store::{Opener, Store, blobs::SMALL, export},
    workers::housekeeping,
};

use crate::{
    mail_loop::reply_of,
    rows::Rows,
    test_desk::{TestDesk, answer, mail},
};

/// Words that only Greta, or somebody writing to Greta, ever wrote.
const HERS: [&str; 8] = ["greta", "zimmerli", "xylophone", "marimba", "glockenspiel", "vibraphone", "celesta", "timpani"];

fn with_files(from: &str, subject: &str, id: &str, text: &str, files: &[(&str, &str)]) -> String {
    let parts: String = files
        .iter()
        .map(|(name, content)| format!("--b\nContent-Type: text/csv\nContent-Disposition: attachment; filename={name}\n\n{content}\n"))
        .collect();
    format!(
        "From: {from}\nTo: support@desk.test\nSubject: {subject}\nMessage-ID: <{id}>\nDate: Mon, 2 Nov 2026 08:00:00 +0000\nMIME-Version: 1.0\n\
        Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\n{text}\n{parts}--b--\n"
    )
}

struct Lived {
    desk: TestDesk,
    greta: maildesk::desk::person::Person,
    hers: TicketNumber,
    bens: TicketNumber,
    first: String,
}

/// Greta has a ticket with a large file and one that Ben sent too; she joined Ben’s; more of hers is held; Hal answered and noted.
async fn lived() -> Lived {
    let desk = TestDesk::new().await;
    desk.mail_does_not_matter();
    let large = "vibraphone,1\n".repeat(SMALL / 10);
    let shared = "price,list\n".repeat(SMALL / 10);
    let files = [("glockenspiel.csv", large.as_str()), ("prices.csv", shared.as_str())];
    let first = with_files("Greta Zimmerli <greta@zimmerli.test>", "My xylophone", "one@zimmerli.test", "The marimba is broken.", &files);
    let hers = desk.receive(&first).await.ticket.unwrap();
    reply(&desk.desk, &desk.hal, hers, &reply_of("Dear Greta Zimmerli, hit the celesta.")).await.unwrap();
    let note = CommentText::parse("Greta plays the timpani badly.").unwrap();
    write_note(&desk.desk, &desk.hal, hers, &note, &[]).await.unwrap();
    desk.later(SignedDuration::from_mins(1));
    let left = desk.mail_to("greta@zimmerli.test").await;
    desk.receive(&answer(left.last().unwrap(), "Greta Zimmerli <greta@zimmerli.test>", "No celesta here.")).await;
    let ben = with_files("Ben <ben@home.test>", "Prices", "two@home.test", "Please look.", &[("prices.csv", &shared)]);
    let bens = desk.receive(&ben.replace("To: support@desk.test", "To: support@desk.test\nCc: Greta Zimmerli <greta@zimmerli.test>")).await;
    let bens = bens.ticket.unwrap();
    let joined = mail("Greta Zimmerli <greta@zimmerli.test>", "Re: Prices", &["In-Reply-To: <two@home.test>"], "A marimba costs more.");
    desk.receive(&joined).await;
    desk.receive(&mail("Greta Zimmerli <greta@zimmerli.test>", "Timpani", &["X-Spam-Flag: YES"], "Buy timpani.")).await;
    desk.mail().await;
    let greta = desk.person("greta@zimmerli.test").await.unwrap();
    Lived { desk, greta, hers, bens, first }
}

/// Where a word of hers is: table and row, or file.
async fn traces(desk: &TestDesk, words: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    let rows = Rows::of(&desk.url).await;
    for (table, lines) in rows.all().await {
        for line in lines {
            let lower = line.to_lowercase();
            found.extend(words.iter().filter(|it| lower.contains(**it)).map(|it| format!("{it} in {table}: {line:.300}")));
        }
    }
    drop(rows);
    let contents = contents(desk).await;
    for (sha256, octets) in &contents {
        let lower = String::from_utf8_lossy(octets).to_lowercase();
        found.extend(words.iter().filter(|it| lower.contains(**it)).map(|it| format!("{it} in content {sha256}: {lower:.600}")));
    }
    walk(desk.folder.path(), &mut |path, octets| {
        let lower = String::from_utf8_lossy(octets).to_lowercase();
        found.extend(words.iter().filter(|it| lower.contains(**it)).map(|it| format!("{it} in {}", path.display())));
    });
    found
}

/// What every content says, unpacked.
async fn contents(desk: &TestDesk) -> BTreeMap<String, Vec<u8>> {
    let rows = Rows::of(&desk.url).await;
    let mut all = BTreeMap::new();
    let mut conn = desk.desk.store.read().await.unwrap();
    for sha256 in rows.texts("select sha256 from blobs".to_owned()).await {
        let hash = maildesk::store::blobs::ContentHash::parse(&sha256).unwrap();
        if let Some(octets) = desk.desk.store.blobs().get_if_kept(&mut conn, &hash).await.unwrap() {
            all.insert(sha256, octets);
        }
    }
    all
}

fn walk(folder: &Path, look: &mut dyn FnMut(&Path, &[u8])) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { walk(&path, look) } else { look(&path, &std::fs::read(&path).unwrap()) }
    }
}

/// The content that is Ben’s own mail, which names her.
fn bens_file(left: &[String]) -> String {
    let named = left.iter().find_map(|it| it.split_once("content ").filter(|_| it.contains(": from: ben <ben@home.test>")));
    named.unwrap().1[..64].to_owned()
}

fn refused<T: std::fmt::Debug>(result: Result<T, ActionError>, why: &str) {
    let error = result.unwrap_err();
    assert!(error.to_string().contains(why), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_an_erased_customer_is_left_and_what_is_others_stays() {
    let Lived { desk, greta, hers, bens, first } = lived().await;
    let ada = By::Admin(&desk.ada);
    assert!(!traces(&desk, &HERS).await.is_empty());
    let before = desk.ticket(hers).await;
    let rows = Rows::of(&desk.url).await;
    let figures = "select count(*) || ' ' || sum(backlog) || ' ' || max(at) from events";
    let history = rows.texts(figures.to_owned()).await;
    let course = "select course from courses where ticket = 1";
    let went = rows.texts(course.to_owned()).await;
    drop(rows);
    let (_, would) = would_erase(&desk.desk, ada, greta.id).await.unwrap();
    let Erased { counts, swept } = erase(&desk.desk, ada, greta.id, " Greta@Zimmerli.test").await.unwrap();
    assert!(matches!(swept, Swept::Done), "{swept:?}");
    assert_eq!(counts, would);
    assert_eq!((counts.tickets, counts.messages, counts.files), (1, 4, 2), "{counts:?}");
    // Ben named her in a mail of his own: that stays, and nothing else.
    let left = traces(&desk, &HERS).await;
    let bens_file = bens_file(&left);
    let bens_mail = |it: &String| it.contains(&bens_file);
    assert!(left.iter().all(bens_mail), "{left:#?}");
    let after = desk.ticket(hers).await;
    assert_eq!((after.number, after.status, after.opened_at), (before.number, before.status, before.opened_at));
    assert_eq!(after.subject, erasure::MASK);
    let rows = Rows::of(&desk.url).await;
    assert_eq!(rows.texts(figures.to_owned()).await, history);
    assert_eq!(rows.texts(course.to_owned()).await, went);
    assert_eq!(desk.ticket(bens).await.subject, "Prices");
    let said = rows.texts(format!("select body from comments where ticket = {bens} order by id")).await;
    assert_eq!(said, ["Please look.", erasure::MASK]);
    let prices = format!("select a.sha256 from attachments a join comments c on c.id = a.comment where c.ticket = {bens}");
    let prices = rows.texts(prices).await;
    assert!(contents(&desk).await.get(&prices[0]).is_some_and(|it| it.starts_with(b"price,list")), "Ben sent the same file");
    drop(rows);
    // Met again, also by another way: nothing is taken in.
    assert!(desk.receive_again(&first).await.is_none());
    assert!(desk.receive_again(&format!("Received: by another server\n{first}")).await.is_none());
    assert!(traces(&desk, &HERS).await.iter().all(bens_mail));
    assert_eq!(desk.verify().await, []);
    refused(erase(&desk.desk, ada, greta.id, "greta@zimmerli.test").await, "erased already");
    refused(people::enable(&desk.desk, ada, greta.id).await, "was erased");
    // Whoever writes from there later is somebody new.
    let again = desk.write("Greta Zimmerli <greta@zimmerli.test>", "Hello", "It is me.").await.ticket.unwrap();
    assert!(again != hers && desk.person("greta@zimmerli.test").await.unwrap().id != greta.id);
}

#[tokio::test(flavor = "multi_thread")]
async fn not_one_octet_of_the_database_file_or_the_blob_folder_speaks_of_them() {
    let desk = TestDesk::new().await;
    desk.mail_does_not_matter();
    for turn in 0..20 {
        let text = format!("The marimba is broken, {turn}. {}", "Xylophone glockenspiel. ".repeat(400));
        desk.write("Greta Zimmerli <greta@zimmerli.test>", &format!("Vibraphone {turn}"), &text).await;
        desk.write("Ben <ben@home.test>", &format!("Printer {turn}"), "It smokes.").await;
    }
    let greta = desk.person("greta@zimmerli.test").await.unwrap();
    let pattern = "greta@zimmerli.test".parse().unwrap();
    let rule = NewRule { pattern, verdict: SenderVerdict::Hold, note: "Greta again".to_owned() };
    sender_rules::add(&desk.desk, &desk.ada, &rule).await.unwrap();
    let Erased { swept, .. } = erase(&desk.desk, By::Shell, greta.id, "greta@zimmerli.test").await.unwrap();
    assert!(matches!(swept, Swept::Done), "{swept:?}");
    assert_eq!(traces(&desk, &HERS).await, Vec::<String>::new());
    assert!(!traces(&desk, &["ben@home.test"]).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_they_had_before_is_gone_too_and_whoever_has_it_since_stays() {
    let Lived { desk, greta, .. } = lived().await;
    let pattern = "greta@zimmerli.test".parse().unwrap();
    let rule = NewRule { pattern, verdict: SenderVerdict::Hold, note: String::new() };
    sender_rules::add(&desk.desk, &desk.ada, &rule).await.unwrap();
    let ada = By::Admin(&desk.ada);
    assert!(people::set_address(&desk.desk, ada, greta.id, &"greta@marimba.test".parse().unwrap()).await.unwrap());
    desk.mail().await;
    desk.later(SignedDuration::from_mins(1));
    let Erased { counts, .. } = erase(&desk.desk, ada, greta.id, "greta@marimba.test").await.unwrap();
    assert_eq!((counts.tickets, counts.messages, counts.files), (1, 4, 2), "{counts:?}");
    let left = traces(&desk, &HERS).await;
    assert!(left.iter().all(|it| it.contains(&bens_file(&left))), "{left:#?}");
    assert_eq!(desk.verify().await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_writes_from_an_address_that_was_given_up_is_not_erased_with_who_had_it() {
    let Lived { desk, greta, .. } = lived().await;
    let ada = By::Admin(&desk.ada);
    people::set_address(&desk.desk, ada, greta.id, &"greta@marimba.test".parse().unwrap()).await.unwrap();
    desk.later(SignedDuration::from_mins(1));
    let new = desk.write("Zoe <greta@zimmerli.test>", "A new owner", "This address is mine now.").await.ticket.unwrap();
    desk.mail().await;
    erase(&desk.desk, ada, greta.id, "greta@marimba.test").await.unwrap();
    assert_eq!(desk.ticket(new).await.subject, "A new owner");
    let rows = Rows::of(&desk.url).await;
    assert_eq!(rows.texts(format!("select body from comments where ticket = {new}")).await, ["This address is mine now."]);
    assert_eq!(rows.count("select count(*) from messages where sender = 'greta@zimmerli.test'").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_customer_is_erased_and_only_by_an_admin_who_types_the_address() {
    let Lived { desk, greta, .. } = lived().await;
    let ada = By::Admin(&desk.ada);
    refused(erase(&desk.desk, ada, desk.hal.id, "hal@desk.test").await, "is staff");
    refused(erase(&desk.desk, ada, greta.id, "greta@home.test").await, "not their address");
    assert_eq!(erase(&desk.desk, By::Admin(&desk.hal), greta.id, "greta@zimmerli.test").await.unwrap_err().kind(), Kind::Forbidden);
    assert_eq!(desk.person("greta@zimmerli.test").await.unwrap(), greta);
}

#[tokio::test(flavor = "multi_thread")]
async fn mail_that_waits_for_them_is_called_off_and_mail_for_others_stops_it() {
    let Lived { desk, greta, hers, bens, .. } = lived().await;
    reply(&desk.desk, &desk.hal, hers, &reply_of("Another celesta.")).await.unwrap();
    let waiting = "select count(*) from deliveries where state = 'waiting'";
    assert!(Rows::of(&desk.url).await.count(waiting).await > 0);
    reply(&desk.desk, &desk.hal, bens, &reply_of("Here they are.")).await.unwrap();
    let rows = Rows::of(&desk.url).await;
    let to_both = rows.count("select count(*) from deliveries d where d.state = 'waiting' and d.address = 'greta@zimmerli.test'").await;
    if to_both > 1 {
        refused(erase(&desk.desk, By::Shell, greta.id, "greta@zimmerli.test").await, "still to leave to somebody else");
    }
    desk.later(SignedDuration::from_mins(5));
    // PostgreSQL may still hold the rows of what was refused, and a sender passes over them.
    while rows.count("select count(*) from deliveries where state = 'waiting' and address = 'ben@home.test'").await > 0 {
        desk.mail_to("ben@home.test").await;
        tokio::task::yield_now().await;
    }
    reply(&desk.desk, &desk.hal, hers, &reply_of("A third celesta.")).await.unwrap();
    let Erased { counts, .. } = erase(&desk.desk, By::Shell, greta.id, "greta@zimmerli.test").await.unwrap();
    assert!(counts.called_off > 0);
    assert_eq!(rows.count(waiting).await, 0);
    let one = rows.count("select max(id) from deliveries where state = 'cancelled'").await;
    let again = deliveries::retry(&desk.desk, &desk.hal, maildesk::desk::id::DeliveryId(one)).await;
    refused(again, "was erased");
    desk.later(SignedDuration::from_mins(5));
    assert!(desk.mail().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_left_over_is_removed_by_the_next_round() {
    let Lived { desk, greta, .. } = lived().await;
    erase(&desk.desk, By::Shell, greta.id, "greta@zimmerli.test").await.unwrap();
    // As if the program had ended between the commit and the removal.
    let (gone, named) = ("ab".repeat(32), "cd".repeat(32));
    for it in [&gone, &named] {
        let folder = desk.folder.path().join("blobs").join(&it[..2]);
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join(it), b"glockenspiel").unwrap();
    }
    let rows = Rows::of(&desk.url).await;
    rows.run(&format!("update erasures set unswept = '[\"{gone}\"]'")).await;
    drop(rows);
    housekeeping::step(&desk.desk, &mut Default::default(), &mut Default::default(), tokio::time::Instant::now()).await.unwrap();
    assert!(!desk.folder.path().join("blobs/ab").join(&gone).exists() && desk.folder.path().join("blobs/cd").join(&named).exists());
    assert_eq!(Rows::of(&desk.url).await.count("select count(*) from erasures where unswept is not null").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erased_customer_is_exported_as_such_and_stays_erased_elsewhere() {
    let Lived { desk, greta, .. } = lived().await;
    erase(&desk.desk, By::Shell, greta.id, "greta@zimmerli.test").await.unwrap();
    let lines = crate::export::exported(&desk.desk.store).await;
    assert!(!String::from_utf8(lines.clone()).unwrap().contains("xylophone"));
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("desk.db").display());
    let store = Store::open(&url, folder.path(), Opener::Command).await.unwrap();
    export::read(&store, lines.as_slice(), "held back", |_| ()).await.unwrap();
    assert_eq!(crate::export::exported(&store).await, lines);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erasure_waits_for_mail_of_theirs_that_is_being_decided() {
    let desk = TestDesk::on_postgres().await;
    desk.mail_does_not_matter();
    desk.write("Greta Zimmerli <greta@zimmerli.test>", "Xylophone", "It is broken.").await;
    let greta = desk.person("greta@zimmerli.test").await.unwrap();
    let mut deciding = desk.desk.store.begin().await.unwrap();
    maildesk::store::people::by_email_held(&mut deciding, &greta.email).await.unwrap();
    let erasing = tokio::spawn({
        let (desk, id) = (desk.desk.clone(), greta.id);
        async move { erase(&desk, By::Shell, id, "greta@zimmerli.test").await.map(|_| ()) }
    });
    let waits = "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
    let rows = Rows::of(&desk.url).await;
    while rows.count(waits).await == 0 {
        assert!(!erasing.is_finished(), "it did not wait");
        tokio::task::yield_now().await;
    }
    drop(deciding);
    erasing.await.unwrap().unwrap();

    // And whichever is first, nothing of theirs is left.
    for n in 0..20 {
        let from = format!("Customer {n} <c{n}@zimmerli.test>");
        desk.write(&from, "Celesta", "It is broken.").await;
        let who = desk.person(&format!("c{n}@zimmerli.test")).await.unwrap();
        let typed = format!("c{n}@zimmerli.test");
        let raw = mail(&from, "Timpani", &[], "They are broken, too.");
        let (_, erased) = tokio::join!(desk.receive(&raw), erase(&desk.desk, By::Shell, who.id, &typed));
        match erased {
            Ok(_) => {}
            Err(error) => assert_eq!(error.kind(), Kind::Conflict, "{error}"),
        }
    }
    let left = "select count(*) from comments c join erasures e on e.person = c.author where c.body <> '(erased)'";
    assert_eq!(rows.count(left).await, 0);
}
