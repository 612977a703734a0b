//! Reading messages within a bound of processor time: one that takes longer is left, and those behind it are read.

use std::{
    fs,
    sync::{
        Arc,
        mpsc::{Receiver, RecvTimeoutError, Sender, channel},
    },
    thread,
    time::{Duration, Instant},
};

use crate::desk::message::IncomingMessage;

/// SAFETY.md, "Bounds": a message that needs more is held.
pub const MOST_PROCESSOR_TIME: Duration = Duration::from_secs(10);

/// How often a reader that has not answered is looked at.
const LOOK: Duration = Duration::from_millis(250);

/// What `read` makes of each of these octets, in order; none where it took more than `most` of processor time: its thread is
/// left to end by itself, and another reads on.
pub fn read_each<T: Send + 'static>(octets: Vec<Vec<u8>>, read: fn(&[u8]) -> T, most: Duration) -> Vec<Option<T>> {
    let octets = Arc::new(octets);
    let mut done = Vec::with_capacity(octets.len());
    while done.len() < octets.len() {
        let from = done.len();
        let (tell, told) = channel();
        let theirs = Arc::clone(&octets);
        let reader = thread::Builder::new().name("reading".to_owned()).spawn(move || read_from(&theirs, from, read, &tell));
        if reader.is_err() {
            // No thread is to be had: read here, without a bound, rather than not at all.
            done.extend(octets[from..].iter().map(|it| Some(read(it))));
            break;
        }
        gather(&told, most, octets.len(), &mut done);
    }
    done
}

/// A message for somebody who looks at it: as [`super::read`] gives it, and where that takes too long, its header fields with
/// the whole of it as an attachment. Blocks the thread that asks.
#[must_use]
pub fn read(octets: Vec<u8>) -> IncomingMessage {
    let theirs = vec![octets.clone()];
    read_each(theirs, super::read, MOST_PROCESSOR_TIME).pop().flatten().unwrap_or_else(|| super::read_poorly(&octets))
}

/// What a reader tells.
enum Told<T> {
    /// Where its processor time is written.
    Started(Option<String>),
    /// The next message.
    Read(T),
}

fn read_from<T>(octets: &[Vec<u8>], from: usize, read: fn(&[u8]) -> T, tell: &Sender<Told<T>>) {
    // "1234/task/1240" (proc(5)).
    let this = fs::read_link("/proc/thread-self").ok().and_then(|it| Some(format!("/proc/{}/schedstat", it.to_str()?)));
    let mut listening = tell.send(Told::Started(this)).is_ok();
    for one in &octets[from..] {
        if !listening {
            return;
        }
        listening = tell.send(Told::Read(read(one))).is_ok();
    }
}

/// Takes what a reader tells until it has read all, has died, or is over its time with one message. That is looked at only where a
/// message takes long enough to be waited for, and counted from then on.
fn gather<T>(told: &Receiver<Told<T>>, most: Duration, all: usize, done: &mut Vec<Option<T>>) {
    let mut clock = Processor::default();
    let mut since = None;
    while done.len() < all {
        match told.recv_timeout(LOOK.min(most)) {
            Ok(Told::Started(file)) => clock = Processor { file, ..Processor::default() },
            Ok(Told::Read(one)) => {
                done.push(Some(one));
                since = None;
            }
            Err(RecvTimeoutError::Timeout) if clock.spent_since(&mut since) < most => {}
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                done.push(None);
                return;
            }
        }
    }
}

/// The processor time of a thread; where the system does not tell, the time that went by.
struct Processor {
    file: Option<String>,
    started: Instant,
}

impl Default for Processor {
    fn default() -> Self {
        Self { file: None, started: Instant::now() }
    }
}

impl Processor {
    /// What was spent since this was first asked of the message in hand.
    fn spent_since(&self, first: &mut Option<Duration>) -> Duration {
        let now = self.spent();
        now.saturating_sub(*first.get_or_insert(now))
    }

    fn spent(&self) -> Duration {
        let nanoseconds = || fs::read_to_string(self.file.as_ref()?).ok()?.split_whitespace().next()?.parse().ok();
        nanoseconds().map_or_else(|| self.started.elapsed(), Duration::from_nanos)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Works on a slow message until it has used half a second of the clock; on others not at all.
    fn read(octets: &[u8]) -> usize {
        let start = Instant::now();
        while octets == b"slow" && start.elapsed() < Duration::from_millis(500) {
            std::hint::spin_loop();
        }
        octets.len()
    }

    #[test]
    fn a_message_that_takes_too_long_is_left_and_the_next_is_read() {
        let octets = [&b"a"[..], b"slow", b"bcd"].map(<[u8]>::to_vec).to_vec();
        assert_eq!(read_each(octets, read, Duration::from_millis(20)), [Some(1), None, Some(3)]);
    }

    #[test]
    fn within_its_time_everything_is_read() {
        let octets = vec![b"ab".to_vec(); 100];
        assert_eq!(read_each(octets, read, MOST_PROCESSOR_TIME), vec![Some(2); 100]);
        assert!(read_each(Vec::new(), read, MOST_PROCESSOR_TIME).is_empty());
    }
}
