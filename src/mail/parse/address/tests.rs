//! Address lists, in tables.

use super::*;

fn shown(value: &str) -> Vec<String> {
    read(value.as_bytes())
        .mailboxes
        .iter()
        .map(|it| it.name.as_ref().map_or_else(|| it.address.to_string(), |name| format!("{name}|{}", it.address)))
        .collect()
}

#[test]
fn lists_are_read_as_they_are_meant() {
    for (value, expected) in [
        ("Ann Lee <ann@x.test>", &["Ann Lee|ann@x.test"][..]),
        ("\"Lee, Ann\" <ann@x.test>, hal@x.test", &["Lee, Ann|ann@x.test", "hal@x.test"]),
        ("Lee, Ann <ann@x.test>", &["Lee, Ann|ann@x.test"]),
        ("ann@x.test (Ann Lee)", &["Ann Lee|ann@x.test"]),
        ("Team: ann@x.test, Hal <hal@x.test>;, ada@x.test", &["ann@x.test", "Hal|hal@x.test", "ada@x.test"]),
        ("undisclosed-recipients:;", &[]),
        (", ann@x.test,, hal@x.test", &["ann@x.test", "hal@x.test"]),
        ("=?utf-8?Q?J=C3=B6hn?= <j@x.test>", &["Jöhn|j@x.test"]),
        ("\"=?utf-8?Q?J=C3=B6hn?=\" <j@x.test>", &["Jöhn|j@x.test"]),
        ("<<ann@x.test>>", &["ann@x.test"]),
        ("Ann <ann@x.test", &["Ann|ann@x.test"]),
        ("Ann <ann@x.test, Hal <hal@x.test>", &["Ann|ann@x.test", "Hal|hal@x.test"]),
        ("ann @ x.test", &["ann@x.test"]),
        ("<mailto:ann@x.test>", &["ann@x.test"]),
        ("<@relay.test:ann@x.test>", &["ann@x.test"]),
        ("'ann@x.test'", &["ann@x.test"]),
        ("ann@x.test <ann@x.test>", &["ann@x.test"]),
        ("Ann [VIP] <ann@x.test.>", &["Ann [VIP]|ann@x.test"]),
        ("\"ann lee\"@x.test", &["\"ann lee\"@x.test"]),
        ("<ann lee@x.test>", &["\"ann lee\"@x.test"]),
        ("ann@x.test; hal@x.test", &["ann@x.test", "hal@x.test"]),
        ("ann@x.test hal", &["hal|ann@x.test"]),
        ("\"unclosed <ann@x.test>", &["unclosed|ann@x.test"]),
        ("Ann (the <best>) <ann@x.test>", &["Ann|ann@x.test"]),
        ("=?utf-8?Q?ann=40x.test?=", &["ann@x.test"]),
        ("Pete(A nice \\) chap) <pete(his account)@silly.test(his host)>", &["Pete|pete@silly.test"]),
        (
            "A Group(Some people)\r\n :Chris <c@(Chris's host.)public.example>,\r\n joe@example.org;",
            &["Chris|c@public.example", "joe@example.org"],
        ),
        ("jdoe@test  . example", &["jdoe@test.example"]),
        ("=?utf-8?Q?Lee,_Ann?= <ann@x.test>", &["Lee, Ann|ann@x.test"]),
        ("=?utf-8?Q?Ann <Lee>?= <ann@x.test>", &["Ann <Lee>|ann@x.test"]),
        ("\u{201c}Ann Lee\u{201d} <ann@x.test>", &["Ann Lee|ann@x.test"]),
        ("ann@x.test hal@x.test", &["ann@x.test", "hal@x.test"]),
        ("Ann Lee [ann@x.test]", &["Ann Lee|ann@x.test"]),
        ("Ann Lee [mailto:ann@x.test]", &["Ann Lee|ann@x.test"]),
        ("ann@[192.0.2.1]", &["ann@[192.0.2.1]"]),
        ("Ann &lt;ann@x.test&gt;", &["Ann|ann@x.test"]),
        ("Ann <\u{200b}ann@x.test>, \u{feff}hal@x.test\u{200b}", &["Ann|ann@x.test", "hal@x.test"]),
        ("Ann <ann\u{ff20}x.test>", &["Ann|ann@x.test"]),
        ("\"A &lt; B\" <ann@x.test>", &["A &lt; B|ann@x.test"]),
        ("Orders: Anvils <a@x.test>", &["Orders: Anvils|a@x.test"]),
        ("Mailto:ann@x.test?subject=Hi", &["ann@x.test"]),
        ("\"Ann Lee <ann@x.test>\"", &["Ann Lee|ann@x.test"]),
        ("A: ann@x.test, B: hal@x.test;, ada@x.test;", &["ann@x.test", "hal@x.test", "ada@x.test"]),
        ("Cc:(Empty list)(start)Hidden recipients  :(nobody(that I know))  ;", &[]),
    ] {
        assert_eq!(shown(value), expected, "{value}");
    }
}

#[test]
fn who_has_no_address_is_named_and_not_dropped_in_silence() {
    assert_eq!(read(b"MAILER-DAEMON").lost, ["MAILER-DAEMON"]);
    assert!(read(&b"a@x.test, ".repeat(600)).cut);
}

#[test]
fn mailboxes_without_a_comma_between_them_are_one_each() {
    for (value, expected) in [
        ("<ann@x.test> <hal@x.test>", &["ann@x.test", "hal@x.test"][..]),
        ("<ann@x.test><hal@x.test>", &["ann@x.test", "hal@x.test"]),
        ("Ann <ann@x.test> Hal <hal@x.test>, ada@x.test", &["Ann|ann@x.test", "Hal|hal@x.test", "ada@x.test"]),
        ("\"Ann\" <ann@x.test>\r\n \"Hal\" <hal@x.test>", &["Ann|ann@x.test", "Hal|hal@x.test"]),
        ("<ann@x.test> \"Lee, Hal\" <hal@x.test>", &["ann@x.test", "Lee, Hal|hal@x.test"]),
        ("<@a.test,@b.test:ann@x.test>", &["ann@x.test"]),
        ("Team <ann@x.test,hal@x.test>", &["Team|ann@x.test", "hal@x.test"]),
        ("Ann <ann@x.test> <ann@x.test>", &["Ann|ann@x.test"]),
        ("Ann <the best> <ann@x.test>", &["Ann|ann@x.test"]),
        ("hal@y.test <ann@x.test>", &["hal@y.test|ann@x.test"]),
        ("<\"a,b\"@x.test>", &["\"a,b\"@x.test"]),
    ] {
        assert_eq!(shown(value), expected, "{value}");
    }
}

#[test]
fn of_two_authors_without_a_comma_the_last_counts_as_servers_read_it() {
    for value in ["Bob <victim@b.test> <evil@e.test>", "<victim@b.test> <evil@e.test>"] {
        let authors = read_authors(value.as_bytes()).mailboxes;
        assert_eq!(authors.iter().map(|it| it.address.as_str()).collect::<Vec<_>>(), ["evil@e.test"], "{value}");
        assert_eq!(read(value.as_bytes()).mailboxes.len(), 2, "nobody that a mail goes to is lost");
    }
}
