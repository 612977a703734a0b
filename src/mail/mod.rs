//! Octets to words and back; decides nothing.

mod bounded;
pub mod compose;
pub mod smtp;
mod tls;

pub use tls::ConnectError;
