//! What a helpdesk is: values and rules. Knows nobody: no async, SQL, HTTP, file, mail crate or clock.

pub mod address;
pub mod analytics;
pub mod command;
pub mod comment;
pub mod correction;
pub mod delivery;
pub mod event;
pub mod health;
pub mod id;
pub mod last_admin;
pub mod link;
pub mod loop_guard;
pub mod mailbox;
pub mod matching;
pub mod message;
pub mod network;
pub mod notification;
pub mod period;
pub mod permission;
pub mod person;
pub mod public_url;
pub mod sender;
pub mod settings;
pub mod ticket;
pub mod token;
pub mod triage;
