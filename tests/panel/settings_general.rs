//! What an admin changes while the desk runs counts at once, on every instance, and the configuration file has the last word.

use std::collections::BTreeSet;

use axum::http::StatusCode;
use maildesk::{
    actions::settings::reload,
    desk::{knob::Knob, present::Present, settings::DeskSettings},
    store::audit::{self, Which},
    workers::settings::{self, Known},
};

use crate::{browser::Browser, test_desk::TestDesk};

const HERE: &str = "/settings/general";

#[tokio::test(flavor = "multi_thread")]
async fn what_is_saved_counts_at_once_and_is_written_down() {
    let desk = TestDesk::new().await;
    desk.mail_does_not_matter();
    let mut ada = Browser::of(&desk, &desk.ada).await;
    assert!(ada.get(HERE).await.says("value=\"7d\""));
    ada.post(
        HERE,
        &[("card", "tickets"), ("close_after", "3d"), ("reopen_within", "30d"), ("undo_window", "20s"), ("max_message_bytes", "50MiB")],
    )
    .await;
    let page = ada.get(HERE).await;
    assert!(page.says("Saved. It counts from now on.") && page.says("value=\"3d\"") && page.says("value=\"20s\""), "{}", page.text());
    assert_eq!(desk.desk.settings.close_after.as_hours(), 72);
    ada.post(HERE, &[("card", "desk"), ("name", "Skerry <Support>"), ("time_zone", "Europe/Prague")]).await;
    assert!(ada.get("/tickets").await.says("Skerry &lt;Support&gt;"));
    let lines = audit::list(&mut desk.desk.store.read().await.unwrap(), Which::default(), None, 10).await.unwrap();
    let told: Vec<_> = lines.iter().map(|it| (it.about.as_str(), it.old.as_deref().unwrap(), it.new.as_deref().unwrap())).collect();
    assert_eq!(
        told,
        [
            ("Time zone", "UTC", "Europe/Prague"),
            ("Name", "Support", "Skerry <Support>"),
            ("Hold back replies for", "10s", "20s"),
            ("Close resolved tickets after", "7d", "3d")
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_value_is_refused_in_its_field_and_nothing_of_the_form_is_kept() {
    let desk = TestDesk::new().await;
    let mut ada = Browser::of(&desk, &desk.ada).await;
    ada.get(HERE).await;
    for (field, value, why) in [
        ("undo_window", "1h", "“1h” is more than 5m"),
        ("undo_window", "soon", "is not a duration such as"),
        ("close_after", "", "“” is not a duration"),
        ("max_message_bytes", "5", "is not a size such as"),
    ] {
        let page = ada.post(HERE, &[("card", "tickets"), (field, value), ("reopen_within", "5d")]).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{value}");
        assert!(page.says(why) && page.says("aria-invalid") && page.says("value=\"5d\""), "{value}: {}", page.text());
    }
    assert!(ada.post(HERE, &[("card", "running"), ("session_idle", "2d"), ("session_absolute", "1d")]).await.says("shorter than"));
    assert!(ada.post(HERE, &[("card", "desk"), ("helpers_see", "nothing")]).await.says("is not one of"));
    assert_eq!(ada.post(HERE, &[("card", "tickets"), ("root_key", "x")]).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(ada.post(HERE, &[("card", "nothing")]).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(desk.desk.settings.reopen_within.as_hours(), 30 * 24);
    let mut hal = Browser::of(&desk, &desk.hal).await;
    hal.get("/tickets").await;
    assert_eq!(hal.post(HERE, &[("card", "desk"), ("name", "Hal’s")]).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_file_says_is_shown_and_stays() {
    let mut desk = TestDesk::new().await;
    let said = DeskSettings { name: "From the file".to_owned(), ..DeskSettings::default() };
    desk.desk.settings = Present::declared(said, BTreeSet::from([Knob::Name.key().to_owned()]));
    let mut ada = Browser::of(&desk, &desk.ada).await;
    let page = ada.get(HERE).await;
    assert!(page.says("Said in the configuration file, and changed there.") && page.says("disabled"), "{}", page.text());
    assert_eq!(ada.post(HERE, &[("card", "desk"), ("name", "Other")]).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    ada.post(HERE, &[("card", "desk"), ("helpers_see", "all")]).await;
    assert_eq!((desk.desk.settings.name.as_str(), desk.desk.settings.helpers_see.as_str()), ("From the file", "all"));
    // The file comes to say what was chosen before: it counts.
    desk.desk.settings = Present::declared(DeskSettings::default(), BTreeSet::from([Knob::HelpersSee.key().to_owned()]));
    reload(&desk.desk).await.unwrap();
    assert_eq!(desk.desk.settings.helpers_see.as_str(), "unassigned");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_instance_takes_what_was_set_here() {
    let desk = TestDesk::new().await;
    let mut other = desk.desk.clone();
    other.settings = Present::new(DeskSettings::default());
    other.mailboxes = Present::new((*desk.desk.mailboxes).clone());
    let mut known = Known::default();
    settings::step(&other, &mut known).await.unwrap();
    let mut ada = Browser::of(&desk, &desk.ada).await;
    ada.get(HERE).await;
    ada.post(HERE, &[("card", "desk"), ("helpers_see", "all")]).await;
    assert_eq!(other.settings.helpers_see.as_str(), "unassigned");
    settings::step(&other, &mut known).await.unwrap();
    assert_eq!(other.settings.helpers_see.as_str(), "all");
}
