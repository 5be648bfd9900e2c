//! The feed: what was committed, told to whoever listens, as it is on disk.
//!
//! It never slows a commit: where nobody listens it costs the look at one number, and whoever listens
//! too slowly misses the oldest and learns how many. It keeps nothing: what was told before somebody
//! listened is in timelines and exports.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use firstglance_engine::{Timestamp, VisitorId};
use tokio::sync::broadcast;

/// Messages that may wait for the slowest listener.
const WAITING: usize = 512;

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
    /// Context that its request gave for all its messages.
    pub context: Option<Box<str>>,
}

/// See the module.
#[derive(Clone)]
pub struct Feed {
    listeners: Arc<AtomicUsize>,
    sender: broadcast::Sender<Arc<FedMessage>>,
}

/// Somebody who listens, until this is dropped.
pub struct Listener {
    listeners: Arc<AtomicUsize>,
    receiver: broadcast::Receiver<Arc<FedMessage>>,
}

/// What a listener hears.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// A message.
    Message(Arc<FedMessage>),
    /// So many messages were told faster than they were taken.
    Missed(u64),
    /// There will be no more: the store is closed.
    End,
}

impl Default for Feed {
    fn default() -> Self {
        Self {
            listeners: Arc::default(),
            sender: broadcast::Sender::new(WAITING),
        }
    }
}

impl Feed {
    /// Whether anybody listens.
    #[must_use]
    pub fn is_heard(&self) -> bool {
        self.listeners.load(Ordering::Relaxed) > 0
    }

    /// Tells of messages that are on disk.
    pub fn tell(&self, messages: Vec<FedMessage>) {
        for message in messages {
            // Whoever listened has gone.
            if self.sender.send(Arc::new(message)).is_err() {
                return;
            }
        }
    }

    /// Listens from now on.
    #[must_use]
    pub fn listen(&self) -> Listener {
        self.listeners.fetch_add(1, Ordering::Relaxed);
        Listener {
            listeners: self.listeners.clone(),
            receiver: self.sender.subscribe(),
        }
    }
}

impl Listener {
    /// The next thing that is told.
    pub async fn next(&mut self) -> Heard {
        match self.receiver.recv().await {
            Ok(message) => Heard::Message(message),
            Err(broadcast::error::RecvError::Lagged(missed)) => Heard::Missed(missed),
            Err(broadcast::error::RecvError::Closed) => Heard::End,
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.listeners.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(number: usize) -> FedMessage {
        FedMessage {
            visitor: VisitorId::parse("a").unwrap(),
            timestamp: Timestamp::default(),
            received_at: Timestamp::default(),
            message_id: number.to_string().into(),
            kind: "page".into(),
            raw: "{}".into(),
            context: None,
        }
    }

    #[tokio::test]
    async fn who_is_slow_misses_the_oldest_and_learns_how_many() {
        let feed = Feed::default();
        assert!(!feed.is_heard());
        feed.tell(vec![message(0)]);
        let mut listener = feed.listen();
        assert!(feed.is_heard());
        feed.tell((1..=WAITING + 3).map(message).collect());
        assert_eq!(listener.next().await, Heard::Missed(3));
        let Heard::Message(next) = listener.next().await else {
            panic!("a message");
        };
        assert_eq!(&*next.message_id, "4");
        drop(feed);
        for _ in 0..WAITING - 1 {
            assert!(matches!(listener.next().await, Heard::Message(_)));
        }
        assert_eq!(listener.next().await, Heard::End);
    }

    #[test]
    fn nobody_is_told_who_has_gone() {
        let feed = Feed::default();
        drop(feed.listen());
        assert!(!feed.is_heard());
        feed.tell(vec![message(1)]);
    }
}
