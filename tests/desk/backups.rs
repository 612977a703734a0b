//! Backups by themselves: made when they are due, looked at, the old ones cleared away, and trouble said.

use std::path::PathBuf;

use jiff::SignedDuration;
use maildesk::{
    desk::backup::{Schedule, trouble},
    store::backup::{make::Settings, rows},
    workers::backup::{Step, step},
};

use crate::test_desk::TestDesk;

fn settings() -> Settings {
    Settings { configuration: b"public_url = \"https://desk.test\"\n".to_vec(), secret_key: Some(vec![7; 32]) }
}

fn files(folder: &PathBuf) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder).unwrap().map(|it| it.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[tokio::test(flavor = "multi_thread")]
async fn one_is_made_when_it_is_due_and_the_old_ones_go_when_a_newer_is_whole() {
    let desk = TestDesk::new().await;
    desk.mail_does_not_matter();
    desk.write("Ann Lee <ann@home.test>", "Printer", "It smokes.").await;
    let schedule = Schedule { folder: desk.folder.path().join("backups"), every: SignedDuration::from_hours(24), keep: 2 };
    let round = || async { step(&desk.desk, &schedule, &settings()).await.unwrap() };
    let facts = || async { rows::facts(&mut desk.desk.store.read().await.unwrap()).await.unwrap() };
    assert_eq!(facts().await.last_verified, None);

    let Step::Made(first, 0) = round().await else { panic!("the first is due at once") };
    let known = facts().await.last_verified.unwrap();
    assert_eq!((&known.file, known.made_at, known.size), (&first, desk.desk.clock.now(), std::fs::metadata(&first).unwrap().len()));
    assert!(matches!(round().await, Step::NotDue(at) if at == desk.desk.clock.now() + schedule.every));
    for cleared in [0, 1, 1] {
        desk.later(schedule.every);
        assert!(matches!(round().await, Step::Made(_, n) if n == cleared));
    }
    assert_eq!(files(&schedule.folder).len(), 2, "{:?}", files(&schedule.folder));
    assert!(!first.exists());
    assert_eq!(trouble(&facts().await, Some(&schedule), desk.desk.clock.now()), None);

    // Nobody looks at one that is not made: it is said, and tried again sooner.
    std::fs::rename(&schedule.folder, desk.folder.path().join("elsewhere")).unwrap();
    std::fs::write(&schedule.folder, "a file where the folder should be").unwrap();
    desk.later(schedule.every);
    let Step::Nothing(why) = round().await else { panic!("it cannot be made") };
    assert!(why.contains(&schedule.folder.display().to_string()), "{why}");
    let said = trouble(&facts().await, Some(&schedule), desk.desk.clock.now()).unwrap();
    assert!(said.says.contains("came to nothing") && said.says.contains(&why), "{}", said.says);
    assert!(matches!(round().await, Step::NotDue(_)));
    std::fs::remove_file(&schedule.folder).unwrap();
    desk.later(SignedDuration::from_hours(1));
    assert!(matches!(round().await, Step::Made(..)));
    assert_eq!(trouble(&facts().await, Some(&schedule), desk.desk.clock.now()), None);
    desk.later(SignedDuration::from_hours(31));
    assert!(trouble(&facts().await, Some(&schedule), desk.desk.clock.now()).unwrap().says.contains("older than the schedule"));
}
