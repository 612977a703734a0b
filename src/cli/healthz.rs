//! `maildesk healthz`: asks the daemon on this machine how it is, for a container's health check or a script.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    path::Path,
    process::ExitCode,
};

use tokio::net::TcpStream;

use super::http::{self, Answer};
use crate::config::Config;

/// Prints what the daemon says. Exit code 0 when it is well, 1 when it is not, or does not answer.
pub async fn run(file: &Path) -> ExitCode {
    let config = match Config::load(file) {
        Ok(config) => config,
        Err(faults) => {
            eprintln!("{faults}");
            return ExitCode::FAILURE;
        }
    };
    let address = reachable(config.listen);
    match ask(address).await {
        Ok(answer) => {
            println!("{}", answer.body.trim_end());
            ExitCode::from(u8::from(answer.status != 200))
        }
        Err(why) => {
            eprintln!("maildesk does not answer on {address}: {why}; start maildesk serve, or see listen in the configuration");
            ExitCode::FAILURE
        }
    }
}

async fn ask(address: SocketAddr) -> io::Result<Answer> {
    http::healthz(TcpStream::connect(address).await?, &address.to_string()).await
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
