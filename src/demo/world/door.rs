//! A listening port whose connections end with it.

use std::{
    io,
    net::SocketAddr,
    sync::{Mutex, MutexGuard, PoisonError},
};

use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

pub(super) struct Door {
    addr: SocketAddr,
    /// Counts how often all connections were cut.
    cuts: watch::Sender<u32>,
    open: Mutex<Open>,
}

struct Open {
    listener: Option<TcpListener>,
    closing: CancellationToken,
    tasks: TaskTracker,
}

impl Open {
    fn with(listener: TcpListener) -> Self {
        Self { listener: Some(listener), closing: CancellationToken::new(), tasks: TaskTracker::new() }
    }
}

impl Door {
    pub(super) async fn open(addr: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(addr).await?;
        Ok(Self { addr: listener.local_addr()?, cuts: watch::channel(0).0, open: Mutex::new(Open::with(listener)) })
    }

    pub(super) fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Listens again on the same port.
    pub(super) async fn reopen(&self) -> io::Result<()> {
        self.close().await;
        *self.inner() = Open::with(TcpListener::bind(self.addr).await?);
        Ok(())
    }

    /// Runs `each` for every connection until the door closes.
    pub(super) fn serve<F: Future<Output = ()> + Send + 'static>(&self, each: impl Fn(TcpStream) -> F + Send + Sync + 'static) {
        let mut open = self.inner();
        let Some(listener) = open.listener.take() else { return };
        let (closing, tasks, cuts) = (open.closing.clone(), open.tasks.clone(), self.cuts.clone());
        open.tasks.spawn(async move {
            loop {
                let accepted = tokio::select! {
                    () = closing.cancelled() => return,
                    accepted = listener.accept() => accepted,
                };
                let Ok((stream, _)) = accepted else { continue };
                // An answer is small and waited for: it must not wait for more octets to travel with.
                stream.set_nodelay(true).ok();
                let (closing, mut cuts, served) = (closing.clone(), cuts.subscribe(), each(stream));
                tasks.spawn(async move {
                    tokio::select! {
                        () = closing.cancelled() => (),
                        _ = cuts.changed() => (),
                        () = served => (),
                    }
                });
            }
        });
    }

    pub(super) fn drop_connections(&self) {
        self.cuts.send_modify(|it| *it += 1);
    }

    /// Ends the listener and every connection, and waits for them.
    pub(super) async fn close(&self) {
        let (closing, tasks) = {
            let mut open = self.inner();
            open.listener = None;
            (open.closing.clone(), open.tasks.clone())
        };
        closing.cancel();
        tasks.close();
        tasks.wait().await;
    }

    fn inner(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        self.inner().closing.cancel();
    }
}
