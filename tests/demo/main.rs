//! What a newcomer does with `maildesk demo`: over its real ports, with a browser that keeps cookies, with mail.
#![allow(clippy::unwrap_used)]

mod binary;
#[allow(dead_code, reason = "sending a mail takes a part of it")]
#[path = "../support/line_client.rs"]
mod line_client;
mod loop_on_real_mail;
mod newcomer;
mod two_weeks;
mod web;
