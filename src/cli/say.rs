//! What commands say: what they were asked for on standard output, all else on standard error. Words that cannot be written end no
//! command.
//!
//! Whoever reads may have seen enough (`| head -1`), and the disk below a file may be full. What a command does is worth more than
//! what it says of it: an import, a backup, an erasure, `replay --apply` and `check` go on to their end as if they were heard. Only
//! what is looked up for its words alone may end early: it asks [`is_heard`].

use std::{
    io::{self, ErrorKind, Write as _},
    process::ExitCode,
    sync::OnceLock,
};

/// EX_IOERR (sysexits.h): all is done, and could not be said.
const EX_IOERR: u8 = 74;

/// Why standard output takes no more; a process has one of it.
static DEAF: OnceLock<ErrorKind> = OnceLock::new();

/// A line on standard output, as `println!` would write it.
macro_rules! say {
    ($($words:tt)*) => { $crate::cli::say::out(&format!("{}\n", format_args!($($words)*))) };
}

/// A line on standard error, as `eprintln!` would write it.
macro_rules! aside {
    ($($words:tt)*) => { $crate::cli::say::err(&format!("{}\n", format_args!($($words)*))) };
}

/// Writes to standard output at once. Where it takes no more, nothing is written from then on; that is told once, on standard error,
/// unless its reader went away.
pub(super) fn out(words: &str) {
    if !is_heard() {
        return;
    }
    let mut out = io::stdout().lock();
    let Err(why) = out.write_all(words.as_bytes()).and_then(|()| out.flush()) else { return };
    if DEAF.set(why.kind()).is_ok() && why.kind() != ErrorKind::BrokenPipe {
        aside!("maildesk: cannot write: {why}; the command goes on, and what it says is lost");
    }
}

/// Writes to standard error. Where that takes nothing, there is nobody left to tell: the exit code says it.
pub(super) fn err(words: &str) {
    io::stderr().write_all(words.as_bytes()).ok();
}

/// Whether standard output took everything so far.
pub(super) fn is_heard() -> bool {
    DEAF.get().is_none()
}

/// The exit code of a command that ends with `code`: 74 where all went well and could not be said. A reader that went away changes
/// nothing, and a command that failed keeps its own code.
pub(super) fn settled(code: ExitCode) -> ExitCode {
    match DEAF.get() {
        Some(why) if *why != ErrorKind::BrokenPipe && code == ExitCode::SUCCESS => ExitCode::from(EX_IOERR),
        Some(_) | None => code,
    }
}
