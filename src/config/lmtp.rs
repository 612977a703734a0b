//! `[lmtp]`: the door through which a mail server hands mail over.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};

use super::{
    section::{Noted, Refusal, Section},
    source::Value,
    value::{list, text},
};
use crate::desk::lmtp::{LmtpDoor, LmtpPlace};

/// The door, where there is one.
pub(super) fn read(top: &mut Section<'_>) -> Result<Option<LmtpDoor>, Noted> {
    let mut lmtp = top.table("lmtp");
    let base = lmtp.base();
    let at = lmtp.optional("listen", |it| place(it, &base));
    let mode = lmtp.or("socket_mode", 0o660, socket_mode);
    let allow = lmtp.or("allow", Vec::new(), list(super::network));
    let door = match at {
        None => Ok(None),
        Some(LmtpPlace::Unix(path, _)) => Ok(Some(LmtpDoor { at: LmtpPlace::Unix(path, mode), allow })),
        Some(LmtpPlace::Tcp(at)) => {
            let this_machine = at.ip().to_canonical().is_loopback();
            if let Some(all) = allow.iter().find(|it| it.is_everybody()) {
                let mend = "name your mail server’s address alone, since LMTP has no sign-in";
                Err(lmtp.at_odds(&format!("allow names everybody ({all}); {mend}")))
            } else if !this_machine && allow.is_empty() {
                let mend = "listen on 127.0.0.1 or on a unix: socket, or name your mail server in lmtp.allow";
                Err(lmtp.at_odds(&format!("listen = \"{at}\" is open to other machines, and LMTP has no sign-in; {mend}")))
            } else {
                Ok(Some(LmtpDoor { at: LmtpPlace::Tcp(at), allow }))
            }
        }
    };
    lmtp.finish();
    door
}

fn place(value: &Value, base: &Path) -> Result<LmtpPlace, Refusal> {
    let text = text(value)?;
    if let Some(path) = text.strip_prefix("unix:") {
        let path: PathBuf = base.join(path);
        // A socket's address has room for so much (unix(7)).
        return if path.as_os_str().len() > 107 { Err("is longer than 107 bytes".to_owned()) } else { Ok(LmtpPlace::Unix(path, 0)) };
    }
    let at: Result<SocketAddr, _> = text.trim().parse();
    at.map(LmtpPlace::Tcp)
        .map_err(|_| "is neither an IP address with a port such as 127.0.0.1:2400 nor unix:/run/maildesk/lmtp.sock".to_owned())
}

fn socket_mode(value: &Value) -> Result<u32, Refusal> {
    let bits = u32::from_str_radix(text(value)?.trim(), 8).ok().filter(|it| it & !0o777 == 0 && it & 0o200 != 0);
    bits.ok_or_else(|| "is not a mode in octal digits such as \"660\", with the right to write for maildesk itself".to_owned())
}
