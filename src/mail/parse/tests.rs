//! Whole messages, broken in the ways that real ones are, and what must hold for any octets.

use proptest::prelude::*;

use super::*;

fn mail(text: &str) -> IncomingMessage {
    read(text.replace('\n', "\r\n").as_bytes())
}

#[test]
fn a_message_is_read_as_it_is_meant() {
    let message = mail(
        "From: \"Lee, Ann\" <ann@x.test>\nTo: support@desk.test\nSubject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?=\nMessage-ID: <1@x.test>\nDate: Mon, 5 Feb 2024 10:00:00 +0100\nContent-Type: multipart/mixed; boundary=m\n\n--m\nContent-Type: multipart/alternative; boundary=a\n\n--a\n\nHello\n--a\nContent-Type: multipart/related; boundary=r\n\n--r\nContent-Type: text/html\n\n<p>Hello<img src=\"cid:p1\"><img src=http://t.test/x>\n--r\nContent-Type: image/png; name=p.png\nContent-ID: <p1>\nContent-Transfer-Encoding: base64\n\nAAAA\n--r--\n--a--\n--m\nContent-Type: text/plain; name=log.txt\nContent-Disposition: attachment\n\nlog\n--m--\n",
    );
    assert_eq!((message.subject.as_str(), message.text.as_str()), ("Grüße", "Hello"));
    assert_eq!(message.html.as_deref(), Some("<p>Hello<img src=\"cid:p1\"><img data-remote=\"http://t.test/x\"></p>"));
    assert_eq!(message.remote_images, 1);
    let files: Vec<_> = message.attachments.iter().map(|it| (it.filename.as_deref(), it.inline, it.bytes.len())).collect();
    assert_eq!(files, [(Some("p.png"), true, 3), (Some("log.txt"), false, 3)]);
    assert_eq!(message.requester.unwrap().name.as_deref(), Some("Lee, Ann"));
    assert_eq!(message.warnings, Vec::<String>::new());
}

#[test]
fn a_subject_that_a_signature_covers_is_shown_where_none_stands_outside() {
    let signed = |outside: &str, says: &str| {
        mail(&format!(
            "Subject: {outside}\nContent-Type: multipart/signed; boundary=b\n\n--b\nContent-Type: text/plain; {says}\nSubject: =?utf-8?Q?L=C3=A4rm?=\n\nHello\n--b\nContent-Type: application/pgp-signature\n\nx\n--b--\n"
        ))
    };
    for (outside, says, subject) in [
        ("...", "protected-headers=v1", "Lärm"),
        ("[...]", "hp=\"clear\"", "Lärm"),
        ("Re: ...", "protected-headers=\"v1\"", "Lärm"),
        ("Noise", "protected-headers=v1", "Noise"),
        ("...", "charset=utf-8", "..."),
    ] {
        assert_eq!(signed(outside, says).subject, subject, "{outside} {says}");
    }
}

#[test]
fn the_body_is_found_however_it_is_wrapped() {
    for (raw, text) in [
        ("no header at all", "no header at all"),
        ("\n\njust a body", "just a body"),
        ("Subject: x\nHello without a blank line\n", "Hello without a blank line"),
        ("Content-Type: multipart/mixed; boundary=x\n\nnever opened\n", "never opened"),
        ("Content-Type: multipart/mixed; boundary=\"x\"\n\n--x\n\nno end", "no end"),
        ("Content-Type: multipart/mixed\n\n--zzz\n\nunnamed\n--zzz--\n", "unnamed"),
        ("Content-Type: multipart/mixed\n\nHello\n--zzz\n\nunnamed\n--zzz--\n", "Hello\nunnamed"),
        (
            "Content-Type: multipart/mixed\n\nHello\n-- Forwarded --\nFrom: x\n-- Forwarded --\n",
            "Hello\n-- Forwarded --\nFrom: x\n-- Forwarded --",
        ),
        ("Content-Type: text/html\n\n<p>a<br>b</p>", "a\nb"),
        ("Content-Type: text/plain\n\n<!DOCTYPE html><html><p>not plain</p></html>", "not plain"),
        ("Content-Type: text\n\nodd type", "odd type"),
        ("Content-Type: text/plain; charset=\"utf-8\nContent-Transfer-Encoding: quoted-printable\n\ncaf=C3=A9", "café"),
        ("Content-Type: text/plain; name=body.txt\n\nnamed body", "named body"),
        ("Content-Transfer-Encoding: base64\n\nSGVsbG8=", "Hello"),
        ("Content-Transfer-Encoding: 7bit\nContent-Transfer-Encoding: quoted-printable\n\ncaf=C3=A9", "café"),
        ("Content-Transfer-Encoding: base64\n\nThis is no base64, is it?", "This is no base64, is it?"),
        (
            "Content-Type: multipart/alternative; boundary=a\n\n--a\n\nPlease use an HTML compatible mail viewer.\n--a\nContent-Type: text/html\n\n<p>real</p>\n--a--",
            "real",
        ),
        ("Content-Type: multipart/alternative; boundary=a\n\n--a\n\n \n--a\nContent-Type: text/html\n\n<p>real</p>\n--a--", "real"),
        ("Content-Type: multipart/mixed; boundary=a\n\n--a\n\none\n--a\nContent-Type: image/png\n\nx\n--a\n\ntwo\n--a--", "one\ntwo"),
        ("Content-Type: multipart/mixed; boundary=a\n\n--a\n\none\n--a--\n--a\n\nlate\n--a--", "one\nlate"),
        ("Content-Type: text/plain; format=flowed\n\nfolded \nline\n", "folded line"),
        ("Content-Type: text/plain\n\n<div>not <b>plain</b></div><br>", "not plain"),
        ("Content-Type: text/html\n\nName: Ann &amp; Hal\n\nOrder: 7\n", "Name: Ann & Hal\n\nOrder: 7"),
        ("Content-Type: text/rtf\n\n{\\rtf1 {\\b rich} text\\par}", "rich text"),
        ("Content-Type: multipart/alternative; boundary=a\n\n--a\n\n \n--a\nContent-Type: application/rtf\n\n{\\rtf1 rich}\n--a--", "rich"),
        ("Content-Type: text/enriched\n\n<bold>b</bold> <<x", "b <x"),
        ("From ann@x Mon Feb  5 10:00:00 2024\nFrom: a@x.test\n\nmbox", "mbox"),
    ] {
        assert_eq!(mail(raw).text, text, "{raw}");
        assert_eq!(read(raw.as_bytes()).text, text, "{raw} with line feeds alone");
    }
    assert_eq!(read(b"Subject: old mac\r\rtext\rmore").text, "text\nmore");
    assert_eq!(read(b"\xef\xbb\xbfSubject: bom\n\nx").subject, "bom");
}

#[test]
fn raw_octets_in_a_header_are_read_in_the_bodys_character_set() {
    let message = read(b"Subject: \xf0\xd2\xc9\xd7\xc5\xd4\nFrom: \xe1\xce\xce\xc1 <a@x.test>\nContent-Type: text/plain; charset=koi8-r\n\n\xf0\xd2\xc9\xd7\xc5\xd4");
    assert_eq!((message.subject.as_str(), message.text.as_str()), ("Привет", "Привет"));
    assert_eq!(message.from[0].name.as_deref(), Some("Анна"));
}

#[test]
fn a_message_in_a_message_is_one_attachment() {
    let message = mail(
        "Content-Type: multipart/mixed; boundary=a\n\n--a\n\nsee\n--a\nContent-Type: message/rfc822\n\nFrom: b@x.test\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Disposition: attachment; filename=x\n\nx\n--b--\n--a--\n",
    );
    assert_eq!(message.attachments.len(), 1);
    assert!(message.attachments[0].bytes.starts_with(b"From: b@x.test"));
    assert_eq!(message.text, "see");
}

/// The text, the HTML, and the names of the files of a multipart of such parts.
fn parts_of(kind: &str, parts: &[(&str, &str)]) -> (String, Option<String>, Vec<String>) {
    let parts: String = parts.iter().map(|(fields, body)| format!("--b\nContent-Type: {fields}\n\n{body}\n")).collect();
    let message = mail(&format!("Content-Type: multipart/{kind}; boundary=b\n\n{parts}--b--\n"));
    let name = |it: IncomingAttachment| it.filename.unwrap_or(it.content_type);
    (message.text, message.html, message.attachments.into_iter().map(name).collect())
}

#[test]
fn a_form_of_the_body_is_one_whatever_it_is_called() {
    let html = Some("<b>Hello</b>".to_owned());
    for (plain, rich) in [
        ("text/plain; name=a.txt", "text/html; name=a.htm"),
        ("text/plain", "text/html; name=mail.html"),
        ("text/plain; name=a.txt", "text/html"),
        ("text/plain\nContent-Disposition: inline; filename=a.txt", "text/html\nContent-Disposition: inline; filename=a.htm"),
    ] {
        let found = parts_of("alternative", &[(plain, "Hello"), (rich, "<b>Hello</b>")]);
        assert_eq!(found, ("Hello".to_owned(), html.clone(), vec![]), "{plain} {rich}");
    }
    let file = "text/plain\nContent-Disposition: attachment; filename=a.txt";
    assert_eq!(parts_of("alternative", &[("text/html", "<b>Hello</b>"), (file, "log")]).2, ["a.txt"]);
    assert_eq!(parts_of("alternative", &[("text/plain", "Hello"), ("text/plain; name=a.txt", "log")]).2, ["a.txt"]);
    let inner = "multipart/related; boundary=c\n\n--c\nContent-Type: text/html; name=a.htm";
    let picture = "<b>Hello</b>\n--c\nContent-Type: image/png; name=p.png\n\nx\n--c--";
    assert_eq!(parts_of("alternative", &[("text/plain", "Hello"), (inner, picture)]), ("Hello".into(), html, vec!["p.png".into()]));
}

#[test]
fn a_mail_of_a_type_that_nobody_knows_is_text() {
    for kind in [
        "plain/text",
        "/",
        "text/",
        "text/x-foo",
        "text/plain/utf-8",
        "text/plain: charset=utf-8",
        "text/*",
        "*/*",
        "text/plaintext",
        "content/unknown",
        "unknown/unknown",
    ] {
        let message = mail(&format!("Content-Type: {kind}\nContent-Transfer-Encoding: 8bit\n\nGrüße"));
        assert_eq!((message.text.as_str(), message.attachments.len()), ("Grüße", 0), "{kind}");
    }
    for kind in ["text/x-foo; name=a.foo", "text/x-foo\nContent-Disposition: attachment", "text/csv", "application/x-foo", "x-foo/bar"] {
        let message = mail(&format!("Content-Type: {kind}\n\na;b"));
        assert_eq!((message.text.as_str(), message.attachments.len()), ("", 1), "{kind}");
    }
    assert_eq!(read(b"Content-Type: unknown/unknown\n\n\0\x01").attachments.len(), 1);
}

#[test]
fn a_form_of_the_body_that_is_alone_is_read() {
    for (kind, body, text, files) in [
        ("text/enriched", "<bold>Hello</bold>", "Hello", &[][..]),
        ("text/x-foo", "Hello", "Hello", &[]),
        ("text/x-amp-html", "<p>Hello</p>", "Hello", &[]),
        ("text/vcard", "BEGIN:VCARD", "", &["text/vcard"]),
    ] {
        for plain in ["", " ", "Words"] {
            let found = parts_of("alternative", &[("text/plain", plain), (kind, body)]);
            let expected = if plain == "Words" { ("Words", &[][..]) } else { (text, files) };
            assert_eq!(
                (found.0.as_str(), found.2.iter().map(String::as_str).collect::<Vec<_>>()),
                (expected.0, expected.1.to_vec()),
                "{kind}"
            );
        }
        assert_eq!(parts_of("alternative", &[(kind, body)]).0, text, "{kind}");
    }
}

#[test]
fn a_file_has_the_name_that_it_was_given_wherever_that_stands() {
    for (fields, name) in [
        ("Content-Type: application/pdf; filename=a.pdf", Some("a.pdf")),
        ("Content-Type: application/pdf\nContent-Disposition: attachment; name=a.pdf", Some("a.pdf")),
        ("Content-Type: application/pdf; name=b.pdf\nContent-Disposition: attachment; name=a.pdf", Some("b.pdf")),
        ("Content-Type: application/pdf\nContent-Disposition: attachment;\nfilename='a.pdf'", Some("a.pdf")),
        ("Content-Type: application/pdf\nContent-Disposition: form-data; name=upload", None),
    ] {
        let message = mail(&format!("Content-Type: multipart/mixed; boundary=b\n\n--b\n\nHello\n--b\n{fields}\n\n%PDF-1.4\n--b--\n"));
        assert_eq!(message.attachments[0].filename.as_deref(), name, "{fields}");
    }
}

#[test]
fn a_picture_within_the_html_becomes_a_part() {
    let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
    png.resize(600, 7);
    let html =
        format!("<p>see <img src=\"data:image/png;base64,{}\"> <img src='data:image/svg+xml,x'></p>", data_encoding::BASE64.encode(&png));
    let message = mail(&format!("Content-Type: text/html\n\n{html}"));
    assert_eq!(message.attachments[0].bytes, png);
    let id = message.attachments[0].content_id.as_deref().unwrap();
    assert_eq!(message.html.as_deref(), Some(format!("<p>see <img src=\"cid:{id}\"> </p>").as_str()));
    assert_eq!(message.remote_images, 0);
}

#[test]
fn whom_a_ticket_is_for_follows_the_headers() {
    for (header, requester) in [
        ("From: ann@x.test", "ann@x.test"),
        ("From: form@site.test\nReply-To: Ann <ann@x.test>", "ann@x.test"),
        ("From: ann@x.test\nReply-To: noreply@x.test", "ann@x.test"),
        ("From: ann@x.test\nReply-To: root@localhost", "ann@x.test"),
        ("From: ann@x.test\nReply-To: mailer-daemon@x.test", "ann@x.test"),
        ("From: form@intranet\nReply-To: ann@intranet", "ann@intranet"),
        ("From: ann@x.test\nReply-To: list@l.test\nTo: list@l.test\nList-Id: <list.l.test>", "ann@x.test"),
        ("From: \"Ann via Support\" <support@desk.test>\nX-Original-From: Ann <ann@x.test>", "ann@x.test"),
        ("From: \"Ann via Support\" <support@desk.test>\nX-Original-Sender: ann@x.test", "ann@x.test"),
        ("From: ann@x.test\nX-Original-Sender: other@x.test", "ann@x.test"),
        ("Sender: ann@x.test", "ann@x.test"),
        ("From: Ann\nSender: ann@x.test", "ann@x.test"),
        ("From: broken", ""),
        ("Subject: x\rFrom: hal@x.test\nFrom: ann@x.test", "ann@x.test"),
        ("From: ann@x.test\nSubject: x\nrubbish\nMIME-Version: 1.0\nReply-To: hal@x.test\nFrom: hal@x.test", "hal@x.test"),
        ("Subject: x\rFrom: ann@x.test", "ann@x.test"),
    ] {
        let found = mail(&format!("{header}\n\nx")).requester.map(|it| it.address.to_string()).unwrap_or_default();
        assert_eq!(found, requester, "{header}");
    }
}

#[test]
fn a_ticket_is_never_for_the_desk_itself() {
    let ours = |it: &crate::desk::address::EmailAddress| it.without_detail().as_str() == "support@desk.test";
    for (header, requester) in [
        ("From: ann@x.test\nReply-To: support@desk.test", "ann@x.test"),
        ("From: ann@x.test\nReply-To: support+7.0.ab@desk.test", "ann@x.test"),
        ("From: form@site.test\nReply-To: support@desk.test, ann@x.test", "ann@x.test"),
        ("From: support@desk.test\nReply-To: ann@x.test", "ann@x.test"),
        ("From: \"Ann via Support\" <support@desk.test>\nX-Original-From: support@desk.test", ""),
        ("From: support@desk.test", ""),
        ("Sender: support@desk.test", ""),
    ] {
        let mut message = mail(&format!("{header}\n\nx"));
        message.never_for(ours);
        let found = message.requester.map(|it| it.address.to_string()).unwrap_or_default();
        assert_eq!(found, requester, "{header}");
        assert_eq!(message.why.iter().filter(|it| it.starts_with("requester ")).count(), 1, "{header}");
    }
}

#[test]
fn what_strikes_a_bound_is_kept_and_told() {
    let long = format!("Content-Type: text/plain\n\n{}", "a line of words\n".repeat(300_000));
    let message = read(long.as_bytes());
    assert!(message.text.len() <= 2 << 20);
    assert_eq!(message.attachments[0].bytes.len(), 300_000 * 16);
    let references: String = (0..500).map(|i| format!("<{i}@x.test> ")).collect();
    let message = mail(&format!("References: {references}\n\nx"));
    assert_eq!((message.references.len(), message.references[199].as_str()), (200, "499@x.test"));
    let message = mail(&format!("To: {}\n\nx", "a@x.test, ".repeat(800)));
    assert_eq!((message.to.len(), message.warnings.len()), (500, 2));
    let message = mail(&format!("{}\nbody", "A: b\n".repeat(3000)));
    assert_eq!((message.text.as_str(), message.attachments[0].filename.as_deref()), ("body", Some("header.txt")));
}

#[test]
fn deep_html_is_read_within_a_small_stack() {
    let raw = |tag: &str, depth: usize| format!("Content-Type: text/html\n\n{}deep", format!("<{tag}>").repeat(depth));
    let small = std::thread::Builder::new().stack_size(2 << 20);
    let read_all = move || {
        ["div", "blockquote", "table", "ul", "b", "table><tr><td"]
            .map(|tag| [200, 5000].map(|depth| read(raw(tag, depth).as_bytes()).text.contains("deep")))
    };
    assert!(small.spawn(read_all).unwrap().join().unwrap().as_flattened().iter().all(|it| *it));
}

fn piece() -> impl Strategy<Value = Vec<u8>> {
    let known: Vec<&[u8]> = vec![
        b"Content-Type: multipart/mixed; boundary=a\n",
        b"Content-Type: multipart/alternative; boundary=\"b\"\n",
        b"Content-Type: message/rfc822\n",
        b"Content-Type: text/html; charset=utf-7\n",
        b"Content-Type: application/ms-tnef\n",
        b"Content-Transfer-Encoding: base64\n",
        b"Content-Transfer-Encoding: quoted-printable\n",
        b"Content-Transfer-Encoding: x-uuencode\n",
        b"Content-Type: message/delivery-status\n",
        b"Final-Recipient: rfc822;a@x\n",
        b"\n",
        b"--a\n",
        b"--b\n",
        b"--a--\n",
        b"--b--\n",
        b"From: a <b@c>\n",
        b"From: <\n",
        b"To: \"(:;,<>@\n",
        b"References: <\n",
        b"Date: 31 Feb 99999 25:61 +9999\n",
        b"Subject: =?utf-8?b?w?= =?x?q?=\n",
        b"Content-Disposition: attachment; filename*0*=utf-8''%\n",
        b"begin 644 x\n#AAAA\nend\n",
        b"\x78\x9f\x3e\x22\0\0\x02\x05\x90\x06\0\xff\xff\xff\xff",
        b"<div class=gmail_quote><blockquote>",
        b"> q\n",
        b"On 1 Jan 2020 a@x.test wrote:\n",
        b"eJ8+IgEBAgUQgAEACQAAAA==\n",
        b"Content-Type: text/plain; format=flowed; delsp=yes\n",
        b"Return-Path: <>\n",
        b"\r",
        b"\xff\xfe\0",
        b"Content-Type: text/plain; charset=iso-2022-jp\n",
        b"\x1b$B",
        b"data:image/png;base64,",
        b"[#12]",
        b"Auto-Submitted: auto-replied\n",
        b"Content-Type: text/html\n",
        b"Content-Type: image/png\n",
        b"Content-Location: a.png\n",
        b"Content-Base: https://x.test/\n",
        b"<img src=a.png>",
        b"<img src='",
        b"<base href=//",
        b"Content-Type: text/rtf\n",
        b"{\\rtf1\\fromhtml1{\\*\\htmltag <img src=a.png>}\\htmlrtf",
        b"Content-Type: application/pkcs7-mime; smime-type=compressed-data\n",
        b"Content-Type: text/calendar\n",
        b"BEGIN:VEVENT\nDTSTART:20240205T100000Z\nDURATION:P1W\nRRULE:FREQ=",
    ];
    prop_oneof![5 => prop::sample::select(known.into_iter().map(<[u8]>::to_vec).collect::<Vec<_>>()), 1 => prop::collection::vec(any::<u8>(), 0..20)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn any_octets_are_read_well(pieces in prop::collection::vec(piece(), 0..40)) {
        // `read` would survive a panic; a test must not.
        let message = read_well(&pieces.concat());
        prop_assert!(!message.text.contains('\0'));
        prop_assert!(message.why.len() >= 2);
        prop_assert!(message.attachments.iter().all(|it| it.filename.as_ref().is_none_or(|it| !it.contains(['/', '\\', '\n', '\0']))));
        prop_assert!(message.attachments.iter().all(|it| it.content_type.contains('/')));
        let html = message.html.unwrap_or_default();
        prop_assert!(html.split("<img src=\"").skip(1).all(|it| it.starts_with("cid:")), "{html}");
    }

    #[test]
    fn a_tnef_of_any_octets_is_survived(octets in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = tnef::read(&[&tnef::SIGNATURE[..], &[0, 0], &octets].concat());
        let _ = mapi::read(&octets, Some("cp1252"));
        let _ = rtf::read(&[&[0; 8][..], b"LZFu", &[0; 4], &octets].concat());
        let _ = rtf::read(&[&[0; 8][..], b"MELA", &[0; 4], b"{\\rtf1", &octets].concat());
    }
}
