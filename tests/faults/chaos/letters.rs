//! Mail of every kind, all the time: new requests, answers, large ones, the same again, automatic ones, rubbish.

use maildesk::{
    demo::world::{StoredMail, Treatment, World},
    mail::parse,
};

use super::random::Random;
use crate::daemon::SUPPORT;

pub struct Letters {
    random: Random,
    n: usize,
    customers: Vec<String>,
    /// What may be delivered a second time.
    some: Vec<Vec<u8>>,
    pub delivered: usize,
    pub duplicates: usize,
}

impl Letters {
    pub fn new(seed: u64) -> Self {
        Self { random: Random::new(seed), n: 0, customers: Vec::new(), some: Vec::new(), delivered: 0, duplicates: 0 }
    }

    /// One more arrives.
    pub fn arrive(&mut self, world: &World) {
        let raw = match self.random.between(0, 99) {
            0..52 => self.request(world, 0),
            52..57 => {
                let octets = usize::try_from(self.random.between(300_000, 1_500_000)).unwrap();
                self.request(world, octets)
            }
            57..77 => match self.answer(world) {
                Some(raw) => raw,
                None => self.request(world, 0),
            },
            77..84 if !self.some.is_empty() => {
                self.duplicates += 1;
                self.some[self.random.place(self.some.len())].clone()
            }
            84..90 => self.vacation(),
            _ => self.rubbish(),
        };
        world.deliver(SUPPORT, &raw);
        self.delivered += 1;
        if raw.len() < 20_000 && self.random.percent(40) {
            self.some.push(raw);
        }
    }

    /// A new request of somebody who writes for the first time; who that is.
    pub fn first(&mut self, world: &World) -> String {
        let raw = self.request(world, 0);
        world.deliver(SUPPORT, &raw);
        self.delivered += 1;
        let customer = self.customers.last().unwrap().clone();
        world.treat_well(&customer);
        customer
    }

    fn request(&mut self, world: &World, attached: usize) -> Vec<u8> {
        self.n += 1;
        let n = self.n;
        let customer = format!("c{n}@home{}.test", n % 7);
        if n % 9 == 5 {
            world.treat(&customer, Treatment::Bounce("mailbox full".to_owned()));
        }
        let head = format!(
            "From: Customer {n} <{customer}>\r\nTo: {SUPPORT}\r\nSubject: Request {n}\r\nMessage-ID: <request-{n}@home.test>\r\nDate: Mon, 2 Nov 2026 10:00:00 +0100\r\n"
        );
        self.customers.push(customer);
        if attached == 0 {
            return format!("{head}\r\nThe words of request {n}.\r\n").into_bytes();
        }
        let file = data_encoding::BASE64.encode(&self.random.bytes(attached * 3 / 4));
        let lines: Vec<&str> = file.as_bytes().chunks(76).map(|it| std::str::from_utf8(it).unwrap()).collect();
        format!(
            "{head}MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nRequest {n}, with a file.\r\n--b\r\n\
             Content-Type: application/octet-stream; name=f.bin\r\nContent-Transfer-Encoding: base64\r\n\r\n{}\r\n--b--\r\n",
            lines.join("\r\n")
        )
        .into_bytes()
    }

    /// Somebody answers what they got.
    fn answer(&mut self, world: &World) -> Option<Vec<u8>> {
        if self.customers.is_empty() {
            return None;
        }
        let customer = self.customers[self.random.place(self.customers.len())].clone();
        let mails: Vec<StoredMail> = world.messages(&customer, "INBOX");
        let got = parse::read(&mails.last()?.raw);
        let to = got.reply_to.first().map_or(SUPPORT.to_owned(), |it| it.address.to_string());
        self.n += 1;
        let n = self.n;
        Some(
            format!(
                "From: {customer}\r\nTo: {to}\r\nSubject: Re: {}\r\nMessage-ID: <answer-{n}@home.test>\r\nIn-Reply-To: <{}>\r\n\
                 Date: Mon, 2 Nov 2026 11:00:00 +0100\r\n\r\nThe words of answer {n}.\r\n",
                got.subject, got.message_id?
            )
            .into_bytes(),
        )
    }

    fn vacation(&mut self) -> Vec<u8> {
        self.n += 1;
        let n = self.n;
        format!(
            "From: away{n}@home.test\r\nTo: {SUPPORT}\r\nSubject: Out of office {n}\r\nMessage-ID: <away-{n}@home.test>\r\n\
             Auto-Submitted: auto-replied\r\n\r\nI am away ({n}).\r\n"
        )
        .into_bytes()
    }

    /// Octets that are no mail at all; none is NUL, which IMAP cannot carry in a literal.
    fn rubbish(&mut self) -> Vec<u8> {
        let n = usize::try_from(self.random.between(1, 3000)).unwrap();
        let mut octets = self.random.bytes(n);
        octets.iter_mut().filter(|it| **it == 0).for_each(|it| *it = b'0');
        octets.extend_from_slice(format!("{}", self.random.next()).as_bytes());
        octets
    }
}
