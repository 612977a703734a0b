//! `maildesk serve`: the daemon.

use std::{
    env,
    io::{self, IsTerminal as _},
    process::ExitCode,
};

use tokio::signal::unix::{SignalKind, signal};

use crate::{
    app::App,
    clock::Clock,
    config::{Config, LogFormat},
};

/// Runs until SIGTERM or SIGINT.
pub async fn run(file: &std::path::Path) -> ExitCode {
    let config = match Config::load(file) {
        Ok(config) => config,
        Err(faults) => {
            aside!("{faults}");
            return ExitCode::from(78); // EX_CONFIG (sysexits.h)
        }
    };
    log(config.log, &config.log_filter);
    match serve(&config).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(config: &Config) -> anyhow::Result<()> {
    let mut term = signal(SignalKind::terminate())?;
    let mut int = signal(SignalKind::interrupt())?;
    let app = App::start(config, Clock::System).await?;
    tokio::select! {
        _ = term.recv() => {}
        _ = int.recv() => {}
    }
    tracing::info!("stopping");
    app.stop().await;
    Ok(())
}

/// Lines to standard error. At trace level async_imap prints passwords and tower_http the paths of invitations, so neither ever goes
/// below info. Coloured where a person looks at a terminal and has not set NO_COLOR (no-color.org).
pub fn log(format: LogFormat, filter: &str) {
    let filter = tracing_subscriber::EnvFilter::new(format!("{filter},async_imap=info,tower_http=info"));
    let coloured = io::stderr().is_terminal() && env::var_os("NO_COLOR").is_none_or(|it| it.is_empty());
    let to_stderr = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).with_ansi(coloured);
    // A line that cannot be written is lost; telling so in the same place would end whoever wrote it.
    let to_stderr = to_stderr.log_internal_errors(false);
    match format {
        LogFormat::Text => to_stderr.with_target(false).init(),
        LogFormat::Json => to_stderr.json().init(),
    }
}
