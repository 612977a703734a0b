//! A whole message, as it comes off the wire.
#![no_main]

libfuzzer_sys::fuzz_target!(|raw: &[u8]| {
    invariants::read(raw);
});
