//! The return path as the author's own, whatever became of it on the way.

use crate::desk::{
    address::EmailAddress,
    message::{IncomingMessage, ReturnPath},
};

/// Whether answers of mail systems would go to the author: what people's programs say, and few machines.
pub(crate) fn is_authors(message: &IncomingMessage) -> bool {
    let ReturnPath::Address(path) = &message.return_path else { return false };
    let Some(from) = message.author() else { return false };
    let author = from.address.without_detail();
    path.without_detail() == author || unwrapped(path).is_some_and(|it| it.without_detail() == author)
}

/// The path before a forwarder rewrote it: `SRS0=hash=day=domain=local@forwarder`, `SRS1=hash=forwarder==hash=day=domain=local@…` and
/// Exchange's `somebody+SRS=hash=day=domain=local@…`; or before it was signed: `prvs=tag=local@domain` (BATV).
fn unwrapped(path: &EmailAddress) -> Option<EmailAddress> {
    let lower = path.local().to_lowercase();
    if lower.starts_with("prvs=") {
        let (_, local) = path.local().rsplit_once('=')?;
        return format!("{local}@{}", path.domain()).parse().ok();
    }
    let is_rewritten = ["srs0", "srs1"].iter().any(|it| lower.starts_with(it)) || lower.contains("+srs=");
    let mut pieces = path.local().rsplitn(3, '=');
    let (local, domain) = (pieces.next()?, pieces.next()?);
    is_rewritten.then(|| format!("{local}@{domain}").parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use crate::mail::parse;

    #[test]
    fn a_path_is_the_authors_behind_what_a_forwarder_made_of_it() {
        for (path, expected) in [
            ("ann@x.test", true),
            ("Ann+news@X.test", true),
            ("SRS0=ab=CD=x.test=ann@fwd.test", true),
            ("SRS0+ab=CD=x.test=ann@fwd.test", true),
            ("SRS1=ef=fwd.test==ab=CD=x.test=ann@other.test", true),
            ("info+SRS=abcde=FG=x.test=ann@fwd.test", true),
            ("prvs=12345abcde=ann@x.test", true),
            ("SRS0=ab=CD=x.test=hal@fwd.test", false),
            ("bounce=x.test=ann@fwd.test", false),
            ("bounce-17@x.test", false),
        ] {
            let message = parse::read(format!("Return-Path: <{path}>\nFrom: ann@x.test\n\nx\n").as_bytes());
            assert_eq!(super::is_authors(&message), expected, "{path}");
        }
    }
}
