//! Octets to words and back; decides nothing.

pub mod archive;
pub mod authenticity;
mod bearer;
mod bounded;
mod certificate;
pub mod compose;
pub mod content_key;
mod delivery_report;
pub mod html;
pub mod http;
pub mod imap;
mod kind;
pub mod lmtp;
pub mod oauth;
pub mod parse;
mod phrases;
pub mod reply_text;
pub mod site;
pub mod smtp;
mod tls;

pub use kind::ticket_mark;
pub use tls::ConnectError;
