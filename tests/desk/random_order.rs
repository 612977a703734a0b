//! Messages moved and split off, tickets merged, mail that follows, and all of it undone, in random order. A small model says
//! where every comment must be: each correction that stands about it leads it one way further, the first from the ticket on which
//! it was first said; undoing one takes it out of the chain.

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;
use maildesk::{
    actions::{
        merge::merge,
        move_message::{Destination, Moved, move_message},
        reply::reply,
        undo_correction::undo_correction,
        write_note::write_note,
    },
    desk::{
        comment::CommentText,
        correction::{Correction, CorrectionKind},
        id::{CommentId, CorrectionId, TicketNumber},
    },
    store::{comments, corrections},
};

use crate::{
    mail_loop::reply_of,
    rows::Rows,
    test_desk::{TestDesk, mail},
};

const CUSTOMERS: usize = 5;
const ROUNDS: u64 = 3;
const STEPS: usize = 100;

/// Numbers that look random and are the same for the same seed (xorshift).
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % bound as u64).unwrap()
    }

    fn one<T: Clone>(&mut self, of: impl IntoIterator<Item = T>) -> Option<T> {
        let all: Vec<T> = of.into_iter().collect();
        if all.is_empty() { None } else { Some(all[self.below(all.len())].clone()) }
    }
}

/// A comment as the model has it.
#[derive(Clone)]
struct Said {
    home: TicketNumber,
    /// The corrections that stand about it.
    chain: Vec<CorrectionId>,
    /// Who wrote the mail, and its Message-ID.
    mail: Option<(usize, String)>,
}

struct Walk {
    desk: TestDesk,
    rows: Rows,
    dice: Dice,
    said: BTreeMap<CommentId, Said>,
    tickets: BTreeSet<TicketNumber>,
    merged: BTreeMap<TicketNumber, CorrectionId>,
    made: BTreeMap<CorrectionId, Correction>,
    undone: BTreeSet<CorrectionId>,
    log: Vec<String>,
}

impl Walk {
    async fn new(seed: u64) -> Self {
        let desk = TestDesk::new().await;
        desk.mail_does_not_matter();
        let rows = Rows::of(&desk.url).await;
        let (said, tickets, merged) = (BTreeMap::new(), BTreeSet::new(), BTreeMap::new());
        let (made, undone, log) = (BTreeMap::new(), BTreeSet::new(), Vec::new());
        let mut walk = Self { desk, rows, dice: Dice(seed), said, tickets, merged, made, undone, log };
        for customer in 0..CUSTOMERS {
            walk.mail_in(customer, "Hello", &[], None).await;
        }
        walk
    }

    fn place(&self, comment: CommentId) -> TicketNumber {
        let said = &self.said[&comment];
        said.chain.last().map_or(said.home, |it| self.made[it].target)
    }

    fn on(&self, ticket: TicketNumber) -> Vec<CommentId> {
        self.said.keys().copied().filter(|it| self.place(*it) == ticket).collect()
    }

    /// A mail comes in; `follows`: the home and the corrections of what it answers or names, if it goes their way.
    async fn mail_in(&mut self, customer: usize, subject: &str, headers: &[&str], follows: Option<(TicketNumber, Vec<CorrectionId>)>) {
        let id = format!("m{}@walk.test", self.log.len());
        let message_id = format!("Message-ID: <{id}>");
        let headers: Vec<&str> = headers.iter().copied().chain([message_id.as_str()]).collect();
        let from = format!("c{customer}@home{customer}.test");
        let outcome = self.desk.receive(&mail(&from, subject, &headers, "Words.")).await;
        let number = outcome.ticket.unwrap_or_else(|| panic!("held: {}", outcome.reason));
        let comment = comments::of_message(&mut self.desk.desk.store.read().await.unwrap(), outcome.id).await.unwrap().unwrap();
        let (home, chain) = match follows {
            Some(follows) if outcome.decision == "add-comment" => follows,
            Some(_) | None => (number, Vec::new()),
        };
        self.tickets.insert(number);
        self.said.insert(comment.id, Said { home, chain, mail: Some((customer, id)) });
        self.log.push(format!("{from} wrote {} ({subject} {headers:?}), it is on {number}: {}", comment.id, outcome.reason));
    }

    async fn mail_to_a_number(&mut self) {
        let number = self.dice.one(self.tickets.clone()).unwrap();
        let customer = self.dice.below(CUSTOMERS);
        let mut chain = Vec::new();
        let mut at = number;
        while let Some(merge) = self.merged.get(&at) {
            // A ticket whose message went back is merged without any.
            chain.push(*merge);
            at = self.made[merge].target;
        }
        self.mail_in(customer, &format!("Re: [#{number}] Hello"), &[], Some((number, chain))).await;
    }

    async fn answer_a_mail(&mut self) {
        let mails = self.said.iter().filter_map(|(id, said)| Some((*id, said.mail.clone()?)));
        let (answered, (customer, id)) = self.dice.one(mails).unwrap();
        let said = self.said[&answered].clone();
        // Moved itself, or behind one that was: whoever answers it follows.
        let followed = said.chain.iter().any(|it| self.made[it].kind != CorrectionKind::Merge);
        let follows = if followed { (said.home, said.chain) } else { (self.place(answered), Vec::new()) };
        self.mail_in(customer, "Re: Hello", &[&format!("In-Reply-To: <{id}>")], Some(follows)).await;
    }

    async fn staff_write(&mut self) {
        let standing = self.tickets.iter().copied().filter(|it| !self.merged.contains_key(it));
        let number = self.dice.one(standing.collect::<Vec<_>>()).unwrap();
        let (desk, ada) = (&self.desk.desk, &self.desk.ada);
        let comment = if self.dice.below(2) == 0 {
            write_note(desk, ada, number, &CommentText::parse("Mine.").unwrap(), &[]).await.unwrap()
        } else {
            reply(desk, ada, number, &reply_of("Ours.")).await.unwrap()
        };
        self.said.insert(comment, Said { home: number, chain: Vec::new(), mail: None });
        self.log.push(format!("Ada wrote {comment} on {number}"));
    }

    /// The newest correction that stands about a ticket was just made.
    async fn note_made(&mut self, ticket: TicketNumber, comments: &[CommentId]) {
        let standing = corrections::standing(&mut self.desk.desk.store.read().await.unwrap(), ticket).await.unwrap();
        let made = *standing.last().unwrap();
        for comment in comments {
            self.said.get_mut(comment).unwrap().chain.push(made.id);
        }
        if made.kind == CorrectionKind::Merge {
            self.merged.insert(made.source, made.id);
        }
        self.tickets.insert(made.target);
        self.log.push(format!("{} {:?} {} -> {}: {comments:?}", made.id, made.kind, made.source, made.target));
        self.made.insert(made.id, made);
    }

    async fn move_one(&mut self) {
        let comment = self.dice.one(self.said.keys().copied()).unwrap();
        let to = match self.dice.below(3) {
            0 => Destination::New,
            _ => Destination::Ticket(self.dice.one(self.tickets.clone()).unwrap()),
        };
        let all = self.on(self.place(comment));
        match move_message(&self.desk.desk, &self.desk.ada, comment, None, to).await {
            Ok(Moved::To(number)) => self.note_made(number, &[comment]).await,
            Ok(Moved::Merged(number)) => self.note_made(number, &all).await,
            Err(why) => self.log.push(format!("{comment} is not moved: {why}")),
        }
    }

    async fn merge_two(&mut self) {
        let [source, target] = [(); 2].map(|()| self.dice.one(self.tickets.clone()).unwrap());
        let all = self.on(source);
        match merge(&self.desk.desk, &self.desk.ada, source, None, target).await {
            Ok(()) => self.note_made(target, &all).await,
            Err(why) => self.log.push(format!("{source} is not merged into {target}: {why}")),
        }
    }

    async fn undo_one(&mut self) {
        let Some(made) = self.dice.one(self.made.values().copied()) else { return };
        let without = |said: &Said| said.chain.iter().rfind(|it| **it != made.id).map_or(said.home, |it| self.made[it].target);
        let back: BTreeSet<TicketNumber> = self.said.values().filter(|it| it.chain.last() == Some(&made.id)).map(without).collect();
        let merge = made.kind == CorrectionKind::Merge;
        let may = !self.undone.contains(&made.id)
            && !self.merged.contains_key(&made.target)
            && (merge || !back.is_empty())
            && back.iter().all(|it| !self.merged.contains_key(it) || merge && *it == made.source);
        self.desk.later(SignedDuration::from_mins(1));
        self.desk.mail().await;
        let undone = undo_correction(&self.desk.desk, &self.desk.ada, made.id, None).await;
        self.desk.later(SignedDuration::from_mins(1));
        assert!(self.desk.mail().await.is_empty(), "undoing {} sends something:\n{}", made.id, self.told());
        match undone {
            Ok(_) => assert!(may, "{} is undone:\n{}", made.id, self.told()),
            Err(why) => {
                assert!(!may, "{} is not undone: {why}\n{}", made.id, self.told());
                return self.log.push(format!("{} is not undone: {why}", made.id));
            }
        }
        self.log.push(format!("{} is undone", made.id));
        self.undone.insert(made.id);
        self.said.values_mut().for_each(|it| it.chain.retain(|it| *it != made.id));
        if merge {
            self.merged.remove(&made.source);
        }
        if made.kind == CorrectionKind::Split && self.on(made.target).is_empty() {
            self.note_made(made.target, &[]).await;
        }
    }

    fn told(&self) -> String {
        self.log.join("\n")
    }

    async fn holds(&self) {
        let places: Vec<String> = self.said.keys().map(|it| format!("({}, {})", it, self.place(*it))).collect();
        let elsewhere = format!("from comments where (id, ticket) not in (values {})", places.join(", "));
        let wrong = self.rows.count(&format!("select coalesce(min(id), 0) {elsewhere}")).await;
        if wrong != 0 {
            let is = self.rows.count(&format!("select ticket from comments where id = {wrong}")).await;
            panic!("comment {wrong} is on {is} and should be on {}:\n{}", self.place(CommentId(wrong)), self.told());
        }
        for (what, sql) in [
            (
                "count other comments than they have",
                "select count(*) from tickets t where t.comments <> (select count(*) from comments c where c.ticket = t.number)",
            ),
            (
                "are merged and hold comments",
                "select count(*) from comments c join tickets t on t.number = c.ticket where t.merged_into is not null",
            ),
            (
                "bear mail of comments elsewhere",
                "select count(*) from comments c join messages m on m.id = c.message where m.ticket is null or m.ticket <> c.ticket",
            ),
        ] {
            assert_eq!(self.rows.count(sql).await, 0, "tickets {what}:\n{}", self.told());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_comment_is_where_the_corrections_that_stand_lead_it() {
    let seed = std::env::var("MAILDESK_TEST_SEED").ok().map_or(7, |it| it.parse().unwrap());
    for round in 0..ROUNDS {
        let mut walk = Walk::new((seed + round).wrapping_mul(0x9e37_79b9_7f4a_7c15)).await;
        for _ in 0..STEPS {
            // Not so many within an hour that they are held.
            walk.desk.later(SignedDuration::from_mins(30));
            match walk.dice.below(12) {
                0 => walk.mail_to_a_number().await,
                1 => walk.answer_a_mail().await,
                2 => walk.staff_write().await,
                3..=5 => walk.move_one().await,
                6..=7 => walk.merge_two().await,
                _ => walk.undo_one().await,
            }
            walk.holds().await;
        }
    }
}
