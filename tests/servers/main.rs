//! The wires against servers: the mail world of the demo, servers that misbehave by script, and the real ones.
#![allow(clippy::unwrap_used)]

#[path = "../support/line_client.rs"]
mod line_client;
mod world;
