//! The ledger's questions, asked of a real database.
#![allow(clippy::unwrap_used)]

mod figures;
mod oauth;
mod patience;
#[path = "../support/postgres.rs"]
mod postgres;
mod schema;
mod search;
mod world;
