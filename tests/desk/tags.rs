//! Tags on tickets: by hand, by a helper's mail, through merges and splits, and the desk's list of them.

use maildesk::{
    actions::{
        ActionError, assign, manage_tags,
        merge::merge,
        move_message::{Destination, Moved, move_message},
        tag::{self, Done},
        undo_correction::undo_correction,
    },
    desk::{
        id::{CommentId, TagId, TicketNumber},
        permission::Scope,
        queue::{Filter, Sort, View},
        tag::TagName,
    },
    store::{
        conversation, corrections,
        queue::{self, List},
        queue_counts, tags,
    },
};

use crate::test_desk::{TestDesk, answer, mail};

fn name(typed: &str) -> TagName {
    TagName::parse(typed).unwrap()
}

pub async fn on(desk: &TestDesk, number: TicketNumber) -> Vec<String> {
    let ids = desk.ticket(number).await.tags;
    let ever = tags::ever(&mut desk.desk.store.read().await.unwrap()).await.unwrap();
    ids.iter().map(|id| ever.iter().find(|it| it.id == *id).unwrap().name.clone()).collect()
}

async fn told(desk: &TestDesk, number: TicketNumber) -> Vec<(&'static str, Option<String>, Option<String>)> {
    let lines = conversation::history(&mut desk.desk.store.read().await.unwrap(), number, 100).await.unwrap();
    let of_tags = lines.into_iter().filter(|it| it.kind.as_str().ends_with("tagged"));
    of_tags.map(|it| (it.kind.as_str(), it.old, it.new)).collect()
}

async fn id_of(desk: &TestDesk, typed: &str) -> TagId {
    tags::named(&mut desk.desk.store.read().await.unwrap(), &name(typed)).await.unwrap().unwrap().id
}

/// What a list of one tag shows, and what is counted beside it.
async fn with_tag(desk: &TestDesk, tag: TagId, scope: Scope) -> (Vec<i64>, i64) {
    let filter = Filter { tag: Some(tag), ..Filter::default() };
    let list = List { view: View::Open, filter, sort: Sort::Oldest, beside: None, limit: 50 };
    let mut conn = desk.desk.store.read().await.unwrap();
    let rows = queue::list(&mut conn, &list, scope).await.unwrap();
    let counted = queue_counts::of_lists(&mut conn, &[(View::Open, filter)], scope).await.unwrap();
    (rows.iter().map(|it| it.number.0).collect(), counted[0])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tag_is_the_same_however_it_is_typed_and_each_change_is_told() {
    let desk = TestDesk::new().await;
    desk.mail_does_not_matter();
    let printer = desk.write("Ann Lee <ann@home.test>", "Printer", "It smokes.").await.ticket.unwrap();
    let other = desk.write("Ben <ben@home.test>", "Scanner", "It hums.").await.ticket.unwrap();
    assert_eq!(tag::add(&desk.desk, &desk.hal, printer, &name("Hardware")).await.unwrap(), Done::Changed);
    assert_eq!(tag::add(&desk.desk, &desk.ada, printer, &name("#hardware ")).await.unwrap(), Done::AsItWas);
    tag::add(&desk.desk, &desk.ada, other, &name("HARDWARE")).await.unwrap();
    assert_eq!((on(&desk, printer).await, on(&desk, other).await), (vec!["Hardware".to_owned()], vec!["Hardware".to_owned()]));
    let id = id_of(&desk, "hardware").await;
    assert_eq!(with_tag(&desk, id, Scope::All).await, (vec![1, 2], 2));
    assign::assign(&desk.desk, &desk.ada, other, None, Some(desk.ada.id)).await.unwrap();
    assert_eq!(with_tag(&desk, id, Scope::OwnAndUnassigned(desk.hal.id)).await, (vec![1], 1), "of tickets within reach alone");
    tag::remove(&desk.desk, &desk.hal, printer, id).await.unwrap();
    assert_eq!(tag::remove(&desk.desk, &desk.hal, printer, id).await.unwrap(), Done::AsItWas);
    let word = Some(id.to_string());
    assert_eq!(told(&desk, printer).await, [("tagged", None, word.clone()), ("untagged", word, None)]);
    assert_eq!(with_tag(&desk, id, Scope::All).await, (vec![2], 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_tags_what_is_out_of_reach_and_a_customer_nothing() {
    let desk = TestDesk::new().await;
    desk.mail_does_not_matter();
    let number = desk.write("Ann Lee <ann@home.test>", "Printer", "It smokes.").await.ticket.unwrap();
    assert!(matches!(tag::add(&desk.desk, &desk.ann, number, &name("x")).await, Err(ActionError::Forbidden)));
    assign::assign(&desk.desk, &desk.ada, number, None, Some(desk.ada.id)).await.unwrap();
    assert!(matches!(tag::add(&desk.desk, &desk.hal, number, &name("x")).await, Err(ActionError::Missing(_))));
    assert!(matches!(manage_tags::make(&desk.desk, &desk.hal, &name("x")).await, Err(ActionError::Forbidden)));
    for at in 0..20 {
        tag::add(&desk.desk, &desk.ada, number, &name(&format!("tag {at}"))).await.unwrap();
    }
    let full = tag::add(&desk.desk, &desk.ada, number, &name("one more")).await.unwrap_err();
    assert!(full.to_string().contains("remove one first"), "{full}");
    assert!(tags::all(&mut desk.desk.store.read().await.unwrap()).await.unwrap().iter().all(|it| it.name != "one more"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_merged_ticket_brings_its_tags_and_undoing_it_takes_them_back() {
    let desk = TestDesk::new().await;
    desk.mail_does_not_matter();
    let mut numbers = Vec::new();
    for (who, tags) in [("ann", vec!["both", "hers"]), ("ben", vec!["both", "his"]), ("cleo", vec!["his"])] {
        let number = desk.write(&format!("{who} <{who}@home.test>"), &format!("Of {who}"), "It smokes.").await.ticket.unwrap();
        for tag in tags {
            tag::add(&desk.desk, &desk.hal, number, &name(tag)).await.unwrap();
        }
        numbers.push(number);
    }
    let [ann, ben, cleo] = numbers.try_into().unwrap();
    merge(&desk.desk, &desk.hal, ben, None, ann).await.unwrap();
    merge(&desk.desk, &desk.hal, cleo, None, ann).await.unwrap();
    assert_eq!(on(&desk, ann).await, ["both", "hers", "his"]);
    assert_eq!(with_tag(&desk, id_of(&desk, "his").await, Scope::All).await, (vec![ann.0], 1));
    let standing = corrections::standing(&mut desk.desk.store.read().await.unwrap(), ann).await.unwrap();
    let of = |number| standing.iter().find(|it| it.source == number).unwrap().id;
    undo_correction(&desk.desk, &desk.hal, of(ben), None).await.unwrap();
    assert_eq!(
        (on(&desk, ann).await, on(&desk, ben).await),
        (vec!["both".into(), "hers".into(), "his".into()], vec!["both".into(), "his".into()])
    );
    undo_correction(&desk.desk, &desk.hal, of(cleo), None).await.unwrap();
    assert_eq!((on(&desk, ann).await, on(&desk, cleo).await), (vec!["both".to_owned(), "hers".to_owned()], vec!["his".to_owned()]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_made_of_a_message_has_the_tags_of_the_one_it_came_from() {
    let desk = TestDesk::new().await;
    desk.mail_does_not_matter();
    let number =
        desk.receive(&mail("Ann Lee <ann@home.test>", "Printer", &["Message-ID: <one@home.test>"], "It smokes.")).await.ticket.unwrap();
    tag::add(&desk.desk, &desk.hal, number, &name("hardware")).await.unwrap();
    desk.receive(&mail("Ann Lee <ann@home.test>", "Re: Printer", &["In-Reply-To: <one@home.test>"], "And the bill?")).await;
    let Moved::To(new) = move_message(&desk.desk, &desk.hal, CommentId(2), None, Destination::New).await.unwrap() else {
        panic!("merged");
    };
    assert_eq!(on(&desk, new).await, ["hardware"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn tags_are_renamed_merged_and_deleted_with_all_their_tickets() {
    let desk = TestDesk::new().await;
    desk.mail_does_not_matter();
    for (who, tags) in [("ann", vec!["api"]), ("ben", vec!["api", "interface"])] {
        let number = desk.write(&format!("{who} <{who}@home.test>"), &format!("Of {who}"), "It smokes.").await.ticket.unwrap();
        for tag in tags {
            tag::add(&desk.desk, &desk.ada, number, &name(tag)).await.unwrap();
        }
    }
    let (api, interface) = (id_of(&desk, "api").await, id_of(&desk, "interface").await);
    let taken = manage_tags::rename(&desk.desk, &desk.ada, api, &name("Interface")).await.unwrap_err();
    assert!(taken.to_string().contains("merge this one into it instead"), "{taken}");
    manage_tags::rename(&desk.desk, &desk.ada, api, &name("API")).await.unwrap();
    assert_eq!(manage_tags::merge(&desk.desk, &desk.ada, interface, api).await.unwrap(), 1);
    assert_eq!((on(&desk, TicketNumber(1)).await, on(&desk, TicketNumber(2)).await), (vec!["API".to_owned()], vec!["API".to_owned()]));
    assert!(matches!(manage_tags::merge(&desk.desk, &desk.ada, interface, api).await, Err(ActionError::Missing("tag"))));
    assert_eq!(manage_tags::delete(&desk.desk, &desk.ada, api).await.unwrap(), 2);
    assert!(on(&desk, TicketNumber(1)).await.is_empty() && tags::all(&mut desk.desk.store.read().await.unwrap()).await.unwrap().is_empty());
    // The name is free again, for another tag.
    tag::add(&desk.desk, &desk.hal, TicketNumber(1), &name("api")).await.unwrap();
    assert_ne!(id_of(&desk, "api").await, api);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_helper_tags_by_mail() {
    let desk = TestDesk::new().await;
    desk.mail_does_not_matter();
    let number = desk.write("Ann Lee <ann@home.test>", "Printer", "It smokes.").await.ticket.unwrap();
    assign::assign(&desk.desk, &desk.ada, number, None, Some(desk.hal.id)).await.unwrap();
    let notice = desk.mail_to("hal@desk.test").await.pop().unwrap();
    desk.receive(&answer(&notice, "Hal Nine <hal@desk.test>", "/tag Needs a part\n/tag hardware\n\nIt is on its way.")).await;
    assert_eq!(on(&desk, number).await, ["Needs a part", "hardware"]);
    desk.receive(&answer(&notice, "Hal Nine <hal@desk.test>", "/untag needs a part")).await;
    assert_eq!(on(&desk, number).await, ["hardware"]);
    desk.receive(&answer(&notice, "Hal Nine <hal@desk.test>", "/tag +Storm damage -hardware +vip\n/snooze 3d")).await;
    assert_eq!(on(&desk, number).await, ["Storm damage", "vip"]);
    let until = desk.ticket(number).await.snooze.expect("it is put off").until;
    let days = until.duration_since(desk.desk.clock.now()).as_hours();
    assert!((48..=96).contains(&days), "{days} h");
    let refused = desk.receive(&answer(&notice, "Hal Nine <hal@desk.test>", "/snooze whenever")).await;
    assert_eq!(refused.decision, "hold");
    desk.receive(&answer(&notice, "Hal Nine <hal@desk.test>", "/tag +hardware -vip -storm damage")).await;
    // All of a message's commands are done, or none.
    let refused = desk.receive(&answer(&notice, "Hal Nine <hal@desk.test>", "/tag late\n/untag gone")).await;
    assert_eq!((refused.decision, on(&desk, number).await), ("hold", vec!["hardware".to_owned()]));
}
