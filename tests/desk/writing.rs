//! What staff write in the panel: how it leaves, whom it reaches, what waits while it is written.

use maildesk::{
    actions::{
        ActionError, NewFile,
        drafts::{Basis, Keeping, forget_old, keep},
        merge::merge,
        participants::add,
        reply::{Composed, Reply, reply},
        saved_replies,
        set_status::set_status,
        signatures::{set_of_mailbox, set_own},
        undo_change::{self, Was},
        withdraw_reply::withdraw_reply,
        write_note::{write_note, write_note_as},
    },
    desk::{
        comment::{CommentText, Markup},
        delivery::DeliveryState,
        draft::{DraftKind, KEPT_FOR},
        id::{CommentId, TicketNumber},
        person::Role,
        settings::{DeskSettings, Reach, StatusNotice},
        ticket::Status,
    },
    store::{
        blobs::ContentHash,
        conversation::{Audience, Said, said},
        drafts::{Draft, Kept, Place, get},
        outbox::{Outcome, of_ticket},
        participants::{self, Participation},
        saved_replies::Saving,
        sending,
    },
};

use crate::test_desk::{TestDesk, mail};

fn words(text: &str) -> CommentText {
    CommentText::parse(text).unwrap()
}

fn written(text: &str, composed: Composed) -> Reply {
    Reply { text: words(text), files: Vec::new(), seen: Some(CommentId(i64::MAX)), then: None, composed }
}

fn markdown() -> Composed {
    Composed { markup: Markup::Markdown, ..Composed::default() }
}

fn file(name: &str, bytes: &[u8]) -> NewFile {
    NewFile { name: name.to_owned(), content_type: "text/csv".to_owned(), content_id: None, bytes: bytes.to_vec() }
}

async fn a_ticket(desk: &TestDesk) -> TicketNumber {
    let number = desk.write("Ann Lee <ann@home.test>", "Printer", "It smokes.").await.ticket.unwrap();
    desk.mail().await;
    number
}

async fn last(desk: &TestDesk, number: TicketNumber) -> Said {
    let mut conn = desk.desk.store.read().await.unwrap();
    said(&mut conn, number, Audience::Staff, 100).await.unwrap().pop().unwrap()
}

/// Mail to Ann that waits for its time.
async fn waiting(desk: &TestDesk) -> i64 {
    let mut tx = desk.desk.store.begin().await.unwrap();
    let rows = of_ticket(&mut tx, TicketNumber(1), desk.desk.clock.now()).await.unwrap();
    rows.iter().filter(|it| it.address == "ann@home.test" && it.state == DeliveryState::Waiting.as_str()).count().try_into().unwrap()
}

async fn draft(desk: &TestDesk, number: TicketNumber, kind: DraftKind) -> Option<Draft> {
    let mut conn = desk.desk.store.read().await.unwrap();
    get(&mut conn, Place { person: desk.hal.id, ticket: number, kind }).await.unwrap()
}

fn keeping(body: &str, files: Vec<NewFile>) -> Keeping {
    Keeping { kept: Kept { body: body.to_owned(), ..Kept::default() }, files, ..Keeping::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn markdown_leaves_as_it_was_typed_and_as_it_is_meant() {
    let desk = TestDesk::new().await;
    let number = a_ticket(&desk).await;
    reply(&desk.desk, &desk.hal, number, &written("**Unplug** it:\n\n- the lead\n- <b>all</b>\n\nhttps://x.test/how", markdown()))
        .await
        .unwrap();
    let [left] = desk.mail_to("ann@home.test").await.try_into().unwrap();
    assert!(left.read.text.contains("**Unplug** it:\n\n- the lead\n- <b>all</b>\n\nhttps://x.test/how"), "{}", left.read.text);
    let html = left.read.html.unwrap();
    for set in ["<strong>Unplug</strong> it:", "<li>the lead</li>", "<li>&lt;b&gt;all&lt;/b&gt;</li>", "<a href=\"https://x.test/how\""] {
        assert!(html.contains(set), "{set} in {html}");
    }
    let shown = last(&desk, number).await;
    assert!(shown.rendered.unwrap().contains("<strong>Unplug</strong>") && !shown.has_html);
    assert!(shown.body.starts_with("**Unplug**"), "the words themselves are kept as typed");
}

#[tokio::test(flavor = "multi_thread")]
async fn plain_text_keeps_its_stars() {
    let desk = TestDesk::new().await;
    let number = a_ticket(&desk).await;
    reply(&desk.desk, &desk.hal, number, &written("2 * 3 * 4 <b>", Composed::default())).await.unwrap();
    let [left] = desk.mail_to("ann@home.test").await.try_into().unwrap();
    assert!(left.raw.contains("2 * 3 * 4 &lt;b&gt;"), "{}", left.raw);
    assert_eq!(last(&desk, number).await.rendered, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signature_stands_below_once_and_one_s_own_before_the_mailbox_s() {
    let desk = TestDesk::new().await;
    let number = a_ticket(&desk).await;
    set_of_mailbox(&desk.desk, &desk.ada, desk.mailbox, "{{ helper.first_name }}\n{{ company }} · #{{ ticket.number }}").await.unwrap();
    reply(&desk.desk, &desk.hal, number, &written("Unplug it.", Composed::default())).await.unwrap();
    let [left] = desk.mail_to("ann@home.test").await.try_into().unwrap();
    let below = format!("Unplug it.\n\n-- \nHal\n{} · #{number}\n", desk.desk.settings.name);
    assert!(left.read.text.contains(&below), "{:?}", left.read.text);
    let html = left.read.html.unwrap();
    assert!(html.contains(&format!("Hal<br>{} · #{number}</p>", desk.desk.settings.name)), "{html}");

    set_own(&desk.desk, &desk.hal, "Yours, Hal").await.unwrap();
    reply(&desk.desk, &desk.hal, number, &written("And now?\n\nYours, Hal", Composed::default())).await.unwrap();
    let [left] = desk.mail_to("ann@home.test").await.try_into().unwrap();
    assert_eq!(left.read.text.matches("Yours, Hal").count(), 1, "{}", left.read.text);
    assert_eq!(last(&desk, number).await.signature, "");

    for wrong in ["{{ helper.shoe_size }}", &"x\n".repeat(20)] {
        assert!(matches!(set_own(&desk.desk, &desk.hal, wrong).await, Err(ActionError::Invalid { .. })), "{wrong}");
    }
    assert!(matches!(set_of_mailbox(&desk.desk, &desk.hal, desk.mailbox, "x").await, Err(ActionError::Forbidden)));
    assert!(matches!(set_own(&desk.desk, &desk.ann, "x").await, Err(ActionError::Forbidden)));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_added_takes_part_from_then_on_and_is_not_sent_what_was_said_before() {
    let desk = TestDesk::new().await;
    let number = a_ticket(&desk).await;
    desk.later(jiff::SignedDuration::from_mins(1));
    let composed = Composed { cc: vec!["ben@home.test".parse().unwrap()], ..Composed::default() };
    reply(&desk.desk, &desk.hal, number, &written("Unplug it.", composed)).await.unwrap();
    let [to_ben] = desk.mail_to("ben@home.test").await.try_into().unwrap();
    assert!(to_ben.raw.contains("ann@home.test") && !to_ben.read.text.contains("It smokes."), "{}", to_ben.read.text);
    reply(&desk.desk, &desk.hal, number, &written("Still there?", Composed::default())).await.unwrap();
    assert_eq!(desk.mail_to("ben@home.test").await.len(), 1, "they take part");
    let ours = Composed { cc: vec!["support@desk.test".parse().unwrap()], ..Composed::default() };
    assert!(matches!(reply(&desk.desk, &desk.hal, number, &written("x", ours)).await, Err(ActionError::Invalid { .. })));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_left_out_is_not_sent_this_one_and_the_next_again() {
    let desk = TestDesk::new().await;
    let number = a_ticket(&desk).await;
    let composed = Composed { cc: vec!["ben@home.test".parse().unwrap()], ..Composed::default() };
    reply(&desk.desk, &desk.hal, number, &written("Unplug it.", composed)).await.unwrap();
    assert_eq!(desk.mail_to("ben@home.test").await.len(), 1);
    let ben = desk.person("ben@home.test").await.unwrap();
    let without = |people: Vec<_>| Composed { left_out: people, ..Composed::default() };
    reply(&desk.desk, &desk.hal, number, &written("Between us.", without(vec![ben.id]))).await.unwrap();
    let left = desk.mail_to("ann@home.test").await;
    assert!(left.len() == 1 && !left[0].raw.contains("ben@home.test"), "{left:?}");
    let nobody = reply(&desk.desk, &desk.hal, number, &written("x", without(vec![ben.id, desk.ann.id]))).await;
    assert!(nobody.unwrap_err().to_string().contains("everybody who takes part is left out"));
    reply(&desk.desk, &desk.hal, number, &written("Both again.", Composed::default())).await.unwrap();
    let [again] = desk.mail_to("ben@home.test").await.try_into().unwrap();
    assert!(!again.raw.contains("Between us"), "nor is it quoted to them: {}", again.raw);
}

#[tokio::test(flavor = "multi_thread")]
async fn whom_a_note_names_is_told_without_its_words_and_answers_to_the_colleague() {
    let desk = TestDesk::new().await;
    let number = a_ticket(&desk).await;
    write_note(&desk.desk, &desk.hal, number, &words("@ada, zzsecretzz. @hal @nobody ann@ada.test"), &[]).await.unwrap();
    let left = desk.mail().await;
    let [told] = left.as_slice() else { panic!("{left:?}") };
    assert_eq!(told.to, "ada@desk.test");
    assert!(told.read.text.contains("Hal Nine named you in a note") && !told.raw.contains("zzsecretzz"), "{}", told.raw);
    assert!(told.raw.contains("Reply-To: ") && told.raw.contains("<hal@desk.test>"), "an answer goes to Hal: {}", told.raw);
    assert!(!told.read.text.contains("goes to the customer"));
    assert_eq!(last(&desk, number).await.named, ["hal", "ada"]);
    // The customer sees nothing of it.
    let mut conn = desk.desk.store.read().await.unwrap();
    assert_eq!(said(&mut conn, number, Audience::Customer, 100).await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_told_of_a_ticket_that_is_not_theirs_to_see() {
    let desk = TestDesk::with(DeskSettings { helpers_see: Reach::Assigned, ..DeskSettings::default() }, |_| {}).await;
    let number = a_ticket(&desk).await;
    desk.add(Role::Helper, "Ida Far", "ida@desk.test").await;
    write_note(&desk.desk, &desk.ada, number, &words("@ida @ann look"), &[]).await.unwrap();
    assert!(desk.mail().await.is_empty());
    assert!(last(&desk, number).await.named.is_empty(), "out of reach is a word like any other");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draft_waits_with_its_files_and_leaves_with_the_reply() {
    let desk = TestDesk::new().await;
    let number = a_ticket(&desk).await;
    let large = vec![7_u8; 300_000];
    keep(&desk.desk, &desk.hal, number, DraftKind::Reply, &keeping("Unpl", vec![file("a.csv", b"a;b")])).await.unwrap();
    keep(&desk.desk, &desk.hal, number, DraftKind::Note, &keeping("Among us", Vec::new())).await.unwrap();
    keep(&desk.desk, &desk.hal, number, DraftKind::Reply, &keeping("Unplug it.", vec![file("b.bin", &large)])).await.unwrap();
    let found = draft(&desk, number, DraftKind::Reply).await.unwrap();
    let names: Vec<_> = found.files.iter().map(|it| it.file.filename.as_str()).collect();
    assert_eq!((found.kept.body.as_str(), names), ("Unplug it.", vec!["a.csv", "b.bin"]));
    let too_much = keep(&desk.desk, &desk.hal, number, DraftKind::Reply, &keeping("x", vec![file("c", &vec![0; 25_000_000])])).await;
    assert!(too_much.unwrap_err().to_string().contains("at most 25 can be sent"));

    let kept = found.files.iter().map(|it| it.id).collect();
    reply(&desk.desk, &desk.hal, number, &written("Unplug it.", Composed { kept, ..Composed::default() })).await.unwrap();
    let [left] = desk.mail_to("ann@home.test").await.try_into().unwrap();
    assert_eq!(left.read.attachments.iter().map(|it| it.bytes.len()).collect::<Vec<_>>(), [3, 300_000]);
    assert!(draft(&desk, number, DraftKind::Reply).await.is_none(), "what was sent is no draft");
    assert_eq!(draft(&desk, number, DraftKind::Note).await.unwrap().kept.body, "Among us");
    // A page from before that says what it has is not listened to.
    let old = Keeping { seen: Some(CommentId(1)), ..keeping("Unplug", Vec::new()) };
    assert!(matches!(keep(&desk.desk, &desk.hal, number, DraftKind::Reply, &old).await, Err(ActionError::Conflict(_))));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_the_page_showed_and_that_is_gone_stops_the_reply() {
    let desk = TestDesk::new().await;
    let number = a_ticket(&desk).await;
    keep(&desk.desk, &desk.hal, number, DraftKind::Reply, &keeping("x", vec![file("a", &vec![1; 300_000])])).await.unwrap();
    let it = draft(&desk, number, DraftKind::Reply).await.unwrap().files.remove(0);
    let off = Keeping { without: vec![it.id], ..keeping("x", Vec::new()) };
    keep(&desk.desk, &desk.hal, number, DraftKind::Reply, &off).await.unwrap();
    let mut conn = desk.desk.store.read().await.unwrap();
    assert!(desk.desk.store.blobs().get(&mut conn, &it.file.sha256).await.is_err(), "nobody names it: it is gone");
    drop(conn);
    let tomorrow = desk.desk.clock.now() + jiff::SignedDuration::from_hours(25);
    assert_eq!(desk.desk.store.remove_what_left(tomorrow).await.unwrap(), 1, "and its file");
    keep(&desk.desk, &desk.hal, number, DraftKind::Reply, &keeping("x", vec![file("a", &vec![1; 300_000])])).await.unwrap();
    let mut conn = desk.desk.store.read().await.unwrap();
    assert!(desk.desk.store.blobs().get(&mut conn, &it.file.sha256).await.unwrap().is_some(), "it is here again");
    drop(conn);
    let again = draft(&desk, number, DraftKind::Reply).await.unwrap().files.remove(0);
    let off = Keeping { without: vec![again.id], ..keeping("x", Vec::new()) };
    keep(&desk.desk, &desk.hal, number, DraftKind::Reply, &off).await.unwrap();
    let sent = reply(&desk.desk, &desk.hal, number, &written("x", Composed { kept: vec![it.id], ..Composed::default() })).await;
    assert!(matches!(sent, Err(ActionError::Invalid { field: "files", .. })));
    // Nobody else’s files can be sent.
    keep(&desk.desk, &desk.hal, number, DraftKind::Reply, &keeping("x", vec![file("a", b"hal")])).await.unwrap();
    let hals = draft(&desk, number, DraftKind::Reply).await.unwrap().files[0].id;
    let sent = reply(&desk.desk, &desk.ada, number, &written("x", Composed { kept: vec![hals], ..Composed::default() })).await;
    assert!(matches!(sent, Err(ActionError::Invalid { field: "files", .. })));
    let note =
        write_note_as(&desk.desk, &desk.hal, number, &words("x"), &[], &Composed { kept: vec![hals], ..Composed::default() }, None).await;
    assert!(note.is_err(), "a reply’s file does not go with a note");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_taken_back_is_a_draft_again_with_its_files() {
    let desk = TestDesk::new().await;
    let number = a_ticket(&desk).await;
    let hasty = Reply { files: vec![file("a.csv", b"a;b")], ..written("*Hasty*", markdown()) };
    let id = reply(&desk.desk, &desk.hal, number, &hasty).await.unwrap();
    keep(&desk.desk, &desk.hal, number, DraftKind::Reply, &keeping("Next", Vec::new())).await.unwrap();
    withdraw_reply(&desk.desk, &desk.hal, id).await.unwrap();
    let found = draft(&desk, number, DraftKind::Reply).await.unwrap();
    assert_eq!((found.kept.body.as_str(), found.kept.markup, found.files.len()), ("*Hasty*\n\nNext", Markup::Markdown, 1));
    assert_eq!(found.files[0].file.sha256, ContentHash::of(b"a;b"));
    assert!(desk.mail_to("ann@home.test").await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_status_that_came_with_it_is_taken_back_with_it_unless_it_was_changed_since() {
    let desk = TestDesk::new().await;
    let number = a_ticket(&desk).await;
    let before = desk.ticket(number).await.status;
    let resolving = || Reply { then: Some(Status::Resolved), ..written("Hasty", Composed::default()) };
    let id = reply(&desk.desk, &desk.hal, number, &resolving()).await.unwrap();
    assert_eq!(desk.ticket(number).await.status, Status::Resolved);
    withdraw_reply(&desk.desk, &desk.hal, id).await.unwrap();
    assert_eq!(desk.ticket(number).await.status, before);
    assert_eq!(draft(&desk, number, DraftKind::Reply).await.unwrap().kept.follow_up, "resolved");
    assert!(desk.mail_to("ann@home.test").await.is_empty());

    let id = reply(&desk.desk, &desk.hal, number, &resolving()).await.unwrap();
    set_status(&desk.desk, &desk.ada, number, None, Status::Closed).await.unwrap();
    withdraw_reply(&desk.desk, &desk.hal, id).await.unwrap();
    assert_eq!(desk.ticket(number).await.status, Status::Closed, "somebody has set it since");
    desk.mail_does_not_matter();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_status_that_is_undone_in_time_is_told_to_nobody() {
    let desk = TestDesk::new().await;
    let number = a_ticket(&desk).await;
    set_status(&desk.desk, &desk.hal, number, None, Status::InProgress).await.unwrap();
    desk.later(jiff::SignedDuration::from_mins(1));
    desk.mail().await;
    set_status(&desk.desk, &desk.hal, number, None, Status::Resolved).await.unwrap();
    assert_eq!(waiting(&desk).await, 1, "it waits for the undo window");
    let was = desk.ticket(number).await;
    let back = Was { status: Status::InProgress, ..Was::of(&was) };
    undo_change::undo(&desk.desk, &desk.hal, number, was.version, &back).await.unwrap();
    desk.later(jiff::SignedDuration::from_mins(1));
    assert!(desk.mail_to("ann@home.test").await.is_empty());
    set_status(&desk.desk, &desk.hal, number, None, Status::Resolved).await.unwrap();
    desk.later(jiff::SignedDuration::from_mins(1));
    assert_eq!(desk.mail_to("ann@home.test").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_status_that_changes_again_before_it_is_told_the_customer_hears_the_end() {
    let desk = TestDesk::new().await;
    let number = a_ticket(&desk).await;
    let set = async |to| set_status(&desk.desk, &desk.hal, number, None, to).await.unwrap();
    set(Status::InProgress).await;
    desk.mail_to("ann@home.test").await;
    // Taken back by hand: as if nothing had been.
    set(Status::Resolved).await;
    set(Status::InProgress).await;
    assert!(desk.mail_to("ann@home.test").await.is_empty());
    // The customer’s own answer opens it again before they have heard that it was resolved.
    set(Status::Resolved).await;
    assert_eq!(desk.write("Ann Lee <ann@home.test>", &format!("Re: [#{number}] Printer"), "Still.").await.ticket, Some(number));
    assert_eq!(desk.ticket(number).await.status, Status::Open);
    assert!(desk.mail_to("ann@home.test").await.iter().all(|it| !it.read.text.contains("resolved")));
    // Resolved, and then closed: the last of it.
    set(Status::Resolved).await;
    set(Status::Closed).await;
    let [told] = desk.mail_to("ann@home.test").await.try_into().unwrap();
    assert!(told.read.text.contains("closed"), "{}", told.read.text);
    // By hand to and fro before anything was told: all of the way.
    set(Status::Open).await;
    desk.mail_to("ann@home.test").await;
    for to in [Status::InProgress, Status::Resolved, Status::InProgress] {
        desk.later(jiff::SignedDuration::from_secs(1));
        set(to).await;
    }
    let [told] = desk.mail_to("ann@home.test").await.try_into().unwrap();
    assert!(told.read.text.contains("in progress") || told.read.text.contains("working on"), "{}", told.read.text);
    set(Status::Closed).await;
    desk.mail_to("ann@home.test").await;
    // What has left is spoken of; an hour holds five notices.
    desk.later(jiff::SignedDuration::from_hours(2));
    set(Status::Open).await;
    let [told] = desk.mail_to("ann@home.test").await.try_into().unwrap();
    assert!(told.read.text.contains("open again"), "{}", told.read.text);
    desk.mail_does_not_matter();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_change_of_status_called_off_waits_again_when_that_is_undone() {
    let desk = TestDesk::new().await;
    let number = a_ticket(&desk).await;
    desk.later(jiff::SignedDuration::from_secs(1));
    let set = async |to| {
        desk.later(jiff::SignedDuration::from_secs(1));
        set_status(&desk.desk, &desk.hal, number, None, to).await.unwrap();
    };
    // By the button.
    set(Status::InProgress).await;
    set(Status::Resolved).await;
    let now = desk.ticket(number).await;
    undo_change::undo(&desk.desk, &desk.hal, number, now.version, &Was { status: Status::InProgress, ..Was::of(&now) }).await.unwrap();
    let [told] = desk.mail_to("ann@home.test").await.try_into().unwrap();
    assert!(told.read.text.contains("in progress") || told.read.text.contains("working on"), "{}", told.read.text);
    // With the reply that had brought it.
    set(Status::Resolved).await;
    desk.later(jiff::SignedDuration::from_secs(1));
    let closing = Reply { then: Some(Status::Closed), ..written("That is all.", Composed::default()) };
    let comment = reply(&desk.desk, &desk.hal, number, &closing).await.unwrap();
    desk.later(jiff::SignedDuration::from_secs(1));
    withdraw_reply(&desk.desk, &desk.hal, comment).await.unwrap();
    assert_eq!(desk.ticket(number).await.status, Status::Resolved);
    let [told] = desk.mail_to("ann@home.test").await.try_into().unwrap();
    assert!(told.read.text.contains("resolved"), "{}", told.read.text);
    desk.mail_does_not_matter();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_closed_in_silence_is_still_told_to_be_resolved() {
    let desk = TestDesk::with(DeskSettings::default(), |mailbox| mailbox.notices.retain(|it| *it == StatusNotice::Resolved)).await;
    let number = a_ticket(&desk).await;
    let set = async |to| set_status(&desk.desk, &desk.hal, number, None, to).await.unwrap();
    set(Status::Resolved).await;
    set(Status::Closed).await;
    let [told] = desk.mail_to("ann@home.test").await.try_into().unwrap();
    assert!(told.read.text.contains("resolved"), "{}", told.read.text);
    // A reply that closes it says so itself.
    set(Status::Open).await;
    set(Status::Resolved).await;
    let closing = Reply { then: Some(Status::Closed), ..written("That is all.", Composed::default()) };
    reply(&desk.desk, &desk.hal, number, &closing).await.unwrap();
    assert_eq!(desk.mail_to("ann@home.test").await.len(), 1);
    // One that goes on is told nothing of what is no longer true.
    set(Status::Open).await;
    set(Status::Resolved).await;
    set(Status::InProgress).await;
    assert!(desk.mail_to("ann@home.test").await.is_empty());
}

/// A server puts off what waits for somebody.
async fn put_off_for(desk: &TestDesk, address: &str) {
    let now = desk.desk.clock.now();
    let mut tx = desk.desk.store.begin().await.unwrap();
    let due = sending::due(&mut tx, desk.mailbox, "test", &[], 100, now).await.unwrap();
    let ids: Vec<_> = due.into_iter().map(|it| it.id).collect();
    for it in sending::lease(&mut tx, "test", now + jiff::SignedDuration::from_mins(1), &ids, now).await.unwrap() {
        let (state, next_at) = if it.address.as_str() == address {
            ("delayed", Some(now + jiff::SignedDuration::from_hours(1)))
        } else {
            ("waiting", Some(now))
        };
        sending::record(&mut tx, it.id, "test", &Outcome { state, words: "later", next_at }, now).await.unwrap();
    }
    tx.commit().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_heard_of_a_status_hears_that_it_is_over_also_where_another_has_not() {
    let desk = TestDesk::new().await;
    let number = a_ticket(&desk).await;
    add(&desk.desk, &desk.hal, number, &"bob@home.test".parse().unwrap()).await.unwrap();
    set_status(&desk.desk, &desk.hal, number, None, Status::InProgress).await.unwrap();
    desk.mail_to("ann@home.test").await;
    set_status(&desk.desk, &desk.hal, number, None, Status::Resolved).await.unwrap();
    desk.later(jiff::SignedDuration::from_mins(1));
    put_off_for(&desk, "bob@home.test").await;
    assert_eq!(desk.mail_to("ann@home.test").await.len(), 1);
    set_status(&desk.desk, &desk.hal, number, None, Status::InProgress).await.unwrap();
    let [told] = desk.mail_to("ann@home.test").await.try_into().unwrap();
    assert!(told.read.text.contains("open again"), "{}", told.read.text);
    desk.mail_does_not_matter();
}

#[tokio::test(flavor = "multi_thread")]
async fn two_windows_never_take_each_others_words() {
    let desk = TestDesk::new().await;
    let number = a_ticket(&desk).await;
    let kept = async |body: &str, was: i64| {
        let keeping = Keeping { basis: Some(Basis { was, ..Basis::default() }), ..keeping(body, Vec::new()) };
        desk.later(jiff::SignedDuration::from_secs(1));
        keep(&desk.desk, &desk.hal, number, DraftKind::Reply, &keeping).await?;
        Ok::<_, ActionError>(draft(&desk, number, DraftKind::Reply).await.unwrap().updated_at.as_millisecond())
    };
    let first = kept("Unplug", 0).await.unwrap();
    let second = kept("Unplug it.", first).await.unwrap();
    // The other window was opened before anything was written, or with the first words.
    for stale in [0, first] {
        let refused = kept("Plug it in.", stale).await.unwrap_err().to_string();
        assert!(refused.contains("another window") && refused.contains("reload"), "{refused}");
    }
    assert_eq!(draft(&desk, number, DraftKind::Reply).await.unwrap().kept.body, "Unplug it.");
    // What this window has sent itself, and had no answer for, is its own.
    let basis = Some(Basis { was: first, tried: "Unplug it.".to_owned() });
    keep(&desk.desk, &desk.hal, number, DraftKind::Reply, &Keeping { basis, ..keeping("Unplug.", Vec::new()) }).await.unwrap();
    kept("Unplug. Then plug it in.", first).await.expect("it holds all that is kept");
    // What the other window sends leaves these words where they are.
    let composed = Composed { basis: Some(Basis { was: second, ..Basis::default() }), ..Composed::default() };
    reply(&desk.desk, &desk.hal, number, &written("Plug it in.", composed)).await.unwrap();
    assert_eq!(draft(&desk, number, DraftKind::Reply).await.unwrap().kept.body, "Unplug. Then plug it in.");
    let now = draft(&desk, number, DraftKind::Reply).await.unwrap().updated_at.as_millisecond();
    let composed = Composed { basis: Some(Basis { was: now, ..Basis::default() }), ..Composed::default() };
    reply(&desk.desk, &desk.hal, number, &written("Unplug it, then plug it in again.", composed)).await.unwrap();
    assert!(draft(&desk, number, DraftKind::Reply).await.is_none());
    desk.mail_does_not_matter();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_taken_back_is_addressed_as_it_was_and_whoever_was_added_takes_part_no_more() {
    let desk = TestDesk::new().await;
    let number = a_ticket(&desk).await;
    let bob = |it: &str| Composed { cc: vec![it.parse().unwrap()], ..Composed::default() };
    reply(&desk.desk, &desk.hal, number, &written("Bob, too.", bob("bob@home.test"))).await.unwrap();
    desk.later(jiff::SignedDuration::from_mins(1));
    desk.mail().await;
    let ann = desk.ticket(number).await.requester;
    let hasty = Composed { left_out: vec![ann], ..bob("bo@hme.test") };
    let id = reply(&desk.desk, &desk.hal, number, &written("Hasty", hasty)).await.unwrap();
    // Who comes to it in between was not left out of it.
    desk.later(jiff::SignedDuration::from_secs(1));
    add(&desk.desk, &desk.hal, number, &"eve@home.test".parse().unwrap()).await.unwrap();
    withdraw_reply(&desk.desk, &desk.hal, id).await.unwrap();
    let found = draft(&desk, number, DraftKind::Reply).await.unwrap().kept;
    assert_eq!((found.cc.as_str(), found.left_out.as_slice()), ("bo@hme.test", &[ann][..]));
    let mut conn = desk.desk.store.read().await.unwrap();
    let all = participants::list(&mut conn, number).await.unwrap();
    drop(conn);
    let stands = |email: &str| all.iter().find(|it| it.email.to_string() == email).unwrap().state;
    assert_eq!((stands("bo@hme.test"), stands("bob@home.test")), (Participation::Removed, Participation::Active));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_form_sent_twice_is_one_reply_or_one_note() {
    let desk = TestDesk::new().await;
    let number = a_ticket(&desk).await;
    let seen = Some(last(&desk, number).await.id);
    let form = |files| Reply { seen, files, ..written("Unplug it.", Composed::default()) };
    let first = reply(&desk.desk, &desk.hal, number, &form(Vec::new())).await.unwrap();
    assert_eq!(reply(&desk.desk, &desk.hal, number, &form(Vec::new())).await.unwrap(), first);
    let other = reply(&desk.desk, &desk.hal, number, &form(vec![file("a.csv", b"a;b")])).await.unwrap();
    assert_ne!(other, first, "with a file it is another");
    let again = Reply { seen: Some(other), ..form(Vec::new()) };
    assert_ne!(reply(&desk.desk, &desk.hal, number, &again).await.unwrap(), first, "said again after the first was seen");
    let mut notes = Vec::new();
    for _ in 0..2 {
        let (text, plainly) = (words("Among us"), Composed::default());
        notes.push(write_note_as(&desk.desk, &desk.hal, number, &text, &[], &plainly, seen).await.unwrap());
    }
    assert_eq!(notes[0], notes[1]);
    desk.later(jiff::SignedDuration::from_mins(11));
    assert_ne!(reply(&desk.desk, &desk.hal, number, &form(Vec::new())).await.unwrap(), first, "meant to be said again");
    assert_eq!(desk.mail_to("ann@home.test").await.len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn drafts_go_with_a_merge_and_end_when_nobody_comes_back() {
    let desk = TestDesk::new().await;
    let (one, two) = (a_ticket(&desk).await, a_ticket(&desk).await);
    keep(&desk.desk, &desk.hal, one, DraftKind::Reply, &keeping("On one", vec![file("a", b"1")])).await.unwrap();
    merge(&desk.desk, &desk.hal, one, None, two).await.unwrap();
    assert_eq!(draft(&desk, two, DraftKind::Reply).await.unwrap().kept.body, "On one");
    let three = a_ticket(&desk).await;
    keep(&desk.desk, &desk.hal, three, DraftKind::Reply, &keeping("On three", vec![file("b", b"2")])).await.unwrap();
    merge(&desk.desk, &desk.hal, three, None, two).await.unwrap();
    let both = draft(&desk, two, DraftKind::Reply).await.unwrap();
    assert_eq!((both.kept.body.as_str(), both.files.len()), ("On one\n\nOn three", 2), "what was begun on both is there");
    forget_old(&desk.desk).await.unwrap();
    assert!(draft(&desk, two, DraftKind::Reply).await.is_some());
    desk.later(KEPT_FOR + jiff::SignedDuration::from_hours(1));
    forget_old(&desk.desk).await.unwrap();
    assert!(draft(&desk, two, DraftKind::Reply).await.is_none());
    assert!(matches!(keep(&desk.desk, &desk.ann, two, DraftKind::Reply, &keeping("x", Vec::new())).await, Err(ActionError::Forbidden)));
    desk.mail_does_not_matter();
}

#[tokio::test(flavor = "multi_thread")]
async fn saved_replies_are_everybodys_or_ones_own() {
    let desk = TestDesk::new().await;
    let saving = |owner, body: &str| Saving { owner, mailbox: None, name: "Recovery".to_owned(), body: body.to_owned() };
    let (hal, ada) = (&desk.hal, &desk.ada);
    let own = saved_replies::add(&desk.desk, hal, &saving(Some(hal.id), "Hello {{ customer.first_name }},\n\n#{{ ticket.number }}"))
        .await
        .unwrap();
    let shared = saved_replies::add(&desk.desk, ada, &saving(None, "{{ helper.name }}")).await.unwrap();
    let unknown = saved_replies::add(&desk.desk, hal, &saving(Some(hal.id), "Hello {{ customer.nam }}")).await.unwrap_err().to_string();
    assert!(unknown.contains("{{ customer.nam }}") && unknown.contains("customer.name"), "{unknown}");
    assert!(matches!(saved_replies::add(&desk.desk, hal, &saving(None, "x")).await, Err(ActionError::Forbidden)));
    assert!(matches!(saved_replies::change(&desk.desk, hal, shared, &saving(Some(hal.id), "x")).await, Err(ActionError::Forbidden)));
    assert!(matches!(saved_replies::change(&desk.desk, ada, own, &saving(None, "x")).await, Err(ActionError::Missing(_))));
    assert!(matches!(saved_replies::remove(&desk.desk, ada, own).await, Err(ActionError::Missing(_))));

    let number = a_ticket(&desk).await;
    let ticket = desk.ticket(number).await;
    let mut conn = desk.desk.store.read().await.unwrap();
    let text = saved_replies::text_for(&desk.desk, &mut conn, hal, &ticket, own).await.unwrap();
    assert_eq!(text, format!("Hello Ann,\n\n#{number}"));
    assert!(saved_replies::text_for(&desk.desk, &mut conn, ada, &ticket, own).await.is_err());
    drop(conn);
    reply(&desk.desk, hal, number, &written("x", Composed { saved: vec![own, shared], ..Composed::default() })).await.unwrap();
    let mut conn = desk.desk.store.read().await.unwrap();
    let all = maildesk::store::saved_replies::of(&mut conn, hal.id, jiff::Timestamp::UNIX_EPOCH).await.unwrap();
    assert_eq!(all.iter().map(|it| it.used).collect::<Vec<_>>(), [1, 1]);
    drop(conn);
    saved_replies::remove(&desk.desk, hal, own).await.unwrap();
    desk.mail_does_not_matter();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customers_words_are_never_filled_in_or_set() {
    let desk = TestDesk::new().await;
    let number = desk.receive(&mail("{{ company }} <ann@home.test>", "{{ helper.name }}", &[], "**no**")).await.ticket.unwrap();
    desk.mail().await;
    reply(&desk.desk, &desk.hal, number, &written("{{ helper.name }}", Composed::default())).await.unwrap();
    let [left] = desk.mail_to("ann@home.test").await.try_into().unwrap();
    assert!(left.read.text.contains("{{ helper.name }}") && left.read.text.contains("> **no**"), "{}", left.read.text);
}
