//! Who somebody is, never what they may do.

pub mod keys;
pub mod link;
pub mod password;
mod seal;
pub mod session;
pub mod throttle;
pub mod token;
pub mod totp;
