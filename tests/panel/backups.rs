//! The panel says how the desk is backed up, and lets a person decide what a desk that came back holds back.

use jiff::SignedDuration;
use maildesk::{
    desk::{backup::Schedule, settings::DeskSettings},
    store::backup::{check, make::Settings, put_back},
    workers::backup::{Step, step},
};

use crate::{browser::Browser, rows::Rows, test_desk::TestDesk};

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_sees_the_last_backup_that_is_whole_and_when_one_came_to_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let schedule = Schedule { folder: folder.path().join("backups"), every: SignedDuration::from_hours(24), keep: 7 };
    let desk = TestDesk::with(DeskSettings { backup: Some(schedule.clone()), ..DeskSettings::default() }, |_| ()).await;
    let mut ada = Browser::of(&desk, &desk.ada).await;
    assert!(ada.get("/mail").await.says("none yet; maildesk backup FILE makes one"));
    let Step::Made(file, _) = step(&desk.desk, &schedule, &Settings::default()).await.unwrap() else { panic!("it is due") };
    desk.later(SignedDuration::from_hours(3));
    let page = ada.get("/mail").await;
    assert!(page.says("Found whole") && page.says("3 hours ago") && page.says(&file.display().to_string()), "{}", page.text());
    assert!(!Browser::of(&desk, &desk.hal).await.get("/mail").await.says("Found whole"), "a helper sees where it lies");

    std::fs::rename(&schedule.folder, folder.path().join("elsewhere")).unwrap();
    std::fs::write(&schedule.folder, "no folder").unwrap();
    desk.later(SignedDuration::from_hours(22));
    assert!(matches!(step(&desk.desk, &schedule, &Settings::default()).await.unwrap(), Step::Nothing(_)));
    let page = Browser::of(&desk, &desk.ada).await.get("/mail").await;
    assert!(page.says("The last backup came to nothing") && page.says("Look at this"), "{}", page.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_desk_that_came_back_holds_back_leaves_when_a_person_says_so() {
    let desk = TestDesk::new().await;
    desk.write("Ann Lee <ann@home.test>", "Printer", "It smokes.").await;
    desk.write("Ben <ben@home.test>", "Scanner", "It hums.").await;
    let folder = tempfile::tempdir().unwrap();
    let schedule = Schedule { folder: folder.path().to_owned(), every: SignedDuration::from_hours(24), keep: 1 };
    let Step::Made(file, _) = step(&desk.desk, &schedule, &Settings::default()).await.unwrap() else { panic!("it is due") };
    let scratch = tempfile::tempdir().unwrap();
    let unpacked = check::unpack(&file, scratch.path()).unwrap();
    desk.later(SignedDuration::from_hours(1));
    let why = "Held back: this desk was restored from a backup.";
    let settled = put_back::settle(&desk.desk.store, &unpacked, why, desk.desk.clock.now()).await.unwrap();
    assert!(settled.held_back > 2 && settled.next_number == 2001, "{settled:?}");
    assert!(desk.mail().await.is_empty());

    let mut ada = Browser::of(&desk, &desk.ada).await;
    let page = ada.get("/mail").await;
    assert!(page.says("This desk came back on") && !page.says("ben@home.test"), "{}", page.text());
    let page = ada.get("/mail?list=failed").await;
    assert!(page.says("Held back") && page.says("when you say so") && page.says(why), "{}", page.text());
    let rows = Rows::of(&desk.url).await;
    let of = async |address: &str| rows.count(&format!("select min(id) from deliveries where address = '{address}'")).await;
    let (ann, ben) = (of("ann@home.test").await, of("ben@home.test").await);
    ada.post(&format!("/mail/outbox/{ann}"), &[("do", "retry"), ("list", "failed")]).await;
    ada.post(&format!("/mail/outbox/{ben}"), &[("do", "cancel"), ("list", "failed")]).await;
    let left = desk.mail().await;
    assert_eq!(left.iter().map(|it| it.to.as_str()).collect::<Vec<_>>(), ["ann@home.test"]);
    assert_eq!(rows.count(&format!("select count(*) from deliveries where id = {ben} and state = 'cancelled'")).await, 1);

    // Mail from before is not answered by itself; mail from after is.
    desk.write("Cleo <cleo@home.test>", "Lamp", "It flickers.").await;
    assert!(desk.mail().await.iter().any(|it| it.to == "cleo@home.test"));
}
