//! A small mail world in this process: an IMAP and an SMTP server on loopback ports, everything in memory.
//!
//! Real sockets and the real protocols, so that maildesk, a mail program or `swaks` meet it as they meet any
//! server: IMAP4rev1 (RFC 3501) with IDLE, MOVE, UIDPLUS and LITERAL+, and SMTP (RFC 5321) that takes both
//! submission and delivery. It can be told to misbehave, which is what the tests want of it.

mod door;
mod faults;
mod imap;
mod post;
mod smtp;

use std::{io, net::SocketAddr, time::Duration};

use jiff::Timestamp;

use crate::clock::Clock;
pub use faults::Faults;
pub use post::{StoredMail, Treatment};

/// How a world begins.
#[derive(Clone, Debug)]
pub struct WorldOptions {
    /// Where SMTP listens; port 0: any free one.
    pub smtp_addr: SocketAddr,
    /// Where IMAP listens; port 0: any free one.
    pub imap_addr: SocketAddr,
    /// The password of every mailbox that nobody made by hand: those of customers, made when first written to.
    pub customer_password: String,
    /// What the world's trace headers and INTERNALDATE go by.
    pub clock: Clock,
}

impl Default for WorldOptions {
    fn default() -> Self {
        let loopback = SocketAddr::from(([127, 0, 0, 1], 0));
        Self { smtp_addr: loopback, imap_addr: loopback, customer_password: "demo".to_owned(), clock: Clock::System }
    }
}

/// A running mail world. Dropping it ends everything in it.
pub struct World {
    post: post::Post,
    faults: faults::Shared,
    smtp: door::Door,
    imap: door::Door,
}

/// What was there when the waiting was over.
#[derive(Debug, thiserror::Error)]
#[error("`{address}` / {folder} did not come to what was waited for; it holds {} messages", held.len())]
pub struct WaitedInVain {
    /// Whose mailbox.
    pub address: String,
    /// Which folder.
    pub folder: String,
    /// What lies there.
    pub held: Vec<StoredMail>,
}

impl World {
    /// Opens both doors.
    ///
    /// # Errors
    /// When an address cannot be listened on.
    pub async fn start(options: WorldOptions) -> io::Result<Self> {
        let post = post::Post::new(options.customer_password, options.clock);
        let faults = faults::Shared::default();
        let smtp = door::Door::open(options.smtp_addr).await?;
        let imap = door::Door::open(options.imap_addr).await?;
        let world = Self { post, faults, smtp, imap };
        world.serve_smtp();
        world.serve_imap();
        Ok(world)
    }

    /// Where SMTP is spoken.
    #[must_use]
    pub fn smtp_addr(&self) -> SocketAddr {
        self.smtp.addr()
    }

    /// Where IMAP is spoken.
    #[must_use]
    pub fn imap_addr(&self) -> SocketAddr {
        self.imap.addr()
    }

    /// Makes a mailbox. Its domain is the world's own from then on: mail to another address there is refused (550 5.1.1).
    pub fn add_account(&self, address: &str, password: &str) {
        self.post.add_account(address, password);
    }

    /// Puts a message into the INBOX of an address, as it is; its UID.
    pub fn deliver(&self, address: &str, raw: &[u8]) -> u32 {
        self.deliver_at(address, raw, None)
    }

    /// The same, with the time at which it is to have come; none: now.
    pub fn deliver_at(&self, address: &str, raw: &[u8], at: Option<Timestamp>) -> u32 {
        self.post.deliver(address, "INBOX", raw, Vec::new(), at)
    }

    /// Puts a message that its owner has seen into a folder, which is made when it is missing: what a mail program does with
    /// what was sent.
    pub fn file(&self, address: &str, folder: &str, raw: &[u8]) -> u32 {
        self.post.deliver(address, folder, raw, vec!["\\Seen".to_owned()], None)
    }

    /// Every address that has a mailbox, in the order of the alphabet.
    #[must_use]
    pub fn addresses(&self) -> Vec<String> {
        self.post.addresses()
    }

    /// What lies in a folder, by UID; nothing where there is no such folder.
    #[must_use]
    pub fn messages(&self, address: &str, folder: &str) -> Vec<StoredMail> {
        self.post.look(address, folder, |it| it.mails.clone()).unwrap_or_default()
    }

    /// Waits until a folder holds what was waited for.
    ///
    /// # Errors
    /// When `within` is over; says what the folder holds instead.
    pub async fn wait_for(
        &self,
        address: &str,
        folder: &str,
        within: Duration,
        enough: impl Fn(&[StoredMail]) -> bool,
    ) -> Result<Vec<StoredMail>, WaitedInVain> {
        let mut news = self.post.news();
        let met = tokio::time::timeout(within, async {
            loop {
                news.borrow_and_update();
                let held = self.messages(address, folder);
                if enough(&held) {
                    return held;
                }
                if news.changed().await.is_err() {
                    std::future::pending::<()>().await;
                }
            }
        })
        .await;
        met.map_err(|_| WaitedInVain { address: address.to_owned(), folder: folder.to_owned(), held: self.messages(address, folder) })
    }

    /// Deletes a message behind everybody's back, as another mail program would.
    pub fn expunge(&self, address: &str, folder: &str, uid: u32) {
        self.post.change_folder(address, folder, |it| it.take(|mail| mail.uid == uid));
    }

    /// Sets a flag behind everybody's back, as another mail program would.
    pub fn flag(&self, address: &str, folder: &str, uid: u32, flag: &str) {
        self.post.change_folder(address, folder, |it| {
            it.flag(uid, |flags| {
                if !flags.iter().any(|it| it.eq_ignore_ascii_case(flag)) {
                    flags.push(flag.to_owned());
                }
            });
        });
    }

    /// Gives every message of a folder a new UID under a new UIDVALIDITY, and cuts the IMAP connections: a server
    /// does that between two sessions.
    pub fn renumber(&self, address: &str, folder: &str) {
        self.imap.drop_connections();
        self.post.renumber(address, folder, |_| ());
    }

    /// The same, the newest first: an old message then has a higher number than a new one.
    pub fn renumber_newest_first(&self, address: &str, folder: &str) {
        self.imap.drop_connections();
        self.post.renumber(address, folder, |it| it.reverse());
    }

    /// Empties a folder and gives its numbers again from 1 under the same UIDVALIDITY: no server may, some do.
    pub fn begin_numbers_again(&self, address: &str, folder: &str) {
        self.imap.drop_connections();
        self.post.begin_again(address, folder);
    }

    /// Puts another message under a number that is given already: likewise.
    pub fn put_under(&self, address: &str, folder: &str, uid: u32, raw: &[u8]) {
        self.imap.drop_connections();
        self.post.change_folder(address, folder, |it| it.put_under(uid, raw));
    }

    /// From now on, mail for this address is treated so: see [`Treatment`].
    pub fn treat(&self, address: &str, treatment: Treatment) {
        self.post.treat(address, Some(treatment));
    }

    /// Answers RCPT for this address with a code: 5yz refuses, 4yz puts off.
    pub fn refuse(&self, address: &str, code: u16, text: &str) {
        self.treat(address, Treatment::AtRecipient(code, text.to_owned()));
    }

    /// Mail for this address is as any other again.
    pub fn treat_well(&self, address: &str) {
        self.post.treat(address, None);
    }

    /// Changes how the servers behave, for connections that exist and those to come.
    pub fn misbehave(&self, how: impl FnOnce(&mut Faults)) {
        self.faults.change(how);
    }

    /// Cuts every IMAP connection; new ones are welcome.
    pub fn drop_imap_connections(&self) {
        self.imap.drop_connections();
    }

    /// Cuts every SMTP connection; new ones are welcome.
    pub fn drop_smtp_connections(&self) {
        self.smtp.drop_connections();
    }

    /// Shuts the IMAP server down: its port refuses connections until [`World::start_imap`].
    pub async fn stop_imap(&self) {
        self.imap.close().await;
    }

    /// Opens the IMAP server again, on the port that it had.
    ///
    /// # Errors
    /// When the port is taken.
    pub async fn start_imap(&self) -> io::Result<()> {
        self.imap.reopen().await?;
        self.serve_imap();
        Ok(())
    }

    /// Shuts the SMTP server down: its port refuses connections until [`World::start_smtp`].
    pub async fn stop_smtp(&self) {
        self.smtp.close().await;
    }

    /// Opens the SMTP server again, on the port that it had.
    ///
    /// # Errors
    /// When the port is taken.
    pub async fn start_smtp(&self) -> io::Result<()> {
        self.smtp.reopen().await?;
        self.serve_smtp();
        Ok(())
    }

    /// Ends both servers and waits until nothing of them runs.
    pub async fn stop(self) {
        self.imap.close().await;
        self.smtp.close().await;
    }

    fn serve_imap(&self) {
        let (post, faults) = (self.post.clone(), self.faults.clone());
        self.imap.serve(move |stream| imap::serve(stream, post.clone(), faults.clone()));
    }

    fn serve_smtp(&self) {
        let (post, faults) = (self.post.clone(), self.faults.clone());
        self.smtp.serve(move |stream| smtp::serve(stream, post.clone(), faults.clone()));
    }
}
