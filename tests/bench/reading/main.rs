//! What reading a message costs: against a bare mail-parser parse of the same mails in the same run, for one mail of 20 KB, and
//! for the worst that anybody can send.
//!
//!     cargo bench --bench reading            all of it
//!     cargo bench --bench reading -- ratio   the corpus, and a mail of 20 KB: medians of one run
//!     cargo bench --bench reading -- worst   each of the worst cases in a process of its own: time and peak memory
//!     cargo bench --bench reading -- large   a message of 50 MiB in each shape: peak memory against its size
#![allow(clippy::unwrap_used)]

use std::{
    fs,
    hint::black_box,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use maildesk::mail::parse;

mod monsters;

const ROUNDS: usize = 21;

/// The bounds that the product promises (SAFETY.md, "Bounds").
const MOST_TIME: Duration = Duration::from_secs(1);
const MOST_MEMORY: f64 = 150.0;
const MOST_RATIO: f64 = 10.0;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|it| it != "--bench").collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["one", name] => one(name),
        ["ratio"] => ratio(),
        ["worst"] => table("the worst cases", &monsters::WORST),
        ["large"] => table("messages of 50 MiB", &monsters::LARGE),
        _ => {
            ratio();
            table("the worst cases", &monsters::WORST);
            table("messages of 50 MiB", &monsters::LARGE);
        }
    }
}

fn ratio() {
    compare("all mails", &corpus("tests/corpus"));
    compare("the given ones", &corpus("tests/corpus/cases"));
    let mail = monsters::ordinary(20_000);
    let mut times: Vec<Duration> = Vec::new();
    for _ in 0..ROUNDS * 10 {
        let start = Instant::now();
        black_box(parse::read(&mail));
        times.push(start.elapsed());
    }
    println!("a reply of {} KB in text and HTML: {:.2?} (bound 1 ms)", mail.len() / 1000, median(times));
}

/// Reading the mails against a bare mail-parser parse of them, on one line.
fn compare(title: &str, mails: &[Vec<u8>]) {
    let octets: usize = mails.iter().map(Vec::len).sum();
    let all = |read: &dyn Fn(&[u8])| {
        let start = Instant::now();
        mails.iter().for_each(|it| read(it));
        start.elapsed()
    };
    let ours: &dyn Fn(&[u8]) = &|raw| {
        black_box(parse::read(raw));
    };
    let bare: &dyn Fn(&[u8]) = &|raw| {
        black_box(mail_parser::MessageParser::default().parse(raw));
    };
    // In turn, so that whatever else the machine does falls on both.
    let (mut own, mut plain) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        plain.push(all(bare));
        own.push(all(ours));
    }
    let (own, plain) = (median(own), median(plain));
    let ratio = own.as_secs_f64() / plain.as_secs_f64();
    let (count, size) = (mails.len(), octets / 1000);
    println!("{title:<15} {count:>4}, {size:>4} KB: {plain:>9.2?} parsed bare, {own:>9.2?} read: {ratio:.1} times (bound {MOST_RATIO})");
}

/// Every mail in a folder, by name.
fn corpus(folder: &str) -> Vec<Vec<u8>> {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)];
    let mut files: Vec<PathBuf> = Vec::new();
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(folder).unwrap().map(|it| it.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|it| it == "eml") {
                files.push(path);
            }
        }
    }
    files.sort();
    files.iter().map(|it| fs::read(it).unwrap()).collect()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

/// Each in a process of its own, so that its peak is its own.
fn table(title: &str, names: &[&str]) {
    println!("{title}:{:>34} {:>10} {:>10} {:>10}", "size", "time", "peak", "of size");
    for name in names {
        let done = Command::new(std::env::current_exe().unwrap()).args(["one", name]).output().unwrap();
        print!("{}", String::from_utf8_lossy(&done.stdout));
        if !done.status.success() {
            println!("  {name}: {} {}", done.status, String::from_utf8_lossy(&done.stderr));
        }
    }
}

/// One case: what it takes beyond the process that holds its octets.
fn one(name: &str) {
    let mail = monsters::named(name);
    // From here on the peak is counted anew (proc(5), clear_refs).
    fs::write("/proc/self/clear_refs", "5").ok();
    let before = status("VmRSS");
    let start = Instant::now();
    let message = black_box(parse::read(&mail));
    let took = start.elapsed();
    let own = mail.len() as f64 / (1024.0 * 1024.0);
    // The octets themselves are in the process already; they belong to the price.
    let peak = status("VmHWM") - before + own;
    let late = if took > MOST_TIME && own < 40.0 { "  OVER TIME" } else { "" };
    let fat = if peak > MOST_MEMORY && own < 40.0 { "  OVER MEMORY" } else { "" };
    println!("  {name:<38} {own:>8.1} M {took:>9.2?} {peak:>8.0} M {:>8.1}x{late}{fat}", peak / own);
    drop(message);
}

/// A line of `/proc/self/status`, in MiB.
fn status(key: &str) -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|it| it.starts_with(key)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap() / 1024.0
}
