//! A mail about a ticket that nobody has opened: how a template in somebody's own words would look.

use crate::{
    desk::{comment::PublicText, id::TicketNumber, mail_kind::MailKind, settings::StatusNotice, ticket::Status},
    mail::compose::{
        digest::DigestTicket,
        letter::{self, AlarmLine, Answerable, Content, Letterhead, LinkPurpose, Written},
    },
    templates::{
        Templates,
        own::{OwnMail, Wrong},
    },
};

/// Fills in `own` with what nobody has written.
///
/// # Errors
/// Which part cannot be used, and why.
pub fn sample(templates: &Templates, desk: &str, url: &str, kind: MailKind, own: &OwnMail) -> Result<Written, Wrong> {
    let at = "2026-11-17T14:02:00Z".parse().unwrap_or_default();
    let said = PublicText::invented(
        "Maya Lindqvist",
        "Hello Hanako,\n\nplease hold the reset button until the LED turns amber\n(about 20 seconds), then let go.",
        "Maya at Skerry Instruments\nGothenburg",
        at,
    );
    let before = PublicText::invented("Hanako Yamada", "Our station shows “offline” since we have a new router.", "", at);
    let line = AlarmLine {
        says: "Rma@skerry.example is not being read: the server refuses the password.".to_owned(),
        mend: "Mail is safe on the server; enter the new password.".to_owned(),
        since: "17 November 2026, 14:02 (Europe/Prague)".to_owned(),
        until: String::new(),
    };
    let over = AlarmLine { until: "17 November 2026, 15:10 (Europe/Prague)".to_owned(), ..line.clone() };
    let (began, over) = ([line], [over]);
    let link = format!("{url}/invite/EXAMPLE");
    let rate = format!("{url}/rate/EXAMPLE");
    let subject = "Station shows “offline” after router change";
    let mut digest = [DigestTicket::of(TicketNumber(4127), subject.to_owned(), Status::Open, format!("{url}/tickets/4127"))];
    digest[0].say("17 November, 14:02".to_owned(), "Elena gave you this ticket", 20);
    digest[0].say("17 November, 15:10".to_owned(), "Hanako Yamada wrote", 20);
    let head = Letterhead { desk, url, number: Some(TicketNumber(4127)), subject, greeting: "Hanako Yamada", rate: Some(&rate) };
    let content = match kind {
        MailKind::Receipt => Content::Receipt,
        MailKind::Reply => Content::Reply { said: &said, before: Some(&before), status: Some(Status::Resolved) },
        MailKind::Status => Content::Status { notice: StatusNotice::Resolved },
        MailKind::Staff => Content::Staff {
            happened: "Elena gave you this ticket",
            facts: "Open, High priority, from Hanako Yamada",
            said: Some(&before),
            answerable: Answerable::Yes,
        },
        MailKind::NotSent => {
            Content::NotSent { address: "hanako@yamada-greens.example", words: "550 5.1.1 no such user here", said: Some(&said) }
        }
        MailKind::AnswerHeld => {
            Content::AnswerHeld { reason: "it is from your address and carries no token of yours", sent: "Re: Station shows “offline”" }
        }
        MailKind::Link => Content::Link { purpose: LinkPurpose::Invitation, link: &link, by: "Elena Marchetti", holds: "three days" },
        MailKind::Address => Content::Address { link: Some(&link), address: "hanako@yamada-greens.example" },
        MailKind::Alarm => Content::Alarm { began: &began, over: &over },
        MailKind::Digest => Content::Digest { tickets: &digest, more: 0 },
        MailKind::Probe => Content::Probe { address: "support@skerry.example" },
    };
    letter::fill(templates, own, &head, &content)
}
