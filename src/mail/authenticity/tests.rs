//! Whose word counts, and what it says.

use super::*;

/// Fields topmost first; `by HOST` stands for a Received.
fn check(traces: &[&str]) -> SenderCheck {
    let trace = |it: &&str| match it.strip_prefix("by ") {
        Some(host) => SenderTrace::ReceivedBy(host.to_owned()),
        None => SenderTrace::Results((*it).to_owned()),
    };
    verdict(&traces.iter().map(trace).collect::<Vec<_>>(), "mx.desk.test", "x.test")
}

#[test]
fn only_the_trusted_servers_own_run_counts() {
    for (traces, expected) in [
        (&["mx.desk.test; dmarc=pass header.from=x.test"][..], Authenticity::Verified),
        (&["MX.desk.test. 1; spf=none; dmarc=fail (p=reject) header.from=x.test"], Authenticity::Failed),
        (&["\"mx.desk.test\"; dmarc=pass"], Authenticity::Verified),
        (&["(the house) mx.desk.test (it) ; dmarc=pass"], Authenticity::Verified),
        (&["evil.test; dmarc=pass", "mx.desk.test; dmarc=pass"], Authenticity::NotVerified),
        (&["mx.desk.test; dkim=none", "other.test; dmarc=pass", "mx.desk.test; dmarc=pass"], Authenticity::NotVerified),
        (&["by inner.test", "mx.desk.test; spf=none", "by mx.desk.test", "mx.desk.test; dmarc=pass"], Authenticity::Verified),
        (&["mx.desk.test; spf=none", "by mx.evil.test", "mx.desk.test; dmarc=pass"], Authenticity::NotVerified),
        (&["mx.desk.test; dmarc=none", "mx.desk.test; dmarc=pass"], Authenticity::NotVerified),
        (&["mx.desk.test; dmarc=fail", "mx.desk.test; dmarc=pass"], Authenticity::Failed),
        (&["mx.desk.test; dmarc=pass", "mx.desk.test; dmarc=fail"], Authenticity::Failed),
        (&["mx.desk.test.evil.test; dmarc=pass"], Authenticity::NotVerified),
        (&["spf=pass (no server) smtp.mailfrom=x.test; dmarc=pass"], Authenticity::NotVerified),
        (&["mx.desk.test; none"], Authenticity::NotVerified),
        (&["mx.desk.test"], Authenticity::NotVerified),
        (&["; ; ="], Authenticity::NotVerified),
        (&[], Authenticity::NotVerified),
    ] {
        assert_eq!(check(traces).authenticity, expected, "{traces:?}");
    }
}

#[test]
fn a_result_is_read_as_the_grammar_has_it() {
    for (result, expected) in [
        ("spf=none (dmarc=pass; dmarc=pass) smtp.mailfrom=x.test", Authenticity::NotVerified),
        ("spf=fail reason=\"x; dmarc=pass\"", Authenticity::NotVerified),
        ("dmarc = pass", Authenticity::Verified),
        ("DMARC=Pass (p=REJECT sp=NONE dis=NONE) header.from=X.test", Authenticity::Verified),
        ("dmarc=pass header.from=other.test", Authenticity::NotVerified),
        ("dmarc=fail action=none header.from=x.test; arc=pass", Authenticity::Failed),
        ("dmarc=temperror; dkim=permerror", Authenticity::NotVerified),
        ("dmarc=bestguesspass; spf=neutral", Authenticity::NotVerified),
    ] {
        assert_eq!(check(&[&format!("mx.desk.test; {result}")]).authenticity, expected, "{result}");
    }
}

#[test]
fn a_signature_or_an_envelope_speaks_for_its_own_domain() {
    for (result, expected) in [
        ("dkim=pass header.d=x.test header.s=a", true),
        ("dkim=pass (2048-bit key) reason=\"a = b\" header.d=x.test", true),
        ("dkim/1=pass header.i=@x.test", true),
        ("dkim=pass header.d=evil.test", false),
        ("dkim=pass header.d=evil.test; dkim=pass header.d=x.test", true),
        ("dkim=fail header.d=x.test", false),
        ("dkim=pass header.d=mail.x.test", true),
        ("dkim=pass header.d=notx.test", false),
        ("dkim=pass header.d=test", false),
        ("spf=pass smtp.mailfrom=ann@x.test", true),
        ("spf=pass (sender SPF authorized) smtp.mailfrom=\"ann@bounce.x.test\"", true),
        ("spf=pass smtp.helo=x.test", false),
        ("spf=softfail smtp.mailfrom=x.test", false),
    ] {
        let expected = if expected { Authenticity::Verified } else { Authenticity::NotVerified };
        assert_eq!(check(&[&format!("mx.desk.test; {result}")]).authenticity, expected, "{result}");
    }
    let of = |result: &str, from| verdict(&[SenderTrace::Results(format!("mx.desk.test; {result}"))], "mx.desk.test", from).authenticity;
    assert_eq!(of("dkim=pass header.d=x.test", "news.x.test"), Authenticity::Verified);
    assert_eq!(of("dkim=pass header.d=evil.co.uk", "co.uk"), Authenticity::NotVerified);
    assert_eq!(of("dkim=pass header.d=x.test", ""), Authenticity::NotVerified);
}

#[test]
fn the_reason_is_a_sentence_for_a_person() {
    for (traces, why) in [
        (&["mx.desk.test; dmarc=pass"][..], "our mail server mx.desk.test says that DMARC passes for x.test"),
        (&["mx.desk.test; dmarc=fail"], "our mail server mx.desk.test says that DMARC fails for x.test: it may not be from who it claims"),
        (&["mx.desk.test; dkim=pass header.d=x.test"], "our mail server mx.desk.test says that it is signed by x.test (DKIM)"),
        (&["mx.desk.test; dkim=none; spf=fail"], "our mail server mx.desk.test says that nothing vouches for x.test (dkim none, spf fail)"),
        (&["evil.test; dmarc=pass"], "there is no word about the sender on it from our mail server mx.desk.test"),
    ] {
        assert_eq!(check(traces).why, why);
    }
}

#[test]
fn an_envelope_sender_cannot_write_results_of_its_own() {
    for forged in [
        r#"mx.desk.test; spf=pass smtp.mailfrom="a\"; dkim=pass header.d=x.test; y=\""@evil.test"#,
        r#"mx.desk.test; dmarc=none header.from=x.test; spf=pass smtp.mailfrom="a\"; dmarc=pass header.from=x.test; y=\""@evil.test"#,
        r#"mx.desk.test; spf=pass smtp.mailfrom="a@x.test "@evil.test"#,
        r#"mx.desk.test; spf=pass smtp.mailfrom="a smtp.mailfrom=@x.test"@evil.test"#,
        r#"mx.desk.test; spf=pass smtp.mailfrom="a; dmarc=pass header.from=x.test"#,
        r#"mx.desk.test; spf=pass smtp.mailfrom=a@evil.test (; dmarc=pass header.from=x.test"#,
    ] {
        assert_eq!(check(&[forged]).authenticity, Authenticity::NotVerified, "{forged}");
    }
}

#[test]
fn what_stands_below_our_own_server_and_another_came_with_the_mail() {
    let by = |host: &str| SenderTrace::ReceivedBy(host.to_owned());
    let passes = || SenderTrace::Results("mx.desk.test; dmarc=pass header.from=x.test".to_owned());
    for (traces, expected) in [
        (vec![by("mx.desk.test"), by("out.evil.test"), passes()], Authenticity::NotVerified),
        (vec![by("2002:a05:6a10:b0"), passes()], Authenticity::Verified),
        (vec![by("store.internal.example"), passes(), by("mx.desk.test")], Authenticity::Verified),
        (vec![by("mx.desk.test"), by("localhost"), passes(), by("mx.desk.test")], Authenticity::Verified),
    ] {
        assert_eq!(verdict(&traces, "mx.desk.test", "x.test").authenticity, expected, "{traces:?}");
    }
}
