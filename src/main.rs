//! The `maildesk` command.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    // What it makes holds people’s mail: it is for its owner alone, unless somebody makes it otherwise.
    rustix::process::umask(rustix::fs::Mode::RWXG | rustix::fs::Mode::RWXO);
    // One TLS provider for all that speaks TLS here; chosen before the first connection.
    rustls::crypto::aws_lc_rs::default_provider().install_default().ok();
    maildesk::cli::run().await
}
