//! A list of addresses, however broken.
#![no_main]

use maildesk::mail::parse::address;

libfuzzer_sys::fuzz_target!(|value: &[u8]| {
    let _ = address::read(value);
    invariants::read(&[b"From: ", value, b"\nReply-To: ", value, b"\nMessage-ID: ", value, b"\n\nx"].concat());
});
