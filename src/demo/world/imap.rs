//! The world's IMAP server: IMAP4rev1 (RFC 3501), IDLE (2177), MOVE (6851), UIDPLUS (4315), LITERAL+ (7888), UNSELECT (3691).
//!
//! imap-next reads and writes the protocol; here stands what each command means.

mod fetch;
mod folders;
mod mime;
mod search;
mod selected;
mod structure;
mod view;

use std::{collections::VecDeque, num::NonZeroU32};

use imap_next::{
    imap_types::{
        auth::{AuthMechanism, AuthenticateData},
        command::{Command, CommandBody},
        core::{Tag, Text, Vec1},
        mailbox::Mailbox,
        response::{Capability, Code, CodeOther, CommandContinuationRequest, Data, Greeting, Status},
    },
    server::{Error as ProtocolError, Event, Options, Server},
    stream::{Error as StreamError, Stream},
    types::CommandAuthenticate,
};
use tokio::net::TcpStream;

use self::{fetch::Fetching, view::View};
use super::{faults::Shared, post::Post, smtp::LARGEST};

/// Octets of message data that wait in the server at one time, so that a large FETCH is given piece by piece.
const WINDOW: usize = 512 * 1024;

/// Serves one connection to its end.
pub(super) async fn serve(stream: TcpStream, post: Post, faults: Shared) {
    let mut session = Session::new(post, faults);
    let mut stream = Stream::insecure(stream);
    let mut news = session.post.news();
    while !session.over() {
        session.give_more();
        let event = tokio::select! {
            event = stream.next(&mut session.server) => event,
            changed = news.changed() => {
                if changed.is_ok() && session.idle.is_some() {
                    session.tell_news();
                }
                continue;
            }
        };
        match event {
            Ok(event) => session.meet(event),
            Err(StreamError::State(fault)) => session.refuse_malformed(&fault),
            Err(StreamError::Closed | StreamError::Io(_) | StreamError::Tls(_)) => return,
        }
    }
}

struct Session {
    post: Post,
    faults: Shared,
    server: Server,
    user: Option<String>,
    view: Option<View>,
    idle: Option<Tag<'static>>,
    authenticating: Option<Tag<'static>>,
    fetching: Option<Fetching>,
    /// Sizes of the responses that are on their way, oldest first.
    on_their_way: VecDeque<usize>,
    leaving: bool,
}

impl Session {
    fn new(post: Post, faults: Shared) -> Self {
        let mut options = Options::default();
        options.crlf_relaxed = true;
        options.max_literal_size = u32::try_from(LARGEST).unwrap_or(u32::MAX);
        options.max_command_size = options.max_literal_size.saturating_add(64 * 1024);
        let greeting = Greeting::ok(Some(Code::Capability(capabilities(&faults))), "maildesk world");
        let greeting = greeting.expect("a plain sentence is a valid greeting");
        Self {
            post,
            faults,
            server: Server::new(options, greeting),
            user: None,
            view: None,
            idle: None,
            authenticating: None,
            fetching: None,
            on_their_way: VecDeque::new(),
            leaving: false,
        }
    }

    /// Whether everything is said.
    fn over(&self) -> bool {
        self.leaving && self.on_their_way.is_empty()
    }

    fn meet(&mut self, event: Event) {
        match event {
            Event::GreetingSent { .. } => (),
            Event::ResponseSent { .. } => {
                self.on_their_way.pop_front();
            }
            Event::CommandReceived { command } => self.obey(command),
            Event::CommandAuthenticateReceived { command_authenticate } => self.begin_authentication(command_authenticate),
            Event::AuthenticateDataReceived { authenticate_data } => self.end_authentication(authenticate_data),
            Event::IdleCommandReceived { tag } => self.begin_idle(tag),
            Event::IdleDoneReceived => {
                if let Some(tag) = self.idle.take() {
                    self.ok(tag, "idle no more");
                }
            }
        }
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "a command that is not done here is answered BAD, and so will new ones be")]
    fn obey(&mut self, command: Command<'static>) {
        let Command { tag, body } = command;
        match body {
            CommandBody::Capability => {
                let capabilities = capabilities(&self.faults);
                self.data(Data::Capability(capabilities));
                self.ok(tag, "that is all");
            }
            CommandBody::Noop | CommandBody::Check => {
                self.tell_news();
                self.ok(tag, "here");
            }
            CommandBody::Logout => {
                self.status(Status::bye(None, "goodbye"));
                self.ok(tag, "goodbye");
                self.leaving = true;
            }
            CommandBody::Login { username, password } => {
                let user = String::from_utf8_lossy(username.as_ref()).into_owned();
                let password = String::from_utf8_lossy(password.declassify().as_ref()).into_owned();
                self.sign_in(tag, &user, &password);
            }
            body => match self.user.clone() {
                None => self.no(tag, None, "sign in first"),
                Some(user) => self.obey_signed_in(tag, body, &user),
            },
        }
    }

    fn sign_in(&mut self, tag: Tag<'static>, user: &str, password: &str) {
        let refused = self.faults.now().refuse_imap_sign_in;
        self.user = self.post.sign_in(user, password).filter(|_| !refused);
        if self.user.is_some() {
            let code = Code::Capability(capabilities(&self.faults));
            self.status(Status::ok(Some(tag), Some(code), "signed in"));
        } else {
            // RFC 5530 §3: the client then knows that asking again does not help.
            let code = Some(Code::Other(CodeOther::unvalidated(b"AUTHENTICATIONFAILED".as_slice())));
            self.no(tag, code, "wrong user or password");
        }
    }

    fn begin_authentication(&mut self, command: CommandAuthenticate) {
        let CommandAuthenticate { tag, mechanism, initial_response } = command;
        if mechanism != AuthMechanism::Plain {
            self.finish_authentication(Status::no(Some(tag), None, "PLAIN or LOGIN"));
            return;
        }
        self.authenticating = Some(tag);
        match initial_response {
            Some(response) => self.end_authentication(AuthenticateData::Continue(response)),
            None => {
                let go_on = CommandContinuationRequest::base64(b"".as_slice());
                if self.server.authenticate_continue(go_on).is_ok() {
                    self.on_their_way.push_back(0);
                }
            }
        }
    }

    fn end_authentication(&mut self, data: AuthenticateData<'static>) {
        let Some(tag) = self.authenticating.take() else { return };
        let AuthenticateData::Continue(response) = data else {
            self.finish_authentication(Status::bad(Some(tag), None, "as you wish"));
            return;
        };
        let mut fields = response.declassify().split(|it| *it == 0).skip(1).map(|it| String::from_utf8_lossy(it).into_owned());
        let (user, password) = (fields.next().unwrap_or_default(), fields.next().unwrap_or_default());
        let refused = self.faults.now().refuse_imap_sign_in;
        self.user = self.post.sign_in(&user, &password).filter(|_| !refused);
        self.finish_authentication(match self.user {
            Some(_) => Status::ok(Some(tag), Some(Code::Capability(capabilities(&self.faults))), "signed in"),
            None => Status::no(Some(tag), None, "wrong user or password"),
        });
    }

    fn finish_authentication<E: std::fmt::Debug>(&mut self, status: Result<Status<'static>, E>) {
        if self.server.authenticate_finish(status.expect("a plain sentence is a valid status")).is_ok() {
            self.on_their_way.push_back(0);
        }
    }

    fn begin_idle(&mut self, tag: Tag<'static>) {
        let may = self.view.is_some() && !self.faults.now().is_without("IDLE");
        let said = if may {
            let idling = CommandContinuationRequest::basic(None, "idling").expect("a plain sentence is a valid continuation");
            self.server.idle_accept(idling).is_ok()
        } else {
            let refused = Status::bad(Some(tag.clone()), None, "no idling here").expect("a plain sentence is a valid status");
            self.server.idle_reject(refused).is_ok()
        };
        if said {
            self.on_their_way.push_back(0);
        }
        if may {
            self.idle = Some(tag);
            self.tell_news();
        }
    }

    fn refuse_malformed(&mut self, fault: &ProtocolError) {
        let (ProtocolError::ExpectedCrlfGotLf { discarded_bytes }
        | ProtocolError::MalformedMessage { discarded_bytes }
        | ProtocolError::LiteralTooLong { discarded_bytes }
        | ProtocolError::CommandTooLong { discarded_bytes }) = fault;
        // imap-next answers a literal that is too long by itself.
        if let ProtocolError::LiteralTooLong { .. } = fault {
            self.on_their_way.push_back(0);
            return;
        }
        let first = discarded_bytes.declassify().split(|it| *it == b' ').next().unwrap_or_default();
        let tag = std::str::from_utf8(first).ok().and_then(|it| Tag::try_from(it.to_owned()).ok());
        self.status(Status::bad(tag, None, "that is not IMAP, or not done here"));
    }

    fn data(&mut self, data: Data<'static>) {
        self.server.enqueue_data(data);
        self.on_their_way.push_back(0);
    }

    fn status<E: std::fmt::Debug>(&mut self, status: Result<Status<'static>, E>) {
        self.server.enqueue_status(status.expect("a plain sentence is a valid status"));
        self.on_their_way.push_back(0);
    }

    fn ok(&mut self, tag: Tag<'static>, text: &'static str) {
        self.status(Status::ok(Some(tag), None, text));
    }

    fn no(&mut self, tag: Tag<'static>, code: Option<Code<'static>>, text: &'static str) {
        self.status(Status::no(Some(tag), code, text));
    }

    fn bad(&mut self, tag: Tag<'static>, text: &'static str) {
        self.status(Status::bad(Some(tag), None, text));
    }
}

fn capabilities(faults: &Shared) -> Vec1<Capability<'static>> {
    let faults = faults.now();
    let all = ["IMAP4REV1", "LITERAL+", "SASL-IR", "AUTH=PLAIN", "UNSELECT", "IDLE", "MOVE", "UIDPLUS"];
    let names = all.iter().filter(|it| !faults.is_without(it));
    let known: Vec<Capability<'static>> = names.filter_map(|it| Capability::try_from(*it).ok()).collect();
    Vec1::try_from(known).expect("IMAP4REV1 is always there")
}

/// A folder's name as it is kept: the modified UTF-7 that came over the wire (RFC 3501 §5.1.3).
fn name_of(mailbox: &Mailbox<'_>) -> String {
    match mailbox {
        Mailbox::Inbox => "INBOX".to_owned(),
        Mailbox::Other(other) => String::from_utf8_lossy(other.inner().as_ref()).into_owned(),
    }
}

fn number(n: u32) -> NonZeroU32 {
    NonZeroU32::new(n).unwrap_or(NonZeroU32::MIN)
}

fn text(words: &str) -> Text<'static> {
    Text::try_from(words.to_owned()).unwrap_or_else(|_| Text::unvalidated("?"))
}
