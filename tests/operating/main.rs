//! What an operator runs at the shell, against the real binary.
#![allow(clippy::unwrap_used)]

mod backup;
mod bad_machine;
mod check;
mod check_real_servers;
mod export;
mod handed_over;
mod healthz;
mod import;
mod ingest;
mod inspect;
mod mailbox;
mod misconfigured;
mod replay;
mod serve;
mod shell;
mod tokens;
mod unheard;
mod user;
mod verify;
mod verify_online;

#[allow(dead_code, reason = "other worlds ask more of it")]
#[path = "../support/authorisation_server.rs"]
mod authorisation_server;
#[path = "../faults/chaos/disk.rs"]
mod disk;
#[allow(dead_code, reason = "other worlds ask more of it")]
#[path = "../support/dovecot.rs"]
mod dovecot;
#[allow(dead_code, reason = "other worlds ask more of it")]
#[path = "../support/house_ca.rs"]
mod house_ca;
#[path = "../support/postgres.rs"]
mod postgres;
#[path = "../support/rows.rs"]
mod rows;
#[allow(dead_code, reason = "other worlds ask more of it")]
#[path = "../support/scripted.rs"]
mod scripted;
#[allow(dead_code, reason = "other worlds ask more of it")]
#[path = "../demo/web.rs"]
mod web;
