//! How often somebody may try a password: per account and per address; and how much a program may ask.

use std::{hash::Hash, net::IpAddr, num::NonZeroU32, ops::Add, sync::Arc, time::Duration};

use governor::{
    Quota, RateLimiter,
    clock::{Clock as GovernorClock, MonotonicClock, Reference},
    middleware::StateInformationMiddleware,
    nanos::Nanos,
    state::keyed::DashMapStateStore,
};

use crate::{clock::Clock, desk::id::ApiTokenId};

/// Tries for one account before a pause, and how soon one comes back.
const PER_ACCOUNT: (u32, Duration) = (8, Duration::from_secs(120));

/// Tries from one address before a pause, and how soon one comes back.
const PER_ADDRESS: (u32, Duration) = (40, Duration::from_secs(20));

/// Codes tried for one account before a pause, and how soon one comes back: who tries has the password already, and a code is one of a
/// million.
const CODES: (u32, Duration) = (5, Duration::from_secs(300));

/// Links to sign in that are mailed to one address before a pause, and how soon another may be.
const LINKS: (u32, Duration) = (3, Duration::from_secs(300));

/// Requests with one token of the API at once, and how soon one more may be made: ten a second all day.
const REQUESTS: (u32, Duration) = (300, Duration::from_millis(100));

/// More keys than this are swept first.
const SWEEP_OVER: usize = 10_000;

/// The answer to "may I try?".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Try {
    /// Yes; so many more for this account before a pause.
    Go {
        /// After this one.
        left: u32,
    },
    /// Not before so long.
    Wait {
        /// At least a second.
        seconds: u64,
    },
}

type Limiter<K> = RateLimiter<K, DashMapStateStore<K>, Steady, StateInformationMiddleware>;

/// Counts the tries of this process.
pub struct Throttle {
    accounts: Limiter<String>,
    addresses: Limiter<IpAddr>,
    codes: Limiter<String>,
    links: Limiter<String>,
    requests: Limiter<i64>,
    clock: Steady,
}

impl std::fmt::Debug for Throttle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Throttle").finish_non_exhaustive()
    }
}

impl Throttle {
    /// With every try still to be had.
    #[must_use]
    pub fn new(clock: &Clock) -> Self {
        let clock = Steady::new(clock);
        let (accounts, addresses) = (limiter(PER_ACCOUNT, &clock), limiter(PER_ADDRESS, &clock));
        Self {
            accounts,
            addresses,
            codes: limiter(CODES, &clock),
            links: limiter(LINKS, &clock),
            requests: limiter(REQUESTS, &clock),
            clock,
        }
    }

    /// Counts a try for an account from an address, and says whether it may be made. `account` is what was typed, folded:
    /// whether somebody has it makes no difference.
    #[must_use]
    pub fn attempt(&self, account: &str, address: IpAddr) -> Try {
        self.count(&self.accounts, account, address)
    }

    /// Counts a code that is tried for an account: fewer are than passwords.
    #[must_use]
    pub fn attempt_code(&self, account: &str, address: IpAddr) -> Try {
        self.count(&self.codes, account, address)
    }

    /// Counts a link that is asked for to an address, whether or not somebody has it.
    #[must_use]
    pub fn attempt_link(&self, account: &str, address: IpAddr) -> Try {
        self.count(&self.links, account, address)
    }

    /// Counts a token of the API that opened nothing, and says whether the next try is heard at all. One that is good is never counted:
    /// whoever shares an address with a program that has an old one is not held up by it.
    #[must_use]
    pub fn attempt_token(&self, address: IpAddr) -> Try {
        sweep(&self.addresses);
        match self.addresses.check_key(&network(address)) {
            Ok(state) => Try::Go { left: state.remaining_burst_capacity() },
            Err(not_until) => wait(not_until.wait_time_from(self.clock.now())),
        }
    }

    /// Counts a request with a token of the API.
    #[must_use]
    pub fn request(&self, token: ApiTokenId) -> Try {
        sweep(&self.requests);
        match self.requests.check_key(&token.0) {
            Ok(state) => Try::Go { left: state.remaining_burst_capacity() },
            Err(not_until) => wait(not_until.wait_time_from(self.clock.now())),
        }
    }

    fn count(&self, accounts: &Limiter<String>, account: &str, address: IpAddr) -> Try {
        sweep(accounts);
        sweep(&self.addresses);
        if let Err(not_until) = self.addresses.check_key(&network(address)) {
            return wait(not_until.wait_time_from(self.clock.now()));
        }
        let account: String = account.chars().take(254).collect();
        match accounts.check_key(&account) {
            Ok(state) => Try::Go { left: state.remaining_burst_capacity() },
            Err(not_until) => wait(not_until.wait_time_from(self.clock.now())),
        }
    }
}

fn wait(time: Duration) -> Try {
    Try::Wait { seconds: time.as_secs().max(1) }
}

fn sweep<K: Hash + Eq + Clone>(limiter: &Limiter<K>) {
    if limiter.len() > SWEEP_OVER {
        limiter.retain_recent();
        limiter.shrink_to_fit();
    }
}

fn limiter<K: Hash + Eq + Clone>((burst, period): (u32, Duration), clock: &Steady) -> Limiter<K> {
    let burst = NonZeroU32::new(burst).expect("a limit allows at least one");
    let quota = Quota::with_period(period).expect("a period is not zero").allow_burst(burst);
    RateLimiter::dashmap_with_clock(quota, clock.clone()).with_middleware()
}

/// A household has a whole IPv6 /64: it counts as one address.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(it) => IpAddr::V4(it),
        IpAddr::V6(it) => IpAddr::V6((it.to_bits() & !u128::from(u64::MAX)).into()),
    }
}

/// Time that only goes forward: a wall clock put back a year must not lock everybody out for as long.
#[derive(Clone, Debug)]
struct Steady {
    source: Source,
}

#[derive(Clone, Debug)]
enum Source {
    Machine { clock: MonotonicClock, began: std::time::Instant },
    Test(Clock),
}

/// Nanoseconds since some moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Moment(u64);

impl Steady {
    fn new(clock: &Clock) -> Self {
        let source = match clock {
            Clock::System | Clock::Shifted(_) => Source::Machine { clock: MonotonicClock, began: MonotonicClock.now() },
            Clock::Still(at) => Source::Test(Clock::Still(Arc::clone(at))),
        };
        Self { source }
    }
}

impl GovernorClock for Steady {
    type Instant = Moment;

    fn now(&self) -> Moment {
        let nanos = match &self.source {
            Source::Machine { clock, began } => clock.now().duration_since(*began).as_nanos(),
            Source::Test(clock) => u128::try_from(clock.now().as_nanosecond()).unwrap_or(0),
        };
        Moment(u64::try_from(nanos).unwrap_or(u64::MAX))
    }
}

impl Reference for Moment {
    fn duration_since(&self, earlier: Self) -> Nanos {
        self.0.saturating_sub(earlier.0).into()
    }

    fn saturating_sub(&self, duration: Nanos) -> Self {
        Self(self.0.saturating_sub(duration.as_u64()))
    }
}

impl Add<Nanos> for Moment {
    type Output = Self;

    fn add(self, other: Nanos) -> Self {
        Self(self.0.saturating_add(other.as_u64()))
    }
}

#[cfg(test)]
mod tests {
    use jiff::{SignedDuration, Timestamp};

    use super::*;

    const HOME: &str = "192.0.2.7";

    #[test]
    fn an_account_pauses_after_eight_tries_and_goes_on_two_minutes_later() {
        let clock = Clock::still(Timestamp::from_second(1_800_000_000).unwrap());
        let throttle = Throttle::new(&clock);
        let home = HOME.parse().unwrap();
        for left in (0..8).rev() {
            assert_eq!(throttle.attempt("hal@desk.test", home), Try::Go { left });
        }
        assert!(matches!(throttle.attempt("hal@desk.test", home), Try::Wait { seconds: 119..=120 }));
        assert_eq!(throttle.attempt("ada@desk.test", home), Try::Go { left: 7 }, "another account is not held up");
        clock.advance(SignedDuration::from_secs(121));
        assert_eq!(throttle.attempt("hal@desk.test", home), Try::Go { left: 0 });
    }

    #[test]
    fn a_program_may_ask_ten_times_a_second_and_wrong_tokens_hold_up_their_address() {
        let clock = Clock::still(Timestamp::from_second(1_800_000_000).unwrap());
        let throttle = Throttle::new(&clock);
        for left in (0..300).rev() {
            assert_eq!(throttle.request(ApiTokenId(7)), Try::Go { left });
        }
        assert_eq!(throttle.request(ApiTokenId(7)), Try::Wait { seconds: 1 });
        assert_eq!(throttle.request(ApiTokenId(8)), Try::Go { left: 299 }, "another token has its own");
        clock.advance(SignedDuration::from_secs(1));
        assert_eq!(throttle.request(ApiTokenId(7)), Try::Go { left: 9 });
        for left in (0..40).rev() {
            assert_eq!(throttle.attempt_token(HOME.parse().unwrap()), Try::Go { left });
        }
        assert!(matches!(throttle.attempt_token(HOME.parse().unwrap()), Try::Wait { seconds: 19..=20 }));
    }

    #[test]
    fn an_address_that_tries_many_accounts_pauses_too() {
        let clock = Clock::still(Timestamp::from_second(1_800_000_000).unwrap());
        let throttle = Throttle::new(&clock);
        let address = |last: u16| IpAddr::from([0x2001, 0xdb8, 0, 1, 0, 0, 0, last]);
        for n in 0..40 {
            assert_eq!(throttle.attempt(&format!("{n}@desk.test"), address(n)), Try::Go { left: 7 });
        }
        assert!(matches!(throttle.attempt("hal@desk.test", address(99)), Try::Wait { .. }), "one /64 is one address");
        assert_eq!(throttle.attempt("hal@desk.test", HOME.parse().unwrap()), Try::Go { left: 7 });
    }
}
