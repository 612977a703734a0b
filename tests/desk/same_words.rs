//! What `maildesk inspect` says of a mail is what the daemon does with it, for the same reasons, on the panel's *Why?* too.

use std::{fs, path::Path};

use maildesk::{
    cli::inspect,
    desk::{settings::DeskSettings, triage::Trace},
    store::ledger,
};
use serde_json::Value;

use crate::test_desk::TestDesk;

/// A desk as `inspect` imagines one: nobody vouches for a sender.
async fn plain_desk() -> TestDesk {
    let desk = TestDesk::with(DeskSettings::default(), |mailbox| mailbox.authserv_id = None).await;
    desk.mail_does_not_matter();
    desk
}

fn sentences(value: &Value) -> Vec<String> {
    value.as_array().unwrap().iter().map(|it| it.as_str().unwrap().to_owned()).collect()
}

/// What the daemon makes of a mail: its decision, and its trace as stored, in the words of `inspect`.
async fn decided(desk: &TestDesk, raw: &[u8]) -> Option<(String, Vec<String>)> {
    let outcome = desk.receive_octets(raw).await?;
    let line = ledger::get(&mut desk.desk.store.read().await.unwrap(), outcome.id).await.unwrap().unwrap();
    let trace: Trace = serde_json::from_str(&line.trace).unwrap();
    let mut why = trace.sentences();
    why.push(format!("action {}: {}", outcome.decision, line.reason));
    Some((outcome.decision.to_owned(), why))
}

#[tokio::test(flavor = "multi_thread")]
async fn every_mail_of_the_corpus_is_decided_as_inspect_says() {
    let desk = plain_desk().await;
    let mails = mails(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus"));
    assert!(mails.len() > 100, "the corpus is there");
    let said = inspect::objects(&mails.iter().map(|(_, raw)| raw.clone()).collect::<Vec<_>>());
    let mut wrong = Vec::new();
    for ((name, raw), said) in mails.iter().zip(&said) {
        let of_inspect = (said["decision"]["action"].as_str().unwrap().to_owned(), sentences(&said["decision"]["why"]));
        match decided(&desk, raw).await {
            Some(done) if done != of_inspect => wrong.push(format!("{name}:\n  did  {done:?}\n  said {of_inspect:?}")),
            None if of_inspect.0 != "ignore" => wrong.push(format!("{name}: known already, and inspect says {}", of_inspect.0)),
            Some(_) | None => {}
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), mails.len(), wrong.join("\n"));
}

/// Every mail below a folder, in the order of their paths.
fn mails(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|it| it.unwrap().path()).collect();
    paths.sort();
    let mut found = Vec::new();
    for path in paths {
        if path.is_dir() {
            found.extend(mails(&path));
        } else if path.extension().is_some_and(|it| it == "eml") {
            found.push((path.file_name().unwrap().to_string_lossy().into_owned(), fs::read(&path).unwrap()));
        }
    }
    found
}
