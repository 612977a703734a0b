//! `[[mailbox]]`: where its mail is taken from, who answers, and through which server.

use std::{collections::BTreeSet, net::IpAddr};

use jiff::SignedDuration;

use super::{
    Given,
    fault::Place,
    oauth,
    section::{Noted, Refusal, Section, unreadable},
    source::{Table, Value},
    value::{self, duration, list, parsed, text, text_or_empty, whole, word},
};
use crate::desk::{
    mailbox::{ImapAccount, MailServer, SignIn, SmtpAccount, Tls},
    oauth::{CurrentToken, OAuthClient, Place as KnownPlace},
    settings::{
        FirstConnection, ListMail, MailboxSettings, Mode, Portal, Receipt, Satisfaction, SenderName, StatusNotice, SubAddressing,
        TakeExisting, WayIn,
    },
};

/// One mailbox: how it reads and answers, and the two servers it does so through.
#[derive(Clone, Debug)]
pub struct Mailbox {
    /// How it reads and answers.
    pub settings: MailboxSettings,
    /// Where its mail is taken from; none: a mail server hands it over.
    pub imap: Option<WatchedFolder>,
    /// Where its mail is given to.
    pub smtp: SmtpAccount,
    /// Messages handed over in a minute at most.
    pub per_minute: u32,
    /// What of its switches is given; what is not, people may choose on the web.
    pub given: Given,
}

/// A folder that is watched.
#[derive(Clone, Debug)]
pub struct WatchedFolder {
    /// Which, and who reads it.
    pub account: ImapAccount,
    /// It is looked at so often where the server does not tell of new mail by itself (IDLE, RFC 2177).
    pub poll_every: SignedDuration,
}

impl Mailbox {
    /// The access token that it signs in with; none: it does so with passwords, or not at all.
    #[must_use]
    pub fn token(&self) -> Option<&CurrentToken> {
        let (imap, smtp) = (self.imap.as_ref().map(|it| &it.account.sign_in), self.smtp.sign_in.as_ref().map(|(_, it)| it));
        [imap, smtp].into_iter().flatten().find_map(SignIn::token)
    }
}

const TLS: &[(&str, Tls)] = &[("implicit", Tls::Implicit), ("starttls", Tls::StartTls), ("none", Tls::None)];

/// What can be chosen on the web where the file is silent.
const SWITCHES: [&str; 2] = ["receipt", "notices"];

/// All mailboxes; each is called `desk_name` where it does not say otherwise. `has_door`: a mail server can hand mail over.
pub(super) fn read(top: &mut Section<'_>, desk_name: &str, has_door: bool) -> Result<Vec<Mailbox>, Noted> {
    let tables = top.tables("mailbox");
    let read: Vec<_> = tables.into_iter().enumerate().map(|(at, it)| one(top, at, it, (desk_name, has_door))).collect();
    let mailboxes: Vec<Mailbox> = read.into_iter().collect::<Result<_, _>>()?;
    for (at, mailbox) in mailboxes.iter().enumerate() {
        for same in mailboxes[..at].iter().filter_map(|other| what_two_share(mailbox, other)) {
            top.at_odds(&format!("two mailboxes have the same {same}; give each its own"));
        }
    }
    Ok(mailboxes)
}

fn what_two_share(one: &Mailbox, other: &Mailbox) -> Option<String> {
    let folder = |it: &Mailbox| {
        let ImapAccount { server, user, folder, .. } = &it.imap.as_ref()?.account;
        Some(format!("folder {folder:?} of {user} on {server}"))
    };
    if one.settings.name == other.settings.name {
        Some(format!("name {:?}", one.settings.name))
    } else if one.settings.address == other.settings.address {
        Some(format!("address {}", one.settings.address))
    } else {
        folder(one).filter(|it| folder(other).as_ref() == Some(it))
    }
}

fn one(top: &mut Section<'_>, at: usize, (table, place): (Table, Place), (desk_name, has_door): (&str, bool)) -> Result<Mailbox, Noted> {
    let called = table.get("name").and_then(|it| short_name(&it.value).ok()).unwrap_or_else(|| format!("no. {}", at + 1));
    let mut mailbox = top.named("mailbox", &called, (table, place));
    let about_a_folder: Vec<&str> = ["take_existing", "first_connection"].into_iter().filter(|it| mailbox.has(it)).collect();
    let given = Given(SWITCHES.into_iter().filter(|it| mailbox.has(it)).map(str::to_owned).collect());
    let settings = settings(&mut mailbox, desk_name);
    let oauth = oauth::read(mailbox.table("oauth"));
    // Both servers are given the one token.
    let tokens = match &oauth {
        Ok(None) => None,
        Ok(Some(read)) => Some(Tokens { current: CurrentToken::default(), places: read.preset.as_ref().map(|it| (it.imap, it.smtp)) }),
        Err(Noted) => Some(Tokens::default()),
    };
    let imap = way_in(&mut mailbox, tokens.as_ref(), has_door, &about_a_folder);
    let user = imap.as_ref().ok().and_then(|it| Some(it.as_ref()?.account.user.as_str()));
    let smtp = smtp(mailbox.table("smtp"), tokens.as_ref(), user);
    let (imap, (smtp, per_minute)) = match (imap, smtp) {
        (Ok(imap), Ok(smtp)) => (imap, smtp),
        (Err(noted), _) | (_, Err(noted)) => {
            mailbox.finish();
            return Err(noted);
        }
    };
    let way_in = if imap.is_some() { WayIn::Folder } else { WayIn::HandedOver };
    let mut read = Mailbox { settings: MailboxSettings { way_in, ..settings? }, imap, smtp, per_minute, given };
    if let Some(oauth) = oauth? {
        let whose = read.imap.as_ref().map(|it| it.account.user.clone()).or(read.smtp.sign_in.as_ref().map(|(user, _)| user.clone()));
        match whose.filter(|_| read.token().is_some()) {
            Some(user) => read.settings.oauth = Some(OAuthClient { user, ..oauth.client }),
            None => return Err(mailbox.at_odds("nothing signs in with the tokens of [mailbox.oauth]; leave it out")),
        }
    }
    mailbox.finish();
    Ok(read)
}

/// The folder that is watched; none: a mail server hands its mail over.
fn way_in(
    mailbox: &mut Section<'_>,
    tokens: Option<&Tokens>,
    has_door: bool,
    about_a_folder: &[&str],
) -> Result<Option<WatchedFolder>, Noted> {
    if mailbox.has_table("imap") {
        return imap(mailbox.table("imap"), tokens).map(Some);
    }
    if !has_door {
        let mend = "write [mailbox.imap] for a folder that is watched, or lmtp.listen for a mail server that hands it over";
        return Err(mailbox.at_odds(&format!("no mail can come in; {mend}")));
    }
    for key in about_a_folder {
        mailbox.at_odds(&format!("{key} is about a folder, and this mailbox has none; leave it out, or write [mailbox.imap]"));
    }
    Ok(None)
}

/// Where a mailbox of `[mailbox.oauth]` signs in, and with what.
#[derive(Default)]
struct Tokens {
    current: CurrentToken,
    /// The provider's own servers, for taking mail and for giving it.
    places: Option<(KnownPlace, KnownPlace)>,
}

fn settings(mailbox: &mut Section<'_>, desk_name: &str) -> Result<MailboxSettings, Noted> {
    let name = mailbox.required("name", "write a short one such as \"support\"", short_name);
    let address = mailbox.required("address", "write the address that customers write to", parsed);
    let display_name = mailbox.or("display_name", desk_name.to_owned(), value::name);
    // Every key is asked for, whatever is missing: all faults are told at once.
    let nobody = || "nobody@localhost.invalid".parse().expect("a fixed address that is well formed");
    let plain =
        MailboxSettings::new(name.as_deref().unwrap_or_default(), address.as_ref().map_or_else(|_| nobody(), Clone::clone), &display_name);
    let settings = MailboxSettings {
        mode: mailbox.or("mode", plain.mode, word(Mode::WORDS)),
        take_existing: mailbox.or("take_existing", plain.take_existing, word(TakeExisting::WORDS)),
        first_connection: mailbox.or("first_connection", plain.first_connection, word(FirstConnection::WORDS)),
        list_mail: mailbox.or("list_mail", plain.list_mail, word(ListMail::WORDS)),
        authserv_id: mailbox.optional("authserv_id", text),
        sub_addressing: mailbox.or("sub_addressing", plain.sub_addressing, word(SubAddressing::WORDS)),
        notices: BTreeSet::from_iter(mailbox.or("notices", plain.notices.iter().copied().collect(), list(word(StatusNotice::WORDS)))),
        receipt: mailbox.or("receipt", plain.receipt, word(Receipt::WORDS)),
        satisfaction: mailbox.or("satisfaction", plain.satisfaction, word(Satisfaction::WORDS)),
        sender_name: mailbox.or("sender_name", plain.sender_name, word(SenderName::WORDS)),
        portal: mailbox.or("portal", plain.portal, word(Portal::WORDS)),
        probe_every: mailbox.optional("probe_every", duration("5m", "7d")),
        ..plain
    };
    name?;
    address?;
    Ok(settings)
}

fn imap(mut imap: Section<'_>, tokens: Option<&Tokens>) -> Result<WatchedFolder, Noted> {
    let known = tokens.and_then(|it| it.places).map(|(it, _)| it);
    let server = server(&mut imap, known, |tls| match tls {
        Tls::Implicit => 993,
        Tls::StartTls | Tls::None => 143,
    });
    let user = imap.required("user", "write who signs in: often the whole address", text);
    let sign_in = match (imap.secret("password"), tokens) {
        (Err(noted), _) => Err(noted),
        (Ok(Some(password)), None) => Ok(SignIn::Password(password)),
        (Ok(None), Some(tokens)) => Ok(SignIn::Token(tokens.current.clone())),
        (Ok(None), None) => Err(no_password(&mut imap)),
        (Ok(Some(_)), Some(_)) => Err(imap.at_odds("password and [mailbox.oauth] are both given; keep one of them")),
    };
    let folder = imap.or("folder", "INBOX".to_owned(), text);
    let done_folder = imap.or("done_folder", "Processed".to_owned(), text_or_empty);
    let poll_every = imap.or("poll_every", SignedDuration::from_mins(1), duration("5s", "1h"));
    if done_folder == folder {
        imap.at_odds("done_folder and folder are the same; write done_folder = \"\" to leave what is taken in where it is");
    }
    imap.finish();
    let done_folder = Some(done_folder).filter(|it| !it.is_empty());
    Ok(WatchedFolder { account: ImapAccount { server: server?, user: user?, sign_in: sign_in?, folder, done_folder }, poll_every })
}

fn smtp(mut smtp: Section<'_>, tokens: Option<&Tokens>, imap_user: Option<&str>) -> Result<(SmtpAccount, u32), Noted> {
    // A server of one's own is signed in to in its own way.
    let own = smtp.has("host");
    let known = tokens.and_then(|it| it.places).map(|(_, it)| it);
    let server = server(&mut smtp, known, |tls| match tls {
        Tls::Implicit => 465,
        Tls::StartTls => 587,
        Tls::None => 25,
    });
    let user = smtp.optional("user", text_or_empty);
    let nobody = user.as_ref().is_some_and(String::is_empty);
    let user = user.filter(|it| !it.is_empty());
    let sign_in = match (user, smtp.secret("password"), tokens) {
        (_, Err(noted), _) => Err(noted),
        (_, Ok(Some(_)), Some(_)) if !own => {
            Err(smtp.at_odds("password and [mailbox.oauth] are both given; leave the password out, or write the host that it is for"))
        }
        (Some(user), Ok(Some(password)), _) => Ok(Some((user, SignIn::Password(password)))),
        (None, Ok(Some(_)), _) => Err(smtp.missing("user", "a password is given, so write who signs in with it")),
        (user, Ok(None), Some(tokens)) if !nobody => match user.or_else(|| imap_user.map(str::to_owned)) {
            Some(user) => Ok(Some((user, SignIn::Token(tokens.current.clone())))),
            None => Err(smtp.missing("user", "write whose token it is: often the whole address")),
        },
        (None, Ok(None), _) => Ok(None),
        (Some(_), Ok(None), _) => Err(no_password(&mut smtp)),
    };
    let connections = smtp.or("max_connections", 2, whole(1_usize..=50));
    let per_minute = smtp.or("per_minute", 120, whole(1..=100_000));
    smtp.finish();
    Ok((SmtpAccount { server: server?, sign_in: sign_in?, connections }, per_minute))
}

fn no_password(section: &mut Section<'_>) -> Noted {
    let mend = format!("write it there, name a file that holds it in password_file, or set {}", section.variable("password"));
    section.missing("password", &mend)
}

/// `known`: the provider's own, which need not be written.
fn server(section: &mut Section<'_>, known: Option<KnownPlace>, usual_port: impl Fn(Tls) -> u16) -> Result<MailServer, Noted> {
    let known = known.filter(|_| !section.has("host"));
    let host = match known {
        Some(known) => Ok(section.or("host", known.host.to_owned(), host)),
        None => section.required("host", "write the mail server’s name", host),
    };
    let tls = section.or("tls", known.map_or(Tls::Implicit, |it| it.tls), word(TLS));
    let usual_port = known.filter(|it| it.tls == tls).map_or_else(|| usual_port(tls), |it| it.port);
    let port = section.or("port", usual_port, whole(1..=u16::MAX));
    let ca_file = section.path("ca_file");
    if let Some(why) = ca_file.as_ref().and_then(|it| std::fs::File::open(it).err().map(|why| unreadable(it, &why))) {
        section.at_odds(&format!("ca_file {why}"));
    }
    let host = host?;
    if tls == Tls::None && !is_this_machine(&host) {
        return Err(section.at_odds("tls = \"none\" is only allowed to this machine; use \"implicit\" or \"starttls\""));
    }
    Ok(MailServer { host, port, tls, ca_file })
}

fn host(value: &Value) -> Result<String, Refusal> {
    let host = text(value)?;
    let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':');
    if host.parse::<std::net::SocketAddr>().is_ok() || (host.contains(':') && host.parse::<IpAddr>().is_err()) {
        return Err("holds a port; write it as port = …".to_owned());
    }
    if host.chars().all(good) { Ok(host) } else { Err("is not the name or the address of a machine".to_owned()) }
}

/// Loopback, by name or by address.
fn is_this_machine(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|it| it.is_loopback())
}

fn short_name(value: &Value) -> Result<String, Refusal> {
    let name = text(value)?;
    let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if name.len() <= 32 && name.chars().all(good) { Ok(name) } else { Err("is not 1 to 32 of a-z, 0-9 and -".to_owned()) }
}
