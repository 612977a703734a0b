//! Reading stored mail again: what differs from what was made of it, and what may be done about where it is.

use crate::desk::{
    comment::Origin,
    id::TicketNumber,
    message::made_up_name,
    ticket::clean_subject,
    triage::{Decision, Requester, Voice},
};

/// What a reading makes of a message, as far as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// What the ledger says of it.
    pub header: Header,
    /// What its comment shows; none where it has no comment.
    pub words: Option<Words>,
}

/// What a row of the ledger says of its message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Header {
    /// Without angle brackets.
    pub message_id: Option<String>,
    /// From, folded.
    pub sender: Option<String>,
    /// The name beside it.
    pub sender_name: Option<String>,
    /// As it says.
    pub subject: String,
    /// A trusted server's verdict on the sender, and its sentence.
    pub sender_check: Option<(String, String)>,
    /// The start of its text, where the list of held mail shows it.
    pub excerpt: Option<String>,
    /// JSON: name and size of each attachment, for that list.
    pub files: Option<String>,
}

/// What a comment shows of a mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words {
    /// What was newly written.
    pub text: String,
    /// History and signature.
    pub quoted: String,
    /// Sanitised.
    pub html: Option<String>,
    /// Pictures that lie elsewhere.
    pub remote_images: usize,
    /// In their order.
    pub files: Vec<File>,
}

/// A file as it is kept beside a comment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// As it is shown.
    pub name: String,
    /// Lower case, without parameters.
    pub content_type: String,
    /// Bytes.
    pub size: u64,
    /// SHA-256, 64 hex digits.
    pub sha256: String,
    /// Set for a picture that the HTML shows.
    pub content_id: Option<String>,
}

/// What can differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Aspect {
    /// What was newly written.
    Text,
    /// History and signature.
    Quoted,
    /// The HTML for display, and how many pictures lie elsewhere.
    Html,
    /// Names, types, contents, order.
    Attachments,
    /// What the ledger says: sender, subject, Message-ID, the verdict on the sender.
    Header,
}

impl Aspect {
    /// For people and for the history: `quoted text`.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Quoted => "quoted text",
            Self::Html => "HTML",
            Self::Attachments => "attachments",
            Self::Header => "header",
        }
    }
}

impl Reading {
    /// What `today` says otherwise, in the order of [`Aspect`].
    #[must_use]
    pub fn differs_in(&self, today: &Self) -> Vec<Aspect> {
        let mut found = Vec::new();
        if let (Some(then), Some(now)) = (&self.words, &today.words) {
            let all = [
                (Aspect::Text, then.text != now.text),
                (Aspect::Quoted, then.quoted != now.quoted),
                (Aspect::Html, (&then.html, then.remote_images) != (&now.html, now.remote_images)),
                (Aspect::Attachments, !are_same(&then.files, &now.files)),
            ];
            found.extend(all.into_iter().filter(|(_, differs)| *differs).map(|(aspect, _)| aspect));
        }
        if self.header != today.header {
            found.push(Aspect::Header);
        }
        found
    }
}

/// Whether two readings agree on the files of a message: see [`both_made_up`] for their names.
fn are_same(then: &[File], today: &[File]) -> bool {
    let is_same = |(at, (then, today)): (usize, (&File, &File))| {
        let same_name = then.name == today.name || both_made_up(&then.name, &today.name, &today.content_type, at);
        same_name && *then == File { name: then.name.clone(), ..today.clone() }
    };
    then.len() == today.len() && then.iter().zip(today).enumerate().all(is_same)
}

/// Whether both names stand for none: mail that was taken in while nameless parts were called `attachment-1` is as its sender
/// wrote it, and keeps them.
#[must_use]
pub fn both_made_up(then: &str, today: &str, content_type: &str, at: usize) -> bool {
    then == format!("attachment-{}", at + 1) && today == made_up_name(content_type, at)
}

/// The title of a ticket whose opening mail bears another subject today.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Title {
    /// As it is.
    pub was: String,
    /// As it would be.
    pub would: String,
    /// Why it stays all the same; none: it goes with the subject.
    pub left: Option<String>,
}

/// What becomes of a ticket's title when its opening mail's subject, which read `then`, reads `today`: it goes along as long as it is
/// what was read. None: it is right.
#[must_use]
pub fn retitled(title: &str, then: &str, today: &str, renamed_by: Option<&str>) -> Option<Title> {
    let would = clean_subject(today);
    if then == today || title == would {
        return None;
    }
    let left = match renamed_by {
        Some(who) => Some(format!("{who} has given it")),
        None if title != clean_subject(then) => Some("it is not the subject that was read".to_owned()),
        None => None,
    };
    Some(Title { was: title.to_owned(), would, left })
}

/// Where a message is, or would be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// On a ticket that it opened.
    Own,
    /// On a ticket that others opened.
    Ticket(TicketNumber),
    /// Among the held.
    Held,
    /// A delivery report, noted at the mail that it speaks of.
    Bounce,
    /// Nothing was made of it.
    Ignored,
}

/// What was made of a message, and what people have done about it since.
#[derive(Clone, Debug)]
pub struct Was {
    /// Where maildesk put it.
    pub place: Place,
    /// The ticket it is on now.
    pub ticket: Option<TicketNumber>,
    /// In whose voice its comment speaks.
    pub voice: Option<Origin>,
    /// Who moved it, merged its ticket, released or discarded it.
    pub settled_by: Option<String>,
    /// Who has worked on its ticket: answered, noted, set a status, an assignee, a subject.
    pub worked_on_by: Option<String>,
}

/// What may be done about a message whose place would be another today.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mend {
    /// Move it to this ticket.
    MoveTo(TicketNumber),
    /// Make a ticket of it.
    MoveToNew,
    /// Nothing: why, and what a person can do.
    Left(String),
}

/// What is decided today, as a place; `standing`: the ticket that stands for the one it joins.
#[must_use]
pub fn place_of(decision: &Decision) -> Place {
    match decision {
        Decision::Ignore => Place::Ignored,
        Decision::RecordBounce(_) => Place::Bounce,
        Decision::Hold { .. } => Place::Held,
        Decision::Join { ticket, .. } => Place::Ticket(*ticket),
        Decision::Open { .. } => Place::Own,
    }
}

/// Whether a message would come to be elsewhere today, or in another voice, and what may be done about that.
#[must_use]
pub fn mend(was: &Was, today: &Decision) -> Option<Mend> {
    let would = place_of(today);
    let another_voice = match today {
        Decision::Join { voice, .. } => was.voice.is_some_and(|it| it != origin(*voice)),
        Decision::Open { .. } => was.voice == Some(Origin::Machine),
        Decision::Ignore | Decision::RecordBounce(_) | Decision::Hold { .. } => false,
    };
    if (was.place == would && !another_voice) || would == Place::Ignored || was.place == Place::Ignored {
        return None;
    }
    Some(may_move(was, today, another_voice))
}

fn may_move(was: &Was, today: &Decision, another_voice: bool) -> Mend {
    let left = |why: String| Mend::Left(why);
    if let Some(who) = &was.settled_by {
        return left(format!("{who} has put it where it is"));
    }
    let ticket = match (was.place, was.ticket) {
        (Place::Held, _) => return left("it is held; release it on the page of held mail".to_owned()),
        (Place::Own | Place::Ticket(_), Some(ticket)) => ticket,
        (Place::Bounce | Place::Ignored | Place::Own | Place::Ticket(_), _) => {
            return left("it was noted as a delivery report; open a ticket for its sender by hand".to_owned());
        }
    };
    match today {
        Decision::Join { voice: Voice::Staff(_), .. } => {
            left("a helper’s answer is sent when it comes in, and not afterwards; read it on its ticket".to_owned())
        }
        Decision::Join { voice: Voice::NewParticipant, ticket: to } => {
            left(format!("its sender is new to #{to}: move it there on the page of #{ticket}, and you agree to them"))
        }
        Decision::Join { .. } | Decision::Open { .. } if another_voice => {
            left("who speaks in it is decided when it comes in; read it on its ticket".to_owned())
        }
        Decision::Open { requester: Requester::ForwardedSender, .. } => left(format!("open a ticket for its customer from #{ticket}")),
        Decision::Hold { .. } | Decision::RecordBounce(_) | Decision::Ignore => {
            left(format!("people have seen it on #{ticket}; close that if nobody is to answer"))
        }
        Decision::Join { .. } | Decision::Open { .. } if was.worked_on_by.is_some() => {
            left(format!("{} has worked on #{ticket}; move it there by hand", was.worked_on_by.as_deref().unwrap_or_default()))
        }
        Decision::Join { voice: Voice::Participant | Voice::Machine, ticket } => Mend::MoveTo(*ticket),
        Decision::Open { requester: Requester::Sender, .. } => Mend::MoveToNew,
    }
}

fn origin(voice: Voice) -> Origin {
    match voice {
        Voice::Participant | Voice::NewParticipant => Origin::Customer,
        Voice::Staff(_) => Origin::Staff,
        Voice::Machine => Origin::Machine,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desk::triage::Answer;

    const OPEN: Decision = Decision::Open { linked: None, receipt: Answer::Never, requester: Requester::Sender };

    fn join(number: i64, voice: Voice) -> Decision {
        Decision::Join { ticket: TicketNumber(number), voice }
    }

    fn was(place: Place) -> Was {
        let voice = matches!(place, Place::Own | Place::Ticket(_)).then_some(Origin::Customer);
        Was { place, ticket: voice.map(|_| TicketNumber(40)), voice, settled_by: None, worked_on_by: None }
    }

    fn reading() -> Reading {
        let words = Words { text: "Hello".to_owned(), quoted: String::new(), html: None, remote_images: 0, files: Vec::new() };
        Reading { header: Header::default(), words: Some(words) }
    }

    #[test]
    fn what_is_the_same_differs_in_nothing() {
        assert_eq!(reading().differs_in(&reading()), []);
        let mut today = reading();
        today.header.subject = "Grüße".to_owned();
        let words = today.words.as_mut().unwrap();
        (words.text, words.remote_images) = ("Hallo".to_owned(), 1);
        assert_eq!(reading().differs_in(&today), [Aspect::Text, Aspect::Html, Aspect::Header]);
        today.words = None;
        assert_eq!(reading().differs_in(&today), [Aspect::Header], "what has no comment has no words to mend");
    }

    #[test]
    fn a_title_goes_with_its_subject_unless_it_is_a_persons() {
        let left = |title, renamed_by| retitled(title, "Re: =?x", "Re: Printer", renamed_by).map(|it| (it.would, it.left));
        assert_eq!(left("=?x", None), Some(("Printer".to_owned(), None)));
        assert_eq!(left("=?x", Some("Hal")), Some(("Printer".to_owned(), Some("Hal has given it".to_owned()))));
        assert!(left("Smoke", None).is_some_and(|(_, left)| left.is_some()));
        assert_eq!((left("Printer", Some("Hal")), retitled("Smoke", "Printer", "Printer", None)), (None, None));
    }

    #[test]
    fn a_name_that_was_made_up_otherwise_is_no_difference() {
        let with = |name: &str, size: u64| {
            let mut reading = reading();
            let content_type = "image/png".to_owned();
            let file = File { name: name.to_owned(), content_type, size, sha256: String::new(), content_id: None };
            reading.words.as_mut().unwrap().files.push(file);
            reading
        };
        assert_eq!(with("attachment-1", 3).differs_in(&with("picture.png", 3)), []);
        for (then, today) in [
            (with("attachment-1", 3), with("picture.png", 4)),
            (with("attachment-1", 3), with("stove.png", 3)),
            (with("attachment-2", 3), with("picture.png", 3)),
            (reading(), with("picture.png", 3)),
        ] {
            assert_eq!(then.differs_in(&today), [Aspect::Attachments], "{then:?} {today:?}");
        }
    }

    #[test]
    fn a_message_moves_only_where_nobody_has_put_it_or_worked_on_it() {
        let hal = || Some("Hal".to_owned());
        let to_12 = join(12, Voice::Participant);
        assert_eq!(mend(&was(Place::Own), &OPEN), None);
        assert_eq!(mend(&was(Place::Ticket(TicketNumber(12))), &to_12), None);
        assert_eq!(mend(&was(Place::Own), &to_12), Some(Mend::MoveTo(TicketNumber(12))));
        assert_eq!(mend(&was(Place::Ticket(TicketNumber(40))), &OPEN), Some(Mend::MoveToNew));
        for (was, today, why) in [
            (Was { settled_by: hal(), ..was(Place::Own) }, &to_12, "Hal has put it where it is"),
            (Was { worked_on_by: hal(), ..was(Place::Own) }, &to_12, "Hal has worked on #40"),
            (was(Place::Own), &join(12, Voice::NewParticipant), "its sender is new to #12"),
            (was(Place::Own), &join(12, Voice::Machine), "who speaks in it"),
            (was(Place::Own), &Decision::Hold { tell: None }, "people have seen it on #40"),
            (was(Place::Held), &to_12, "release it on the page of held mail"),
        ] {
            let Some(Mend::Left(said)) = mend(&was, today) else { panic!("{was:?} {today:?}") };
            assert!(said.contains(why), "{said}");
        }
    }
}
