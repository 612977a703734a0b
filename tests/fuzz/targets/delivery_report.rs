//! A delivery report by the standard, and one in a mail system's own words.
#![no_main]

libfuzzer_sys::fuzz_target!(|words: &[u8]| {
    let standard = [
        &b"Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\n\nNot delivered\n--b\nContent-Type: message/delivery-status\n\n"[..],
        words,
        b"\n--b\nContent-Type: text/rfc822-headers\n\nMessage-ID: <a@b>\n--b--\n",
    ]
    .concat();
    invariants::read(&standard);
    invariants::read(&[b"From: MAILER-DAEMON@x.test\nReturn-Path: <>\nSubject: Undelivered mail\n\n", words].concat());
});
