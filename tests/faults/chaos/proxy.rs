//! Between the daemon and a server: every octet passes here, and what is ordered happens to it.

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{ReadHalf, WriteHalf},
    },
    sync::{Mutex as Road, watch},
};

use super::plan::{Harm, Way};

/// Octets that come one by one once it drips.
const DRIPPED: usize = 200;

/// What waits for its octet.
#[derive(Clone, Copy, Debug)]
enum Order {
    /// So many octets from now, that way.
    Octet { way: Way, left: usize, harm: Harm },
    /// At the n-th COMMIT from now; whether nothing passes any more from then on.
    Commit { left: u64, passed: bool, closes: bool },
}

#[derive(Debug)]
struct Orders {
    order: Mutex<Option<Order>>,
    hits: watch::Sender<u64>,
    refuses: AtomicBool,
    cuts: watch::Sender<u64>,
    /// Octets that became others, or came on top.
    corrupted: AtomicU64,
}

pub struct Proxy {
    pub port: u16,
    orders: Arc<Orders>,
}

impl Proxy {
    /// Before the server at an address.
    pub async fn before(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let orders = Arc::new(Orders {
            order: Mutex::new(None),
            hits: watch::channel(0).0,
            refuses: AtomicBool::new(false),
            cuts: watch::channel(0).0,
            corrupted: AtomicU64::new(0),
        });
        let serving = orders.clone();
        tokio::spawn(async move {
            loop {
                let Ok((client, _)) = listener.accept().await else { continue };
                if serving.refuses.load(Ordering::SeqCst) {
                    client.set_zero_linger().ok();
                    continue;
                }
                tokio::spawn(carry(client, server, serving.clone()));
            }
        });
        Self { port, orders }
    }

    /// Orders harm to the octet that comes `after` so many that way, on whichever connection.
    pub fn order(&self, way: Way, after: usize, harm: Harm) {
        *self.orders.order.lock().unwrap() = Some(Order::Octet { way, left: after, harm });
    }

    /// Orders a cut at the n-th COMMIT from now: before it passes, or before its answer does.
    pub fn order_at_commit(&self, nth: u64, passed: bool) {
        *self.orders.order.lock().unwrap() = Some(Order::Commit { left: nth, passed, closes: false });
    }

    /// Orders a cut at the next COMMIT, before its answer passes, and takes no connection from then on until it is opened again.
    pub fn order_to_close_at_commit(&self) {
        *self.orders.order.lock().unwrap() = Some(Order::Commit { left: 1, passed: true, closes: true });
    }

    /// Waits until what was ordered has happened; whether it has. What has not is called off.
    pub async fn happened(&self, within: Duration) -> bool {
        let mut hits = self.orders.hits.subscribe();
        hits.borrow_and_update();
        let open = || self.orders.order.lock().unwrap().is_some();
        let waited = async {
            while open() {
                if hits.changed().await.is_err() {
                    return;
                }
            }
        };
        tokio::time::timeout(within, waited).await.ok();
        self.orders.order.lock().unwrap().take().is_none()
    }

    /// Takes no connection and has none until it is opened again.
    pub fn close(&self) {
        self.orders.refuses.store(true, Ordering::SeqCst);
        self.cut_all();
    }

    pub fn open(&self) {
        self.orders.refuses.store(false, Ordering::SeqCst);
    }

    pub fn cut_all(&self) {
        self.orders.cuts.send_modify(|it| *it += 1);
    }

    /// Nothing is ordered any more. Who was stalled or told nonsense may begin anew.
    pub fn heal(&self) {
        self.orders.order.lock().unwrap().take();
        self.open();
        self.cut_all();
    }

    pub fn corrupted(&self) -> u64 {
        self.orders.corrupted.load(Ordering::SeqCst)
    }
}

async fn carry(mut client: TcpStream, server: SocketAddr, orders: Arc<Orders>) {
    let mut cuts = orders.cuts.subscribe();
    let Ok(mut server) = TcpStream::connect(server).await else { return };
    client.set_nodelay(true).ok();
    server.set_nodelay(true).ok();
    let link = Link { orders: &orders, road: Road::new(()), unanswered: AtomicBool::new(false), reset: AtomicBool::new(false) };
    let ((from_client, to_client), (from_server, to_server)) = (client.split(), server.split());
    tokio::select! {
        _ = cuts.changed() => (),
        _ = link.pump(Way::Up, from_client, to_server) => (),
        _ = link.pump(Way::Down, from_server, to_client) => (),
    }
    if link.reset.load(Ordering::SeqCst) {
        client.set_zero_linger().ok();
        server.set_zero_linger().ok();
    }
}

/// One connection that passes here.
struct Link<'a> {
    orders: &'a Orders,
    /// Held by whoever lets octets pass; a stall holds it against both ways.
    road: Road<()>,
    /// A COMMIT has passed whose answer is not to.
    unanswered: AtomicBool,
    /// Its end is a reset.
    reset: AtomicBool,
}

impl Link<'_> {
    async fn pump(&self, way: Way, mut from: ReadHalf<'_>, mut to: WriteHalf<'_>) -> io::Result<()> {
        let mut buffer = vec![0; 16 * 1024];
        loop {
            let n = from.read(&mut buffer).await?;
            if n == 0 || (way == Way::Down && self.unanswered.load(Ordering::SeqCst)) {
                return Ok(());
            }
            let octets = &buffer[..n];
            match self.meets_commit(way, octets) {
                Some(true) => self.unanswered.store(true, Ordering::SeqCst),
                Some(false) => return self.cut(true),
                None => (),
            }
            match self.meets_octet(way, n) {
                None => self.pass(&mut to, octets).await?,
                Some((at, harm)) => self.harm(&mut to, octets, at, harm).await?,
            }
        }
    }

    async fn pass(&self, to: &mut WriteHalf<'_>, octets: &[u8]) -> io::Result<()> {
        let _road = self.road.lock().await;
        to.write_all(octets).await
    }

    async fn harm(&self, to: &mut WriteHalf<'_>, octets: &[u8], at: usize, harm: Harm) -> io::Result<()> {
        let (before, rest) = octets.split_at(at);
        self.pass(to, before).await?;
        self.orders.hits.send_modify(|it| *it += 1);
        match harm {
            Harm::Cut { reset } => return self.cut(reset),
            Harm::Delay(ms) => tokio::time::sleep(Duration::from_millis(ms)).await,
            Harm::Drip => {
                let (one_by_one, rest) = rest.split_at(rest.len().min(DRIPPED));
                for octet in one_by_one.chunks(1) {
                    self.pass(to, octet).await?;
                    tokio::time::sleep(Duration::from_millis(2)).await;
                }
                return self.pass(to, rest).await;
            }
            Harm::Stall { ms, then_cut } => {
                let _road = self.road.lock().await;
                tokio::time::sleep(Duration::from_millis(ms)).await;
                if then_cut {
                    return self.cut(false);
                }
            }
            Harm::Flip(bits) => {
                self.orders.corrupted.fetch_add(1, Ordering::SeqCst);
                self.pass(to, &[rest[0] ^ bits]).await?;
                return self.pass(to, &rest[1..]).await;
            }
            Harm::Insert(octet) => {
                self.orders.corrupted.fetch_add(1, Ordering::SeqCst);
                self.pass(to, &[octet]).await?;
            }
        }
        self.pass(to, rest).await
    }

    fn cut(&self, reset: bool) -> io::Result<()> {
        self.reset.store(reset, Ordering::SeqCst);
        Err(io::ErrorKind::ConnectionReset.into())
    }

    /// Whether the octet of the order is among the next n, and at which place; the order is taken then.
    fn meets_octet(&self, here: Way, n: usize) -> Option<(usize, Harm)> {
        let mut order = self.orders.order.lock().unwrap();
        let Some(Order::Octet { way, left, harm }) = &mut *order else { return None };
        if *way != here {
            return None;
        }
        if *left >= n {
            *left -= n;
            return None;
        }
        let met = (*left, *harm);
        *order = None;
        Some(met)
    }

    /// Counts a COMMIT, as sqlx says it (`Q`, four octets of length, text, NUL); at the one of the order, whether it passes.
    fn meets_commit(&self, here: Way, octets: &[u8]) -> Option<bool> {
        let mut order = self.orders.order.lock().unwrap();
        let Some(Order::Commit { left, passed, closes }) = &mut *order else { return None };
        if here != Way::Up || !octets.windows(7).any(|it| it.eq_ignore_ascii_case(b"COMMIT\0")) {
            return None;
        }
        *left -= 1;
        if *left > 0 {
            return None;
        }
        let passed = *passed;
        if *closes {
            // Here, and not once somebody has heard of it: by then the outcome may have been asked for.
            self.orders.refuses.store(true, Ordering::SeqCst);
            self.orders.cuts.send_modify(|it| *it += 1);
        }
        *order = None;
        self.orders.hits.send_modify(|it| *it += 1);
        Some(passed)
    }
}
