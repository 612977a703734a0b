//! The panel's pages, asked as a browser asks them. Runs on SQLite, and once more on PostgreSQL with
//! `MAILDESK_TEST_DATABASE=postgres`.
#![allow(clippy::unwrap_used, dead_code)]

mod audit_log;
#[allow(dead_code, reason = "other worlds ask more of it")]
#[path = "../support/authorisation_server.rs"]
mod authorisation_server;
mod backups;
#[path = "../support/browser.rs"]
mod browser;
mod composer;
mod connecting;
mod corrections;
mod expired;
mod figures;
mod held_decided;
mod held_mail;
mod lists;
mod live;
mod mail_health;
mod not_sent;
mod people;
mod policies;
mod portal;
#[path = "../support/postgres.rs"]
mod postgres;
mod queue;
mod reach;
mod reading_notices;
#[path = "../support/rows.rs"]
mod rows;
mod rubbish;
mod search;
mod sender_check;
mod senders;
mod signing_in;
#[path = "../support/test_desk.rs"]
mod test_desk;
mod ticket_page;
mod understood;
mod views;
