//! The feed: what was committed, told to whoever listens, as it is on disk.
//!
//! It never slows a commit: where nobody listens it costs the look at two numbers. What was told last is
//! held in memory for as long as somebody listens and some minutes more, up to so many bytes, so that
//! whoever lost their connection goes on where they were. Whoever comes too late, or listens too slowly,
//! misses the oldest and learns how many. Of whoever is erased nothing is held any more.

use std::collections::VecDeque;
use std::fmt;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use firstglance_engine::model::Consent;
use firstglance_engine::{Message, Timestamp, VisitorId};
use tokio::sync::watch;

/// Bytes of messages that are held for those who come back and those who are slow.
const MOST_BYTES: usize = 16 * 1024 * 1024;

/// What a message takes beside its texts.
const OTHER_BYTES: usize = 256;

/// How long it goes on after the last listener has gone.
const KEPT: Duration = Duration::from_secs(5 * 60);

/// A message that was committed, new and for the first time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FedMessage {
    /// Whose.
    pub visitor: VisitorId,
    /// When it happened.
    pub timestamp: Timestamp,
    /// When the collector received it.
    pub received_at: Timestamp,
    /// Its id.
    pub message_id: Box<str>,
    /// Its type.
    pub kind: Box<str>,
    /// As it came.
    pub raw: Box<str>,
    /// The consent under which its request said that it came.
    pub consent: Option<Consent>,
    /// Context that the request gave for all its messages.
    pub context: Option<Box<str>>,
}

impl FedMessage {
    /// The message, read again; nothing where it cannot be.
    #[must_use]
    pub fn message(&self) -> Option<Message> {
        let context = self.context.as_deref();
        super::read_again(&self.raw, &self.kind, context, self.timestamp)
    }

    fn bytes(&self) -> usize {
        let context = self.context.as_deref().map_or(0, str::len);
        OTHER_BYTES + self.raw.len() + context + self.message_id.len()
    }
}

/// How far somebody has heard: after which message of which feed. No two feeds have places in common,
/// and whoever was not listened to for a while is another feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    feed: u64,
    after: u64,
}

impl Place {
    /// What a place as text matches.
    pub const PATTERN: &str = "^[0-9a-f]{16}-[0-9]{1,19}$";

    /// Reads what [`fmt::Display`] writes.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (feed, after) = text.split_once('-')?;
        let is = |text: &str, digit: fn(&u8) -> bool| text.as_bytes().iter().all(digit);
        let hexadecimal = is(feed, |byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        if feed.len() != 16 || !hexadecimal || !is(after, u8::is_ascii_digit) {
            return None;
        }
        Some(Self {
            feed: u64::from_str_radix(feed, 16).ok()?,
            after: after.parse().ok()?,
        })
    }
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:016x}-{}", self.feed, self.after)
    }
}

/// See the module.
#[derive(Clone)]
pub struct Feed {
    shared: Arc<Shared>,
    /// Changes with what is told; when all feeds have gone there will be nothing more.
    told: Arc<watch::Sender<()>>,
}

struct Shared {
    listeners: AtomicUsize,
    /// Until when it goes on though nobody listens, in milliseconds since `begun`; 0 where it does not.
    until: AtomicU64,
    begun: Instant,
    kept: Duration,
    most_bytes: usize,
    held: Mutex<Held>,
}

/// What was told last.
#[derive(Default)]
struct Held {
    /// Which feed this is.
    feed: u64,
    /// The number of the first message that is held.
    first: u64,
    /// Nothing in the place of what somebody sent who was erased.
    messages: VecDeque<Option<Arc<FedMessage>>>,
    bytes: usize,
}

/// Somebody who listens, until this is dropped.
pub struct Listener {
    shared: Arc<Shared>,
    told: watch::Receiver<()>,
    /// What they missed before they came, as far as anybody knows.
    gap: Option<Heard>,
    place: Place,
}

/// What a listener hears.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// A message.
    Message(Arc<FedMessage>),
    /// What came after the place from which they wanted to go on is not held any more: so many
    /// messages, or nobody knows how many.
    Gap(Option<u64>),
    /// So many messages were told faster than they were taken.
    Missed(u64),
    /// There will be no more: the store is closed.
    End,
}

impl Default for Feed {
    fn default() -> Self {
        Self::with(KEPT, MOST_BYTES)
    }
}

impl Held {
    /// The number of the message after the last.
    fn end(&self) -> u64 {
        self.first + self.messages.len() as u64
    }

    fn begin_anew(&mut self) {
        *self = Self {
            feed: RandomState::new().hash_one("feed"),
            ..Self::default()
        };
    }

    fn drop_oldest(&mut self) {
        if let Some(oldest) = self.messages.pop_front() {
            self.first += 1;
            self.bytes -= oldest.map_or(0, |message| message.bytes());
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// More than 0.
    fn milliseconds(&self) -> u64 {
        let elapsed = u64::try_from(self.begun.elapsed().as_millis());
        elapsed.unwrap_or(u64::MAX).saturating_add(1)
    }

    /// Whether it is too late to come back. What was held for that goes.
    fn is_over(&self, held: &mut Held) -> bool {
        let until = self.until.load(Ordering::SeqCst);
        let over = self.listeners.load(Ordering::SeqCst) == 0
            && (until == 0 || self.milliseconds() >= until);
        if over {
            self.until.store(0, Ordering::SeqCst);
            held.begin_anew();
        }
        over
    }
}

impl Feed {
    fn with(kept: Duration, most_bytes: usize) -> Self {
        let mut held = Held::default();
        held.begin_anew();
        Self {
            shared: Arc::new(Shared {
                listeners: AtomicUsize::new(0),
                until: AtomicU64::new(0),
                begun: Instant::now(),
                kept,
                most_bytes,
                held: Mutex::new(held),
            }),
            told: Arc::new(watch::Sender::new(())),
        }
    }

    /// Whether anybody listens, or may come back.
    #[must_use]
    pub fn is_heard(&self) -> bool {
        let shared = &self.shared;
        if shared.listeners.load(Ordering::SeqCst) > 0 {
            return true;
        }
        shared.until.load(Ordering::SeqCst) > 0 && !shared.is_over(&mut shared.lock())
    }

    /// Tells of messages that are on disk.
    pub fn tell(&self, messages: Vec<FedMessage>) {
        if messages.is_empty() {
            return;
        }
        let mut held = self.shared.lock();
        if self.shared.is_over(&mut held) {
            return;
        }
        for message in messages {
            held.bytes += message.bytes();
            held.messages.push_back(Some(Arc::new(message)));
        }
        while held.bytes > self.shared.most_bytes {
            held.drop_oldest();
        }
        drop(held);
        self.told.send_replace(());
    }

    /// Holds nothing any more of visitors who were erased.
    pub fn forget(&self, visitors: &[VisitorId]) {
        if visitors.is_empty() {
            return;
        }
        let mut held = self.shared.lock();
        let mut freed = 0;
        for one in &mut held.messages {
            if let Some(message) = one.take_if(|message| visitors.contains(&message.visitor)) {
                freed += message.bytes();
            }
        }
        held.bytes -= freed;
    }

    /// Listens from now on.
    #[must_use]
    pub fn listen(&self) -> Listener {
        self.listen_from(None)
    }

    /// Listens from after a place on; from now on where none is given or it is no place of this feed.
    #[must_use]
    pub fn listen_from(&self, place: Option<Place>) -> Listener {
        let shared = &self.shared;
        let mut held = shared.lock();
        shared.is_over(&mut held);
        shared.listeners.fetch_add(1, Ordering::SeqCst);
        let now = Place {
            feed: held.feed,
            after: held.end(),
        };
        let known = place.filter(|place| place.feed == held.feed && place.after <= now.after);
        let gap = match (place, known) {
            (None, _) => None,
            (Some(_), None) => Some(Heard::Gap(None)),
            (Some(_), Some(known)) => match held.first.saturating_sub(known.after) {
                0 => None,
                missed => Some(Heard::Gap(Some(missed))),
            },
        };
        let place = known.map_or(now, |known| Place {
            after: known.after.max(held.first),
            ..known
        });
        Listener {
            shared: shared.clone(),
            told: self.told.subscribe(),
            gap,
            place,
        }
    }
}

impl Listener {
    /// How far it has heard.
    #[must_use]
    pub const fn place(&self) -> Place {
        self.place
    }

    /// The next thing that is told. Nothing is lost where this is given up before it is there.
    pub async fn next(&mut self) -> Heard {
        if let Some(gap) = self.gap.take() {
            return gap;
        }
        loop {
            // What comes from here on is noticed below.
            self.told.mark_unchanged();
            if let Some(heard) = self.held() {
                return heard;
            }
            if self.told.changed().await.is_err() {
                return self.held().unwrap_or(Heard::End);
            }
        }
    }

    /// The next thing of what is held.
    fn held(&mut self) -> Option<Heard> {
        let held = self.shared.lock();
        let after = &mut self.place.after;
        if let Some(missed @ 1..) = held.first.checked_sub(*after) {
            *after = held.first;
            return Some(Heard::Missed(missed));
        }
        loop {
            let place = usize::try_from(*after - held.first).ok()?;
            let message = held.messages.get(place)?;
            *after += 1;
            if let Some(message) = message {
                return Some(Heard::Message(message.clone()));
            }
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let kept = u64::try_from(self.shared.kept.as_millis()).unwrap_or(u64::MAX);
        let until = self.shared.milliseconds().saturating_add(kept);
        self.shared.until.fetch_max(until, Ordering::SeqCst);
        self.shared.listeners.fetch_sub(1, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message_of(visitor: &str, number: usize) -> FedMessage {
        FedMessage {
            visitor: VisitorId::parse(visitor).unwrap(),
            timestamp: Timestamp::default(),
            received_at: Timestamp::default(),
            message_id: format!("{number:04}").into(),
            kind: "page".into(),
            raw: "{}".into(),
            consent: None,
            context: None,
        }
    }

    fn message(number: usize) -> FedMessage {
        message_of("a", number)
    }

    async fn number(listener: &mut Listener) -> usize {
        match listener.next().await {
            Heard::Message(message) => message.message_id.parse().unwrap(),
            other => panic!("{other:?}"),
        }
    }

    /// A feed that has room for so many of these messages.
    fn feed(messages: usize) -> Feed {
        Feed::with(KEPT, messages * message(0).bytes())
    }

    #[tokio::test]
    async fn who_is_slow_misses_the_oldest_and_learns_how_many() {
        let feed = feed(10);
        assert!(!feed.is_heard());
        feed.tell(vec![message(0)]);
        let mut listener = feed.listen();
        assert!(feed.is_heard());
        feed.tell((1..=13).map(message).collect());
        assert_eq!(listener.next().await, Heard::Missed(3));
        assert_eq!(number(&mut listener).await, 4);
        drop(feed);
        for expected in 5..=13 {
            assert_eq!(number(&mut listener).await, expected);
        }
        assert_eq!(listener.next().await, Heard::End);
    }

    #[tokio::test]
    async fn who_comes_back_goes_on_after_what_they_heard() {
        let feed = feed(10);
        let mut listener = feed.listen();
        let begun = listener.place();
        feed.tell((0..6).map(message).collect());
        for expected in 0..3 {
            assert_eq!(number(&mut listener).await, expected);
        }
        let place = listener.place();
        drop(listener);
        // Nobody listens, and it goes on.
        assert!(feed.is_heard());
        feed.tell((6..8).map(message).collect());
        let read = Place::parse(&place.to_string());
        assert_eq!(read, Some(place));
        let mut again = feed.listen_from(read);
        for expected in 3..8 {
            assert_eq!(number(&mut again).await, expected);
        }
        feed.tell(vec![message(8)]);
        assert_eq!(number(&mut again).await, 8);
        // Of ten that are held after these the first is 4: four are missing to whoever was there at the
        // beginning, one to whoever has heard three.
        feed.tell((9..14).map(message).collect());
        for (place, gap) in [(begun, 4), (place, 1)] {
            let mut late = feed.listen_from(Some(place));
            assert_eq!(late.next().await, Heard::Gap(Some(gap)));
            assert_eq!(number(&mut late).await, 4);
        }
    }

    #[tokio::test]
    async fn what_is_no_place_of_this_feed_is_a_gap_of_which_nothing_is_known() {
        let feed = feed(10);
        let listener = feed.listen();
        let Place { feed: own, after } = listener.place();
        for place in [
            Place {
                feed: own ^ 1,
                after,
            },
            Place {
                feed: own,
                after: after + 9,
            },
        ] {
            let mut other = feed.listen_from(Some(place));
            assert_eq!(other.next().await, Heard::Gap(None));
            feed.tell(vec![message(1)]);
            assert_eq!(number(&mut other).await, 1);
        }
        for text in [
            "",
            "-",
            "1-1",
            "0123456789abcdef",
            "0123456789abcdef-",
            "0123456789abcdeg-1",
            "+123456789abcdef-1",
            "0123456789ABCDEF-1",
            "0123456789abcdef-+1",
            "0123456789abcdef-99999999999999999999",
        ] {
            assert_eq!(Place::parse(text), None, "{text}");
        }
    }

    #[tokio::test]
    async fn when_nobody_has_come_back_nothing_is_held() {
        let feed = Feed::with(Duration::ZERO, 1_000_000);
        let listener = feed.listen();
        feed.tell(vec![message(1)]);
        let place = listener.place();
        drop(listener);
        assert!(!feed.is_heard());
        assert_eq!(feed.shared.lock().bytes, 0);
        feed.tell(vec![message(2)]);
        let mut again = feed.listen_from(Some(place));
        assert_eq!(again.next().await, Heard::Gap(None));
        feed.tell(vec![message(3)]);
        assert_eq!(number(&mut again).await, 3);
    }

    #[tokio::test]
    async fn nothing_is_held_of_whoever_was_erased() {
        let feed = feed(10);
        let mut listener = feed.listen();
        let place = listener.place();
        feed.tell(
            (0..6)
                .map(|one| message_of(["a", "b"][one % 2], one))
                .collect(),
        );
        feed.forget(&[VisitorId::parse("b").unwrap()]);
        assert_eq!(feed.shared.lock().bytes, 3 * message(0).bytes());
        let mut again = feed.listen_from(Some(place));
        for expected in [0, 2, 4] {
            assert_eq!(number(&mut listener).await, expected);
            assert_eq!(number(&mut again).await, expected);
        }
        feed.tell(vec![message(6)]);
        assert_eq!(number(&mut again).await, 6);
    }
}
