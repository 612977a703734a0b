use super::*;
use crate::templates::Templates;

fn own(text: &str) -> OwnMail {
    OwnMail { subject: "s".to_owned(), text: text.to_owned(), html: "<p>{{ it.said.text }}</p>".to_owned() }
}

fn why(kind: MailKind, text: &str) -> String {
    check(kind, &own(text), Part::Text).expect_err(text).why
}

#[test]
fn a_fault_is_named_with_its_line_and_what_was_probably_meant() {
    for (text, says) in [
        ("Hello\n{{ ticket.numbr }}", "line 2: there is no value called ticket.numbr; did you mean ticket.number?"),
        ("{{ note }}", "there is no value called note"),
        ("{{ it.internal }}", "there is no value called it.internal"),
        ("a\nb {% if x", "line 2: {% is never closed by %}"),
        ("{% if ticket.number %}", "unexpected"),
        ("{{ ticket.number | nothing }}", "nothing"),
    ] {
        let told = why(MailKind::Receipt, text);
        assert!(told.contains(says), "{text}: {told}");
    }
}

#[test]
fn nothing_can_be_built_that_is_large() {
    for text in [
        "{% set x = desk.name %}",
        "{{ desk.name ~ desk.name }}",
        "{{ desk.name * 1000000000 }}",
        "{{ desk.name + desk.name }}",
        "{%- macro m() %}{% endmacro %}",
        "{% filter upper %}a{% endfilter %}",
        "{{ '}}' ~ desk.name }}",
        "{% include 'mail/receipt/body.txt' %}",
        "{% include 'login.html' %}",
        "{% include desk.name %}",
        "{% import 'mail/../_x' as x %}",
        "{% call x() %}{% endcall %}",
    ] {
        assert!(check(MailKind::Receipt, &own(text), Part::Text).is_err(), "{text}");
    }
}

#[test]
fn work_and_what_comes_out_are_bounded() {
    let templates = Templates::new();
    let values = serde_json::json!({"it": {"began": vec![0; 3000], "over": vec![0; 3000]}, "desk": {"name": "x".repeat(1 << 20)}});
    let loops = own("{% for a in it.began %}{% for b in it.over %}{% for c in it.over %}{% endfor %}{% endfor %}{% endfor %}");
    let began = std::time::Instant::now();
    assert!(templates.render_own(&loops, Part::Text, &values).unwrap_err().why.contains("too many steps"));
    assert!(began.elapsed().as_secs() < 20, "{:?}", began.elapsed());
    let large = own("{% for a in it.began %}{{ desk.name }}{% endfor %}");
    assert!(templates.render_own(&large, Part::Text, &values).unwrap_err().why.contains("MiB come out of it"));
    assert!(templates.render_own(&own(" {# nothing #} "), Part::Text, &values).unwrap_err().why.contains("nothing comes out"));
}

#[test]
fn what_is_shipped_can_be_written_as_ones_own_and_says_the_same() {
    let templates = Templates::new();
    for kind in MailKind::ALL {
        let shipped = templates.shipped_mail(kind);
        for part in Part::ALL {
            check(kind, &shipped, part).unwrap_or_else(|wrong| panic!("{kind:?} {part:?}: {wrong}"));
        }
    }
}

#[test]
fn html_is_escaped_and_text_is_not() {
    let values = serde_json::json!({"it": {"said": {"text": "<b>"}}, "desk": {"name": "<i>"}});
    let templates = Templates::new();
    assert_eq!(templates.render_own(&own("{{ desk.name }}"), Part::Text, &values).unwrap(), "<i>");
    assert_eq!(templates.render_own(&own(""), Part::Html, &values).unwrap(), "<p>&lt;b&gt;</p>");
}
