//! How much may come in a minute from one visitor and from one address.
//!
//! Each has a bucket that holds a minute's worth and fills at that rate (GCRA, by `governor`). There
//! is a fixed number of buckets, and a visitor's or address's is found by a digest under a key of this
//! process, so memory is bounded whatever names and addresses are made up, and nobody can choose
//! whose bucket to share. Two that share one by chance share its rate, which is far from what either
//! needs. Buckets that are full again are given back.
//!
//! Addresses of the owner's own servers, and this machine's, are not limited: one such address sends
//! for many visitors. Never keeps an address.

use std::hash::{BuildHasher as _, Hash, RandomState};
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use firstglance_engine::VisitorId;
use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use ipnet::IpNet;

use crate::config;
use crate::ingest::Share;

/// Buckets of one kind. All of them in use take about four megabytes.
const BUCKETS: u64 = 1 << 17;

/// After so many questions those that are full are given back.
const QUESTIONS: u32 = 1 << 16;

/// See the module.
pub(super) struct Limiters {
    events: Option<Buckets>,
    requests: Option<Buckets>,
    own: Vec<IpNet>,
}

impl Limiters {
    pub(super) fn new(limits: &config::Limits, trusted_proxies: &[IpNet]) -> Self {
        Self {
            events: limits.visitor_events.and_then(Buckets::new),
            requests: limits.address_requests.and_then(Buckets::new),
            own: [&limits.servers[..], trusted_proxies].concat(),
        }
    }

    /// Whether an address is one of the owner's own machines. A proxy's is what is known where it
    /// does not tell the client's, and then all visitors have it.
    pub(super) fn is_own(&self, address: IpAddr) -> bool {
        self.own.iter().any(|network| network.contains(&address))
    }

    /// Counts a request of an address.
    ///
    /// # Errors
    /// How long to wait where there were too many.
    pub(super) fn request(&self, address: IpAddr) -> Result<(), Duration> {
        match &self.requests {
            Some(requests) if !self.is_own(address) => requests.take(&subscriber(address), 1),
            _ => Ok(()),
        }
    }

    /// Counts so many messages of a visitor, as far as they may come.
    pub(super) fn events(&self, visitor: &VisitorId, count: u32) -> Share {
        let Some(events) = &self.events else {
            return Share::All;
        };
        // What never fits into a bucket gets what there is in a full one.
        let part = count.min(events.most);
        match events.take(visitor, part) {
            Ok(()) if part == count => Share::All,
            Ok(()) => Share::First(part),
            Err(wait) => Share::None { wait },
        }
    }
}

/// How often an address may try to sign in.
pub(super) struct SignIns(Option<Buckets>);

impl SignIns {
    /// Tries of one address in a minute: a person's typing errors, and no more.
    const A_MINUTE: u32 = 10;

    pub(super) fn new() -> Self {
        Self(Buckets::new(Self::A_MINUTE))
    }

    /// Counts a try.
    ///
    /// # Errors
    /// How long to wait where there were too many.
    pub(super) fn attempt(&self, address: IpAddr) -> Result<(), Duration> {
        let buckets = self.0.as_ref();
        buckets.map_or(Ok(()), |buckets| buckets.take(&subscriber(address), 1))
    }
}

/// What one subscriber has: of an IPv6 address the network of 64 bits, in which a device changes its
/// address as it likes.
fn subscriber(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let network = address.to_bits() >> 64 << 64;
            IpAddr::V6(Ipv6Addr::from_bits(network))
        }
        short => short,
    }
}

/// The buckets of one kind.
struct Buckets {
    most: u32,
    limiter: DefaultKeyedRateLimiter<u32>,
    names: RandomState,
    asked: AtomicU32,
    clock: DefaultClock,
}

impl Buckets {
    fn new(a_minute: u32) -> Option<Self> {
        let quota = Quota::per_minute(NonZeroU32::new(a_minute)?);
        Some(Self {
            most: a_minute,
            limiter: RateLimiter::keyed(quota),
            names: RandomState::new(),
            asked: AtomicU32::new(0),
            clock: DefaultClock::default(),
        })
    }

    /// Takes so many out of somebody's bucket, or none of them.
    fn take(&self, whose: &impl Hash, count: u32) -> Result<(), Duration> {
        let Some(count) = NonZeroU32::new(count) else {
            return Ok(());
        };
        if self.asked.fetch_add(1, Ordering::Relaxed) % QUESTIONS == QUESTIONS - 1 {
            self.limiter.retain_recent();
            self.limiter.shrink_to_fit();
        }
        let bucket = self.names.hash_one(whose) % BUCKETS;
        match self.limiter.check_key_n(&(bucket as u32), count) {
            Ok(Ok(())) => Ok(()),
            Ok(Err(until)) => Err(until.wait_time_from(self.clock.now())),
            // More than a full bucket holds; nobody asks for that.
            Err(_) => Err(Duration::from_secs(60)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limiters(events: u32, requests: u32) -> Limiters {
        let limits = config::Limits {
            visitor_events: Some(events),
            address_requests: Some(requests),
            servers: vec!["203.0.113.0/24".parse().unwrap()],
        };
        Limiters::new(&limits, &["127.0.0.1/32".parse().unwrap()])
    }

    #[test]
    fn who_shares_a_bucket() {
        for (first, second, shared) in [
            ("198.51.100.7", "198.51.100.7", true),
            ("198.51.100.7", "::ffff:198.51.100.7", true),
            ("198.51.100.7", "198.51.100.8", false),
            ("2001:db8::1", "2001:db8::ffff:ffff:ffff:ffff", true),
            ("2001:db8::1", "2001:db8:0:1::1", false),
            // The owner's own servers and this machine are not limited.
            ("203.0.113.9", "203.0.113.9", false),
            ("127.0.0.1", "127.0.0.1", false),
        ] {
            let limiters = limiters(1, 1);
            assert!(limiters.request(first.parse().unwrap()).is_ok(), "{first}");
            let again = limiters.request(second.parse().unwrap());
            assert_eq!(again.is_err(), shared, "{first} {second}");
            if let Err(wait) = again {
                assert!(wait > Duration::ZERO && wait <= Duration::from_secs(60));
            }
        }
    }

    #[test]
    fn a_visitor_gets_all_or_nothing_but_of_what_never_fits() {
        let limiters = limiters(10, 1);
        let (one, other) = (
            VisitorId::anonymous("one").unwrap(),
            VisitorId::anonymous("other").unwrap(),
        );
        assert!(matches!(limiters.events(&one, 7), Share::All));
        assert!(matches!(limiters.events(&one, 7), Share::None { .. }));
        assert!(matches!(limiters.events(&one, 3), Share::All));
        assert!(matches!(limiters.events(&other, 11), Share::First(10)));
        assert!(matches!(limiters.events(&other, 11), Share::None { .. }));
    }

    #[test]
    fn memory_is_bounded_whatever_names_there_are() {
        let limiters = limiters(1_000_000, 1);
        let events = limiters.events.as_ref().unwrap();
        for number in 0..400_000_u32 {
            let visitor = VisitorId::anonymous(&format!("v{number}")).unwrap();
            assert!(matches!(limiters.events(&visitor, 1), Share::All));
            assert!(events.limiter.len() as u64 <= BUCKETS);
        }
        // A bucket of this size is full again at once.
        std::thread::sleep(Duration::from_millis(1));
        events.limiter.retain_recent();
        assert_eq!(events.limiter.len(), 0);
    }
}
