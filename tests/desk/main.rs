//! What a desk does, through its front door: mail in, people at work, mail out. Runs on SQLite, and once more on PostgreSQL
//! with `MAILDESK_TEST_DATABASE=postgres`.
#![allow(clippy::unwrap_used)]

mod adversity;
mod alarms;
mod answers_by_mail;
mod at_once;
mod backups;
mod batches;
mod clocks;
mod corrections;
mod elsewhere;
mod erase;
mod expiry;
mod export;
mod forged;
mod forwarded;
mod held_mail;
mod imports;
mod leases;
mod ledger;
mod lifecycle;
mod mail_loop;
#[path = "../support/month.rs"]
mod month;
mod notes;
mod out_of_order;
mod own_addresses;
#[path = "../support/postgres.rs"]
mod postgres;
mod random_order;
mod rating;
mod replay;
mod replay_threads;
mod round_trips;
#[path = "../support/rows.rs"]
mod rows;
mod same_words;
mod sending;
mod sending_faults;
mod service_codes;
mod shadow;
mod snoozing;
mod spam;
mod spam_orders;
mod strangers_words;
mod tags;
mod targets;
#[path = "../support/test_desk.rs"]
mod test_desk;
mod verify;
mod watching;
mod writing;
