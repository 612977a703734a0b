//! A mailbox is tried at its two servers before it is kept: signs in to both, sends nothing, changes nothing.

use std::time::Duration;

use crate::{
    config::Mailbox,
    desk::mailbox::{MailServer, Tls},
    mail::{
        imap::{ImapLimits, probe},
        smtp::{SmtpLimits, SmtpPool},
    },
};

/// A person waits for the answer.
const PATIENCE: Duration = Duration::from_secs(15);

/// What came of one of the two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tried {
    /// What was tried: `Reading`, `Sending`.
    pub what: &'static str,
    /// What was found, or what is wrong, and the mend.
    pub says: String,
    works: Works,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Works {
    Yes,
    NotKnown,
    No,
}

impl Tried {
    /// Whether it does not work.
    #[must_use]
    pub fn fails(&self) -> bool {
        self.works == Works::No
    }

    /// Whether it works for certain.
    #[must_use]
    pub fn works(&self) -> bool {
        self.works == Works::Yes
    }
}

/// Both, at one time.
pub async fn try_mailbox(mailbox: &Mailbox) -> Vec<Tried> {
    if mailbox.settings.oauth.is_some() {
        let says = "it signs in with OAuth 2.0: save it, then press Connect on the page Mail; both servers are tried then".to_owned();
        return vec![Tried { what: "Sign-in", says, works: Works::NotKnown }];
    }
    let (reading, sending) = tokio::join!(reading(mailbox), sending(mailbox));
    vec![reading, sending]
}

async fn reading(mailbox: &Mailbox) -> Tried {
    let Some(folder) = &mailbox.imap else {
        return Tried { what: "Reading", says: "no folder is watched: a mail server hands mail over".to_owned(), works: Works::Yes };
    };
    let account = &folder.account;
    let limits = ImapLimits { connect: PATIENCE, answer: PATIENCE, ..ImapLimits::default() };
    let (says, works) = match probe(account, limits).await {
        Ok(found) if found.folder.read_only => (
            format!(
                "{} opens {} for reading only; give the account the right to write to it, or try it in shadow mode",
                account.server, account.folder
            ),
            Works::No,
        ),
        Ok(found) => {
            let tells = if found.capabilities.idle { "" } else { "; it does not tell of new mail by itself, so it is asked every minute" };
            let (n, protection) = (found.folder.exists, protection(&account.server));
            (
                format!("{}, {protection}, signed in as {}, {} holds {n} messages{tells}", account.server, account.user, account.folder),
                Works::Yes,
            )
        }
        Err(why) => (why.to_string(), Works::No),
    };
    Tried { what: "Reading", says, works }
}

async fn sending(mailbox: &Mailbox) -> Tried {
    let account = &mailbox.smtp;
    let limits = SmtpLimits { connect: PATIENCE, command: PATIENCE, ..SmtpLimits::default() };
    let (says, works) = match SmtpPool::with_limits(account.clone(), limits).probe().await {
        Ok(_) => {
            let who = account.sign_in.as_ref().map_or_else(|| "nobody signs in".to_owned(), |(user, _)| format!("signed in as {user}"));
            (format!("{}, {}, {who}", account.server, protection(&account.server)), Works::Yes)
        }
        Err(why) => (why.to_string(), Works::No),
    };
    Tried { what: "Sending", says, works }
}

fn protection(server: &MailServer) -> &'static str {
    match server.tls {
        Tls::Implicit => "TLS",
        Tls::StartTls => "STARTTLS",
        Tls::None => "no TLS, on this machine",
    }
}
