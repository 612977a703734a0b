//! The ledger's questions, asked of a real database.
#![allow(clippy::unwrap_used)]

mod figures;
mod oauth;
#[path = "../support/postgres.rs"]
mod postgres;
mod schema;
mod world;
