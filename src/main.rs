//! The `maildesk` command.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    // One TLS provider for all that speaks TLS here; chosen before the first connection.
    rustls::crypto::aws_lc_rs::default_provider().install_default().ok();
    maildesk::cli::run().await
}
