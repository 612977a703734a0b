//! The ledger's questions, asked of a real database.
#![allow(clippy::unwrap_used)]

mod figures;
mod oauth;
mod patience;
#[path = "../support/postgres.rs"]
mod postgres;
#[allow(dead_code, reason = "other worlds ask more of it")]
#[path = "../support/rows.rs"]
mod rows;
mod schema;
mod search;
mod world;
