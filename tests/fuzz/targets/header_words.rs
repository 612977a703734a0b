//! RFC 2047 words and RFC 2231 parameters: a header value.
#![no_main]

use maildesk::mail::parse::{params, words};

libfuzzer_sys::fuzz_target!(|value: &[u8]| {
    let decoded = words::decode(value);
    assert!(!decoded.contains('\n'), "a line break in {decoded:?}");
    let _ = words::decode_words(value);
    let _ = params::read(value);
    invariants::read(&[b"Subject: ", value, b"\nContent-Disposition: attachment; filename*=", value, b"\n\nx"].concat());
});
