//! How far an import is, and what it came to, in words.

use std::{
    fmt::Write as _,
    time::{Duration, Instant},
};

use crate::{
    cli::say,
    desk::ticket::Status,
    workers::import::{Archive, Looked, Progress, Summary, Unreadable, passed_over::MOST_NAMED},
};

/// On a terminal one line is written over as often; elsewhere there is a line now and then.
const OFTEN: Duration = Duration::from_millis(200);
const SELDOM: Duration = Duration::from_secs(10);

/// Tells on standard error how far it is.
pub(super) struct Teller {
    doing: &'static str,
    watched: bool,
    began: Instant,
    last: Option<Instant>,
    written: bool,
}

impl Teller {
    pub fn new(doing: &'static str) -> Self {
        Self { doing, watched: super::is_watched(), began: Instant::now(), last: None, written: false }
    }

    pub fn tell(&mut self, progress: Progress) {
        let now = Instant::now();
        let pause = if self.watched { OFTEN } else { SELDOM };
        if now.duration_since(self.last.unwrap_or(self.began)) < pause {
            return;
        }
        self.last = Some(now);
        let line = line(self.doing, progress, self.began.elapsed());
        if self.watched {
            say::err(&format!("\r\x1b[K{line}"));
        } else {
            aside!("{line}");
        }
        self.written = true;
    }

    pub fn end(&self) {
        if self.watched && self.written {
            say::err("\r\x1b[K");
        }
    }
}

/// `importing: 12,000 of 30,000 messages, 950 a second, 19 s left`
fn line(doing: &str, progress: Progress, took: Duration) -> String {
    let (done, of, what) = match progress {
        Progress::Looking { messages, octets, of } => {
            (octets, of, format!("{} messages, {} of {} MB", grouped(messages), octets >> 20, of >> 20))
        }
        Progress::Taking { done, of } => (done, of, format!("{} of {} messages", grouped(done), grouped(of))),
    };
    let seconds = took.as_secs_f64().max(0.001);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "a rate for people")]
    let (rate, left) = ((done as f64 / seconds) as u64, (of.saturating_sub(done) as f64 * seconds / (done as f64).max(1.0)) as u64);
    let rate = match progress {
        Progress::Looking { .. } => String::new(),
        Progress::Taking { .. } => format!(", {} a second", grouped(rate)),
    };
    let left = match left {
        0..60 => format!("{left} s"),
        60..5400 => format!("{} min", left.div_ceil(60)),
        _ => format!("{} h", left.div_ceil(3600)),
    };
    format!("{doing}: {what}{rate}, {left} left")
}

/// `30,000`
fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

fn counted(n: u64, one: &str, several: &str) -> String {
    format!("{} {}", grouped(n), if n == 1 { one } else { several })
}

/// What was done.
pub(super) fn summary(done: &Summary, archive: &Archive, ends: Status, mailbox: &str) -> String {
    let mut page = found(archive);
    let new = done.taken + done.ignored + done.held.values().sum::<u64>();
    if new == 0 && done.known > 0 {
        page += "Nothing is new: every message that could be read was in the desk already.\n";
    } else {
        let tickets = counted(done.tickets, "ticket", "tickets");
        let as_of = match ends {
            Status::Open | Status::InProgress => "left as their mail leaves them",
            Status::Resolved => "Resolved as of their last mail (those of the last day stay open)",
            Status::Closed => "Closed as of their last mail (those of the last day stay open)",
        };
        line_of(&mut page, done.taken, &format!("taken into {mailbox}: {tickets} opened, {as_of}"));
    }
    line_of(&mut page, done.known, "there already");
    for (what, n) in &done.held {
        let broken = *what == crate::desk::triage::HeldFor::Unreadable.title() || *what == crate::desk::triage::HeldFor::NoSender.title();
        let place = if broken || ends == Status::Open { "waiting" } else { "set aside" };
        line_of(&mut page, *n, &format!("held ({}), {place} under Mail, Held", what.to_lowercase()));
    }
    line_of(&mut page, done.ignored, "ignored: the desk’s own mail, or a report about it");
    left_out(&mut page, archive);
    named(&mut page, "cannot be decided, and are held", &done.broken);
    named(&mut page, "too large, and were left where they are", &done.too_large);
    let unreadable: Vec<Unreadable> = archive.unreadable.iter().chain(&done.unreadable).cloned().collect();
    named(&mut page, "cannot be read", &unreadable);
    in_doubt(&mut page, archive);
    page + "Nothing was sent.\n"
}

/// What would be done.
pub(super) fn would(looked: &Looked, archive: &Archive, mailbox: &str) -> String {
    let mut page = found(archive);
    line_of(&mut page, looked.new, &format!("would be taken into {mailbox}"));
    line_of(&mut page, looked.known, "there already, or found twice");
    left_out(&mut page, archive);
    named(&mut page, "too large", &looked.too_large);
    let unreadable: Vec<Unreadable> = archive.unreadable.iter().chain(&looked.unreadable).cloned().collect();
    named(&mut page, "cannot be read", &unreadable);
    in_doubt(&mut page, archive);
    page + "Nothing was written.\n"
}

fn found(archive: &Archive) -> String {
    let span = archive
        .span()
        .map_or_else(String::new, |(first, last)| format!(", from {} to {}", first.strftime("%-d %B %Y"), last.strftime("%-d %B %Y")));
    let (messages, threads) = (archive.len() as u64, archive.threads() as u64);
    format!("found {} in {}{span}\n", counted(messages, "message", "messages"), counted(threads, "thread", "threads"))
}

fn line_of(page: &mut String, n: u64, what: &str) {
    if n > 0 {
        writeln!(page, "{:>9}  {what}", grouped(n)).ok();
    }
}

fn left_out(page: &mut String, archive: &Archive) {
    for (why, n) in &archive.left_out {
        line_of(page, *n, &format!("left out: {}", why.as_str()));
    }
}

/// What may be mail, or may be parted otherwise: a person is to look.
fn in_doubt(page: &mut String, archive: &Archive) {
    named(page, "mbox files in which some lines may begin a message or not", &archive.doubtful);
    let over = &archive.passed_over;
    listed(page, "passed over", over.count, &over.first);
}

fn named(page: &mut String, what: &str, which: &[Unreadable]) {
    listed(page, what, which.len() as u64, which);
}

fn listed(page: &mut String, what: &str, count: u64, first: &[Unreadable]) {
    line_of(page, count, what);
    for it in first.iter().take(MOST_NAMED) {
        writeln!(page, "           {}: {}", it.what, it.why).ok();
    }
    let named = first.len().min(MOST_NAMED) as u64;
    if count > named {
        writeln!(page, "           and {} more", grouped(count - named)).ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_how_far_how_fast_and_how_long() {
        let taking = Progress::Taking { done: 12_000, of: 30_000 };
        assert_eq!(line("importing", taking, Duration::from_secs(12)), "importing: 12,000 of 30,000 messages, 1,000 a second, 18 s left");
        let looking = Progress::Looking { messages: 999, octets: 1 << 30, of: 9 << 30 };
        assert_eq!(line("looking", looking, Duration::from_secs(60)), "looking: 999 messages, 1024 of 9216 MB, 8 min left");
        assert_eq!(grouped(1_234_567), "1,234,567");
    }
}
