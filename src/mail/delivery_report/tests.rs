//! Bounces in a system’s own words, told from people who write about failures.

use crate::{desk::message::Kind, mail::parse};

fn kind(header: &str, body: &str) -> Kind {
    parse::read(format!("{header}\n\n{body}\n").as_bytes()).kind
}

#[test]
fn somebody_who_looks_after_mail_is_a_person_until_it_shows_that_a_system_writes() {
    let words = "The printer says that its address is unknown and was blocked by the firewall.";
    let code = "<ann@y.test>: 550 5.1.1 no such user; the mail could not be delivered.";
    for (header, body, expected) in [
        ("Return-Path: <sysadmin@x.test>\nFrom: sysadmin@x.test\nSubject: Printer", words, Kind::New),
        ("Return-Path: <it@x.test>\nFrom: System Administrator <it@x.test>\nSubject: Printer", words, Kind::New),
        ("From: System Administrator <it@x.test>\nSubject: Printer", words, Kind::New),
        ("From: Mail Delivery System <it@x.test>\nSubject: Printer", words, Kind::Bounce),
        ("From: MAILER-DAEMON@x.test\nSubject: Printer", words, Kind::Bounce),
        ("Return-Path: <>\nFrom: sysadmin@x.test\nSubject: Printer", words, Kind::Bounce),
        ("From: sysadmin@x.test\nSubject: Printer", code, Kind::Bounce),
        ("From: sysadmin@x.test\nSubject: Mail delivery failed", "It could not be delivered.", Kind::Bounce),
        ("Return-Path: <sysadmin@x.test>\nFrom: sysadmin@x.test\nSubject: Mail delivery failed", "It could not be delivered.", Kind::New),
        ("Return-Path: <sysadmin@x.test>\nFrom: sysadmin@x.test\nSubject: Mail delivery failed", code, Kind::Bounce),
    ] {
        assert_eq!(kind(header, body), expected, "{header}\n{body}");
    }
}

#[test]
fn an_answer_by_somebody_who_looks_after_mail_reaches_its_ticket() {
    let quoted = "Thank you.\n\n> Dear Ann, the toner could not be delivered to hal@y.test: 550.";
    for (header, expected) in [
        ("System Administrator <it@x.test>\nSubject: Re: Printer\nIn-Reply-To: <1@desk.test>", Kind::Reply),
        ("Postmaster <it@x.test>\nSubject: Printer\nIn-Reply-To: <1@desk.test>", Kind::Reply),
        ("Mail Server <it@x.test>\nSubject: Re: Printer [#12]", Kind::Reply),
        ("Postmaster <it@x.test>\nSubject: Undeliverable: Printer\nIn-Reply-To: <1@desk.test>", Kind::Bounce),
    ] {
        assert_eq!(kind(&format!("Return-Path: <it@x.test>\nFrom: {header}"), quoted), expected, "{header}");
    }
}
