//! One ticket after the other: its course is walked once, and whatever falls into the period, or into the one before, is counted.

use std::collections::BTreeMap;

use jiff::{Timestamp, tz::TimeZone};

use super::{
    Figures, LENGTHS, StepFigures, Sums,
    backlog::Backlog,
    steps_of,
    tally::{Lasted, Tally, sums_of},
    walk::{Resolved, ShownHour, Walk, time},
};
use crate::desk::{
    analytics::DayFigures,
    business_hours::{Calendar, Hours},
    course::{Step, Way, What},
    id::{MailboxId, PersonId, TagId},
    period::{Day, Period, day_of},
    target::{Promise, Terms},
    ticket::{Priority, Status},
};

/// The period that figures are made of, and everything they are made by.
#[derive(Clone, Debug)]
pub struct Frame {
    /// Which.
    pub period: Period,
    /// Its days; never empty.
    pub days: Vec<Day>,
    /// Until when anything is known.
    pub now: Timestamp,
    /// When the period before it began.
    pub before: Timestamp,
    /// Whose clock busiest hours are told by.
    pub zone: TimeZone,
    /// What is promised, and the hours that count.
    pub terms: Terms,
    /// Staff, in the order in which they are shown.
    pub staff: Vec<PersonId>,
}

impl Frame {
    /// From when until before when the period goes.
    #[must_use]
    pub fn span(&self) -> (Timestamp, Timestamp) {
        (self.days.first().map_or(Timestamp::MIN, |it| it.start), self.days.last().map_or(Timestamp::MAX, |it| it.end))
    }
}

/// Which tickets are counted, beside what the database picks.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wanted {
    /// Those that this person has now; none: all.
    pub helper: Option<PersonId>,
}

/// One ticket, as it is now.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// Its mailbox.
    pub mailbox: MailboxId,
    /// Its priority.
    pub priority: Priority,
    /// Its tags.
    pub tags: &'a [TagId],
    /// What happened to it; replies that were taken back left out.
    pub course: &'a [Step],
}

/// This period, or the one before.
const THIS: usize = 0;
const BEFORE: usize = 1;

/// Figures in the making.
#[derive(Clone, Debug)]
pub struct Fold {
    frame: Frame,
    wanted: Wanted,
    from: [i64; 2],
    until: i64,
    hours: BTreeMap<Option<MailboxId>, Hours>,
    /// Hours are laid out from here on.
    laid_from: i64,
    days: Vec<DayFigures>,
    backlog: Backlog,
    step_of_day: Vec<usize>,
    all: [Tally; 2],
    steps: Vec<Tally>,
    /// Sorted by person, each with the place in the order given.
    staff: Vec<(PersonId, usize)>,
    helpers: Vec<[Tally; 2]>,
    mailboxes: BTreeMap<MailboxId, Tally>,
    priorities: [Tally; 4],
    tags: BTreeMap<TagId, Tally>,
    busiest: [[i64; 24]; 7],
    lengths: [i64; LENGTHS.len()],
    shown: ShownHour,
}

/// Years before the period for which hours are laid out; of an older ticket they are looked up.
const LAID_OUT: i64 = 2 * 366 * 86_400_000;

impl Fold {
    /// Nothing is counted yet.
    #[must_use]
    pub fn new(frame: Frame, wanted: Wanted) -> Self {
        let ms = |it: Option<Timestamp>| it.map_or(0, Timestamp::as_millisecond);
        let (from, until) = (ms(frame.days.first().map(|it| it.start)), ms(frame.days.last().map(|it| it.end)));
        let laid_from = frame.before.as_millisecond() - LAID_OUT;
        let lay = |calendar: &Calendar| Hours::of(calendar, time(laid_from), time(until));
        let own = frame.terms.calendars.own.iter().map(|(id, calendar)| (Some(*id), lay(calendar)));
        let hours = own.chain([(None, lay(&frame.terms.calendars.desk))]).collect();
        let (step_of_day, firsts) = steps_of(&frame.days, frame.period.step());
        let mut staff: Vec<(PersonId, usize)> = frame.staff.iter().enumerate().map(|(at, id)| (*id, at)).collect();
        staff.sort_unstable();
        Self {
            from: [from, frame.before.as_millisecond()],
            until,
            hours,
            laid_from,
            days: frame.days.iter().map(|day| DayFigures { date: day.date, ..DayFigures::default() }).collect(),
            backlog: Backlog::over(&frame.days, frame.now),
            step_of_day,
            all: Default::default(),
            steps: vec![Tally::default(); firsts.len()],
            helpers: vec![Default::default(); staff.len()],
            staff,
            mailboxes: BTreeMap::new(),
            priorities: Default::default(),
            tags: BTreeMap::new(),
            busiest: [[0; 24]; 7],
            lengths: [0; LENGTHS.len()],
            shown: ShownHour::default(),
            frame,
            wanted,
        }
    }

    /// Counts one ticket.
    pub fn take(&mut self, facts: &Facts<'_>) {
        let assignee = facts.course.iter().rev().find_map(|it| if let What::Assigned(to) = it.what { Some(to) } else { None }).flatten();
        if self.wanted.helper.is_some_and(|only| assignee != Some(only)) {
            return;
        }
        let Some(opened) = facts.course.first() else { return };
        let mut walk = Walk::new(opened.at, facts);
        for step in facts.course {
            self.step(&mut walk, step);
        }
        self.end(walk, assignee);
    }

    fn step(&mut self, walk: &mut Walk<'_>, step: &Step) {
        let status = walk.standing.status;
        if let Some((from, until)) = walk.standing.take(step) {
            walk.worked += self.business(walk.facts.mailbox, from, until);
        }
        if let (Some(was), true) = (status, walk.standing.status != status) {
            self.backlog.stretch(&self.frame.days, walk.opened_at, was, walk.status_since, Some(step.at));
        }
        if walk.standing.status != status {
            walk.status_since = step.at;
        }
        match step.what {
            What::Opened(way) => self.opened(walk, step, way),
            What::Replied { .. } => self.replied(walk, step),
            What::Commented => self.wrote(step.at),
            What::Status { from, to } => self.moved(walk, step, from, to),
            What::Assigned(Some(to)) => self.assigned(walk, step.at, to),
            What::Rated { before, rating } => walk.answered(step.at, before, rating),
            What::Assigned(None) | What::Withdrawn { .. } | What::SetAside { .. } | What::Cause(_) => {}
        }
    }

    fn opened(&mut self, walk: &mut Walk<'_>, step: &Step, way: Way) {
        walk.way = way;
        if way != Way::Staff {
            self.wrote(step.at);
        }
        self.count(walk, step.at, None, |it| it.sums.opened += 1);
        if let Some(day) = self.day(step.at) {
            self.days[day].opened += 1;
        }
    }

    fn replied(&mut self, walk: &mut Walk<'_>, step: &Step) {
        walk.replies += 1;
        self.count(walk, step.at, step.by, |it| it.sums.replies += 1);
        // The desk's own words, with which it began.
        let with_the_opening = matches!(walk.way, Way::Staff | Way::Imported) && step.at == walk.opened_at;
        if walk.replies > 1 || with_the_opening {
            return;
        }
        let lasted = Lasted {
            business: self.business(walk.facts.mailbox, walk.opened_at, step.at),
            wall: step.at - walk.opened_at,
            goal: self.goal(walk, Promise::FirstReply),
        };
        self.count(walk, step.at, step.by, |it| it.first_reply(lasted));
        if let Some(day) = self.day(step.at) {
            self.steps[self.step_of_day[day]].first_reply(lasted);
        }
    }

    fn moved(&mut self, walk: &mut Walk<'_>, step: &Step, from: Status, to: Status) {
        let day = self.day(step.at);
        match (from.is_active(), to.is_active()) {
            (true, false) => {
                walk.resolved = Some(Resolved { at: step.at, by: step.by, worked: walk.worked, replies: walk.replies });
                walk.resolver = step.by;
                self.count(walk, step.at, step.by, |it| it.sums.resolved += 1);
                if let Some(day) = day {
                    self.days[day].resolved += 1;
                }
            }
            (false, true) => {
                walk.resolved = None;
                self.count(walk, step.at, walk.resolver, |it| it.sums.reopened += 1);
                if let Some(day) = day {
                    self.days[day].reopened += 1;
                }
            }
            (true, true) | (false, false) => {}
        }
    }

    fn assigned(&mut self, walk: &mut Walk<'_>, at: i64, to: PersonId) {
        let Some(which) = self.which(at) else { return };
        if !walk.given[which].contains(&to) {
            walk.given[which].push(to);
            self.all[which].sums.assigned += 1;
            if let Some(helper) = self.helper(to) {
                self.helpers[helper][which].sums.assigned += 1;
            }
        }
    }

    /// What the customer wrote, by the desk’s clock.
    fn wrote(&mut self, at: i64) {
        if self.which(at) == Some(THIS) {
            let (weekday, hour) = self.shown.of(at, &self.frame.zone);
            self.busiest[weekday][hour] += 1;
        }
    }

    fn end(&mut self, mut walk: Walk<'_>, assignee: Option<PersonId>) {
        if let Some(status) = walk.standing.status {
            self.backlog.stretch(&self.frame.days, walk.opened_at, status, walk.status_since, None);
        }
        if walk.standing.is_active() {
            self.everywhere(walk.facts, THIS, assignee, |it| it.sums.open_now += 1);
        }
        if let Some(done) = walk.resolved {
            let goal = self.goal(&walk, Promise::Resolution);
            let lasted = Lasted { business: done.worked, wall: done.at - walk.opened_at, goal };
            self.count(&walk, done.at, done.by, |it| it.resolution(lasted, done.replies));
            if let Some(day) = self.day(done.at) {
                self.steps[self.step_of_day[day]].resolution(lasted, 0);
                let length = LENGTHS.iter().position(|(_, most)| lasted.business / 60_000 < *most).unwrap_or(LENGTHS.len() - 1);
                self.lengths[length] += 1;
            }
        }
        for (at, rating, resolver) in std::mem::take(&mut walk.answers) {
            self.count(&walk, at, resolver, |it| it.answer(rating));
        }
    }

    /// Counts what happened then in every tally that it belongs to.
    fn count(&mut self, walk: &Walk<'_>, at: i64, by: Option<PersonId>, count: impl Fn(&mut Tally)) {
        if let Some(which) = self.which(at) {
            self.everywhere(walk.facts, which, by, count);
        }
    }

    fn everywhere(&mut self, facts: &Facts<'_>, which: usize, by: Option<PersonId>, count: impl Fn(&mut Tally)) {
        count(&mut self.all[which]);
        if let Some(helper) = by.and_then(|it| self.helper(it)) {
            count(&mut self.helpers[helper][which]);
        }
        if which == THIS {
            count(self.mailboxes.entry(facts.mailbox).or_default());
            count(&mut self.priorities[usize::try_from(facts.priority.rank() - 1).unwrap_or(0)]);
            for tag in facts.tags {
                count(self.tags.entry(*tag).or_default());
            }
        }
    }

    /// Into which of the two periods an instant falls.
    fn which(&self, at: i64) -> Option<usize> {
        if at >= self.until || at < self.from[BEFORE] {
            None
        } else if at >= self.from[THIS] {
            Some(THIS)
        } else {
            Some(BEFORE)
        }
    }

    fn day(&self, at: i64) -> Option<usize> {
        day_of(&self.frame.days, at)
    }

    fn helper(&self, who: PersonId) -> Option<usize> {
        let place = self.staff.binary_search_by_key(&who, |(id, _)| *id).ok()?;
        Some(self.staff[place].1)
    }

    /// What is promised; nothing was on a ticket that was imported.
    fn goal(&self, walk: &Walk<'_>, promise: Promise) -> Option<i64> {
        if walk.way == Way::Imported {
            return None;
        }
        let goal = self.frame.terms.targets.of(walk.facts.priority).of(promise)?;
        i64::try_from(goal.time().as_millis()).ok()
    }

    fn business(&self, mailbox: MailboxId, from: i64, until: i64) -> i64 {
        if from < self.laid_from {
            let long = self.frame.terms.calendars.of(mailbox).between(time(from), time(until));
            return i64::try_from(long.as_millis()).unwrap_or(i64::MAX);
        }
        let hours = self.hours.get(&Some(mailbox)).or_else(|| self.hours.get(&None));
        hours.map_or(0, |it| it.between(from, until))
    }

    /// And what was counted in the same frame of other tickets.
    #[must_use]
    pub fn join(mut self, other: Self) -> Self {
        fn each<'a>(to: impl IntoIterator<Item = &'a mut Tally>, from: impl IntoIterator<Item = Tally>) {
            to.into_iter().zip(from).for_each(|(tally, it)| tally.join(it));
        }
        each(&mut self.all, other.all);
        each(&mut self.steps, other.steps);
        each(self.helpers.iter_mut().flatten(), other.helpers.into_iter().flatten());
        each(&mut self.priorities, other.priorities);
        other.mailboxes.into_iter().for_each(|(id, it)| self.mailboxes.entry(id).or_default().join(it));
        other.tags.into_iter().for_each(|(id, it)| self.tags.entry(id).or_default().join(it));
        for (day, it) in self.days.iter_mut().zip(&other.days) {
            day.opened += it.opened;
            day.reopened += it.reopened;
            day.resolved += it.resolved;
        }
        self.backlog.join(&other.backlog);
        self.busiest.iter_mut().flatten().zip(other.busiest.iter().flatten()).for_each(|(hour, it)| *hour += it);
        self.lengths.iter_mut().zip(other.lengths).for_each(|(length, it)| *length += it);
        self
    }

    /// What it all comes to.
    #[must_use]
    pub fn figures(mut self) -> Figures {
        self.backlog.add_up(&mut self.days);
        let (_, firsts) = steps_of(&self.frame.days, self.frame.period.step());
        let (mailbox_ids, of_mailboxes): (Vec<_>, Vec<_>) = self.mailboxes.into_iter().unzip();
        let (tag_ids, of_tags): (Vec<_>, Vec<_>) = self.tags.into_iter().unzip();
        let all = self.all.into_iter().chain(self.steps).chain(self.helpers.into_iter().flatten());
        let mut sums = sums_of(all.chain(of_mailboxes).chain(self.priorities).chain(of_tags).collect()).into_iter();
        let mut next = || sums.next().unwrap_or_default();
        let [all, before] = [next(), next()];
        let step = |first, it: Sums| StepFigures { first, first_reply: it.first_reply, resolution: it.resolution };
        Figures {
            backlog_before: self.backlog.before(),
            days: self.days,
            all,
            before,
            steps: firsts.into_iter().map(|first| step(first, next())).collect(),
            busiest: self.busiest,
            lengths: self.lengths,
            helpers: self.frame.staff.iter().map(|id| (*id, next(), next())).collect(),
            mailboxes: mailbox_ids.into_iter().map(|id| (id, next())).collect(),
            priorities: Priority::ALL.map(|it| (it, next())).into(),
            tags: tag_ids.into_iter().map(|id| (id, next())).collect(),
        }
    }
}
