//! LMTP (RFC 2033) as a receiver hears and says it: commands, the lines they come in, and the octets of a message.
//!
//! Only CR LF ends a line, and only CR LF . CR LF a message: whoever takes a bare LF for one reads the middle of a message as
//! commands (SMTP smuggling).

mod command;
mod wire;

pub use self::{
    command::{Command, Refused, ReturnPath, read_command},
    wire::{Ended, Heard, Octets, Wire},
};

/// What a final delivery writes on top (RFC 5321 §4.4): where a report about it would go, and for whom it was, in the order in which
/// they were named. There is no time in it: offered again, a message is the same to the last octet.
#[must_use]
pub fn delivered(from: &ReturnPath, recipients: &[String], message: &[u8]) -> Vec<u8> {
    let mut octets = format!("Return-Path: <{from}>\r\n").into_bytes();
    for recipient in recipients {
        octets.extend_from_slice(format!("Delivered-To: {recipient}\r\n").as_bytes());
    }
    octets.extend_from_slice(message);
    octets
}
