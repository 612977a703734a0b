//! IMAP: lines, literals and nesting have bounds (imap-proto knows none, GHSA-wv8g-4592-g5r2).
//!
//! The reader follows the octets just enough to know what is a literal, because in a literal it does not look. Where it
//! and the parser could disagree about that, nesting could hide; so it is stricter than the parser: a literal is the
//! value of a `BODY[…]` right inside a FETCH and nothing else, quotes begin where a word begins, a FETCH ends balanced.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Octets of one response besides its literals.
const MOST_LINE: usize = 256 * 1024;
/// Opening brackets of one response besides its literals: nothing that we ask for has more than a few.
const MOST_BRACKETS: usize = 64;
/// Octets of a response's beginning that are looked at to tell what it is.
const BEGINNING: usize = 32;

/// Which bound was struck.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(in crate::mail) enum Struck {
    #[error("it sent a line without end")]
    Line,
    #[error("it announced a message larger than it may be")]
    Literal,
    #[error("it sent brackets within brackets without end")]
    Nesting,
    #[error("it sent octets that are no IMAP")]
    Malformed,
}

/// A stream from which nothing larger is read than it may be.
#[derive(Debug)]
pub(in crate::mail) struct ImapBound<S> {
    stream: S,
    watch: Watch,
}

impl<S> ImapBound<S> {
    /// `most_literal`: octets that one literal may announce.
    pub(in crate::mail) fn new(stream: S, most_literal: u64) -> Self {
        Self { stream, watch: Watch { most_literal, ..Watch::default() } }
    }
}

#[derive(Debug, Default)]
struct Watch {
    most_literal: u64,
    /// Octets of the current literal that are still to come.
    literal: u64,
    response: Response,
}

/// What was seen of the current response.
#[derive(Debug, Default)]
struct Response {
    octets: usize,
    beginning: Vec<u8>,
    brackets: usize,
    depth: usize,
    quote: Quote,
    /// The octets of all its literals.
    literals: u64,
    /// The last octets of the line, the newest last; lines end with `\r\n`.
    last: [u8; 3],
    announcement: Announcement,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Quote {
    #[default]
    Outside,
    Inside,
    AfterBackslash,
}

/// `{12}`, as far as it was read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Announcement {
    #[default]
    None,
    Number(u64),
    Complete(u64),
}

impl Watch {
    fn see(&mut self, mut octets: &[u8]) -> Result<(), Struck> {
        while let Some((octet, rest)) = octets.split_first() {
            if self.literal > 0 {
                let many = usize::try_from(self.literal).unwrap_or(usize::MAX).min(octets.len());
                self.literal -= many as u64;
                octets = &octets[many..];
                continue;
            }
            if *octet == b'\n' {
                match self.response.end_of_line()? {
                    Some(literal) => self.begin_literal(literal)?,
                    None => self.response = Response::default(),
                }
            } else {
                self.response.see(*octet)?;
            }
            octets = rest;
        }
        Ok(())
    }

    fn begin_literal(&mut self, literal: u64) -> Result<(), Struck> {
        self.response.literals = self.response.literals.saturating_add(literal);
        if self.response.literals > self.most_literal {
            return Err(Struck::Literal);
        }
        self.literal = literal;
        Ok(())
    }
}

impl Response {
    fn see(&mut self, octet: u8) -> Result<(), Struck> {
        self.octets += 1;
        if self.octets > MOST_LINE {
            return Err(Struck::Line);
        }
        let [_, before, last] = self.last;
        if last == b'\r' {
            // A lone carriage return: some parsers end a line there, some do not.
            return Err(Struck::Malformed);
        }
        if octet != b'\r' {
            if self.beginning.len() < BEGINNING {
                self.beginning.push(octet);
            }
            self.count_brackets(octet)?;
            self.follow_announcement(octet, before, last);
            self.follow_quotes(octet, last)?;
        }
        self.last = [before, last, octet];
        Ok(())
    }

    /// Quoted or not, so that nothing hides behind a quote; the depth is that outside of quotes.
    fn count_brackets(&mut self, octet: u8) -> Result<(), Struck> {
        if octet == b'(' {
            self.brackets += 1;
            if self.brackets > MOST_BRACKETS {
                return Err(Struck::Nesting);
            }
        }
        match (self.quote, octet) {
            (Quote::Outside, b'(') => self.depth += 1,
            (Quote::Outside, b')') => self.depth = self.depth.saturating_sub(1),
            _ => (),
        }
        Ok(())
    }

    fn follow_quotes(&mut self, octet: u8, last: u8) -> Result<(), Struck> {
        self.quote = match (self.quote, octet) {
            (Quote::Outside, b'"') if self.is_fetch() && !matches!(last, b' ' | b'(') => return Err(Struck::Malformed),
            (Quote::Outside, b'"') => Quote::Inside,
            (Quote::Inside, b'"') => Quote::Outside,
            (Quote::Inside, b'\\') => Quote::AfterBackslash,
            (Quote::AfterBackslash, b'"' | b'\\') => Quote::Inside,
            (Quote::AfterBackslash, _) if self.is_fetch() => return Err(Struck::Malformed),
            (Quote::AfterBackslash, _) => Quote::Inside,
            (Quote::Outside | Quote::Inside, _) => self.quote,
        };
        Ok(())
    }

    fn follow_announcement(&mut self, octet: u8, before: u8, last: u8) {
        self.announcement = match (self.announcement, octet) {
            // `BODY[] {` and `BODY[]<0> {`; anything else is none that we asked for, see `end_of_line`.
            (_, b'{') => Announcement::Number(if matches!((before, last), (b']' | b'>', b' ')) { 0 } else { u64::MAX }),
            (Announcement::Number(number), b'0'..=b'9') => {
                Announcement::Number(number.saturating_mul(10).saturating_add(u64::from(octet - b'0')))
            }
            // `{12+}` is for clients to say; the parser does not take it for a literal.
            (Announcement::Number(_), b'+') => Announcement::Number(u64::MAX),
            (Announcement::Number(number), b'}') => Announcement::Complete(number),
            (Announcement::None | Announcement::Number(_) | Announcement::Complete(_), _) => Announcement::None,
        };
    }

    /// The octets of the literal that follows; none: the response is over.
    fn end_of_line(&mut self) -> Result<Option<u64>, Struck> {
        if self.last[2] != b'\r' {
            return Err(Struck::Malformed);
        }
        self.last = [0; 3];
        let announced = std::mem::take(&mut self.announcement);
        match (announced, self.is_fetch()) {
            (Announcement::Complete(u64::MAX), _) | (Announcement::Complete(_), false) => Err(Struck::Malformed),
            (Announcement::Complete(number), true) if self.depth == 1 && self.quote == Quote::Outside => Ok(Some(number)),
            (Announcement::Complete(_), true) => Err(Struck::Malformed),
            (Announcement::None | Announcement::Number(_), true) if self.depth > 0 || self.quote != Quote::Outside => {
                Err(Struck::Malformed)
            }
            (Announcement::None | Announcement::Number(_), _) => Ok(None),
        }
    }

    /// `* 12 FETCH …`: the one response in which we ask for literals.
    fn is_fetch(&self) -> bool {
        let rest = self.beginning.strip_prefix(b"* ").unwrap_or_default();
        let digits = rest.iter().take_while(|it| it.is_ascii_digit()).count();
        digits > 0 && rest.get(digits..digits + 7).is_some_and(|it| it.eq_ignore_ascii_case(b" FETCH "))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for ImapBound<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buf);
        if let Err(struck) = self.watch.see(&buf.filled()[before..]) {
            buf.set_filled(before);
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, struck)));
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for ImapBound<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use async_imap::imap_proto;
    use proptest::prelude::*;

    use super::*;

    fn watch(octets: &[u8]) -> Result<(), Struck> {
        // Octet by octet and at once must come to the same.
        let mut slowly = Watch { most_literal: 1000, ..Watch::default() };
        let slow = octets.iter().try_for_each(|it| slowly.see(&[*it]));
        assert_eq!(slow, Watch { most_literal: 1000, ..Watch::default() }.see(octets));
        slow
    }

    #[test]
    fn ordinary_answers_pass() {
        let answers = b"* OK [CAPABILITY IMAP4rev1] it's 5\" long\r\n* LIST (\\HasNoChildren) \"/\" \"a (b\"\r\n\
            * 1 FETCH (UID 7 INTERNALDATE \"17-Jul-1996 02:44:25 -0700\" BODY[] {8}\r\n((((((\r\n FLAGS (\\Seen))\r\n\
            * 2 FETCH (BODY[]<0> {0}\r\n)\r\n* 3 FETCH (BODY[] NIL UID 3)\r\n* 4 FETCH (BODY[] \"a(\\\"b\")\r\na1 OK done\r\n";
        assert_eq!(watch(answers), Ok(()));
    }

    #[test]
    fn nesting_is_struck_wherever_it_hides() {
        let deep = "(".repeat(100);
        for start in ["* 1 FETCH (BODYSTRUCTURE ", "* 1 FETCH (ENVELOPE (\"x\" ", "* 1 FETCH (BODY[] {0}\r\n BODYSTRUCTURE ", "* X \"", "x"]
        {
            assert_eq!(watch(format!("{start}{deep}\r\n").as_bytes()), Err(Struck::Nesting), "{start}");
        }
    }

    #[test]
    fn what_only_looks_like_a_literal_hides_nothing() {
        for start in [
            "* OK hello {900}",
            "A OK y {900}",
            "* LIST () \"/\" {900}",
            "* 1 FETCH (X \"{900}",
            "* 1 FETCH (X a{900}",
            "* 1 FETCH (X {900}",
            "* 1 FETCH (BODY[] {9+}",
            "* 1 FETCH (X (a BODY[] {900}",
            "* 1 FETCH (Y a\"b X (c\" BODY[] {900}",
            "* 1 FETCH (Y \"a\\x X (c\" BODY[] {900}",
            "* 1 FETCH (X (a\r\n* 1 FETCH (BODY[] {900}",
            "* 1 FETCH (Y \"abc\r\n* 1 FETCH (BODY[] {900}",
        ] {
            assert_eq!(watch(format!("{start}\r\n").as_bytes()), Err(Struck::Malformed), "{start}");
        }
    }

    #[test]
    fn the_literals_of_a_response_are_bounded_together() {
        assert_eq!(watch(b"* 1 FETCH (BODY[] {1001}\r\n"), Err(Struck::Literal));
        assert_eq!(watch(b"* 1 FETCH (BODY[] {18446744073709551614}\r\n"), Err(Struck::Literal));
        let many = format!("* 1 FETCH (BODY[] {{600}}\r\n{} BODY[] {{600}}\r\n", "x".repeat(600));
        assert_eq!(watch(many.as_bytes()), Err(Struck::Literal));
    }

    #[test]
    fn a_line_has_an_end_of_both_octets() {
        assert_eq!(watch(&vec![b'a'; MOST_LINE + 1]), Err(Struck::Line));
        assert_eq!(watch(b"* OK a\nb"), Err(Struck::Malformed));
        assert_eq!(watch(b"* OK a\rb"), Err(Struck::Malformed));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4000))]

        /// Whatever is sent: what passes ends where the parser says that it ends, so nothing was skipped that it reads.
        #[test]
        fn the_bound_and_the_parser_agree_on_where_a_response_ends(pieces in prop::collection::vec(prop::sample::select(PIECES), 1..40)) {
            let octets = format!("* 1 FETCH ({}", pieces.concat()).into_bytes();
            let (mut watch, mut rest) = (Watch { most_literal: 1000, ..Watch::default() }, octets.as_slice());
            while let Ok((left, _)) = imap_proto::Response::parse(rest) {
                if watch.see(&rest[..rest.len() - left.len()]).is_err() {
                    return Ok(());
                }
                prop_assert!(watch.literal == 0 && watch.response.octets == 0, "{}", String::from_utf8_lossy(&octets));
                rest = left;
            }
        }
    }

    const PIECES: &[&str] = &[
        "* 1 FETCH (",
        "* OK ",
        "A1 OK ",
        "BODY[] ",
        "BODY[HEADER]<0> ",
        "BODYSTRUCTURE ",
        "X ",
        "UID 1",
        "FLAGS (a) ",
        "NIL",
        "a",
        "abc",
        "(",
        ")",
        ")\r\n",
        "\"",
        "\\",
        " ",
        "] ",
        "> ",
        "{3}\r\n",
        "{12}\r\n",
        "{3+}\r\n",
        "\r\n",
        "{3}",
        "\"a\" ",
        "(a \"b\") ",
    ];
}
