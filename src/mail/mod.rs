//! Octets to words and back; decides nothing.

pub mod compose;
