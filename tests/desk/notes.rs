//! An internal note appears in no mail: over random histories.

use maildesk::{
    actions::{assign, reply, set_status, write_note},
    clock::random_bytes,
    desk::{comment::CommentText, ticket::Status},
};

use crate::{
    mail_loop::reply_of,
    test_desk::{TestDesk, answer},
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
        let _ = match step % 8 {
            0 | 1 => write_note::write_note(&desk.desk, &desk.hal, number, &CommentText::parse(&format!("{SECRET} {step}")).unwrap(), &[])
                .await
                .map(drop),
            2 => reply::reply(&desk.desk, &desk.ada, number, &reply_of(&format!("Reply {step}"))).await.map(drop),
            3 => assign::assign(&desk.desk, &desk.ada, number, None, (step & 8 == 0).then_some(desk.hal.id)).await,
            4 => set_status::set_status(&desk.desk, &desk.ada, number, None, Status::ALL[usize::from(step >> 4) % 4]).await,
            5 => match &last_to_hal {
                Some(notice) => Ok(drop(
                    desk.receive_again(&answer(notice, "Hal Nine <hal@desk.test>", &format!("/note\n{SECRET} by mail {step}"))).await,
                )),
                None => Ok(()),
            },
            6 => match &last_to_ann {
                Some(ours) => Ok(drop(desk.receive_again(&answer(ours, "Ann <ann@home.test>", &format!("Answer {step}"))).await)),
                None => Ok(()),
            },
            _ => Ok(desk.later(jiff::SignedDuration::from_mins(i64::from(step)))),
        };
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
