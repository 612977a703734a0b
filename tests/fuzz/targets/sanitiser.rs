//! The HTML of a mail: cleaned to a fixpoint, and as text.
#![no_main]

use maildesk::mail::html;

libfuzzer_sys::fuzz_target!(|source: &str| {
    invariants::fixpoint(source);
    let _ = html::to_text(source);
    let mail = ["Content-Type: text/html; charset=utf-8\n\n", source].concat();
    invariants::read(mail.as_bytes());
});
