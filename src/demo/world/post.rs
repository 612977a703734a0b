//! The post office: who has a mailbox, what lies in it, and what becomes of mail for an address.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use jiff::Timestamp;
use tokio::sync::watch;

use crate::clock::Clock;

/// A message as the world keeps it.
#[derive(Clone, Debug)]
pub struct StoredMail {
    /// Its number in the folder; never given twice (RFC 3501 §2.3.1.1).
    pub uid: u32,
    /// The octets, with the trace header that delivery put on top.
    pub raw: Arc<[u8]>,
    /// As they are written in IMAP: `\Seen`.
    pub flags: Vec<String>,
    /// When it was put there, to the second.
    pub internal_date: Timestamp,
    /// The state of the folder at which its flags last changed.
    pub(super) changed: u64,
}

impl StoredMail {
    /// Whether it bears this flag, in any case.
    #[must_use]
    pub fn has(&self, flag: &str) -> bool {
        self.flags.iter().any(|it| it.eq_ignore_ascii_case(flag))
    }

    /// The octets as text, whatever they are.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.raw).into_owned()
    }
}

/// A folder: messages in the order of their UIDs.
#[derive(Debug)]
pub(super) struct Folder {
    pub(super) uid_validity: u32,
    pub(super) uid_next: u32,
    pub(super) mails: Vec<StoredMail>,
    /// Grows with every change.
    pub(super) version: u64,
}

impl Folder {
    fn new(uid_validity: u32) -> Self {
        Self { uid_validity, uid_next: 1, mails: Vec::new(), version: 1 }
    }

    /// Puts a message at the end; its UID.
    pub(super) fn add(&mut self, raw: Arc<[u8]>, flags: Vec<String>, at: Timestamp) -> u32 {
        self.version += 1;
        let uid = self.uid_next;
        self.uid_next += 1;
        self.mails.push(StoredMail { uid, raw, flags, internal_date: at, changed: self.version });
        uid
    }

    pub(super) fn get(&self, uid: u32) -> Option<&StoredMail> {
        self.mails.binary_search_by_key(&uid, |it| it.uid).ok().and_then(|at| self.mails.get(at))
    }

    /// Changes the flags of one message.
    pub(super) fn flag(&mut self, uid: u32, change: impl FnOnce(&mut Vec<String>)) {
        if let Ok(at) = self.mails.binary_search_by_key(&uid, |it| it.uid) {
            let before = self.mails[at].flags.clone();
            change(&mut self.mails[at].flags);
            if self.mails[at].flags != before {
                self.version += 1;
                self.mails[at].changed = self.version;
            }
        }
    }

    /// Another message under a number that is given already.
    pub(super) fn put_under(&mut self, uid: u32, raw: &[u8]) {
        if let Ok(at) = self.mails.binary_search_by_key(&uid, |it| it.uid) {
            self.version += 1;
            self.mails[at].raw = raw.into();
            self.mails[at].flags.clear();
            self.mails[at].changed = self.version;
        }
    }

    /// Takes out what `goes` says, in order.
    pub(super) fn take(&mut self, goes: impl Fn(&StoredMail) -> bool) -> Vec<StoredMail> {
        let (gone, kept) = std::mem::take(&mut self.mails).into_iter().partition(|it| goes(it));
        self.mails = kept;
        self.version += 1;
        gone
    }
}

/// The folders of one address.
#[derive(Debug)]
pub(super) struct Account {
    password: String,
    pub(super) folders: BTreeMap<String, Folder>,
}

/// What the world was told to do with mail for an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Treatment {
    /// Answer RCPT with this: 550 refuses, 450 puts off.
    AtRecipient(u16, String),
    /// Take the whole message, then answer with this.
    AtData(u16, String),
    /// Never answer RCPT.
    Hang,
    /// Take the whole message, deliver it, never answer.
    SilentAfterData,
    /// Take the whole message, deliver it, close without an answer.
    CutAfterData,
    /// Accept it, then report to the envelope sender that it could not be delivered (RFC 3464).
    Bounce(String),
}

/// Where mail for an address goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Destination {
    Mailbox(String),
    Unknown,
    Special(Treatment),
}

#[derive(Default)]
struct Books {
    accounts: HashMap<String, Account>,
    own_domains: Vec<String>,
    treatments: HashMap<String, Treatment>,
    validity: u32,
}

/// All mailboxes of the world; shared by both its doors.
#[derive(Clone)]
pub(super) struct Post {
    books: Arc<Mutex<Books>>,
    tick: watch::Sender<u64>,
    customer_password: String,
    pub(super) clock: Clock,
}

impl Post {
    pub(super) fn new(customer_password: String, clock: Clock) -> Self {
        let validity = u32::try_from(clock.now().as_second()).unwrap_or(1).max(1);
        let books = Books { validity, ..Books::default() };
        Self { books: Arc::new(Mutex::new(books)), tick: watch::channel(0).0, customer_password, clock }
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn add_account(&self, address: &str, password: &str) {
        let address = address.to_lowercase();
        let mut books = self.books();
        if let Some(domain) = domain(&address) {
            books.own_domains.push(domain.to_owned());
        }
        books.account(&address, password).password = password.to_owned();
    }

    pub(super) fn treat(&self, address: &str, treatment: Option<Treatment>) {
        let address = address.to_lowercase();
        match treatment {
            Some(treatment) => self.books().treatments.insert(address, treatment),
            None => self.books().treatments.remove(&address),
        };
    }

    /// Where mail for this address goes: an address of ours, or of a customer, whose mailbox is made when first written to.
    pub(super) fn destination(&self, address: &str) -> Destination {
        let address = address.to_lowercase();
        let mut books = self.books();
        let plain = without_detail(&address);
        if let Some(treatment) = books.treatments.get(&address).or_else(|| books.treatments.get(&plain)) {
            return Destination::Special(treatment.clone());
        }
        for known in [&address, &plain] {
            if books.accounts.contains_key(known) {
                return Destination::Mailbox(known.clone());
            }
        }
        match domain(&address) {
            Some(domain) if !books.own_domains.iter().any(|it| it == domain) => {
                books.account(&plain, &self.customer_password);
                Destination::Mailbox(plain)
            }
            Some(_) | None => Destination::Unknown,
        }
    }

    /// The mailbox that a password opens.
    pub(super) fn sign_in(&self, user: &str, password: &str) -> Option<String> {
        let user = user.to_lowercase();
        if let Destination::Unknown = self.destination(&user) {
            return None;
        }
        let books = self.books();
        books.accounts.get(&user).filter(|it| it.password == password).map(|_| user)
    }

    /// Does something with the folders of an address, made when there are none; wakes who waits for news.
    pub(super) fn change<T>(&self, address: &str, what: impl FnOnce(&mut Account, &mut dyn FnMut() -> Folder) -> T) -> T {
        let done = {
            let mut books = self.books();
            let books = &mut *books;
            books.account(&address.to_lowercase(), &self.customer_password);
            let validity = &mut books.validity;
            let mut new_folder = || {
                *validity += 1;
                Folder::new(*validity)
            };
            match books.accounts.get_mut(&address.to_lowercase()) {
                Some(account) => what(account, &mut new_folder),
                None => unreachable!("the account was made above"),
            }
        };
        self.tick.send_modify(|it| *it += 1);
        done
    }

    pub(super) fn addresses(&self) -> Vec<String> {
        let mut all: Vec<String> = self.books().accounts.keys().cloned().collect();
        all.sort();
        all
    }

    /// Looks at one folder; none when there is no such folder.
    pub(super) fn look<T>(&self, address: &str, folder: &str, at: impl FnOnce(&Folder) -> T) -> Option<T> {
        let books = self.books();
        books.accounts.get(&address.to_lowercase()).and_then(|it| it.folders.get(folder)).map(at)
    }

    /// Changes one folder; none when there is no such folder.
    pub(super) fn change_folder<T>(&self, address: &str, folder: &str, how: impl FnOnce(&mut Folder) -> T) -> Option<T> {
        let done = {
            let mut books = self.books();
            books.accounts.get_mut(&address.to_lowercase()).and_then(|it| it.folders.get_mut(folder)).map(how)
        };
        self.tick.send_modify(|it| *it += 1);
        done
    }

    /// Puts a message into a folder, which is made when it is missing; its UID.
    pub(super) fn deliver(&self, address: &str, folder: &str, raw: &[u8], flags: Vec<String>, at: Option<Timestamp>) -> u32 {
        let at = at.unwrap_or_else(|| self.clock.now());
        let at = Timestamp::from_second(at.as_second()).unwrap_or(at);
        self.change(address, |account, new_folder| {
            account.folders.entry(folder.to_owned()).or_insert_with(new_folder).add(raw.into(), flags, at)
        })
    }

    /// Numbers a folder anew, as a server does that was restored from a copy (RFC 3501 §2.3.1.1).
    pub(super) fn renumber(&self, address: &str, folder: &str, order: impl FnOnce(&mut Vec<StoredMail>)) {
        self.change(address, |account, new_folder| {
            let mut anew = new_folder();
            if let Some(mut old) = account.folders.remove(folder) {
                order(&mut old.mails);
                for mail in old.mails {
                    anew.add(mail.raw, mail.flags, mail.internal_date);
                }
            }
            account.folders.insert(folder.to_owned(), anew);
        });
    }

    /// Empties a folder and gives its numbers again from 1, as no server may.
    pub(super) fn begin_again(&self, address: &str, folder: &str) {
        self.change_folder(address, folder, |it| {
            it.take(|_| true);
            it.uid_next = 1;
        });
    }

    /// Wakes at every change of any mailbox.
    pub(super) fn news(&self) -> watch::Receiver<u64> {
        self.tick.subscribe()
    }
}

impl Books {
    fn account(&mut self, address: &str, password: &str) -> &mut Account {
        let validity = &mut self.validity;
        self.accounts.entry(address.to_owned()).or_insert_with(|| {
            *validity += 1;
            Account { password: password.to_owned(), folders: BTreeMap::from([("INBOX".to_owned(), Folder::new(*validity))]) }
        })
    }
}

fn domain(address: &str) -> Option<&str> {
    address.rsplit_once('@').map(|(_, domain)| domain).filter(|it| !it.is_empty())
}

/// `support+1042@x` is delivered to `support@x` (RFC 5233).
fn without_detail(address: &str) -> String {
    match address.rsplit_once('@') {
        Some((local, domain)) => match local.split_once('+') {
            Some((user, _)) if !user.is_empty() => format!("{user}@{domain}"),
            _ => address.to_owned(),
        },
        None => address.to_owned(),
    }
}
