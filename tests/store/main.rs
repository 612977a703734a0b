//! The ledger's questions, asked of a real database.
#![allow(clippy::unwrap_used)]

mod analytics;
mod world;
