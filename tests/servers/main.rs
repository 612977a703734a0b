//! The wires against servers: the mail world of the demo, servers that misbehave by script, and the real ones.
#![allow(clippy::unwrap_used)]

#[path = "../support/dovecot.rs"]
mod dovecot;
mod first_meeting;
#[path = "../support/house_ca.rs"]
mod house_ca;
mod imap;
#[path = "../support/line_client.rs"]
mod line_client;
mod lmtp;
mod misbehaving;
#[path = "../support/postgres.rs"]
mod postgres;
mod real_dovecot;
mod real_postgres;
#[allow(dead_code)]
#[path = "../support/rows.rs"]
mod rows;
#[path = "../support/scripted.rs"]
mod scripted;
mod smtp;
#[allow(dead_code)]
#[path = "../support/test_desk.rs"]
mod test_desk;
mod the_loop;
mod tokens;
mod web_mailboxes;
mod world;
