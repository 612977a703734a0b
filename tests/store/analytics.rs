//! Every figure, counted again the slow and obvious way from the raw history.

use jiff::{SignedDuration, Timestamp, civil::Date, tz::TimeZone};
use maildesk::{
    desk::{
        analytics::{DayFigures, Figures, HelperFigures, Spread, fold},
        comment::{CommentText, Origin, Via, Visibility},
        event::EventKind,
        id::{CommentId, MailboxId, PersonId, TicketNumber},
        period::{Period, slot_width},
        person::Role,
        ticket::{Priority, Status, Turn},
    },
    store::{Store, Tx, analytics, comments, events, mailboxes, people, tickets},
};

use crate::world::TempStore;

const NOW: &str = "2026-11-24T15:30:00Z";

/// One line of history as the test knows it.
#[derive(Clone, Debug)]
struct Line {
    ticket: usize,
    at: Timestamp,
    kind: EventKind,
    actor: Option<PersonId>,
    old: Option<String>,
    new: Option<String>,
    /// Which reply of the test's own count it is about.
    reply: Option<usize>,
}

/// Numbers that look random and are the same each time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }

    fn seconds(&mut self, most: u64) -> SignedDuration {
        SignedDuration::from_secs(i64::try_from(self.roll(most)).unwrap())
    }
}

/// A history with everything that makes figures go wrong: replies taken back, tickets opened again, closed by the customer,
/// given away and back, and all of it around the nights when clocks change.
struct History {
    lines: Vec<Line>,
    mailbox_of: Vec<MailboxId>,
    status_of: Vec<Status>,
    assignee_of: Vec<Option<PersonId>>,
}

fn history(dice: &mut Dice, staff: &[PersonId], customer: PersonId, mailboxes: &[MailboxId]) -> History {
    let now: Timestamp = NOW.parse().unwrap();
    let mut it = History { lines: Vec::new(), mailbox_of: Vec::new(), status_of: Vec::new(), assignee_of: Vec::new() };
    let mut replies = 0;
    for ticket in 0..120 {
        let mut at = now - dice.seconds(420 * 86_400);
        let (mut status, mut assignee) = (Status::Open, None);
        let say = |lines: &mut Vec<Line>, at, kind, actor, old: Option<String>, new: Option<String>, reply| {
            lines.push(Line { ticket, at, kind, actor, old, new, reply });
        };
        say(&mut it.lines, at, EventKind::Opened, Some(customer), None, Some("mail".to_owned()), None);
        for _ in 0..dice.roll(14) {
            at += dice.seconds(9 * 86_400);
            if at >= now {
                break;
            }
            let helper = staff[usize::try_from(dice.roll(staff.len() as u64)).unwrap()];
            match dice.roll(6) {
                0 | 1 => {
                    say(&mut it.lines, at, EventKind::Replied, Some(helper), None, None, Some(replies));
                    if dice.roll(3) == 0 {
                        say(
                            &mut it.lines,
                            at + SignedDuration::from_secs(5),
                            EventKind::Withdrawn,
                            Some(helper),
                            None,
                            None,
                            Some(replies),
                        );
                    }
                    replies += 1;
                }
                2 => {
                    let new = (dice.roll(4) > 0).then_some(helper);
                    let word = |who: Option<PersonId>| who.map(|it| it.to_string());
                    say(&mut it.lines, at, EventKind::Assigned, Some(staff[0]), word(assignee), word(new), None);
                    assignee = new;
                }
                3 => say(&mut it.lines, at, EventKind::Subject, Some(helper), Some("7".to_owned()), Some("8".to_owned()), None),
                _ => {
                    let next = status.staff_may_set();
                    let next = next[usize::try_from(dice.roll(next.len() as u64)).unwrap()];
                    let actor = [Some(helper), Some(customer), None][usize::try_from(dice.roll(3)).unwrap()];
                    let (old, new) = (Some(status.as_str().to_owned()), Some(next.as_str().to_owned()));
                    say(&mut it.lines, at, EventKind::Status, actor, old, new, None);
                    status = next;
                }
            }
        }
        it.mailbox_of.push(mailboxes[usize::try_from(dice.roll(mailboxes.len() as u64)).unwrap()]);
        it.status_of.push(status);
        it.assignee_of.push(assignee);
    }
    it.lines.sort_by_key(|line| line.at);
    it
}

async fn write(tx: &mut Tx, history: &History, customer: PersonId) {
    let mut numbers: Vec<Option<TicketNumber>> = vec![None; history.mailbox_of.len()];
    let mut comment_of: std::collections::HashMap<usize, CommentId> = std::collections::HashMap::new();
    for line in &history.lines {
        if line.kind == EventKind::Opened {
            let new = tickets::NewTicket {
                mailbox: history.mailbox_of[line.ticket],
                subject: "Printer",
                priority: Priority::Normal,
                requester: customer,
                assignee: None,
                status: Status::Open,
                turn: Turn::Staff,
                opened_message: None,
                linked: None,
                at: line.at,
            };
            numbers[line.ticket] = Some(tickets::insert(tx, &new).await.unwrap().number);
        }
        let ticket = numbers[line.ticket].unwrap();
        if line.kind == EventKind::Replied {
            comment_of.insert(line.reply.unwrap(), reply(tx, ticket, line).await);
        }
        let comment = line.reply.map(|it| comment_of[&it]);
        let event = events::NewEvent { ticket, kind: line.kind, actor: line.actor, old: line.old.clone(), new: line.new.clone(), comment };
        events::insert(tx, event, line.at);
    }
    for (ticket, number) in numbers.iter().enumerate() {
        let mut row = tickets::get(tx, number.unwrap()).await.unwrap().unwrap();
        (row.status, row.assignee) = (history.status_of[ticket], history.assignee_of[ticket]);
        tickets::update(tx, &row).await.unwrap();
    }
}

async fn reply(tx: &mut Tx, ticket: TicketNumber, line: &Line) -> CommentId {
    let text = CommentText::parse("Try again.").unwrap();
    let new = comments::NewComment {
        ticket,
        visibility: Visibility::Public,
        origin: Origin::Staff,
        author: line.actor,
        via: Via::Panel,
        text: &text,
        quoted: "",
        html: None,
        markup: maildesk::desk::comment::Markup::Plain,
        signature: "",
        remote_images: 0,
        message: None,
        flag: None,
        at: line.at,
    };
    comments::insert(tx, &new).await.unwrap()
}

/// The same figures, from the lines alone, with nothing clever.
struct Naive<'a> {
    history: &'a History,
    mailbox: Option<MailboxId>,
    zone: &'a TimeZone,
}

impl Naive<'_> {
    fn lines(&self) -> impl Iterator<Item = &Line> {
        self.history.lines.iter().filter(|line| self.mailbox.is_none_or(|it| self.history.mailbox_of[line.ticket] == it))
    }

    fn date(&self, at: Timestamp) -> Date {
        at.to_zoned(self.zone.clone()).date()
    }

    fn active(word: Option<&String>) -> bool {
        word.is_some_and(|it| it == "open" || it == "in-progress")
    }

    fn is_resolving(line: &Line) -> bool {
        line.kind == EventKind::Status && Self::active(line.old.as_ref()) && !Self::active(line.new.as_ref())
    }

    fn is_reopening(line: &Line) -> bool {
        line.kind == EventKind::Status && !Self::active(line.old.as_ref()) && Self::active(line.new.as_ref())
    }

    fn is_taken_back(&self, reply: Option<usize>) -> bool {
        self.history.lines.iter().any(|it| it.kind == EventKind::Withdrawn && it.reply == reply)
    }

    fn day(&self, date: Date) -> DayFigures {
        let on = |wanted: &dyn Fn(&Line) -> bool| self.lines().filter(|it| wanted(it) && self.date(it.at) == date).count() as i64;
        let until = |wanted: &dyn Fn(&Line) -> bool| self.lines().filter(|it| wanted(it) && self.date(it.at) <= date).count() as i64;
        let opened = |it: &Line| it.kind == EventKind::Opened;
        DayFigures {
            date,
            opened: on(&opened),
            reopened: on(&Self::is_reopening),
            resolved: on(&Self::is_resolving),
            open: until(&opened) + until(&Self::is_reopening) - until(&Self::is_resolving),
        }
    }

    fn opened_at(&self, ticket: usize) -> Timestamp {
        self.history.lines.iter().find(|it| it.ticket == ticket && it.kind == EventKind::Opened).unwrap().at
    }

    /// The line that ends the wait for a first reply, for each ticket that has one.
    fn first_replies(&self) -> Vec<&Line> {
        let mut seen = std::collections::HashSet::new();
        let mut replies = self.lines().filter(|it| it.kind == EventKind::Replied && !self.is_taken_back(it.reply)).collect::<Vec<_>>();
        replies.retain(|it| seen.insert(it.ticket));
        replies
    }

    /// The line that resolved it last, for each ticket that is resolved now.
    fn resolutions(&self) -> Vec<&Line> {
        let done = |ticket: usize| !self.history.status_of[ticket].is_active();
        let tickets = (0..self.history.status_of.len()).filter(|it| done(*it));
        tickets.filter_map(|ticket| self.lines().filter(|it| it.ticket == ticket && Self::is_resolving(it)).last()).collect()
    }

    fn spread(&self, of: &[&Line], first: Date, last: Date, by: Option<PersonId>) -> Spread {
        let within = of.iter().filter(|it| first <= self.date(it.at) && self.date(it.at) <= last && (by.is_none() || it.actor == by));
        let mut took: Vec<i64> = within.map(|it| it.at.as_millisecond() - self.opened_at(it.ticket).as_millisecond()).collect();
        took.sort_unstable();
        let n = took.len();
        if n == 0 {
            return Spread::default();
        }
        let median = if n % 2 == 1 { took[n / 2] } else { (took[n / 2] + took[n / 2 - 1]) / 2 };
        let ninety = *took.iter().find(|it| took.iter().filter(|other| other <= it).count() * 10 >= n * 9).unwrap();
        let span = SignedDuration::from_millis;
        Spread { count: n, median: Some(span(median)), ninety: Some(span(ninety)) }
    }

    fn check_helper(&self, first: Date, last: Date, it: &HelperFigures) {
        let who = Some(it.counts.who);
        let within = || self.lines().filter(|line| first <= self.date(line.at) && self.date(line.at) <= last);
        let given: std::collections::HashSet<usize> = within()
            .filter(|line| line.kind == EventKind::Assigned && line.new.as_ref().is_some_and(|new| *new == it.counts.who.to_string()))
            .map(|line| line.ticket)
            .collect();
        let replies =
            within().filter(|line| line.kind == EventKind::Replied && line.actor == who && !self.is_taken_back(line.reply)).count();
        let resolved = within().filter(|line| Self::is_resolving(line) && line.actor == who).count();
        let theirs = (0..self.history.status_of.len()).filter(|ticket| {
            self.mailbox.is_none_or(|it| self.history.mailbox_of[*ticket] == it)
                && self.history.assignee_of[*ticket] == who
                && self.history.status_of[*ticket].is_active()
        });
        assert_eq!(it.counts.assigned, given.len() as i64, "assigned to {}", it.counts.name);
        assert_eq!(it.counts.replies, replies as i64, "replies of {}", it.counts.name);
        assert_eq!(it.counts.resolved, resolved as i64, "resolved by {}", it.counts.name);
        assert_eq!(it.counts.open_now, theirs.count() as i64, "open with {}", it.counts.name);
        assert_eq!(it.first_reply, self.spread(&self.first_replies(), first, last, who), "first replies of {}", it.counts.name);
        assert_eq!(it.resolution, self.spread(&self.resolutions(), first, last, who), "resolutions of {}", it.counts.name);
    }

    fn check(&self, figures: &Figures) {
        let (first, last) = (figures.days[0].date, figures.days[figures.days.len() - 1].date);
        for day in &figures.days {
            assert_eq!(*day, self.day(day.date));
        }
        for (lines, times) in [(self.first_replies(), &figures.first_reply), (self.resolutions(), &figures.resolution)] {
            assert_eq!(times.all, self.spread(&lines, first, last, None));
            for (index, (from, spread)) in times.steps.iter().enumerate() {
                let until = times.steps.get(index + 1).map_or(last, |(next, _)| next.yesterday().unwrap());
                assert_eq!(*spread, self.spread(&lines, *from, until, None), "from {from} to {until}");
            }
        }
        figures.helpers.iter().for_each(|it| self.check_helper(first, last, it));
    }
}

async fn figures(store: &Store, period: Period, zone: &TimeZone, mailbox: Option<MailboxId>) -> Figures {
    let days = period.days(NOW.parse().unwrap(), zone);
    let slot_width = slot_width(&days);
    let span = analytics::Span { from: days[0].start, until: days[days.len() - 1].end, slot_width, mailbox };
    let counted = analytics::count(&mut store.read().await.unwrap(), span).await.unwrap();
    fold(period, &days, slot_width, counted)
}

#[tokio::test]
async fn every_figure_is_what_counting_by_hand_gives() {
    for (seed, zone) in [(1, "UTC"), (2, "Europe/Stockholm"), (3, "America/St_Johns"), (4, "Australia/Lord_Howe")] {
        let zone = TimeZone::get(zone).unwrap();
        let desk = TempStore::new().await;
        let mut tx = desk.store.begin().await.unwrap();
        let at = NOW.parse().unwrap();
        let mut make = Vec::new();
        for (role, name) in [(Role::Admin, "Ada"), (Role::Helper, "Hal"), (Role::Helper, "Hedy"), (Role::Customer, "Ann")] {
            let email = format!("{}@desk.test", name.to_lowercase()).parse().unwrap();
            make.push(people::insert(&mut tx, &people::NewPerson { role, name, email: &email, password_hash: None, at }).await.unwrap());
        }
        let boxes = [
            mailboxes::ensure(&mut tx, "support", &"support@desk.test".parse().unwrap()).await.unwrap(),
            mailboxes::ensure(&mut tx, "sales", &"sales@desk.test".parse().unwrap()).await.unwrap(),
        ];
        let history = history(&mut Dice(0x9e37_79b9_7f4a_7c15 ^ seed), &make[..3], make[3], &boxes);
        write(&mut tx, &history, make[3]).await;
        tx.commit().await.unwrap();
        for mailbox in [None, Some(boxes[0]), Some(boxes[1])] {
            for period in Period::ALL {
                let figures = figures(&desk.store, period, &zone, mailbox).await;
                Naive { history: &history, mailbox, zone: &zone }.check(&figures);
            }
        }
    }
}

#[tokio::test]
async fn a_ticket_opened_again_counts_when_it_is_resolved_again() {
    let desk = TempStore::new().await;
    let mut tx = desk.store.begin().await.unwrap();
    let now: Timestamp = NOW.parse().unwrap();
    let ago = |hours| now - SignedDuration::from_hours(hours);
    let hal = people::NewPerson { role: Role::Helper, name: "Hal", email: &"hal@desk.test".parse().unwrap(), password_hash: None, at: now };
    let hal = people::insert(&mut tx, &hal).await.unwrap();
    let mailbox = mailboxes::ensure(&mut tx, "support", &"support@desk.test".parse().unwrap()).await.unwrap();
    let line = |at, kind, old: Option<&str>, new: Option<&str>| Line {
        ticket: 0,
        at,
        kind,
        actor: Some(hal),
        old: old.map(str::to_owned),
        new: new.map(str::to_owned),
        reply: None,
    };
    let mut history = History {
        lines: vec![
            line(ago(50), EventKind::Opened, None, Some("mail")),
            line(ago(40), EventKind::Status, Some("open"), Some("resolved")),
            line(ago(30), EventKind::Status, Some("resolved"), Some("in-progress")),
            line(ago(20), EventKind::Status, Some("in-progress"), Some("resolved")),
        ],
        mailbox_of: vec![mailbox],
        status_of: vec![Status::Resolved],
        assignee_of: vec![None],
    };
    write(&mut tx, &history, hal).await;
    history.status_of = vec![Status::Open];
    history.lines.truncate(3);
    write(&mut tx, &history, hal).await;
    tx.commit().await.unwrap();
    let figures = figures(&desk.store, Period::Days7, &TimeZone::UTC, None).await;
    assert_eq!(figures.days.iter().map(|it| it.resolved).sum::<i64>(), 3, "each time it was resolved is work done");
    assert_eq!(figures.resolution.all.count, 1, "the one that is open again has no time to resolution yet");
    assert_eq!(figures.resolution.all.median, Some(SignedDuration::from_hours(30)), "from opening to the last time");
}
