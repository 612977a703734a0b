//! The door through which a mail server hands mail over, where there is one.

use std::{io, os::unix::fs::FileTypeExt as _, path::Path};

use tokio::net::TcpListener;

use super::report::Line;
use crate::{
    config::Config,
    desk::lmtp::LmtpPlace,
    store::disk,
    workers::lmtp::{Greeting, greeting},
};

const SUBJECT: &str = "lmtp";

/// Whether it can be opened, or is open already; nothing is said where there is none.
pub(super) async fn check(config: &Config) -> Option<Line> {
    let at = &config.lmtp.as_ref()?.at;
    Some(match greeting(at).await {
        Ok(Greeting::Ours | Greeting::TurnedAway) => Line::ok(SUBJECT, format!("maildesk takes mail at {at}")),
        Ok(Greeting::AnotherProgram) => {
            Line::fail(SUBJECT, format!("another program answers at {at}; stop it, or write another lmtp.listen"))
        }
        Err(_) => match at {
            LmtpPlace::Tcp(address) => match TcpListener::bind(address).await {
                Ok(_) => Line::ok(SUBJECT, format!("{at} is free; the first start opens it")),
                Err(why) => Line::fail(SUBJECT, format!("{at}: {why}; choose an address that this machine has, with a port from 1024 up")),
            },
            LmtpPlace::Unix(path, _) => socket(path),
        },
    })
}

fn socket(path: &Path) -> Line {
    let shown = path.display();
    let left = match std::fs::symlink_metadata(path) {
        Ok(found) if found.file_type().is_socket() => true,
        Ok(_) => return Line::fail(SUBJECT, format!("{shown} is there and is no socket; move it away, or write another lmtp.listen")),
        Err(_) => false,
    };
    let folder = path.parent().unwrap_or(Path::new("/"));
    match disk::try_writing(folder) {
        Ok(()) if left => Line::ok(SUBJECT, format!("{shown} is left from before; the next start opens it anew")),
        Ok(()) => Line::ok(SUBJECT, format!("{shown} can be made; the first start opens it")),
        Err(why) if why.kind() == io::ErrorKind::NotFound => {
            Line::fail(SUBJECT, format!("the folder of {shown} is not there; make it (with systemd RuntimeDirectory=maildesk)"))
        }
        Err(why) => Line::fail(SUBJECT, format!("{shown} cannot be made: {why}; give its folder to the user that maildesk runs as")),
    }
}
