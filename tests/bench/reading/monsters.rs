//! Mails that nobody should send, made anew for each run.

/// Names of the worst cases.
pub const WORST: [&str; 30] = [
    "multiparts, 100,000 deep",
    "messages in messages, 10,000 deep",
    "100,000 parts",
    "100,000 boundary lines of one letter",
    "500,000 addresses",
    "500,000 addresses in 900 fields",
    "100,000 open comments",
    "a megabyte of encoded words",
    "20,000 parameter continuations",
    "100,000 references",
    "quotes 3,000 deep",
    "200,000 attribution lines",
    "200,000 lines that may begin an attribution",
    "200,000 signatures",
    "a line of ten megabytes",
    "a header line of ten megabytes",
    "ten megabytes in an unknown charset",
    "ten megabytes of soft line breaks",
    "ten megabytes of broken base64",
    "100,000 uuencoded files",
    "a megabyte of open div",
    "a megabyte of open b and i",
    "a megabyte of open tables",
    "a megabyte of one attribute",
    "a megabyte of entities",
    "two megabytes of <",
    "two megabytes of character references",
    "a megabyte of attributes",
    "100,000 recipients of a bounce",
    "winmail.dat of 100,000 attributes",
];

/// Names of the large ones.
pub const LARGE: [&str; 6] = [
    "50 MiB of text",
    "50 MiB of HTML",
    "50 MiB of base64, a file",
    "50 MiB of quoted-printable, a file",
    "50 MiB in 500 files",
    "50 MiB of header",
];

const MIB: usize = 1024 * 1024;

/// The mail of that name.
pub fn named(name: &str) -> Vec<u8> {
    hostile_structure(name)
        .or_else(|| hostile_header(name))
        .or_else(|| hostile_text(name))
        .or_else(|| large(name))
        .expect("a name of the list")
        .into_bytes()
}

fn mail(header: &str, body: &str) -> String {
    format!("From: Ann <ann@example.test>\nTo: support@example.test\nSubject: Re: Printer\nMIME-Version: 1.0\n{header}\n\n{body}")
}

fn hostile_structure(name: &str) -> Option<String> {
    let many = |n: usize, line: &dyn Fn(&mut String, usize)| {
        let mut out = String::new();
        (0..n).for_each(|it| line(&mut out, it));
        out
    };
    Some(match name {
        "multiparts, 100,000 deep" => {
            let open = many(100_000, &|out, n| out.push_str(&format!("--b{n}\nContent-Type: multipart/mixed; boundary=b{}\n\n", n + 1)));
            mail("Content-Type: multipart/mixed; boundary=b0", &open)
        }
        "messages in messages, 10,000 deep" => {
            let open = many(10_000, &|out, n| {
                out.push_str(&format!("--c{n}\nContent-Type: message/rfc822\n\nContent-Type: multipart/mixed; boundary=c{}\n\n", n + 1));
            });
            mail("Content-Type: multipart/mixed; boundary=c0", &open)
        }
        "100,000 parts" => {
            mail("Content-Type: multipart/mixed; boundary=b", &many(100_000, &|out, n| out.push_str(&format!("--b\n\npart {n}\n"))))
        }
        "100,000 boundary lines of one letter" => mail("Content-Type: multipart/mixed; boundary=-", &"---\n".repeat(100_000)),
        "100,000 uuencoded files" => mail("Content-Type: text/plain", &"begin 644 a.txt\n#0V%T\n`\nend\n".repeat(100_000)),
        "100,000 recipients of a bounce" => {
            let groups =
                many(100_000, &|out, n| out.push_str(&format!("Final-Recipient: rfc822; u{n}@x.test\nAction: failed\nStatus: 5.1.1\n\n")));
            let parts = format!(
                "--b\n\nNot delivered\n--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; x.test\n\n{groups}\n--b--\n"
            );
            mail("Content-Type: multipart/report; report-type=delivery-status; boundary=b", &parts)
        }
        "winmail.dat of 100,000 attributes" => {
            // Level, attribute, length, no data, checksum (MS-OXTNEF 2.1.3).
            let one = "\u{1}\u{5}\u{0}\u{2}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}";
            mail(
                "Content-Type: application/ms-tnef; name=winmail.dat",
                &format!("\u{78}\u{9f}\u{3e}\u{22}\u{1}\u{0}{}", one.repeat(100_000)),
            )
        }
        _ => return None,
    })
}

fn hostile_header(name: &str) -> Option<String> {
    let list = |n: usize, one: &dyn Fn(usize) -> String| (0..n).map(one).collect::<Vec<_>>().join(",\n ");
    Some(match name {
        "500,000 addresses" => mail(&format!("Cc: {}", list(500_000, &|n| format!("Person {n} <p{n}@x.test>"))), "hello"),
        "500,000 addresses in 900 fields" => {
            let fields: Vec<String> = (0..900).map(|at| format!("Cc: {}", list(555, &|n| format!("p{n}@x{at}.t")))).collect();
            mail(&fields.join("\n"), "hello")
        }
        "100,000 open comments" => mail(&format!("Cc: {}", "(".repeat(100_000)), "hello"),
        "a megabyte of encoded words" => mail(&format!("Comments: x\nSubject: {}", "=?utf-8?q?a?=".repeat(80_000)), "hello"),
        "20,000 parameter continuations" => {
            let params: String = (0..20_000).map(|n| format!("; name*{n}*=%41")).collect();
            mail(&format!("Content-Type: application/x-test{params}"), "hello")
        }
        "100,000 references" => mail(&format!("References: {}", list(100_000, &|n| format!("<{n}@x.test>"))), "hello"),
        "a header line of ten megabytes" => mail(&format!("X-Long: {}", "x".repeat(10 * MIB)), "hello"),
        _ => return None,
    })
}

fn hostile_text(name: &str) -> Option<String> {
    let text = |body: &str| mail("Content-Type: text/plain; charset=utf-8", body);
    let html = |body: &str| mail("Content-Type: text/html; charset=utf-8", body);
    let coded = |encoding: &str, body: &str| mail(&format!("Content-Type: text/plain\nContent-Transfer-Encoding: {encoding}"), body);
    Some(match name {
        "quotes 3,000 deep" => text(&(0..3_000).map(|n| format!("{} words\n", ">".repeat(n))).collect::<String>()),
        "200,000 attribution lines" => text(&"On Monday, Ann <ann@x.test> wrote:\n".repeat(200_000)),
        "200,000 lines that may begin an attribution" => text(&"On Monday, 3 March 2026 at 10:00, Ann\n".repeat(200_000)),
        "200,000 signatures" => text(&"-- \nAnn\n".repeat(200_000)),
        "a line of ten megabytes" => text(&"word ".repeat(2 * MIB)),
        "ten megabytes in an unknown charset" => {
            mail("Content-Type: text/plain; charset=x-nobody-knows", &"Gr\u{fc}\u{df}e und \u{e9}t\u{e9} ".repeat(500_000))
        }
        "ten megabytes of soft line breaks" => coded("quoted-printable", &"a=\n".repeat(10 * MIB / 3)),
        "ten megabytes of broken base64" => coded("base64", &"QUJD=\u{e9}!\n".repeat(MIB)),
        "a megabyte of open div" => html(&"<div>".repeat(MIB / 5)),
        "a megabyte of open b and i" => html(&"<b><i><p>".repeat(MIB / 9)),
        "a megabyte of open tables" => html(&"<table><tr><td>".repeat(MIB / 15)),
        "a megabyte of one attribute" => html(&format!("<p style=\"{}\">hello", "color:red;".repeat(MIB / 10))),
        "two megabytes of <" => html(&"<".repeat(2 * MIB)),
        "two megabytes of character references" => html(&"&#x26;".repeat(2 * MIB / 6)),
        "a megabyte of attributes" => html(&format!("<p {}>hello", (0..MIB / 8).map(|n| format!("a{n}=b ")).collect::<String>())),
        "a megabyte of entities" => html(&"&lt;&#x110000;&amp".repeat(MIB / 18)),
        _ => return None,
    })
}

fn large(name: &str) -> Option<String> {
    const SIZE: usize = 50 * MIB;
    let part = |header: &str, body: String| format!("--b\n\nsee the file\n--b\n{header}\n\n{body}\n--b--\n");
    let file = |encoding: &str| format!("Content-Type: application/pdf; name=a.pdf\nContent-Transfer-Encoding: {encoding}");
    let mixed = "Content-Type: multipart/mixed; boundary=b";
    let base64 = |size: usize| "JVBERi0xLjcKJVBERi0xLjcKJVBERi0xLjcKJVBERi0xLjcKJVBERi0xLjcKJVBERi0xLjcKJVBE\n".repeat(size / 77);
    Some(match name {
        "50 MiB of text" => mail("Content-Type: text/plain", &"The printer on floor 3 prints only blank pages.\n".repeat(SIZE / 48)),
        "50 MiB of HTML" => {
            mail("Content-Type: text/html", &"<p>The printer on <b>floor 3</b> prints blank pages.</p>\n".repeat(SIZE / 57))
        }
        "50 MiB of base64, a file" => mail(mixed, &part(&file("base64"), base64(SIZE))),
        "50 MiB of quoted-printable, a file" => mail(
            mixed,
            &part(&file("quoted-printable"), "=41=42=43=44=45=46=47=48=49=4A=4B=4C=4D=4E=4F=50=51=52=53=54=55=56=57=\n".repeat(SIZE / 71)),
        ),
        "50 MiB in 500 files" => {
            let files: String = (0..499).map(|_| format!("--b\n{}\n\n{}", file("base64"), base64(SIZE / 500))).collect();
            mail(mixed, &format!("{files}--b--\n"))
        }
        "50 MiB of header" => mail(&"X-Long: words and words and words and words\n".repeat(SIZE / 44), "hello"),
        _ => return None,
    })
}

/// A reply as people send it: text and HTML, with the history below; about `size` octets.
pub fn ordinary(size: usize) -> Vec<u8> {
    let line = "The printer on floor 3 prints only blank pages since the update, see the picture.";
    let text = format!(
        "Thanks, that helped.\n\nAnn\n\nOn Tue, 3 Mar 2026 at 10:00, Support <support@example.test> wrote:\n{}",
        format!("> {line}\n").repeat(size / 250)
    );
    let html = format!(
        "<div dir=\"ltr\">Thanks, that helped.<br><br>Ann</div><div class=\"gmail_quote\"><div class=\"gmail_attr\">On Tue, 3 Mar 2026 at 10:00, Support wrote:<br></div><blockquote class=\"gmail_quote\">{}</blockquote></div>",
        format!("<p style=\"color:#333;margin:0\">{line}</p>\n").repeat(size / 200)
    );
    let body =
        format!("--b\nContent-Type: text/plain; charset=utf-8\n\n{text}\n--b\nContent-Type: text/html; charset=utf-8\n\n{html}\n--b--\n");
    mail("Message-ID: <a@x.test>\nIn-Reply-To: <b@x.test>\nContent-Type: multipart/alternative; boundary=b", &body).into_bytes()
}
