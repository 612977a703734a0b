//! The same figures, from the lines of the history alone, with nothing clever: each one asks all lines anew.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp, civil::Date, tz::TimeZone};
use maildesk::{
    desk::{
        analytics::{AGES, Answers, Figures, LENGTHS, Share, Spread, Sums, Took},
        event::EventKind,
        id::PersonId,
        rating::Rating,
        target::{Promise, Terms},
        ticket::Priority,
    },
    store::analytics::Picked,
};

use super::history::{History, Line, Means};

/// What is looked at.
pub struct Question<'a> {
    pub history: &'a History,
    pub picked: Picked,
    /// Which of the tickets have the one tag that there is.
    pub tagged: &'a BTreeSet<usize>,
    pub zone: &'a TimeZone,
    pub terms: &'a Terms,
    pub now: Timestamp,
}

/// The lines that it is about, found once: there are many questions.
pub struct Naive<'a> {
    it: Question<'a>,
    of: Vec<Vec<&'a Line>>,
    back: BTreeSet<Option<usize>>,
    tickets: Vec<usize>,
    lines: Vec<&'a Line>,
    first: Vec<Length>,
    resolved: Vec<Length>,
    said: Vec<(Timestamp, Rating, Option<PersonId>, usize)>,
}

impl<'a> Naive<'a> {
    pub fn new(it: Question<'a>) -> Self {
        let mut of: Vec<Vec<&Line>> = vec![Vec::new(); it.history.tickets.len()];
        // What was undone was never there.
        let stand = || it.history.lines.iter().filter(|line| line.means != Means::Undone);
        stand().for_each(|line| of[line.ticket].push(line));
        let back = it.history.lines.iter().filter(|it| it.kind == EventKind::Withdrawn).map(|it| it.reply).collect();
        let mut naive =
            Self { it, of, back, tickets: Vec::new(), lines: Vec::new(), first: Vec::new(), resolved: Vec::new(), said: Vec::new() };
        naive.tickets = naive.picked();
        naive.lines = naive.of.iter().flatten().copied().filter(|line| naive.tickets.contains(&line.ticket)).collect();
        naive.lines.sort_by_key(|line| line.at);
        naive.first = naive.first_replies();
        naive.resolved = naive.resolutions();
        naive.said = naive.answers();
        naive
    }
}

fn active(word: Option<&String>) -> bool {
    word.is_some_and(|it| it == "open" || it == "in-progress")
}

fn is_resolving(line: &Line) -> bool {
    line.kind == EventKind::Status && line.means == Means::Work && active(line.old.as_ref()) && !active(line.new.as_ref())
}

fn is_reopening(line: &Line) -> bool {
    line.kind == EventKind::Status && line.means == Means::Work && !active(line.old.as_ref()) && active(line.new.as_ref())
}

/// How long one ticket took.
struct Length {
    ticket: usize,
    by: Option<PersonId>,
    at: Timestamp,
    business: SignedDuration,
    wall: SignedDuration,
    replies: i64,
}

impl Naive<'_> {
    fn picked(&self) -> Vec<usize> {
        let wanted = |ticket: &usize| {
            let it = &self.it.history.tickets[*ticket];
            self.it.picked.mailbox.is_none_or(|only| it.mailbox == only)
                && self.it.picked.priority.is_none_or(|only| it.priority == only)
                && self.it.picked.helper.is_none_or(|only| it.assignee == Some(only))
                && (self.it.picked.tag.is_none() || self.it.tagged.contains(ticket))
        };
        (0..self.it.history.tickets.len()).filter(wanted).collect()
    }

    fn date(&self, at: Timestamp) -> Date {
        at.to_zoned(self.it.zone.clone()).date()
    }

    fn within(&self, at: Timestamp, (first, last): (Date, Date)) -> bool {
        first <= self.date(at) && self.date(at) <= last
    }

    fn stands(&self, line: &Line) -> bool {
        line.kind == EventKind::Replied && !self.back.contains(&line.reply)
    }

    fn business(&self, ticket: usize, from: Timestamp, until: Timestamp) -> SignedDuration {
        self.it.terms.calendars.of(self.it.history.tickets[ticket].mailbox).between(from, until)
    }

    fn first_replies(&self) -> Vec<Length> {
        let of = |ticket: usize| {
            let lines = &self.of[ticket];
            let replied = lines.iter().find(|it| self.stands(it))?;
            let opened = lines[0];
            let own_words = opened.new.as_deref() == Some("panel") && replied.at == opened.at;
            (!own_words).then(|| Length {
                ticket,
                by: replied.actor,
                at: replied.at,
                business: self.business(ticket, opened.at, replied.at),
                wall: replied.at.duration_since(opened.at),
                replies: 0,
            })
        };
        self.tickets.iter().copied().filter_map(of).collect()
    }

    /// Whether it was at work, and the staff’s turn, after these lines.
    fn our_turn(&self, lines: &[&Line]) -> bool {
        let at_work = lines.iter().rev().find(|it| it.kind == EventKind::Status).is_none_or(|it| active(it.new.as_ref()));
        let last = lines.iter().rev().find(|it| it.kind == EventKind::Commented || self.stands(it));
        at_work && last.is_none_or(|it| it.kind == EventKind::Commented)
    }

    fn resolutions(&self) -> Vec<Length> {
        let of = |ticket: usize| {
            let lines = &self.of[ticket];
            let last = lines.iter().rposition(|it| is_resolving(it));
            let at = last.filter(|at| !lines[*at..].iter().any(|it| is_reopening(it)))?;
            let done = lines[at];
            let ours = (0..at).filter(|it| self.our_turn(&lines[..=*it]));
            let business = ours.map(|it| self.business(ticket, lines[it].at, lines[it + 1].at)).fold(SignedDuration::ZERO, |a, b| a + b);
            let replies = lines[..at].iter().filter(|it| self.stands(it)).count() as i64;
            Some(Length { ticket, by: done.actor, at: done.at, business, wall: done.at.duration_since(lines[0].at), replies })
        };
        self.tickets.iter().copied().filter_map(of).collect()
    }

    fn took(&self, of: &[Length], promise: Promise, wanted: impl Fn(&Length) -> bool) -> Took {
        let of: Vec<&Length> = of.iter().filter(|it| wanted(it)).collect();
        let goal = |it: &Length| self.it.terms.targets.of(self.it.history.tickets[it.ticket].priority).of(promise).map(|goal| goal.time());
        let promised: Vec<&&Length> = of.iter().filter(|it| goal(it).is_some()).collect();
        let kept = promised.iter().filter(|it| goal(it).is_some_and(|goal| it.business <= goal)).count();
        Took {
            business: spread(of.iter().map(|it| it.business)),
            wall: spread(of.iter().map(|it| it.wall)),
            within: Share { kept: kept as i64, of: promised.len() as i64 },
        }
    }

    /// Each answer that stands: when it was last given, what it says, and who had resolved the ticket before it was first given.
    fn answers(&self) -> Vec<(Timestamp, Rating, Option<PersonId>, usize)> {
        let mut standing: Vec<(Timestamp, Rating, Option<PersonId>, usize)> = Vec::new();
        for line in self.lines.iter().copied().filter(|it| it.kind == EventKind::Rated) {
            let rating = |word: &Option<String>| word.as_deref().and_then(Rating::parse);
            let before = rating(&line.old).and_then(|old| standing.iter().rposition(|it| it.3 == line.ticket && it.1 == old));
            let new = rating(&line.new).unwrap();
            match before {
                Some(at) => (standing[at].0, standing[at].1) = (line.at, new),
                None => {
                    let resolver = self.of[line.ticket].iter().rfind(|it| it.at < line.at && is_resolving(it));
                    standing.push((line.at, new, resolver.and_then(|it| it.actor), line.ticket));
                }
            }
        }
        standing
    }

    /// What was done between two dates, by one person or by all, on the tickets that some rule picks.
    fn sums(&self, span: (Date, Date), by: Option<PersonId>, of: &dyn Fn(usize) -> bool) -> Sums {
        let lines: Vec<&Line> = self.lines.iter().copied().filter(|it| self.within(it.at, span) && of(it.ticket)).collect();
        let theirs = |actor: Option<PersonId>| by.is_none() || actor == by;
        let count = |wanted: &dyn Fn(&Line) -> bool| lines.iter().filter(|it| wanted(it)).count() as i64;
        let resolver = |line: &Line| self.of[line.ticket].iter().rfind(|it| it.at < line.at && is_resolving(it)).and_then(|it| it.actor);
        let given: BTreeSet<(usize, &str)> =
            lines.iter().filter(|it| it.kind == EventKind::Assigned).filter_map(|it| Some((it.ticket, it.new.as_deref()?))).collect();
        let ours = |it: &Length| self.within(it.at, span) && theirs(it.by) && of(it.ticket);
        let (first, resolved, said) = (&self.first, &self.resolved, &self.said);
        let answer = |rating| said.iter().filter(|it| it.1 == rating && self.within(it.0, span) && theirs(it.2) && of(it.3)).count() as i64;
        let open = |ticket: &usize| {
            let it = &self.it.history.tickets[*ticket];
            it.status.is_active() && theirs(it.assignee) && of(*ticket)
        };
        Sums {
            opened: if by.is_none() { count(&|it| it.kind == EventKind::Opened) } else { 0 },
            resolved: count(&|it| is_resolving(it) && theirs(it.actor)),
            reopened: count(&|it| is_reopening(it) && theirs(resolver(it))),
            replies: count(&|it| self.stands(it) && theirs(it.actor)),
            assigned: given.iter().filter(|(_, to)| by.is_none_or(|by| *to == by.to_string())).count() as i64,
            open_now: self.tickets.iter().filter(|it| open(it)).count() as i64,
            replies_to_resolution: resolved.iter().filter(|it| ours(it)).map(|it| it.replies).sum(),
            first_reply: self.took(first, Promise::FirstReply, ours),
            resolution: self.took(resolved, Promise::Resolution, ours),
            answers: Answers { good: answer(Rating::Good), okay: answer(Rating::Okay), bad: answer(Rating::Bad) },
        }
    }

    /// The status of a ticket at an instant; none before it was opened.
    fn status(&self, ticket: usize, at: Timestamp) -> Option<String> {
        let lines = &self.of[ticket];
        let mut before = lines.iter().filter(|it| it.at < at);
        (lines[0].at < at)
            .then(|| before.rfind(|it| it.kind == EventKind::Status).and_then(|it| it.new.clone()).unwrap_or_else(|| "open".to_owned()))
    }

    fn check_days(&self, figures: &Figures) {
        for day in &figures.days {
            let on =
                |wanted: &dyn Fn(&Line) -> bool| self.lines.iter().filter(|it| wanted(it) && self.date(it.at) == day.date).count() as i64;
            let counted = (on(&|it| it.kind == EventKind::Opened), on(&is_resolving), on(&is_reopening));
            assert_eq!((day.opened, day.resolved, day.reopened), counted, "{}", day.date);
        }
        // The slow ones on some of the days: the first, the last, those around the clocks’ changes, and every eleventh.
        let shown = |(at, date): (usize, Date)| {
            at == 0
                || at + 1 == figures.days.len()
                || at % 11 == 0
                || [(3, 29), (10, 25), (10, 26), (4, 5)].contains(&(date.month(), date.day()))
        };
        for day in figures.days.iter().enumerate().filter(|(at, day)| shown((*at, day.date))).map(|(_, day)| day) {
            let end = day.date.tomorrow().unwrap().to_zoned(self.it.zone.clone()).unwrap().timestamp().min(self.it.now);
            let stood: Vec<(usize, String)> = self.tickets.iter().copied().filter_map(|it| Some((it, self.status(it, end)?))).collect();
            let with = |word: &str| stood.iter().filter(|(_, it)| it == word).count() as i64;
            assert_eq!((day.open, day.in_progress), (with("open"), with("in-progress")), "{}", day.date);
            let midnight = day.date.tomorrow().unwrap().to_zoned(self.it.zone.clone()).unwrap().timestamp().min(self.it.now);
            for (age, (name, from)) in AGES.iter().enumerate() {
                let until = AGES.get(age + 1).map_or(i64::MAX, |(_, until)| *until);
                let old = |ticket: usize| midnight.duration_since(self.of[ticket][0].at).as_millis() as f64 / 86_400_000.0;
                let of_age = |it: &&(usize, String)| {
                    ["open", "in-progress"].contains(&it.1.as_str()) && old(it.0) > *from as f64 && old(it.0) <= until as f64
                };
                assert_eq!(day.ages[age], stood.iter().filter(of_age).count() as i64, "{name} on {}", day.date);
            }
        }
    }

    pub fn check(&self, figures: &Figures) {
        let span = (figures.days[0].date, figures.days[figures.days.len() - 1].date);
        let days = i32::try_from(figures.days.len()).unwrap();
        let before = (span.0 - jiff::Span::new().days(days), span.0.yesterday().unwrap());
        self.check_days(figures);
        assert_eq!(figures.all, self.sums(span, None, &|_| true));
        assert_eq!(figures.before, Sums { open_now: 0, ..self.sums(before, None, &|_| true) });
        let first_instant = span.0.to_zoned(self.it.zone.clone()).unwrap().timestamp();
        let stood = self.tickets.iter().copied().filter(|it| self.status(*it, first_instant).is_some_and(|it| active(Some(&it))));
        assert_eq!(figures.backlog_before, stood.count() as i64);
        for (who, this, that) in &figures.helpers {
            assert_eq!(*this, self.sums(span, Some(*who), &|_| true), "{who}");
            assert_eq!(*that, Sums { open_now: 0, ..self.sums(before, Some(*who), &|_| true) }, "{who} before");
        }
        for (mailbox, sums) in &figures.mailboxes {
            let own = self.sums(span, None, &|it| self.it.history.tickets[it].mailbox == *mailbox);
            assert_eq!(*sums, Sums { assigned: 0, ..own }, "mailbox {mailbox}");
        }
        for (priority, sums) in &figures.priorities {
            let own = self.sums(span, None, &|it| self.it.history.tickets[it].priority == *priority);
            assert_eq!(*sums, Sums { assigned: 0, ..own }, "{priority:?}");
        }
        let own = self.sums(span, None, &|it| self.it.tagged.contains(&it));
        for (_, sums) in &figures.tags {
            assert_eq!(*sums, Sums { assigned: 0, ..own }, "of the tag");
        }
        assert!(figures.tags.len() == 1 || !own.is_something(), "{own:?}");
        assert_eq!(figures.priorities.iter().map(|it| it.0).collect::<Vec<_>>(), Priority::ALL);
        self.check_steps(figures, span.1);
        self.check_hours(figures, span);
    }

    fn check_steps(&self, figures: &Figures, last: Date) {
        for (index, step) in figures.steps.iter().enumerate() {
            let until = figures.steps.get(index + 1).map_or(last, |next| next.first.yesterday().unwrap());
            let sums = self.sums((step.first, until), None, &|_| true);
            assert_eq!((step.first_reply, step.resolution), (sums.first_reply, sums.resolution), "from {} to {until}", step.first);
        }
    }

    fn check_hours(&self, figures: &Figures, span: (Date, Date)) {
        let mut busiest = [[0; 24]; 7];
        let wrote = |it: &&&Line| it.kind == EventKind::Commented || (it.kind == EventKind::Opened && it.new.as_deref() != Some("panel"));
        for line in self.lines.iter().filter(wrote).filter(|it| self.within(it.at, span)) {
            let local = line.at.to_zoned(self.it.zone.clone());
            busiest[usize::try_from(local.weekday().to_monday_zero_offset()).unwrap()][usize::try_from(local.hour()).unwrap()] += 1;
        }
        assert_eq!(figures.busiest, busiest);
        let mut lengths = [0; LENGTHS.len()];
        for it in self.resolved.iter().filter(|it| self.within(it.at, span)) {
            let length = LENGTHS.iter().position(|(_, most)| it.business.as_mins() < *most).unwrap();
            lengths[length] += 1;
        }
        assert_eq!(figures.lengths, lengths);
    }
}

fn spread(took: impl Iterator<Item = SignedDuration>) -> Spread {
    let mut took: Vec<i64> = took.map(|it| i64::try_from(it.as_millis()).unwrap()).collect();
    took.sort_unstable();
    let n = took.len();
    if n == 0 {
        return Spread::default();
    }
    let median = if n % 2 == 1 { took[n / 2] } else { (took[n / 2] + took[n / 2 - 1] + 1).div_euclid(2) };
    let ninety = *took.iter().find(|it| took.iter().filter(|other| other <= it).count() * 10 >= n * 9).unwrap();
    let span = SignedDuration::from_millis;
    Spread { count: n, median: Some(span(median)), ninety: Some(span(ninety)) }
}
