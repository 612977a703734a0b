//! A Date header.
#![no_main]

use maildesk::mail::parse::date;

libfuzzer_sys::fuzz_target!(|value: &str| {
    if let Some((_, offset)) = date::read(value) {
        assert!(offset.abs() <= 25 * 3600, "an offset of {offset} s");
    }
});
