//! A desk lived step by step: the clock is moved, mail is sent, taken in and handed over, each when it is asked for.

use std::collections::BTreeMap;

use anyhow::{Context as _, ensure};
use jiff::{SignedDuration, Timestamp, Zoned};

use super::{
    letter::Letter,
    mail_program::{self, Read, SENT},
    world::World,
};
use crate::{
    actions::{Desk, stale::close_stale},
    desk::{
        address::EmailAddress,
        delivery::HandOver,
        id::{CommentId, TicketNumber},
        message::MessageId,
        person::Person,
    },
    mail::smtp::SmtpPool,
    store::{comments, evidence},
    workers::{
        intake::Watch,
        sender::{self, Lane},
    },
};

/// What closes by itself does so at most this late.
const HOP: SignedDuration = SignedDuration::from_hours(1);

/// Everything that takes part.
pub(super) struct Stage<'a> {
    pub desk: &'a Desk,
    pub world: &'a World,
    /// With the address of each.
    pub watches: Vec<(&'static str, Watch<'a>)>,
    pub lanes: Vec<Lane>,
    /// How people's mail programs send.
    pub post: SmtpPool,
    /// By first name.
    pub staff: BTreeMap<&'static str, Person>,
}

/// Whether a mail names a sender in its envelope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Envelope {
    /// Its writer.
    From,
    /// `<>`: a machine that wants no answer.
    Null,
}

impl Stage<'_> {
    /// Time passes until `at`; what is due on the way happens.
    pub async fn move_to(&mut self, at: Timestamp) -> anyhow::Result<()> {
        loop {
            let left = at.duration_since(self.desk.clock.now());
            if !left.is_positive() {
                return self.settle().await;
            }
            self.desk.clock.advance(left.min(HOP));
            if !close_stale(self.desk).await?.is_empty() {
                self.settle().await?;
            }
        }
    }

    /// Everything that is due is handed over, and what comes back is taken in.
    pub async fn settle(&mut self) -> anyhow::Result<()> {
        loop {
            for lane in &mut self.lanes {
                while let sender::Step::Worked(_) = sender::step(self.desk, lane).await? {}
            }
            let mut taken = 0;
            for (address, watch) in &mut self.watches {
                // Looking costs a sync to the disk.
                if !self.world.messages(address, "INBOX").is_empty() {
                    taken += watch.step().await?.taken;
                }
            }
            if taken == 0 {
                return Ok(());
            }
        }
    }

    /// A mail is sent over the world's SMTP port to everybody it names, and the desk has decided about it.
    pub async fn send(&mut self, letter: &Letter, envelope: Envelope) -> anyhow::Result<()> {
        let octets = letter.octets();
        let from = (envelope == Envelope::From).then_some(&letter.from.address);
        for to in letter.to.iter().chain(&letter.cc) {
            let answer = self.post.hand_over(from, &to.address, &octets).await;
            let taken = matches!(answer, HandOver::Accepted { .. });
            ensure!(taken, "the world does not take a mail to {}: {}", to.address, answer.words());
        }
        if envelope == Envelope::From {
            self.world.file(&letter.from.address.folded(), SENT, &octets);
        }
        self.settle().await
    }

    /// The ticket that a mail went to.
    pub async fn ticket_of(&self, letter: &Letter) -> anyhow::Result<Option<TicketNumber>> {
        let id = MessageId::parse(&letter.message_id).context("a letter has a Message-ID")?;
        Ok(evidence::taken_in(&mut *self.desk.store.read().await?, &[id]).await?.first().map(|it| it.ticket))
    }

    /// The newest mail about a ticket in somebody's mailbox.
    pub fn newest(&self, address: &EmailAddress, number: TicketNumber) -> anyhow::Result<Read> {
        let tag = format!("[#{number}]");
        let mails = self.world.messages(&address.folded(), "INBOX");
        let found = mails.iter().rev().map(mail_program::open).find(|it| it.message.subject.contains(&tag));
        found.with_context(|| format!("{address} has got no mail about {tag}"))
    }

    /// The newest comment that somebody else wrote: what a helper has read before they write.
    pub async fn newest_comment(&self, number: TicketNumber, who: &Person) -> anyhow::Result<Option<CommentId>> {
        let written = comments::written_since(&mut *self.desk.store.read().await?, number, CommentId(0), who.id).await?;
        Ok(written.last().copied())
    }

    /// A member of the desk by first name.
    pub fn person(&self, first_name: Option<&str>) -> anyhow::Result<Person> {
        let name = first_name.context("who does it?")?;
        self.staff.get(name).cloned().with_context(|| format!("nobody at the desk is called {name}"))
    }

    /// The time by the desk's clock and zone.
    pub fn now(&self) -> Zoned {
        self.desk.clock.now().to_zoned(self.desk.settings.time_zone.clone())
    }
}
