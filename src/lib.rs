//! A helpdesk that lives in a mailbox.
//!
//! One daemon watches IMAP folders, turns what arrives into tickets and comments, answers by SMTP, and serves a
//! small web panel. Its promise: every mail that reached the mailbox is on a screen, and every reply says truthfully
//! where it is.

pub mod actions;
pub mod app;
pub mod auth;
pub mod cli;
pub mod clock;
pub mod config;
pub mod demo;
pub mod desk;
pub mod mail;
pub mod panel;
pub mod store;
pub mod templates;
pub mod workers;
