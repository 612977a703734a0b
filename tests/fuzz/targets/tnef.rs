//! `winmail.dat`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    invariants::read(&[b"Content-Type: application/ms-tnef; name=winmail.dat\nContent-Transfer-Encoding: binary\n\n", bytes].concat());
    // Behind the signature and a key, where the attributes begin.
    let whole = [b"\x78\x9f\x3e\x22\x01\x00", bytes].concat();
    invariants::read(&[b"Content-Type: application/ms-tnef\nContent-Transfer-Encoding: binary\n\n", &whole[..]].concat());
});
