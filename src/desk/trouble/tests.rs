use super::*;

const MINUTE: SignedDuration = SignedDuration::from_mins(1);

fn now() -> Timestamp {
    Timestamp::from_second(1_800_000_000).unwrap()
}

fn support() -> MailboxSeen {
    MailboxSeen {
        name: "support".to_owned(),
        address: "support@desk.test".to_owned(),
        facts: MailboxFacts { checked_at: Some(now()), ..MailboxFacts::default() },
        token_fault: None,
        sender_fault: None,
        unsent: None,
        probe_lost: None,
    }
}

fn found(mailbox: MailboxSeen, undecided: Option<Waiting>, machine: &MachineSeen) -> Vec<Trouble> {
    let alarm_after = MINUTE * 10;
    troubles(&Seen { now: now(), alarm_after, instance: "host/1", mailboxes: &[mailbox], undecided, backup: None, machine })
}

#[test]
fn each_fact_that_is_not_well_is_a_trouble_with_its_mend() {
    let ago = |minutes: i32| now() - MINUTE * minutes;
    let waiting = |minutes| Some(Waiting { n: 2, since: ago(minutes), words: Some("535 no; enter the right one".to_owned()) });
    let with = |facts| MailboxSeen { facts, ..support() };
    let refused = MailboxFacts { error: Some("mx:993 refuses; enter the right one".to_owned()), ..MailboxFacts::default() };
    let lost = MailboxFacts { error: Some("mx:993 broke off".to_owned()), failing_since: Some(ago(3)), ..MailboxFacts::default() };
    let silent = MailboxFacts { checked_at: Some(ago(11)), ..MailboxFacts::default() };
    let gap = MailboxFacts { waiting: 1, ..support().facts };
    for (mailbox, kind, says, mend) in [
        (with(refused), "mailbox", "support@desk.test is not being read: mx:993 refuses", "enter the right one"),
        (with(lost), "mailbox", "support@desk.test is not being read: mx:993 broke off", "mail is safe"),
        (with(silent), "silent", "has not been checked", "log"),
        (with(gap), "ledger-gap", "1 message on the server of support@desk.test cannot be had", "mail program"),
        (MailboxSeen { probe_lost: Some(ago(12)), ..support() }, "probe", "has not come back", "MX records"),
        (
            MailboxSeen { token_fault: Some("it ends; soon".to_owned()), ..support() },
            "token",
            "support@desk.test: it ends; soon",
            "connect",
        ),
        (MailboxSeen { sender_fault: Some("mx:465 refuses; pay".to_owned()), ..support() }, "sender", "nothing can leave", "pay"),
        (MailboxSeen { unsent: waiting(11), ..support() }, "unsent", "2 messages from support@desk.test wait", "enter the right one"),
    ] {
        let troubles = found(mailbox, None, &MachineSeen::default());
        let [one] = &troubles[..] else { panic!("{kind}: {troubles:?}") };
        assert!(one.kind.as_str() == kind && one.about == "support" && one.says.contains(says) && one.mend.contains(mend), "{one:?}");
    }
    let well = MailboxSeen { unsent: waiting(10), ..support() };
    assert_eq!(found(well, None, &MachineSeen::default()), []);
}

#[test]
fn a_machines_troubles_are_told_under_its_name() {
    let some = |text: &str| Some(text.to_owned());
    let machine = MachineSeen {
        disk: some("1 MiB free"),
        database: some("slow"),
        clock: some("2h from that of x"),
        door: some("nobody answers at unix:x: gone"),
        public_url: some("a; b"),
    };
    let found = found(support(), Some(Waiting { n: 1, since: now(), words: None }), &machine);
    let kinds: Vec<&str> = found.iter().map(|it| it.kind.as_str()).collect();
    assert_eq!(kinds, ["database", "disk", "lmtp", "clock", "public-url", "undecided"]);
    assert!(found[..5].iter().all(|it| it.about == "host/1"));
    assert_eq!((found[4].says.as_str(), found[4].mend.as_str()), ("a", "b"));
    assert_eq!(found[2].says, "no mail can be handed over: nobody answers at unix:x: gone");
}

#[test]
fn a_backup_that_is_overdue_is_one_trouble_of_the_desk() {
    let machine = MachineSeen::default();
    for (says, told, mend) in [
        ("the last backup came to nothing: no room; make room", "the last backup came to nothing: no room", "make room"),
        ("the last backup came to nothing: no", "the last backup came to nothing: no", "by hand"),
        ("no backup has been found whole yet; the daemon’s log says why", "no backup has been found whole yet", "log"),
    ] {
        let backup = Some(backup::Trouble { since: now() - MINUTE, says: says.to_owned() });
        let seen =
            Seen { now: now(), alarm_after: MINUTE, instance: "one", mailboxes: &[support()], undecided: None, backup, machine: &machine };
        let [one] = &troubles(&seen)[..] else { panic!("{says}") };
        assert_eq!((one.kind, one.about.as_str(), one.says.as_str(), one.since), (TroubleKind::Backup, "", told, now() - MINUTE));
        assert!(one.mend.contains(mend), "{one:?}");
    }
}

#[test]
fn a_kind_is_its_word_and_tells_no_sooner_than_it_counts() {
    for kind in TroubleKind::ALL {
        assert_eq!(TroubleKind::parse(kind.as_str()), Some(kind));
        assert!(kind.told_after(MINUTE) >= kind.counts_after(MINUTE), "{kind:?}");
    }
}

#[test]
fn only_our_own_addresses_are_told() {
    for (text, told) in [
        ("550 <ann@home.test>: unknown.", "550 <(an address)>: unknown."),
        ("sign-in of Support@desk.test refused", "sign-in of Support@desk.test refused"),
        ("ask postmaster@mx.test.", "ask (an address)."),
        ("(x@y,z@w)", "((an address),(an address))"),
        ("é@ü.test ok", "(an address) ok"),
        ("nothing here", "nothing here"),
    ] {
        assert_eq!(without_addresses(text, &["support@desk.test"]), told);
    }
}
