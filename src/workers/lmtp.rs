//! Mail that a mail server hands over (LMTP, RFC 2033): accepted means committed, with an answer for each recipient.

mod look;
mod session;

use std::{io, net::IpAddr, os::unix::fs::PermissionsExt as _, path::Path, sync::Arc, time::Duration};

use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream, UnixListener, UnixStream},
    sync::Semaphore,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

pub use self::look::{Greeting, greeting, probe, write_to_itself};
use crate::{
    actions::Desk,
    desk::lmtp::{LmtpDoor, LmtpPlace},
    mail::lmtp::Wire,
};

/// What a client is greeted with.
const GREETING: &str = "220 maildesk LMTP ready";
/// What it is told instead where too many are there.
const TOO_MANY: &str = "421 4.3.2 too many connections; come again later";
/// What it is told where it may not come.
const NOT_YOU: &str = "554 5.7.1 this address may not hand mail over here";

/// Connections at one time; who comes then is asked to come again.
const MOST_CONNECTIONS: usize = 64;

/// For each thing that is waited for: RFC 5321 §4.5.3.2.7 asks a server to wait at least so long for a command.
const PATIENCE: Duration = Duration::from_secs(5 * 60);

/// After trouble with the listener (no file descriptors), it is tried again.
const PAUSE: Duration = Duration::from_millis(200);

/// A door that is open.
#[derive(Debug)]
pub struct OpenDoor {
    door: LmtpDoor,
    listener: Listener,
}

#[derive(Debug)]
enum Listener {
    Tcp(TcpListener),
    Unix(UnixListener),
}

impl OpenDoor {
    /// Listens.
    ///
    /// # Errors
    /// When the address or the socket cannot be had.
    pub async fn open(door: LmtpDoor) -> io::Result<Self> {
        let listener = match &door.at {
            LmtpPlace::Tcp(at) => Listener::Tcp(TcpListener::bind(at).await?),
            LmtpPlace::Unix(path, mode) => Listener::Unix(listen_unix(path, *mode).await?),
        };
        Ok(Self { door, listener })
    }

    /// Where it is: with the port that was given where none was asked for.
    #[must_use]
    pub fn place(&self) -> String {
        match &self.listener {
            Listener::Tcp(it) => it.local_addr().map_or_else(|_| self.door.at.to_string(), |it| it.to_string()),
            Listener::Unix(_) => self.door.at.to_string(),
        }
    }

    async fn next(&self) -> io::Result<Client> {
        match &self.listener {
            Listener::Tcp(it) => it.accept().await.map(|(stream, peer)| Client::Tcp(stream, peer.ip())),
            Listener::Unix(it) => it.accept().await.map(|(stream, _)| Client::Unix(stream)),
        }
    }
}

enum Client {
    Tcp(TcpStream, IpAddr),
    Unix(UnixStream),
}

/// A socket that nobody answers at is left from a daemon that was killed.
async fn listen_unix(path: &Path, mode: u32) -> io::Result<UnixListener> {
    if path.exists() {
        match UnixStream::connect(path).await {
            Ok(_) => return Err(io::Error::new(io::ErrorKind::AddrInUse, "another program listens there")),
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => std::fs::remove_file(path)?,
            Err(error) => return Err(error),
        }
    }
    let listener = UnixListener::bind(path)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode))?;
    Ok(listener)
}

/// Takes mail until it is told to stop; a message that is being taken then is taken to its end.
pub async fn run(desk: Arc<Desk>, open: OpenDoor, stop: CancellationToken) {
    tracing::info!("mail is handed over at {} (LMTP)", open.place());
    let (room, clients) = (Arc::new(Semaphore::new(MOST_CONNECTIONS)), TaskTracker::new());
    while !stop.is_cancelled() {
        let client = tokio::select! {
            () = stop.cancelled() => break,
            client = open.next() => client,
        };
        let client = match client {
            Ok(client) => client,
            Err(error) => {
                tracing::error!("nobody can hand mail over at {}: {error}", open.place());
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        };
        let (desk, stop, room) = (desk.clone(), stop.clone(), room.clone());
        match client {
            Client::Tcp(stream, peer) if !open.door.admits(peer) && !is_from_here(&stream, peer) => {
                tracing::warn!("{peer} may not hand mail over; name it in lmtp.allow if it is your mail server");
                clients.spawn(turn_away(stream, NOT_YOU));
            }
            Client::Tcp(stream, peer) => drop(clients.spawn(serve(desk, stream, peer.to_string(), room, stop))),
            Client::Unix(stream) => drop(clients.spawn(serve(desk, stream, "this machine".to_owned(), room, stop))),
        }
    }
    if let LmtpPlace::Unix(path, _) = &open.door.at {
        std::fs::remove_file(path).ok();
    }
    drop(open);
    clients.close();
    clients.wait().await;
}

async fn serve<S>(desk: Arc<Desk>, stream: S, peer: String, room: Arc<Semaphore>, stop: CancellationToken)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let Ok(_place) = room.try_acquire() else {
        return turn_away(stream, TOO_MANY).await;
    };
    if let Err(ended) = session::serve(&desk, &mut Wire::new(stream, PATIENCE), &stop).await {
        tracing::debug!("{peer} ended without QUIT: {ended}");
    }
}

/// Whoever asks from the address that is asked is this machine: it may, as on loopback.
fn is_from_here(stream: &TcpStream, peer: IpAddr) -> bool {
    stream.local_addr().is_ok_and(|it| it.ip() == peer)
}

async fn turn_away<S: AsyncRead + AsyncWrite + Unpin>(stream: S, answer: &'static str) {
    let mut wire = Wire::new(stream, Duration::from_secs(5));
    if wire.say(answer).await.is_ok() {
        wire.flush().await.ok();
    }
}
