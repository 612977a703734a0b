//! The real daemon, killed and cut: nothing lost, nothing doubled, nobody told twice.
#![allow(clippy::unwrap_used)]

#[allow(dead_code, reason = "other worlds ask more of it")]
#[path = "../support/authorisation_server.rs"]
mod authorisation_server;
mod backups;
mod base;
mod case;
mod chaos;
mod daemon;
mod damaged;
mod ended;
mod expired;
mod full_disk;
mod handed_over;
#[allow(dead_code, reason = "other worlds ask more of it")]
#[path = "../support/house_ca.rs"]
mod house_ca;
mod ingested;
mod killed;
mod restarts;
#[allow(dead_code, reason = "other worlds ask more of it")]
#[path = "../support/rows.rs"]
mod rows;
mod secrets;
mod strace;
mod sweep;
#[path = "../demo/web.rs"]
mod web;
