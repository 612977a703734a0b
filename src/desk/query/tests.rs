use proptest::prelude::*;

use super::*;
use crate::desk::{
    id::{MailboxId, PersonId, TagId},
    person::{Arrived, Notices, Notify, Person, PersonState, Role},
    tag::Tag,
    ticket::Turn,
};

fn with(asks: Asks) -> Part {
    Part { sense: Sense::With, asks }
}

fn without(asks: Asks) -> Part {
    Part { sense: Sense::Without, asks }
}

fn read(typed: &str) -> Query {
    let reading = Query::read(typed);
    assert_eq!((&reading.wrong, &reading.remarks), (&vec![], &vec![]), "{typed}");
    reading.query
}

fn wrong(typed: &str) -> String {
    let reading = Query::read(typed);
    assert!(!reading.wrong.is_empty(), "{typed} is read as {:?}", reading.query);
    reading.wrong.iter().map(ToString::to_string).collect::<Vec<_>>().join(" | ")
}

#[test]
fn words_phrases_keys_and_numbers_are_told_apart() {
    let word = |it: &str| Asks::Word(it.to_owned());
    for (typed, parts) in [
        ("  ", vec![]),
        ("Größe -Router", vec![with(word("Größe")), without(word("Router"))]),
        ("\"two words\" -\"no reply\"", vec![with(Asks::Phrase("two words".to_owned())), without(Asks::Phrase("no reply".to_owned()))]),
        ("FROM:Anna@x.test to:\"Anna B\"", vec![with(Asks::From("Anna@x.test".to_owned())), with(Asks::To("Anna B".to_owned()))]),
        ("#12 -#13", vec![with(Asks::Number(TicketNumber(12))), without(Asks::Number(TicketNumber(13)))]),
        ("is:Open -is:needs-answer", vec![with(Asks::Is(Is::Open)), without(Asks::Is(Is::NeedsAnswer))]),
        ("status:\"In Progress\"", vec![with(Asks::Status(Status::InProgress))]),
        ("assignee:nobody assignee:me", vec![with(Asks::Assignee(Who::Nobody)), with(Asks::Assignee(Who::Me))]),
        ("has:files before:7d", vec![with(Asks::HasAttachment), with(Asks::Before(When::Ago(7, Unit::Days)))]),
        ("after:2026-11-01 ", vec![with(Asks::After(When::Day(jiff::civil::date(2026, 11, 1))))]),
        // What only looks like the language is what it says.
        (
            "https://x.test/a:b 10:30 a-b 3.5\" #x",
            vec![with(word("https://x.test/a:b")), with(word("10:30")), with(word("a-b")), with(word("3.5\"")), with(word("#x"))],
        ),
    ] {
        assert_eq!(read(typed).parts, parts, "{typed}");
    }
}

#[test]
fn what_cannot_be_read_is_told_with_its_mend() {
    for (typed, sentence) in [
        (
            "frm:anna",
            "there is no key “frm:”; did you mean “from:”? To look for the words themselves, put them between quotation marks: \"frm:anna\"",
        ),
        ("helper:me", "did you mean “assignee:”?"),
        (
            "Re: hello",
            "there is no key “Re:”; there are from, to, subject, file, is, status, assignee, tag, priority, mailbox, has, before and after.",
        ),
        ("tag: billing", "nothing stands behind “tag:”; write the name of a tag without a space between, such as tag:billing"),
        (
            "status:opn",
            "“status:opn” is not known; behind “status:” may stand open, in-progress, resolved and closed; did you mean status:open?",
        ),
        ("priority:9", "behind “priority:” may stand low, normal, high and urgent"),
        ("is:held", "the page Held mail has a search of its own"),
        ("has:picture", "behind “has:” may stand attachment"),
        ("after:soon", "“after:soon” is no day; write a date such as after:2026-11-01"),
        ("before:2026-02-30", "“before:2026-02-30” is no day"),
        ("before:2026-02-03T10:00", "is no day"),
        ("after:+7d", "is no day"),
        ("after:99999d", "is no day"),
        ("#99999999999999999999", "is larger than the number of any ticket"),
        ("from:@", "“from:@” has no letter or digit to look for"),
        (&"a ".repeat(33), "a search has at most 32 words and keys, and this one has 33"),
        (&"a".repeat(501), "a search has at most 500 characters, and this one has 501"),
    ] {
        assert!(wrong(typed).contains(sentence), "{typed}: {}", wrong(typed));
    }
}

#[test]
fn what_is_left_out_or_taken_otherwise_is_told() {
    for (typed, sentence, parts) in [
        ("refund & return", "“&” has no letter or digit and was left out", 2),
        ("a \"\" -", "“\"\"” has no letter or digit", 1),
        ("invoice OR bill", "“OR” is looked for like any other word", 3),
        ("\"two words", "a quotation mark is missing", 1),
    ] {
        let reading = Query::read(typed);
        assert!(reading.wrong.is_empty() && reading.query.parts.len() == parts, "{typed}: {reading:?}");
        assert!(reading.remarks.iter().any(|it| it.to_string().contains(sentence)), "{typed}: {reading:?}");
    }
}

#[test]
fn the_help_is_the_whole_language_and_its_examples_are_read() {
    let examples = HELP.iter().flat_map(|it| it.examples);
    let parts: Vec<Part> = examples.flat_map(|it| read(it).parts).collect();
    for (key, _, example) in help::KEYS {
        assert!(parts.iter().any(|it| it.asks.key() == Some(key)), "no example of {key}:");
        read(&format!("{key}:{example}"));
    }
    for is in Is::ALL {
        assert!(parts.iter().any(|it| it.asks == Asks::Is(is)), "no example of is:{}", is.as_str());
    }
    for help in HELP.iter().filter(|it| it.audience == Audience::Everybody) {
        for example in help.examples {
            assert!(read(example).meaning_for_customer(Timestamp::UNIX_EPOCH, &TimeZone::UTC).is_ok(), "{example} is no use to a customer");
        }
    }
}

#[test]
fn moments_are_of_the_desks_days() {
    let zone = TimeZone::get("Europe/Berlin").unwrap();
    let now = "2026-11-10T00:30:00Z".parse().unwrap();
    for (typed, moment) in [
        ("2026-11-01", "2026-10-31T23:00:00Z"),
        ("today", "2026-11-09T23:00:00Z"),
        ("yesterday", "2026-11-08T23:00:00Z"),
        ("12h", "2026-11-09T12:30:00Z"),
        ("2w", "2026-10-27T00:30:00Z"),
        ("1m", "2026-10-09T23:30:00Z"),
        ("1y", "2025-11-10T00:30:00Z"),
    ] {
        let Asks::After(when) = &read(&format!("after:{typed}")).parts[0].asks else { panic!("{typed}") };
        assert_eq!(when.moment(now, &zone), moment.parse().unwrap(), "{typed}");
    }
    assert!(When::Ago(u16::MAX, Unit::Years).moment(now, &zone) < "0000-01-01T00:00:00Z".parse().unwrap());
}

#[test]
fn a_key_is_set_changed_and_taken_out() {
    let query = read("offline status:open -status:closed");
    let changed = query.with("status", Some(Asks::Status(Status::Resolved)));
    assert_eq!(changed.to_string(), "offline status:resolved -status:closed");
    assert_eq!(
        (changed.value("status").as_deref(), query.with("status", None).to_string()),
        (Some("resolved"), "offline -status:closed".to_owned())
    );
    assert_eq!(query.with("tag", Some(Asks::Tag("a b".to_owned()))).to_string(), "offline status:open -status:closed tag:\"a b\"");
}

fn maya() -> Person {
    Person {
        id: PersonId(7),
        role: Role::Helper,
        state: PersonState::Active,
        arrived: Arrived::Yes,
        name: "Maya Lindqvist".to_owned(),
        email: "maya@skerry.example".parse().unwrap(),
        notices: Notices::all(Notify::Never),
    }
}

#[test]
fn names_mean_what_bears_them_and_what_nothing_bears_is_told() {
    let (tags, staff) = ([Tag { id: TagId(3), name: "Return label".to_owned() }], [maya()]);
    let mailboxes = [KnownMailbox { id: MailboxId(1), name: "support".to_owned(), address: "help@skerry.example".to_owned() }];
    let known =
        Known { tags: &tags, staff: &staff, mailboxes: &mailboxes, me: PersonId(9), now: Timestamp::UNIX_EPOCH, zone: &TimeZone::UTC };
    let meaning =
        read("offline tag:\"return LABEL\" assignee:maya -mailbox:help@skerry.example is:waiting is:mine").meaning(&known).unwrap();
    assert_eq!(meaning.said, [(Sense::With, Said::Words("offline".to_owned()))]);
    let facts = [
        (Sense::With, vec![Fact::Tag(TagId(3))]),
        (Sense::With, vec![Fact::HadBy(vec![PersonId(7)])]),
        (Sense::Without, vec![Fact::Mailbox(vec![MailboxId(1)])]),
        (Sense::With, vec![Fact::Active, Fact::Turn(Turn::Customer)]),
        (Sense::With, vec![Fact::HadBy(vec![PersonId(9)])]),
    ];
    assert_eq!(meaning.facts, facts);
    let unknown = read("tag:retrn assignee:jonas mailbox:sales").meaning(&known).unwrap_err();
    let told: Vec<String> = unknown.iter().map(ToString::to_string).collect();
    assert!(
        told[0].starts_with("there is no tag “retrn”") && told[1].contains("“jonas”") && told[2].ends_with("there are support"),
        "{told:?}"
    );
    let unknown = read("tag:x is:spam").meaning_for_customer(Timestamp::UNIX_EPOCH, &TimeZone::UTC).unwrap_err();
    assert_eq!(unknown, [Unknown::ForStaff("tag"), Unknown::ForStaff("is")]);
}

const PIECES: [&str; 26] = [
    "-",
    "\"",
    "#",
    ":",
    " ",
    "\u{3000}",
    "from:",
    "is:",
    "open",
    "12",
    "tag:",
    "after:",
    "7d",
    "2026-11-01",
    "//",
    "ä",
    "山",
    "status:",
    "me",
    "assignee:",
    "\u{301}",
    "\0",
    "has:attachment",
    "none",
    "x",
    "'",
];

fn value() -> impl Strategy<Value = String> {
    prop_oneof!["[a-zA-Zä山0-9@.'-]{1,12}", "[a-zA-Z0-9] [a-zä山 ]{1,12}"].prop_filter("a word", |it| it.contains(char::is_alphanumeric))
}

fn any_asks() -> impl Strategy<Value = Asks> {
    let when = prop_oneof![
        (1900_i16..2100, 1_i8..=12, 1_i8..=28).prop_map(|(y, m, d)| When::Day(jiff::civil::date(y, m, d))),
        (any::<u16>(), prop::sample::select(&Unit::ALL[..])).prop_map(|(n, unit)| When::Ago(n, unit)),
        Just(When::Today),
        Just(When::Yesterday),
    ];
    prop_oneof![
        "[a-zä山0-9][a-zä山0-9.@'-]{0,12}".prop_map(Asks::Word),
        value().prop_map(Asks::Phrase),
        value().prop_map(Asks::From),
        value().prop_map(Asks::To),
        value().prop_map(Asks::Subject),
        value().prop_map(Asks::File),
        value().prop_map(Asks::Tag),
        value().prop_map(Asks::Mailbox),
        value().prop_map(|it| Asks::Assignee(read::who(&it))),
        prop::sample::select(&Is::ALL[..]).prop_map(Asks::Is),
        prop::sample::select(&Status::ALL[..]).prop_map(Asks::Status),
        prop::sample::select(&Priority::ALL[..]).prop_map(Asks::Priority),
        Just(Asks::HasAttachment),
        when.clone().prop_map(Asks::Before),
        when.prop_map(Asks::After),
        (0..i64::MAX).prop_map(|it| Asks::Number(TicketNumber(it))),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(800))]

    #[test]
    fn whatever_is_typed_is_read_or_told_about(pieces in prop::collection::vec(prop::sample::select(&PIECES[..]), 0..40), text in ".{0,80}") {
        for typed in [pieces.concat(), text] {
            let reading = Query::read(&typed);
            let told = reading.query.parts.len() + reading.wrong.len() + reading.remarks.len();
            prop_assert!(told > 0 || typed.trim().is_empty());
            // What was read is read again.
            if reading.wrong.is_empty() {
                let again = Query::read(&reading.query.to_string());
                prop_assert_eq!(again.query, reading.query);
                prop_assert!(again.wrong.is_empty());
            }
        }
    }

    #[test]
    fn every_word_of_the_language_is_read_as_it_is_written(parts in prop::collection::vec((any::<bool>(), any_asks()), 0..12)) {
        let part = |(not, asks)| if not { without(asks) } else { with(asks) };
        let query = Query { parts: parts.into_iter().map(part).collect() };
        let typed = query.to_string();
        prop_assume!(typed.chars().count() <= LONGEST);
        prop_assert_eq!(Query::read(&typed), Reading { query, ..Reading::default() });
    }
}
