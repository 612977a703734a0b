//! The first way through the files: where each message lies, when it was written, and what it answers.

use std::{
    fs::File,
    io::{self, BufReader, Read as _},
};

use jiff::Timestamp;

use super::{
    Archive, Progress, Unreadable,
    find::{Files, Kind, Source},
    order::{self, Seen},
    seal::Seal,
};
use crate::mail::archive::{
    Clues, Glance, LONGEST_HEADER,
    mbox::{self, Parted, Seams},
    moment,
};

/// After so many messages it is told how far it is.
const TOLD_EACH: u64 = 500;

/// Looks at every header, and puts the messages in order. `now`: nothing is later.
pub fn scan(files: Files, now: Timestamp, tell: &mut dyn FnMut(Progress)) -> Archive {
    let mut scan = Scan { seen: Vec::new(), doubtful: Vec::new(), files, now, octets: 0, of: 0, tell };
    scan.of = scan.files.sources.iter().map(|it| it.size).sum();
    for at in 0..scan.files.sources.len() {
        let source = scan.files.sources[at].clone();
        let before = scan.octets;
        let done = match source.kind {
            Kind::Mbox => scan.mbox(at, &source),
            Kind::Message => scan.message(at, &source),
        };
        if let Err(error) = done {
            scan.files.unreadable.push(Unreadable::file(&source.path, error));
        }
        scan.octets = before + source.size;
    }
    scan.told();
    let Scan { seen, doubtful, files: Files { sources, left_out, unreadable, passed_over, .. }, .. } = scan;
    Archive { sources, messages: order::order(seen), left_out, unreadable, passed_over, doubtful }
}

struct Scan<'a> {
    files: Files,
    seen: Vec<Seen>,
    doubtful: Vec<Unreadable>,
    now: Timestamp,
    octets: u64,
    of: u64,
    tell: &'a mut dyn FnMut(Progress),
}

impl Scan<'_> {
    fn mbox(&mut self, at: usize, source: &Source) -> io::Result<()> {
        let (seen, left_out, before) = (self.seen.len(), self.files.left_out.clone(), self.octets);
        let seams = self.parted(at, source, Parted::ByEmptyLines)?;
        match seams.parted() {
            Parted::ByEmptyLines => {}
            Parted::ByFromLines => {
                self.seen.truncate(seen);
                (self.files.left_out, self.octets) = (left_out, before);
                self.parted(at, source, Parted::ByFromLines)?;
            }
        }
        if seams.bare > 0 {
            self.doubtful.push(Unreadable::file(&source.path, doubt(seams)));
        }
        Ok(())
    }

    fn parted(&mut self, at: usize, source: &Source, parted: Parted) -> io::Result<Seams> {
        let mut nth = 0;
        let before = self.octets;
        mbox::split(&mut BufReader::with_capacity(1 << 18, File::open(&source.path)?), parted, |found| {
            nth += 1;
            self.octets = before + found.at + found.length;
            let clues = Clues { noted: found.noted, file: source.written, ..Clues::default() };
            self.add((at, nth), (found.at, found.length), &found.header, clues);
        })
    }

    fn message(&mut self, at: usize, source: &Source) -> io::Result<()> {
        let mut begin = Vec::new();
        File::open(&source.path)?.take(LONGEST_HEADER as u64).read_to_end(&mut begin)?;
        self.add((at, 1), (0, source.size), &begin, Clues { noted: source.noted, file: source.written, ..Clues::default() });
        Ok(())
    }

    fn add(&mut self, (source, nth): (usize, u32), (begin, length): (u64, u64), header: &[u8], clues: Clues) {
        let glance = Glance::of(header);
        if let Some(why) = glance.left_out {
            *self.files.left_out.entry(why).or_default() += 1;
            return;
        }
        let clues = Clues { noted: clues.noted, file: clues.file, ..glance.clues };
        let at = moment(clues, self.now);
        self.seen.push(Seen { source, nth, begin, length, seal: Seal::of(header), at, id: glance.id, answers: glance.answers });
        if (self.seen.len() as u64).is_multiple_of(TOLD_EACH) {
            self.told();
        }
    }

    fn told(&mut self) {
        (self.tell)(Progress::Looking { messages: self.seen.len() as u64, octets: self.octets, of: self.of });
    }
}

fn doubt(seams: Seams) -> String {
    let Seams { bare, first_bare, .. } = seams;
    let lines = if bare == 1 { "line" } else { "lines" };
    match seams.parted() {
        Parted::ByFromLines => {
            format!("no empty line parts them; taken for the beginning of a message: {bare} “From ” {lines} before a header")
        }
        Parted::ByEmptyLines => format!(
            "taken for text, since no empty line stands before: {bare} “From ” {lines} before a header, the first at byte {first_bare}. Where \
             one begins a message, put an empty line before it and run this again"
        ),
    }
}
