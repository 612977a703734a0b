//! Mail as other programs keep it: files of many messages, and what such a program notes beside one.

mod glance;
pub mod maildir;
pub mod mbox;
mod moment;

pub use glance::{Glance, LeftOut};
pub use moment::{Clues, moment};

/// So much of a header is looked at; bytes.
pub const LONGEST_HEADER: usize = 256 * 1024;
