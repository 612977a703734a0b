//! A helper answers a notice from their own mail program.

use maildesk::{
    actions::{assign, held, replay::Extent},
    desk::{
        id::TicketNumber,
        ticket::{Priority, Status},
    },
};

use crate::{
    replay::{again, said},
    test_desk::{Mail, TestDesk, answer, mail},
};

async fn assigned(desk: &TestDesk) -> (TicketNumber, Mail) {
    let number = desk.write("Ann Lee <ann@home.test>", "Printer", "It smokes.").await.ticket.unwrap();
    desk.mail().await;
    assign::assign(&desk.desk, &desk.ada, number, None, Some(desk.hal.id)).await.unwrap();
    let notice = desk.mail().await.into_iter().find(|it| it.to == "hal@desk.test").unwrap();
    (number, notice)
}

#[tokio::test(flavor = "multi_thread")]
async fn it_reaches_the_customer_with_no_trace_of_the_helpers_address_or_token() {
    let desk = TestDesk::new().await;
    let (number, notice) = assigned(&desk).await;
    let token = notice.read.reply_to[0].address.to_string();
    let outcome = desk.receive(&answer(&notice, "Hal Nine <hal@desk.test>", "Unplug it, please.")).await;
    assert_eq!((outcome.decision, outcome.ticket), ("add-comment", Some(number)));
    let [sent] = desk.mail().await.try_into().unwrap();
    assert_eq!(sent.to, "ann@home.test");
    assert_eq!(sent.read.from[0].address.as_str(), "support@desk.test");
    assert!(sent.read.reply.contains("Unplug it, please."), "{}", sent.read.text);
    assert!(!sent.raw.contains("hal@desk.test") && !sent.raw.contains(&token) && !sent.raw.contains(token.split('@').next().unwrap()));
    assert!(!sent.read.text.contains("gave you this ticket"));
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_at_the_top_are_done_with_it() {
    let desk = TestDesk::new().await;
    let (number, notice) = assigned(&desk).await;
    desk.receive(&answer(&notice, "Hal Nine <hal@desk.test>", "/resolve\n/priority high\n\nDone.")).await;
    let ticket = desk.ticket(number).await;
    assert_eq!((ticket.status, ticket.priority), (Status::Resolved, Priority::High));
    let left = desk.mail().await;
    assert_eq!(left.len(), 1, "the answer says that it is resolved");
    assert!(!left[0].raw.contains("/resolve"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_note_by_mail_stays_among_staff() {
    let desk = TestDesk::new().await;
    let (_, notice) = assigned(&desk).await;
    assert_eq!(
        desk.receive(&answer(&notice, "Hal Nine <hal@desk.test>", "/note\nShe is a friend of the boss.")).await.decision,
        "add-comment"
    );
    assert!(desk.mail().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_command_does_nothing_by_halves_and_is_told() {
    let desk = TestDesk::new().await;
    let (number, notice) = assigned(&desk).await;
    let before = desk.ticket(number).await;
    let outcome = desk.receive(&answer(&notice, "Hal Nine <hal@desk.test>", "/priority high\n/explode\n\nDone.")).await;
    assert_eq!(outcome.decision, "hold");
    assert_eq!(desk.ticket(number).await, before);
    let [told] = desk.mail().await.try_into().unwrap();
    assert_eq!(told.to, "hal@desk.test");
    assert!(told.read.text.contains("/explode") && told.read.text.contains("/note"), "{}", told.read.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_sub_addresses_the_token_travels_in_the_message_id() {
    let none = |it: &mut maildesk::desk::settings::MailboxSettings| it.sub_addressing = maildesk::desk::settings::SubAddressing::None;
    let desk = TestDesk::with(maildesk::desk::settings::DeskSettings::default(), none).await;
    let (number, notice) = assigned(&desk).await;
    assert!(notice.read.reply_to.is_empty());
    assert_eq!(desk.receive(&answer(&notice, "Hal Nine <hal@desk.test>", "Unplug it.")).await.ticket, Some(number));
    assert_eq!(desk.mail().await[0].to, "ann@home.test");
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_among_the_lines_of_a_notice_carry_nothing_that_staff_alone_were_told() {
    let desk = TestDesk::new().await;
    let (_, notice) = assigned(&desk).await;
    let token = notice.read.reply_to[0].address.to_string();
    let text = &notice.read.text;
    let quoted: String = text.lines().map(|it| format!("> {it}\n")).collect();
    let among = format!(
        "On Monday, Support <{token}> wrote:\n{}\nThat is all.\n",
        quoted.replace("> > It smokes.\n", "> > It smokes.\n\nUnplug it, please.\n\n")
    );
    let copied = format!(
        "-----Original Message-----\nFrom: Support <{token}>\nTo: Hal <hal@desk.test>\nSubject: Printer\n\n{}\n\nThat is all.\n",
        text.replace("> It smokes.\n", "> It smokes.\n\nUnplug it, please.\n")
    );
    for (words, above) in [
        (among.clone(), ""),
        (format!("See my answers below.\n\n{among}"), "See my answers below.\n\n"),
        (format!("See my answers below.\n\n{copied}"), "See my answers below.\n\n"),
    ] {
        assert_eq!(desk.receive(&to_notice(&notice, "text/plain", &words)).await.decision, "add-comment");
        let [sent] = desk.mail().await.try_into().unwrap();
        assert_eq!(sent.to, "ann@home.test");
        let whole = format!("{above}> It smokes.\n\nUnplug it, please.\n\nThat is all.\n");
        assert!(sent.read.text.contains(&whole), "{}\nof\n{words}", sent.read.text);
        for told in ["gave you", "/note", "In Progress", "Open it", "wrote:\n> Y", token.split('@').next().unwrap(), "hal@desk.test"] {
            assert!(!sent.raw.contains(told) && !sent.read.text.contains(told), "{told}: {}", sent.read.text);
        }
    }
    assert!(again(&desk, Extent::Show).await.is_empty(), "read again it shows the same");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notice_that_a_relay_gave_another_message_id_is_known_by_the_address_that_is_answered() {
    let desk = TestDesk::new().await;
    let (_, notice) = assigned(&desk).await;
    let quoted: String = notice.read.text.lines().map(|it| format!("> {it}\n")).collect();
    let among = format!("Support wrote:\n{}\nThat is all.\n", quoted.replace("> > It smokes.\n", "> > It smokes.\n\nUnplug it.\n\n"));
    let answer = to_notice(&notice, "text/plain", &among).replace(notice.read.message_id.as_ref().unwrap().as_str(), "0102@relay.test");
    assert_eq!(desk.receive(&answer).await.decision, "add-comment");
    let [sent] = desk.mail().await.try_into().unwrap();
    assert!(sent.read.text.contains("> It smokes.\n\nUnplug it.\n\nThat is all.\n"), "{}", sent.read.text);
    assert!(!sent.read.text.contains("gave you") && !sent.read.text.contains("/note"), "{}", sent.read.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_among_the_blocks_of_a_notice_in_html_carry_nothing_that_staff_alone_were_told() {
    let desk = TestDesk::new().await;
    let (_, notice) = assigned(&desk).await;
    let token = notice.read.reply_to[0].address.to_string();
    let html = notice.read.html.as_deref().unwrap();
    assert!(html.contains("It smokes."));
    let (above, below) = html.split_at(html.find("It smokes.").unwrap() + "It smokes.".len());
    let among = format!(
        "<div>See my answers below.</div><div>On Monday, Support &lt;{token}&gt; wrote:<br><blockquote type=\"cite\">{above}<div style=\"color:red\">Unplug it, please.</div>{below}</blockquote></div>"
    );
    assert_eq!(desk.receive(&to_notice(&notice, "text/html", &among)).await.decision, "add-comment");
    let [sent] = desk.mail().await.try_into().unwrap();
    assert!(sent.read.text.contains("See my answers below.\n\n> It smokes.\n\nUnplug it, please.\n\nAnn Lee wrote"), "{}", sent.read.text);
    for told in ["gave you", "/note", "In Progress", "Open #1", token.split('@').next().unwrap()] {
        assert!(!sent.raw.contains(told) && !sent.read.text.contains(told), "{told}: {}", sent.read.text);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_below_the_whole_notice_is_one_and_among_its_lines_it_is_neither_done_nor_sent() {
    let desk = TestDesk::new().await;
    let (number, notice) = assigned(&desk).await;
    let quoted: String = notice.read.text.lines().map(|it| format!("> {it}\n")).collect();
    let attributed = format!("On Monday, Support <{}> wrote:\n{quoted}", notice.read.reply_to[0].address);
    let among = |words: &str| attributed.replace("> > It smokes.\n", &format!("> > It smokes.\n\n{words}\n\n")) + "\nThat is all.\n";
    let below = format!("{attributed}\n/note\nShe is a friend of the boss.\n");
    assert_eq!(desk.receive(&to_notice(&notice, "text/plain", &below)).await.ticket, Some(number));
    assert!(desk.mail().await.is_empty(), "it is a note");
    for (words, why) in [(among("/note"), "`/note` stands below quoted lines"), (format!("{attributed}\n"), "no new words")] {
        assert_eq!(desk.receive(&to_notice(&notice, "text/plain", &words)).await.decision, "hold", "{words}");
        let [told] = desk.mail().await.try_into().unwrap();
        assert!(told.to == "hal@desk.test" && told.read.text.replace('\n', " ").contains(why), "{}", told.read.text);
    }
    desk.receive(&to_notice(&notice, "text/plain", &among("/etc/hosts is the file."))).await;
    let [sent] = desk.mail().await.try_into().unwrap();
    assert!(sent.read.text.contains("> It smokes.\n\n/etc/hosts is the file."), "{}", sent.read.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_held_answer_that_somebody_joins_to_its_ticket_carries_nothing_that_staff_alone_were_told() {
    let desk = TestDesk::new().await;
    let (number, notice) = assigned(&desk).await;
    let token = notice.read.reply_to[0].address.to_string();
    let quoted: String = notice.read.text.lines().map(|it| format!("> {it}\n")).collect();
    let words = format!("/explode\n\nWrite to {token}.\n\nOn Monday, Support <{token}> wrote:\n{quoted}");
    let held = desk.receive(&to_notice(&notice, "text/plain", &words)).await;
    assert_eq!(held.decision, "hold");
    desk.mail().await;
    held::join(&desk.desk, &desk.ada, held.id, number).await.unwrap();
    let joined = said(&desk, number).await.pop().unwrap();
    let shown = format!("{joined:?}");
    assert!(shown.contains("Write to support@desk.test."), "{shown}");
    assert!(!shown.contains("gave you") && !shown.contains(token.split('@').next().unwrap()), "{shown}");
    for sent in desk.mail().await.iter().filter(|it| it.to == "ann@home.test") {
        assert!(!sent.raw.contains("gave you") && !sent.raw.contains(token.split('@').next().unwrap()), "{}", sent.read.text);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_with_the_notice_as_a_file_is_not_sent_and_as_a_note_it_is_one() {
    let desk = TestDesk::new().await;
    let (number, notice) = assigned(&desk).await;
    let with_it = |words: &str| {
        let parts = format!(
            "--b\nContent-Type: text/plain\n\n{words}\n--b\nContent-Type: message/rfc822\nContent-Disposition: attachment; filename=\"notice.eml\"\n\n{}\n--b--\n",
            notice.raw
        );
        to_notice(&notice, "multipart/mixed; boundary=b", &parts).replace("boundary=b; charset=utf-8", "boundary=b")
    };
    assert_eq!(desk.receive(&with_it("See there.")).await.decision, "hold");
    let [told] = desk.mail().await.try_into().unwrap();
    assert!(
        told.to == "hal@desk.test" && told.read.text.replace('\n', " ").contains("its file notice.eml holds the address"),
        "{}",
        told.read.text
    );
    let noted = desk.receive(&with_it("/note\nSee there.")).await;
    assert_eq!(noted.ticket, Some(number), "{noted:?}");
    assert!(desk.mail().await.is_empty());
}

/// An answer as a mail program sends it that leaves what it quotes to who writes.
fn to_notice(notice: &Mail, media: &str, body: &str) -> String {
    let id = notice.read.message_id.as_ref().unwrap();
    let headers = [format!("To: {}", notice.read.reply_to[0].address), format!("In-Reply-To: <{id}>")];
    let text = mail("Hal Nine <hal@desk.test>", "Re: Printer", &[&headers[0], &headers[1]], body);
    text.replacen("text/plain", media, 1)
}
