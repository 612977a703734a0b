//! A month of a support mailbox in one mbox file, made of a seed: threads with answers of both sides in any order, attachments, many character
//! sets, newsletters and delivery reports among them. The same seed makes the same octets.

use std::{fmt::Write as _, io::Write};

/// Threads are so long, in turn.
const LENGTHS: [usize; 8] = [1, 2, 3, 4, 6, 8, 1, 7];
const TURN: usize = 32;

/// 1 October 2026, 06:00 UTC.
const BEGIN: i64 = 1_790_834_400;
const MONTH: i64 = 30 * 24 * 3600;

/// Writes `n` messages.
pub fn mbox(seed: u64, n: usize, size: usize, to: &mut impl Write) {
    let mut order: Vec<(u64, usize)> = (0..n).map(|it| (Dice::of(seed, it as u64).roll(), it)).collect();
    order.sort_unstable();
    for (_, it) in order {
        let (octets, at) = message(seed, n, it, size);
        writeln!(to, "From mail@home.test {}", at.strftime("%a %b %e %H:%M:%S %Y")).unwrap();
        for line in octets.split_inclusive(|it| *it == b'\n') {
            let marks = line.iter().take_while(|it| **it == b'>').count();
            if line[marks..].starts_with(b"From ") {
                to.write_all(b">").unwrap();
            }
            to.write_all(line).unwrap();
        }
        to.write_all(b"\n").unwrap();
    }
}

struct Dice(u64);

impl Dice {
    fn of(seed: u64, n: u64) -> Self {
        let mut dice = Self((seed ^ n.wrapping_mul(0x9e37_79b9_7f4a_7c15)) | 1);
        for _ in 0..8 {
            dice.roll();
        }
        dice
    }

    fn roll(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, n: usize) -> usize {
        usize::try_from(self.roll() >> 33).unwrap() % n
    }
}

/// Which thread the `n`th message is of, and its place there.
fn place(n: usize) -> (usize, usize) {
    let mut rest = n % TURN;
    for (at, length) in LENGTHS.iter().enumerate() {
        if rest < *length {
            return (n / TURN * LENGTHS.len() + at, rest);
        }
        rest -= length;
    }
    unreachable!("the lengths are {TURN} together")
}

fn message(seed: u64, all: usize, n: usize, size: usize) -> (Vec<u8>, jiff::Timestamp) {
    let (thread, nth) = place(n);
    let threads = all.div_ceil(TURN) * LENGTHS.len();
    let mut dice = Dice::of(seed.rotate_left(17), n as u64);
    let begun = BEGIN + MONTH * thread as i64 / threads as i64;
    let at = jiff::Timestamp::from_second(begun + 7200 * nth as i64 + dice.below(3600) as i64).unwrap();
    let customer = format!("Kundin {} <c{}@home{}.test>", thread % 2000, thread % 2000, thread % 7);
    let mut head = String::new();
    let (from, to) = match nth {
        0 => (customer.as_str(), "support@desk.test"),
        // Who was in Cc of the first answers.
        4 if thread.is_multiple_of(2) => ("Kollege <kollege@home.test>", "support@desk.test"),
        nth if nth % 2 == 1 => ("Desk Support <support@desk.test>", customer.as_str()),
        _ => (customer.as_str(), "support@desk.test"),
    };
    let kind = match thread {
        it if it % 97 == 40 && nth == 0 => "List-Id: <news.home.test>\nPrecedence: bulk\n",
        it if it % 101 == 56 && nth == 0 => "Auto-Submitted: auto-replied\n",
        _ => "",
    };
    writeln!(head, "Received: from home.test by mx.desk.test; {}", at.strftime("%a, %d %b %Y %H:%M:%S +0000")).unwrap();
    write!(head, "From: {from}\nTo: {to}\n{kind}").unwrap();
    if nth == 1 && thread.is_multiple_of(2) {
        head += "Cc: Kollege <kollege@home.test>\n";
    }
    let re = if nth == 0 { "" } else { "Re: " };
    writeln!(head, "Subject: {re}Station {thread} is offline\nMessage-ID: <{seed}.{thread}.{nth}@home.test>").unwrap();
    writeln!(head, "Date: {}", at.strftime("%a, %d %b %Y %H:%M:%S +0000")).unwrap();
    if nth > 0 {
        let known: Vec<String> = (0..nth).map(|it| format!("<{seed}.{thread}.{it}@home.test>")).collect();
        writeln!(head, "In-Reply-To: {}\nReferences: {}", known.last().unwrap(), known.join("\n ")).unwrap();
    }
    head += "MIME-Version: 1.0\n";
    (with_body(head, &mut dice, n, size), at)
}

fn with_body(head: String, dice: &mut Dice, n: usize, size: usize) -> Vec<u8> {
    let words = ["Station", "offline", "grün", "Schöne", "łódka", "привет", "update", "日本", "Grüße", "light", "since", "again"];
    let mut text = String::from("From now on it is offline, although its light is green.\n>From there it looks well.\n\n");
    while text.len() < size {
        for _ in 0..10 {
            text += words[dice.below(words.len())];
            text.push(' ');
        }
        writeln!(text, "{}", dice.below(1_000_000)).unwrap();
    }
    let (charset, encoding, octets) = encoded(&text, n);
    let part = format!("Content-Type: text/plain; charset={charset}\nContent-Transfer-Encoding: {encoding}\n\n");
    let mut mail = head.into_bytes();
    let file = match n {
        n if n % 200 == 199 => 220_000,
        n if n % 9 == 8 => 20_000 + dice.below(20_000),
        _ => 0,
    };
    if file == 0 {
        mail.extend_from_slice(part.as_bytes());
        mail.extend_from_slice(&octets);
        return mail;
    }
    let content: Vec<u8> = (0..file).map(|_| u8::try_from(dice.below(256)).unwrap()).collect();
    mail.extend_from_slice(format!("Content-Type: multipart/mixed; boundary=o\n\n--o\n{part}").as_bytes());
    mail.extend_from_slice(&octets);
    mail.extend_from_slice(
        format!("\n--o\nContent-Type: application/octet-stream\nContent-Disposition: attachment; filename*=utf-8''Pl%C3%A4ne-{n}.bin\nContent-Transfer-Encoding: base64\n\n")
            .as_bytes(),
    );
    for line in data_encoding::BASE64.encode(&content).as_bytes().chunks(76) {
        mail.extend_from_slice(line);
        mail.push(b'\n');
    }
    mail.extend_from_slice(b"--o--\n");
    mail
}

/// The text in one character set after another; what a set does not have is written as `?`.
fn encoded(text: &str, n: usize) -> (&'static str, &'static str, Vec<u8>) {
    let latin = || text.chars().map(|c| u8::try_from(u32::from(c)).unwrap_or(b'?')).collect::<Vec<u8>>();
    match n % 6 {
        0 => ("iso-8859-1", "8bit", latin()),
        1 => ("windows-1252", "quoted-printable", quoted_printable(&latin())),
        2 => {
            let lines = data_encoding::BASE64.encode(text.as_bytes());
            let lines: Vec<&str> = lines.as_bytes().chunks(76).map(|it| std::str::from_utf8(it).unwrap()).collect();
            ("utf-8", "base64", format!("{}\n", lines.join("\n")).into_bytes())
        }
        3 => ("utf-8", "quoted-printable", quoted_printable(text.as_bytes())),
        4 => ("us-ascii", "7bit", text.chars().map(|c| if c.is_ascii() { c as u8 } else { b'?' }).collect()),
        _ => ("utf-8", "8bit", text.as_bytes().to_vec()),
    }
}

fn quoted_printable(octets: &[u8]) -> Vec<u8> {
    let mut lines = Vec::new();
    for line in octets.split_inclusive(|it| *it == b'\n') {
        let mut length = 0;
        for byte in line {
            match byte {
                b'\n' | b' '..=b'<' | b'>'..=b'~' => lines.push(*byte),
                other => lines.extend_from_slice(format!("={other:02X}").as_bytes()),
            }
            length += if byte.is_ascii() { 1 } else { 3 };
            if length > 70 {
                lines.extend_from_slice(b"=\n");
                length = 0;
            }
        }
    }
    lines
}
