//! What an operator runs at the shell, against the real binary.
#![allow(clippy::unwrap_used)]

mod check;
mod healthz;
mod shell;
