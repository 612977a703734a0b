//! The newly written words of a text: only ever fewer lines.
#![no_main]

use maildesk::mail::reply_text::{Purpose, split};

libfuzzer_sys::fuzz_target!(|text: &str| {
    for subject in ["Re: Printer", "Fwd: Printer", "Printer"] {
        let parts = split(text, Purpose::of(subject));
        invariants::only_deletes(text, &parts.reply);
    }
});
