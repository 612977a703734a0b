//! The panel's pages, asked as a browser asks them. Runs on SQLite, and once more on PostgreSQL with
//! `MAILDESK_TEST_DATABASE=postgres`.
#![allow(clippy::unwrap_used, dead_code)]

mod addresses;
mod api;
mod api_tokens;
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
mod handing_over;
mod held_decided;
mod held_mail;
mod hours;
mod linked;
mod lists;
mod live;
mod mail_health;
mod not_sent;
mod people;
mod policies;
mod portal;
#[path = "../support/postgres.rs"]
mod postgres;
mod profile;
mod queue;
mod rating;
mod reach;
mod reading_notices;
#[path = "../support/rows.rs"]
mod rows;
mod rubbish;
mod search;
mod sender_check;
mod senders;
mod settings_general;
mod settings_mailboxes;
mod settings_notices;
mod settings_rules;
mod sign_in_link;
mod signing_in;
#[path = "../support/test_desk.rs"]
mod test_desk;
mod ticket_page;
mod two_factor;
mod unchanged;
mod understood;
mod views;
mod way_back;
