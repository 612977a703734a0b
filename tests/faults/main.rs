//! The real daemon, killed and cut: nothing lost, nothing doubled, nobody told twice.
#![allow(clippy::unwrap_used)]

mod backups;
mod base;
mod case;
mod daemon;
mod ingested;
mod killed;
mod restarts;
mod secrets;
mod strace;
mod sweep;
#[path = "../demo/web.rs"]
mod web;
