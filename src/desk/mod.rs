//! What a helpdesk is: values and rules. Knows nobody: no async, SQL, HTTP, file, mail crate or clock.

pub mod address;
pub mod id;
pub mod message;
pub mod network;
pub mod public_url;
pub mod settings;
