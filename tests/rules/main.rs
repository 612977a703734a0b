//! What can be judged without a server: the picture of the house, the corpus, the documents.
#![allow(clippy::unwrap_used)]

mod architecture;
mod config;
mod corpus;
mod fail_points;
mod words;
