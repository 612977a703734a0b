//! The ways, by name: at which step of the protocol, and what is said there.

use maildesk::desk::mailbox::Tls;

/// What a server does at a step; `TAG` stands for the command's own.
#[derive(Clone, Copy)]
pub enum What {
    /// Says this in place of the answer.
    Instead(&'static [u8]),
    /// Says this, then the right answer.
    Before(&'static [u8]),
    /// Says this, and nothing any more.
    AndHang(&'static [u8]),
    /// Says this, and closes.
    AndClose(&'static [u8]),
    /// Says this, and resets the connection.
    AndReset(&'static [u8]),
    /// Says this again and again, an octet in a tenth of a second.
    Drip(&'static [u8]),
    /// Says this again and again, as fast as it is read.
    Flood(&'static [u8]),
}

/// What it shows who it is with.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Certificate {
    Right,
    Elsewhere,
    Expired,
}

pub struct Way {
    pub name: &'static str,
    pub tls: Tls,
    pub certificate: Certificate,
    pub steps: &'static [(&'static str, What)],
}

const fn way(name: &'static str, steps: &'static [(&'static str, What)]) -> Way {
    Way { name, tls: Tls::None, certificate: Certificate::Right, steps }
}

const fn with_tls(name: &'static str, tls: Tls, certificate: Certificate, steps: &'static [(&'static str, What)]) -> Way {
    Way { name, tls, certificate, steps }
}

use What::{AndClose, AndHang, AndReset, Before, Drip, Flood, Instead};

pub const WAYS: &[Way] = &[
    // Before anything else.
    way("no greeting", &[("greeting", AndHang(b""))]),
    way("closes at once", &[("greeting", AndClose(b""))]),
    way("resets at once", &[("greeting", AndReset(b""))]),
    way("BYE for a greeting", &[("greeting", AndClose(b"* BYE overloaded\r\n"))]),
    way("PREAUTH without having been asked who", &[("greeting", Instead(b"* PREAUTH come in\r\n"))]),
    way("is a web server", &[("greeting", AndClose(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"))]),
    way("a greeting without end", &[("greeting", Flood(b"* OK ready "))]),
    way("a greeting of one octet after the other", &[("greeting", Drip(b"* OK ready and willing to serve "))]),
    way("half a greeting, then the end", &[("greeting", AndClose(b"* OK rea"))]),
    way("8-bit and NUL in the greeting", &[("greeting", AndHang(b"* OK \0\xff\xfe ready\r\n"))]),
    way("the answer before the question", &[("greeting", Instead(b"* OK ready\r\nA0001 OK in\r\nA0002 OK\r\n"))]),
    // Signing in.
    way("hangs at LOGIN", &[("LOGIN", AndHang(b""))]),
    way("the tag of somebody else at LOGIN", &[("LOGIN", AndHang(b"ZZ99 OK in\r\n"))]),
    way("wants more at LOGIN", &[("LOGIN", AndHang(b"+ go on\r\n"))]),
    way("BYE at LOGIN", &[("LOGIN", AndClose(b"* BYE no\r\n"))]),
    way("a literal for clients at LOGIN", &[("LOGIN", AndHang(b"* OK {5+}\r\nhello\r\n"))]),
    way("LOGIN is unavailable", &[("LOGIN", Instead(b"TAG NO [UNAVAILABLE] later\r\n"))]),
    way("resets at LOGIN", &[("LOGIN", AndReset(b"* OK wait\r\n"))]),
    // What it can do.
    way("hangs at CAPABILITY", &[("CAPABILITY", AndHang(b""))]),
    way("garbage at CAPABILITY", &[("CAPABILITY", Instead(b"%%%% \x01\x02\x03 {{{{ ))))\r\nTAG OK\r\n"))]),
    way("capabilities without end", &[("CAPABILITY", Flood(b"* CAPABILITY X-ONE X-TWO "))]),
    way("lone line feeds", &[("CAPABILITY", Instead(b"* CAPABILITY IMAP4rev1\nTAG OK\n"))]),
    way("BAD at CAPABILITY", &[("CAPABILITY", Instead(b"TAG BAD what is that\r\n"))]),
    // Opening the folder.
    way("hangs at SELECT", &[("SELECT", AndHang(b"* 1 EXISTS\r\n"))]),
    way("NO at SELECT, later OK", &[("SELECT", Instead(b"TAG NO [NONEXISTENT] no such folder\r\n"))]),
    way("no UIDVALIDITY", &[("SELECT", Instead(b"* 1 EXISTS\r\nTAG OK [READ-WRITE] open\r\n"))]),
    way("UIDVALIDITY 0", &[("SELECT", Instead(b"* 1 EXISTS\r\n* OK [UIDVALIDITY 0] x\r\nTAG OK [READ-WRITE] open\r\n"))]),
    way("a negative UIDVALIDITY", &[("SELECT", Instead(b"* 1 EXISTS\r\n* OK [UIDVALIDITY -5] x\r\nTAG OK [READ-WRITE] open\r\n"))]),
    way("minus one message", &[("SELECT", Instead(b"* -1 EXISTS\r\nTAG OK open\r\n"))]),
    way(
        "four thousand million messages, then silence",
        &[("SELECT", Instead(b"* 4294967295 EXISTS\r\n* OK [UIDVALIDITY 5] x\r\nTAG OK open\r\n")), ("LIST", AndHang(b""))],
    ),
    way("more messages than there are numbers", &[("SELECT", Instead(b"* 99999999999999999999 EXISTS\r\nTAG OK open\r\n"))]),
    way(
        "a UIDNEXT of the last number there is",
        &[("SELECT", Instead(b"* 1 EXISTS\r\n* OK [UIDVALIDITY 5] x\r\n* OK [UIDNEXT 4294967295] x\r\nTAG OK open\r\n"))],
    ),
    way("is numbered anew under our hands", &[("LIST", Before(b"* OK [UIDVALIDITY 6] anew\r\n"))]),
    // Listing.
    way("hangs at the list", &[("LIST", AndHang(b""))]),
    way("hangs in the middle of a line", &[("LIST", AndHang(b"* 1 FETCH (UID 7 RFC8"))]),
    way("half a line, then the end", &[("LIST", AndClose(b"* 1 FETCH (UID 7 RFC8"))]),
    way("half a line, then a reset", &[("LIST", AndReset(b"* 1 FETCH (UID 7 RFC8"))]),
    way("NO at the list", &[("LIST", Instead(b"TAG NO [SERVERBUG] try again\r\n"))]),
    way("BYE at the list", &[("LIST", AndClose(b"* BYE going down\r\n"))]),
    way(
        "numbers of messages that are not there",
        &[("LIST", Instead(b"* 1 FETCH (UID 99 RFC822.SIZE 500)\r\n* 2 FETCH (UID 4294967295 RFC822.SIZE 9)\r\nTAG OK\r\n"))],
    ),
    way("the number 0, and one twice", &[("LIST", Before(b"* 1 FETCH (UID 0 RFC822.SIZE 500)\r\n* 1 FETCH (UID 7 RFC822.SIZE 3)\r\n"))]),
    way("messages that nobody asked for", &[("LIST", Before(b"* 9 FETCH (FLAGS (\\Seen))\r\n* 3 FETCH (UID 99 BODY[] {3}\r\nabc)\r\n"))]),
    way("a list without end", &[("LIST", Flood(b"* 1 FETCH (UID 7 RFC822.SIZE 10)\r\n"))]),
    way(
        "brackets in brackets",
        &[("LIST", Flood(b"* 1 FETCH (BODYSTRUCTURE ((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((("))],
    ),
    way("fewer and fewer messages", &[("LIST", Before(b"* 1 EXISTS\r\n* 0 EXISTS\r\n* 1 EXPUNGE\r\n* 5 EXPUNGE\r\n"))]),
    way("a list of one octet after the other", &[("LIST", Drip(b"* 1 FETCH (UID 7 RFC822.SIZE 900)\r\n"))]),
    way("a size of thousands of millions", &[("LIST", AndHang(b"* 1 FETCH (UID 7 RFC822.SIZE 99999999999)\r\n"))]),
    // Fetching.
    way("no body", &[("BODY", Instead(b"* 1 FETCH (UID 7 BODY[] NIL)\r\nTAG OK\r\n"))]),
    way("an empty body", &[("BODY", Instead(b"* 1 FETCH (UID 7 BODY[] {0}\r\n)\r\nTAG OK\r\n"))]),
    way("three octets of a body", &[("BODY", Instead(b"* 1 FETCH (UID 7 BODY[] {3}\r\nabc)\r\nTAG OK\r\n"))]),
    way("OK and no message", &[("BODY", Instead(b"TAG OK\r\n"))]),
    way("another message’s body", &[("BODY", Instead(b"* 1 FETCH (UID 8 BODY[] {3}\r\nabc)\r\nTAG OK\r\n"))]),
    way("a body without a number", &[("BODY", Instead(b"* 1 FETCH (BODY[] {3}\r\nabc)\r\nTAG OK\r\n"))]),
    way("a literal of four hundred million octets", &[("BODY", Flood(b"* 1 FETCH (UID 7 BODY[] {400000000}\r\n"))]),
    way("ends inside a literal", &[("BODY", AndClose(b"* 1 FETCH (UID 7 BODY[] {900}\r\nFrom: "))]),
    way("resets inside a literal", &[("BODY", AndReset(b"* 1 FETCH (UID 7 BODY[] {900}\r\nFrom: "))]),
    way("hangs inside a literal", &[("BODY", AndHang(b"* 1 FETCH (UID 7 BODY[] {900}\r\nFrom: "))]),
    way("more octets than it said", &[("BODY", Instead(b"* 1 FETCH (UID 7 BODY[] {3}\r\nabcdefgh)\r\nTAG OK\r\n"))]),
    way("the wrong tag after a message", &[("BODY", AndHang(b"A9999 OK\r\n"))]),
    way("refuses to give the message", &[("BODY", Instead(b"TAG NO not this one\r\n"))]),
    // Filing.
    way("hangs at STORE", &[("STORE", AndHang(b""))]),
    way("ends at MOVE", &[("MOVE", AndClose(b""))]),
    way("cannot move although it says so", &[("MOVE", Instead(b"TAG BAD what\r\n"))]),
    // Waiting.
    way("cannot idle although it says so", &[("IDLE", Instead(b"TAG BAD what\r\n"))]),
    way("says nothing to IDLE", &[("IDLE", AndHang(b""))]),
    way("ends IDLE before it began", &[("IDLE", Instead(b"TAG OK done already\r\n"))]),
    way("words without end while idle", &[("IDLE", Flood(b"+ idling\r\n* OK still here\r\n"))]),
    way("more and more messages while idle", &[("IDLE", Flood(b"+ idling\r\n* 2 EXISTS\r\n* 1 EXISTS\r\n"))]),
    way("goes while idle", &[("IDLE", AndClose(b"+ idling\r\n* BYE idle for too long\r\n"))]),
    way("resets while idle", &[("IDLE", AndReset(b"+ idling\r\n"))]),
    way("dies in silence while idle", &[("IDLE", AndHang(b"+ idling\r\n"))]),
    way("does not hear DONE", &[("DONE", AndHang(b""))]),
    // Protecting.
    with_tls(
        "no STARTTLS any more",
        Tls::StartTls,
        Certificate::Right,
        &[("CAPABILITY", Instead(b"* CAPABILITY IMAP4rev1\r\nTAG OK\r\n"))],
    ),
    with_tls("PREAUTH in place of STARTTLS", Tls::StartTls, Certificate::Right, &[("greeting", Instead(b"* PREAUTH come in\r\n"))]),
    with_tls(
        "plain words behind STARTTLS",
        Tls::StartTls,
        Certificate::Right,
        &[("STARTTLS", Instead(b"TAG OK go\r\n* CAPABILITY IMAP4rev1\r\n"))],
    ),
    with_tls("the certificate of another", Tls::Implicit, Certificate::Elsewhere, &[]),
    with_tls("an expired certificate", Tls::Implicit, Certificate::Expired, &[]),
];
