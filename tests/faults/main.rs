//! The real daemon, killed and cut: nothing lost, nothing doubled, nobody told twice.
#![allow(clippy::unwrap_used)]

mod daemon;
mod killed;
mod restarts;
mod secrets;
#[path = "../demo/web.rs"]
mod web;
