//! A small server that holds one message, and misbehaves in one way at first.

use std::{
    net::SocketAddr,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use socket2::SockRef;
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

use super::ways::{Certificate, Way, What};
use crate::{house_ca::HouseCa, scripted::Line, test_desk::mail};

/// So often.
const ILL: usize = 2;

/// Certificates right and wrong.
pub struct Houses {
    right: HouseCa,
    elsewhere: HouseCa,
    expired: HouseCa,
    /// The CAs of all of them, so that nothing is wrong but what is meant to be.
    pub both: PathBuf,
    _folder: tempfile::TempDir,
}

impl Houses {
    pub fn new() -> Self {
        let (right, elsewhere) = (HouseCa::for_server("127.0.0.1"), HouseCa::for_server("elsewhere.test"));
        let expired = HouseCa::expired("127.0.0.1");
        let folder = tempfile::tempdir().unwrap();
        let both = folder.path().join("ca.pem");
        let all: Vec<String> = [&right, &elsewhere, &expired].iter().map(|it| std::fs::read_to_string(it.ca_file()).unwrap()).collect();
        std::fs::write(&both, all.concat()).unwrap();
        Self { right, elsewhere, expired, both, _folder: folder }
    }
}

/// What all connections to one server share.
struct State {
    way: &'static Way,
    houses: Arc<Houses>,
    message: String,
    struck: AtomicUsize,
    moved: AtomicBool,
}

impl State {
    fn is_ill(&self) -> bool {
        self.struck.load(SeqCst) < ILL
    }

    fn strike(&self) {
        self.struck.fetch_add(1, SeqCst);
    }
}

/// Listens until it is dropped.
pub struct Server {
    pub addr: SocketAddr,
    state: Arc<State>,
    task: JoinHandle<()>,
}

impl Server {
    pub async fn start(way: &'static Way, n: usize, houses: Arc<Houses>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let message = mail(&format!("c{n}@home.test"), way.name, &[], &"It smokes.\n".repeat(20)).replace('\n', "\r\n");
        let state = Arc::new(State { way, houses, message, struck: AtomicUsize::new(0), moved: AtomicBool::new(false) });
        let shared = state.clone();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, shared.clone()));
            }
        });
        Self { addr, state, task }
    }

    /// How often it misbehaved.
    pub fn struck(&self) -> usize {
        self.state.struck.load(SeqCst)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(stream: TcpStream, state: Arc<State>) {
    let ill = state.is_ill();
    if ill && state.way.steps.iter().any(|(_, what)| matches!(what, What::AndReset(_))) {
        // To close then is to reset.
        SockRef::from(&stream).set_linger(Some(Duration::ZERO)).unwrap();
    }
    let house = match state.way.certificate {
        Certificate::Elsewhere if ill => &state.houses.elsewhere,
        Certificate::Expired if ill => &state.houses.expired,
        Certificate::Right | Certificate::Elsewhere | Certificate::Expired => &state.houses.right,
    };
    if ill && state.way.certificate != Certificate::Right {
        state.strike();
    }
    let line = if state.way.tls == maildesk::desk::mailbox::Tls::Implicit {
        match house.acceptor().accept(stream).await {
            Ok(protected) => Line::over(protected),
            Err(_) => return,
        }
    } else {
        Line::over(stream)
    };
    Session { state: &state }.converse(line).await;
}

struct Session<'a> {
    state: &'a State,
}

#[derive(PartialEq)]
enum Then {
    GoOn,
    End,
}

impl Session<'_> {
    async fn converse(&self, mut line: Line) {
        if self.turn(&mut line, "greeting", "", "* OK ready\r\n").await == Then::End {
            return;
        }
        let mut next = None;
        loop {
            let heard = match next.take() {
                Some(heard) => heard,
                None => line.hear().await,
            };
            let Some((tag, command)) = heard.split_once(' ') else { return };
            let (step, answer) = self.right(command);
            if self.turn(&mut line, step, tag, &answer).await == Then::End {
                return;
            }
            match step {
                "STARTTLS" => match self.state.houses.right.acceptor().accept(line.into_stream()).await {
                    Ok(protected) => line = Line::over(protected),
                    Err(_) => return,
                },
                "IDLE" => {
                    next = Some(line.hear().await).filter(|it| it != "DONE");
                    if next.is_none() && self.turn(&mut line, "DONE", tag, "TAG OK done\r\n").await == Then::End {
                        return;
                    }
                }
                _ => {}
            }
        }
    }

    /// A step of the protocol and the right answer to it.
    fn right(&self, command: &str) -> (&'static str, String) {
        let (message, there) = (&self.state.message, !self.state.moved.load(SeqCst));
        let date = "INTERNALDATE \"02-Nov-2026 10:00:00 +0000\"";
        let only_if = |it: bool, text: String| if it { text + "TAG OK\r\n" } else { "TAG OK\r\n".to_owned() };
        match command {
            it if it.starts_with("LOGIN") => ("LOGIN", "TAG OK in\r\n".to_owned()),
            it if it.starts_with("STARTTLS") => ("STARTTLS", "TAG OK go on\r\n".to_owned()),
            it if it.starts_with("CAPABILITY") => {
                ("CAPABILITY", "* CAPABILITY IMAP4rev1 STARTTLS IDLE MOVE UIDPLUS\r\nTAG OK\r\n".to_owned())
            }
            it if it.starts_with("SELECT") => {
                let exists = format!("* {} EXISTS\r\n", u8::from(there));
                ("SELECT", exists + "* OK [UIDVALIDITY 5] ok\r\n* OK [UIDNEXT 8] ok\r\nTAG OK [READ-WRITE] open\r\n")
            }
            it if it.contains("RFC822.SIZE") => {
                ("LIST", only_if(there, format!("* 1 FETCH (UID 7 RFC822.SIZE {} {date})\r\n", message.len())))
            }
            it if it.contains("BODY.PEEK[]") => {
                let whole = format!("* 1 FETCH (UID 7 {date} BODY[] {{{}}}\r\n{message})\r\n", message.len());
                ("BODY", only_if(there && it.starts_with("UID FETCH 7 "), whole))
            }
            it if it.starts_with("UID STORE") => ("STORE", "TAG OK\r\n".to_owned()),
            it if it.starts_with("UID MOVE") => {
                self.state.moved.store(true, SeqCst);
                ("MOVE", only_if(there, "* 1 EXPUNGE\r\n".to_owned()))
            }
            "NOOP" => ("NOOP", "TAG OK\r\n".to_owned()),
            "IDLE" => ("IDLE", "+ idling\r\n".to_owned()),
            "LOGOUT" => ("LOGOUT", "* BYE\r\nTAG OK\r\n".to_owned()),
            _ => ("other", "TAG BAD what\r\n".to_owned()),
        }
    }

    /// Says what is right, or what this server says instead.
    async fn turn(&self, line: &mut Line, step: &str, tag: &str, right: &str) -> Then {
        let wrong = self.state.way.steps.iter().find(|(at, _)| self.state.is_ill() && *at == step).map(|(_, what)| *what);
        let Some(wrong) = wrong else {
            line.say(right.replace("TAG", tag)).await;
            return Then::GoOn;
        };
        self.state.strike();
        let octets = |text: &[u8]| -> Vec<u8> {
            let text: String = text.iter().map(|it| char::from(*it)).collect();
            text.replace("TAG", tag).chars().map(|it| it as u8).collect()
        };
        match wrong {
            What::Instead(text) => line.say(octets(text)).await,
            What::Before(text) => {
                line.say(octets(text)).await;
                line.say(right.replace("TAG", tag)).await;
            }
            What::AndHang(text) => {
                line.say(octets(text)).await;
                line.be_silent().await;
                return Then::End;
            }
            What::AndClose(text) | What::AndReset(text) => {
                line.say(octets(text)).await;
                return Then::End;
            }
            What::Drip(text) => {
                for octet in octets(text).iter().cycle().take(200) {
                    line.say([*octet]).await;
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
                return Then::End;
            }
            What::Flood(text) => {
                let some = octets(text).repeat(1 + 16_000 / text.len());
                for _ in 0..2000 {
                    line.say(&some).await;
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
                return Then::End;
            }
        }
        Then::GoOn
    }
}
