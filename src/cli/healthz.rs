//! `maildesk healthz`: asks the daemon on this machine how it is, for a container's health check or a script. With `--ready` whether
//! everything is well, and what is not.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    path::Path,
    process::ExitCode,
};

use clap::Args;
use secrecy::ExposeSecret as _;
use tokio::net::TcpStream;

use super::{Configured, http};
use crate::{auth::keys::Keys, config::Config, mail::http::Answer};

/// What it is asked.
#[derive(Args, Debug)]
pub struct Arguments {
    #[command(flatten)]
    configured: Configured,
    /// Whether everything is well, each mailbox and what waits to leave too; says what is not, and the mend.
    #[arg(long)]
    ready: bool,
}

/// Prints what the daemon says. Exit code 0 when it is well, 1 when it is not, or does not answer.
pub async fn run(arguments: &Arguments) -> ExitCode {
    let file: &Path = &arguments.configured.config;
    let config = match Config::load(file) {
        Ok(config) => config,
        Err(faults) => {
            aside!("{faults}");
            return ExitCode::FAILURE;
        }
    };
    let address = reachable(config.listen);
    let asked = if arguments.ready { ask_whether_ready(address, &config).await } else { ask(address).await };
    match asked {
        Ok(answer) => {
            say!("{}", if arguments.ready { in_lines(&answer.text()) } else { answer.text().trim_end().to_owned() });
            ExitCode::from(u8::from(answer.status != 200))
        }
        Err(why) => {
            aside!("maildesk does not answer on {address}: {why}; start maildesk serve, or see listen in the configuration");
            ExitCode::FAILURE
        }
    }
}

async fn ask(address: SocketAddr) -> io::Result<Answer> {
    http::healthz(TcpStream::connect(address).await?, &address.to_string()).await
}

async fn ask_whether_ready(address: SocketAddr, config: &Config) -> io::Result<Answer> {
    let secret = config.root_key.load().map_err(io::Error::other)?;
    let token = Keys::from_root(secret.expose_secret().as_bytes()).monitor_token();
    let bearer = Some(format!("Bearer {token}"));
    http::get(TcpStream::connect(address).await?, &address.to_string(), "/readyz", bearer).await
}

/// What `/readyz` says, one trouble a line.
fn in_lines(body: &str) -> String {
    let said: serde_json::Value = serde_json::from_str(body.trim_end()).unwrap_or_default();
    let text = |trouble: &serde_json::Value, key: &str| trouble[key].as_str().unwrap_or_default().to_owned();
    let line =
        |it: &serde_json::Value| format!("{}: {} {} (since {})", text(it, "kind"), text(it, "says"), text(it, "mend"), text(it, "since"));
    match said["troubles"].as_array() {
        Some(troubles) if !troubles.is_empty() => troubles.iter().map(line).collect::<Vec<_>>().join("\n"),
        Some(_) if said["ready"] == true => "everything is well".to_owned(),
        Some(_) | None => body.trim_end().to_owned(),
    }
}

/// Whoever listens on every address is asked on loopback.
fn reachable(listen: SocketAddr) -> SocketAddr {
    let loopback = match listen.ip() {
        IpAddr::V4(it) if it.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(it) if it.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        IpAddr::V4(_) | IpAddr::V6(_) => listen.ip(),
    };
    SocketAddr::new(loopback, listen.port())
}
