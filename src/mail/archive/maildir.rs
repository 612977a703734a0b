//! What the name of a file in a Maildir says: `1583921830.M1P2.host:2,FS`.

use std::{ffi::OsStr, os::unix::ffi::OsStrExt as _};

use jiff::Timestamp;

use super::LeftOut;

/// When it was delivered: the seconds that its name begins with.
#[must_use]
pub fn noted(name: &OsStr) -> Option<Timestamp> {
    let seconds: Vec<u8> = name.as_bytes().iter().copied().take_while(u8::is_ascii_digit).collect();
    Timestamp::from_second(std::str::from_utf8(&seconds).ok()?.parse().ok()?).ok()
}

/// A draft (flag `D`), or deleted (flag `T`). File systems without a colon have `;` or `!` in its place.
#[must_use]
pub fn left_out(name: &OsStr) -> Option<LeftOut> {
    let name = name.as_bytes();
    let at = name.windows(3).rposition(|it| matches!(it, b":2," | b";2," | b"!2,"))?;
    // Dovecot may add its own marks behind a second comma.
    let flags = name[at + 3..].split(|it| *it == b',').next().unwrap_or_default();
    match (flags.contains(&b'D'), flags.contains(&b'T')) {
        (true, _) => Some(LeftOut::Draft),
        (false, true) => Some(LeftOut::Deleted),
        (false, false) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_says_when_and_what() {
        let name = OsStr::from_bytes;
        assert_eq!(noted(name(b"1583921830.M1P2.h\xff,S=12:2,S")), Timestamp::from_second(1_583_921_830).ok());
        assert_eq!(noted(name(b"mail.eml")), None);
        assert_eq!(left_out(name(b"1.h:2,FS")), None);
        assert_eq!(left_out(name(b"1.h")), None);
        assert_eq!(left_out(name(b"1.h:2,DS")), Some(LeftOut::Draft));
        assert_eq!(left_out(name(b"1.h\xff;2,ST")), Some(LeftOut::Deleted));
        assert_eq!(left_out(name(b"1.h:2,S,DT")), None);
    }
}
