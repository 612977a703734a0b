//! An internal note appears in no mail: over random histories.

use maildesk::{
    actions::{assign, reply, set_status, write_note},
    clock::random_bytes,
    desk::{comment::CommentText, id::TicketNumber, ticket::Status},
};

use crate::{
    mail_loop::reply_of,
    test_desk::{Mail, TestDesk, answer},
};

/// Every note carries this word; no mail may.
const SECRET: &str = "zzsecretzz";

#[tokio::test(flavor = "multi_thread")]
async fn a_note_appears_in_no_mail_whatever_happens_around_it() {
    for _ in 0..6 {
        one_history(random_bytes::<40>()).await;
    }
}

async fn one_history(steps: [u8; 40]) {
    let desk = TestDesk::new().await;
    let number = desk.write("Ann <ann@home.test>", "Printer", "It smokes.").await.ticket.unwrap();
    let mut last_to_ann = None;
    let mut last_to_hal = None;
    for step in steps {
        one_step(&desk, number, step, &last_to_ann, &last_to_hal).await;
        for mail in desk.mail().await {
            assert!(
                !mail.raw.contains(SECRET) && !mail.read.text.contains(SECRET),
                "a note left in a mail to {} after {steps:?}: {}",
                mail.to,
                mail.raw
            );
            match mail.to.as_str() {
                "ann@home.test" => last_to_ann = Some(mail),
                "hal@desk.test" => last_to_hal = Some(mail),
                _ => {}
            }
        }
    }
    desk.mail_does_not_matter();
}

/// Whatever is refused is refused: the lifecycle has its own tests.
async fn one_step(desk: &TestDesk, number: TicketNumber, step: u8, to_ann: &Option<Mail>, to_hal: &Option<Mail>) {
    let (hal, ada) = (&desk.hal, &desk.ada);
    match step % 8 {
        0 | 1 => {
            let note = CommentText::parse(&format!("{SECRET} {step}")).unwrap();
            write_note::write_note(&desk.desk, hal, number, &note, &[]).await.ok();
        }
        2 => {
            reply::reply(&desk.desk, ada, number, &reply_of(&format!("Reply {step}"))).await.ok();
        }
        3 => assign::assign(&desk.desk, ada, number, None, (step & 8 == 0).then_some(hal.id)).await.unwrap_or_default(),
        4 => set_status::set_status(&desk.desk, ada, number, None, Status::ALL[usize::from(step >> 4) % 4]).await.unwrap_or_default(),
        5 => {
            if let Some(notice) = to_hal {
                desk.receive_again(&answer(notice, "Hal Nine <hal@desk.test>", &format!("/note\n{SECRET} by mail {step}"))).await;
            }
        }
        6 => {
            if let Some(ours) = to_ann {
                desk.receive_again(&answer(ours, "Ann <ann@home.test>", &format!("Answer {step}"))).await;
            }
        }
        _ => desk.later(jiff::SignedDuration::from_mins(i64::from(step))),
    }
}
