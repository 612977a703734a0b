//! What goes wrong, in which order: it follows from the seed and the kind of world alone.

use super::random::Random;

/// How a world is wired, which says what can go wrong in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wiring {
    /// TLS between daemon and servers; else plain, as only loopback may be.
    pub tls: bool,
    pub postgres: bool,
    /// So many on one database; more than one on PostgreSQL alone.
    pub daemons: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wire {
    Imap,
    Smtp,
    Database,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// From the server to the daemon.
    Down,
    /// From the daemon to the server.
    Up,
}

/// What happens to the octets of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Harm {
    /// The connection ends: with a reset, or as if it were at its end.
    Cut { reset: bool },
    /// What follows comes so many milliseconds late.
    Delay(u64),
    /// What follows comes octet by octet.
    Drip,
    /// Nothing comes through either way for so long, and nobody says so; then all of it does, or the connection is gone.
    Stall { ms: u64, then_cut: bool },
    /// The octet becomes another.
    Flip(u8),
    /// An octet more.
    Insert(u8),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    Wire {
        wire: Wire,
        way: Way,
        after: usize,
        harm: Harm,
    },
    /// The port takes no connection, and has none.
    Down {
        wire: Wire,
        ms: u64,
    },
    /// SIGKILL; started again at once.
    Kill {
        daemon: usize,
    },
    /// SIGSTOP, and SIGCONT.
    Stop {
        daemon: usize,
        ms: u64,
    },
    /// SIGTERM; started again.
    Term {
        daemon: usize,
    },
    /// Not an octet more can be written.
    FullDisk {
        ms: u64,
    },
    /// The wall clock is so many days off.
    Clock {
        daemon: usize,
        days: i64,
        ms: u64,
    },
    /// PostgreSQL ends without a checkpoint and starts again.
    Restart,
    /// The connection ends when a COMMIT is about to pass, or has passed and its answer has not.
    AtCommit {
        passed: bool,
        nth: u64,
    },
}

impl Fault {
    /// For counting.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Wire { wire: Wire::Imap, harm, .. } => {
                named(*harm, ["imap cut", "imap delayed", "imap dripped", "imap stalled", "imap corrupted"])
            }
            Self::Wire { wire: Wire::Smtp, harm, .. } => {
                named(*harm, ["smtp cut", "smtp delayed", "smtp dripped", "smtp stalled", "smtp corrupted"])
            }
            Self::Wire { wire: Wire::Database, harm, .. } => {
                named(*harm, ["database cut", "database delayed", "database dripped", "database stalled", ""])
            }
            Self::Down { wire: Wire::Imap, .. } => "imap down",
            Self::Down { wire: Wire::Smtp, .. } => "smtp down",
            Self::Down { wire: Wire::Database, .. } => "database down",
            Self::Kill { .. } => "kill -9",
            Self::Stop { ms: 30_000.., .. } => "SIGSTOP past the lease",
            Self::Stop { .. } => "SIGSTOP",
            Self::Term { .. } => "SIGTERM",
            Self::FullDisk { .. } => "disk full",
            Self::Clock { .. } => "clock jumped",
            Self::Restart => "database restarted",
            Self::AtCommit { passed: false, .. } => "cut before COMMIT",
            Self::AtCommit { passed: true, .. } => "cut after COMMIT",
        }
    }
}

fn named(harm: Harm, names: [&'static str; 5]) -> &'static str {
    match harm {
        Harm::Cut { .. } => names[0],
        Harm::Delay(_) => names[1],
        Harm::Drip => names[2],
        Harm::Stall { .. } => names[3],
        Harm::Flip(_) | Harm::Insert(_) => names[4],
    }
}

/// Of several daemons one is stopped past its lease, first of all and then after so many faults.
const LONG_STOP_EVERY: usize = 60;

/// One fault after the other, without end.
pub struct Plan {
    random: Random,
    wiring: Wiring,
    planned: usize,
}

impl Plan {
    pub fn new(seed: u64, wiring: Wiring) -> Self {
        Self { random: Random::new(seed), wiring, planned: 0 }
    }

    fn wire(&mut self, wire: Wire) -> Fault {
        let random = &mut self.random;
        let way = if random.percent(60) { Way::Down } else { Way::Up };
        // Most of what is said is short, some is long.
        let after = if random.percent(70) { random.between(0, 600) } else { random.between(600, 8000) };
        let corruptible = match wire {
            Wire::Imap | Wire::Smtp => self.wiring.tls || way == Way::Down,
            Wire::Database => false,
        };
        let harm = match random.between(0, 99) {
            0..35 => Harm::Cut { reset: random.percent(50) },
            35..45 => Harm::Delay(random.between(50, 800)),
            45..58 => Harm::Drip,
            58..70 => Harm::Stall { ms: random.between(200, 3000), then_cut: random.percent(50) },
            _ if !corruptible => Harm::Cut { reset: random.percent(50) },
            // In the clear, what is corrupted must be seen to be so: see the head of chaos/mod.rs.
            85.. => Harm::Insert(if self.wiring.tls { random.next() as u8 } else { 0xff }),
            _ => Harm::Flip(if self.wiring.tls { 1 << random.between(0, 7) } else { 0x80 }),
        };
        Fault::Wire { wire, way, after: usize::try_from(after).unwrap(), harm }
    }

    fn elsewhere(&mut self) -> Fault {
        let random = &mut self.random;
        let daemon = random.place(self.wiring.daemons);
        match random.between(0, 99) {
            0..45 => Fault::Kill { daemon },
            45..57 => Fault::Stop { daemon, ms: random.between(100, 3000) },
            57..66 => Fault::Term { daemon },
            66..76 if !self.wiring.postgres => Fault::FullDisk { ms: random.between(100, 2500) },
            66..76 => Fault::Restart,
            76..86 => Fault::Clock { daemon, days: if random.percent(50) { 365 } else { -365 }, ms: random.between(300, 2500) },
            86..93 => Fault::Down { wire: Wire::Imap, ms: random.between(100, 3000) },
            _ => Fault::Down { wire: Wire::Smtp, ms: random.between(100, 3000) },
        }
    }
}

impl Iterator for Plan {
    type Item = Fault;

    fn next(&mut self) -> Option<Fault> {
        self.planned += 1;
        if self.wiring.daemons > 1 && self.planned % LONG_STOP_EVERY == 1 {
            // The first time it is the one that began first, and has the mailbox: whoever wakes must not go on as if it had it still.
            let daemon = self.planned / LONG_STOP_EVERY % self.wiring.daemons;
            return Some(Fault::Stop { daemon, ms: self.random.between(45_000, 50_000) });
        }
        let at = self.random.between(0, 99);
        Some(if self.wiring.postgres {
            match at {
                0..25 => self.wire(Wire::Imap),
                25..47 => self.wire(Wire::Smtp),
                47..57 => self.wire(Wire::Database),
                57..60 => Fault::Down { wire: Wire::Database, ms: self.random.between(100, 2000) },
                60..74 => Fault::AtCommit { passed: self.random.percent(60), nth: self.random.between(1, 4) },
                _ => self.elsewhere(),
            }
        } else {
            match at {
                0..38 => self.wire(Wire::Imap),
                38..70 => self.wire(Wire::Smtp),
                _ => self.elsewhere(),
            }
        })
    }
}
