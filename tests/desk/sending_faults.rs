//! The table of SAFETY.md for a server of outgoing mail: what each fault makes of the mail it meets, that nobody else's mail waits, and
//! that the mail leaves within a minute once the fault is gone.

use jiff::SignedDuration;
use maildesk::{
    demo::world::{Faults, Treatment},
    workers::sender,
};

use crate::sending::Out;

/// What a server does.
enum Fault {
    ToOne(Treatment),
    ToAll(fn(&mut Faults)),
    Stopped,
}

struct Case {
    name: &'static str,
    fault: Fault,
    /// State and attempts of the mail that met it.
    then: &'static str,
    /// Copies of it once the fault is gone.
    copies: usize,
}

fn cases() -> Vec<Case> {
    let one = |name, treatment, then, copies| Case { name, fault: Fault::ToOne(treatment), then, copies };
    let all = |name, how, then| Case { name, fault: Fault::ToAll(how), then, copies: 1 };
    let refuse = |code, text: &str| Treatment::AtRecipient(code, text.to_owned());
    vec![
        one("450 at RCPT", refuse(450, "4.2.0 greylisted"), "delayed 1", 1),
        one("421 at RCPT", refuse(421, "4.7.0 go away"), "waiting 0", 1),
        one("550 at RCPT", refuse(550, "5.1.1 nobody"), "refused 1", 0),
        one("452 after the message", Treatment::AtData(452, "4.3.1 no room".to_owned()), "delayed 1", 1),
        one("421 after the message", Treatment::AtData(421, "4.3.0 going down".to_owned()), "waiting 0", 1),
        one("554 after the message", Treatment::AtData(554, "5.7.1 spam".to_owned()), "refused 1", 0),
        one("a cut after the message", Treatment::CutAfterData, "unknown 1", 2),
        one("silence after the message", Treatment::SilentAfterData, "unknown 1", 2),
        all("421 at the greeting", |it| it.smtp_greeting = Some((421, "4.3.2 busy".to_owned())), "waiting 0"),
        all("554 at the greeting", |it| it.smtp_greeting = Some((554, "5.3.2 no".to_owned())), "waiting 0"),
        all("421 at MAIL", |it| it.smtp_at_mail = Some((421, "4.3.2 busy".to_owned())), "waiting 0"),
        all("451 at MAIL", |it| it.smtp_at_mail = Some((451, "4.3.0 disk full".to_owned())), "waiting 0"),
        all("535", |it| it.smtp_needs_sign_in = true, "waiting 0"),
        Case { name: "no server", fault: Fault::Stopped, then: "waiting 0", copies: 1 },
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn each_fault_is_told_truthfully_holds_up_nobody_else_and_is_over_when_it_is_over() {
    let mut out = Out::new().await;
    for (n, case) in cases().into_iter().enumerate() {
        let mut lane = out.lane(2);
        let (hit, other, name) = (format!("hit{n}@a.test"), format!("other{n}@b.test"), case.name);
        match &case.fault {
            Fault::ToOne(treatment) => out.world.treat(&hit, treatment.clone()),
            Fault::ToAll(how) => out.world.misbehave(how),
            Fault::Stopped => out.world.stop_smtp().await,
        }
        out.owe_one("reply", &hit).await;
        let step = sender::step(&out.desk.desk, &mut lane).await.unwrap();
        assert_eq!(step, sender::Step::Worked(1), "{name}");
        assert_eq!(out.stands(&hit).await, case.then, "{name}");
        assert!(!out.rows.texts(format!("select words from deliveries where address = '{hit}'")).await[0].is_empty(), "{name}");
        if let Fault::ToOne(_) = case.fault {
            out.owe_one("reply", &other).await;
            for _ in 0..3 {
                out.desk.later(SignedDuration::from_secs(15));
                out.work(&mut lane).await;
            }
            assert_eq!(out.got(&other), 1, "{name}: nobody else’s mail waits");
        }
        heal(&mut out, &case.fault, &hit).await;
        out.desk.later(SignedDuration::from_secs(60));
        out.work(&mut lane).await;
        assert_eq!(out.got(&hit), case.copies, "{name}: within a minute of its end");
    }
    let ids = "select count(*) from deliveries where state not in ('sent', 'refused')";
    assert_eq!(out.rows.count(ids).await, 0);
}

async fn heal(out: &mut Out, fault: &Fault, hit: &str) {
    match fault {
        Fault::ToOne(_) => out.world.treat_well(hit),
        Fault::ToAll(_) => out.world.misbehave(|it| *it = Faults::default()),
        Fault::Stopped => out.world.start_smtp().await.unwrap(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_was_closed_with_421_while_it_waited_is_no_trouble() {
    let out = Out::new().await;
    let mut lane = out.lane(2);
    out.owe_one("reply", "ann@a.test").await;
    out.work(&mut lane).await;
    out.world.drop_smtp_connections();
    out.owe_one("reply", "ben@a.test").await;
    out.work(&mut lane).await;
    assert_eq!(out.stands("ben@a.test").await, "sent 1");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_of_several_recipients_is_told_of_for_itself() {
    let out = Out::new().await;
    out.world.refuse("gone@a.test", 550, "5.1.1 nobody");
    out.world.refuse("full@a.test", 452, "4.2.2 full");
    out.owe("reply", ["gone@a.test", "full@a.test", "ann@a.test"].map(str::to_owned)).await;
    out.work(&mut out.lane(2)).await;
    assert_eq!(out.stands("gone@a.test").await, "refused 1");
    assert_eq!(out.stands("full@a.test").await, "delayed 1");
    assert_eq!(out.stands("ann@a.test").await, "sent 1");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_after_a_cut_carries_the_same_message_id() {
    use maildesk::demo::world::StoredMail;
    let out = Out::new().await;
    let mut lane = out.lane(2);
    out.world.treat("ann@a.test", Treatment::CutAfterData);
    out.owe_one("reply", "ann@a.test").await;
    out.work(&mut lane).await;
    out.world.treat_well("ann@a.test");
    out.desk.later(SignedDuration::from_secs(61));
    out.work(&mut lane).await;
    let id = |it: &StoredMail| it.text().lines().find(|it| it.starts_with("Message-ID")).unwrap().to_owned();
    let ids: Vec<String> = out.world.messages("ann@a.test", "INBOX").iter().map(id).collect();
    assert!(ids.len() == 2 && ids[0] == ids[1], "{ids:?}");
}
