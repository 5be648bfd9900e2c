//! The connections that are open: as many as this process may have files, and never so many idle
//! ones that somebody who wants something is locked out: when there is no more room, the one that
//! has been waiting longest for its next request is closed. Browsers and libraries open another
//! where that was theirs.
//!
//! Never asks a connection to close whose body is being read or whose answer is being worked out.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

/// Files that are needed beside connections: the store's, the log, the site's, the runtime's own.
const OTHER_FILES: u64 = 128;

/// See the module.
pub(super) struct Room {
    room: Arc<Semaphore>,
    idle: Arc<Idle>,
}

/// Who waits for a request, in the order in which they began to.
#[derive(Default)]
struct Idle(Mutex<Waiting>);

#[derive(Default)]
struct Waiting {
    next: u64,
    by_turn: BTreeMap<u64, Arc<Notify>>,
}

impl Idle {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection's place, from its acceptance to its end.
pub(super) struct Place {
    idle: Arc<Idle>,
    closed: Arc<Notify>,
    /// Its turn while it is idle.
    turn: Mutex<Option<u64>>,
    _room: OwnedSemaphorePermit,
}

impl Room {
    /// As many as are allowed, and as this process can have.
    pub(super) fn new(most: usize) -> Self {
        let room = allowed(most);
        if room < most {
            tracing::warn!(
                connections = room,
                "this process may open so few files that it takes fewer connections than it could; \
                 raise the limit of open files (ulimit -n, LimitNOFILE= of a systemd unit)"
            );
        }
        Self {
            room: Arc::new(Semaphore::new(room)),
            idle: Arc::default(),
        }
    }

    /// Waits for room, and makes some where only idle connections are in the way.
    pub(super) async fn room(&self) -> OwnedSemaphorePermit {
        if let Ok(room) = self.room.clone().try_acquire_owned() {
            return room;
        }
        if let Some((_, longest)) = self.idle.lock().by_turn.pop_first() {
            longest.notify_one();
        }
        // Never closed: only then is there none.
        match self.room.clone().acquire_owned().await {
            Ok(room) => room,
            Err(_) => std::future::pending().await,
        }
    }

    /// A connection, which waits for its first request.
    pub(super) fn opened(&self, room: OwnedSemaphorePermit) -> Arc<Place> {
        let place = Place {
            idle: self.idle.clone(),
            closed: Arc::default(),
            turn: Mutex::new(None),
            _room: room,
        };
        place.waits();
        Arc::new(place)
    }
}

impl Place {
    /// A request has come.
    pub(super) fn works(&self) {
        let mut turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(turn) = turn.take() {
            self.idle.lock().by_turn.remove(&turn);
        }
    }

    /// It is answered, and the next may come.
    pub(super) fn waits(&self) {
        let mut turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let mut waiting = self.idle.lock();
        waiting.next += 1;
        let next = waiting.next;
        if let Some(former) = turn.replace(next) {
            waiting.by_turn.remove(&former);
        }
        waiting.by_turn.insert(next, self.closed.clone());
    }

    /// Comes when the connection is to make room for another.
    pub(super) async fn closed(&self) {
        self.closed.notified().await;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.works();
    }
}

/// How many of so many connections this process can have; raises its limit of files where it may.
fn allowed(most: usize) -> usize {
    let wanted = (most as u64).saturating_add(OTHER_FILES);
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    // A limit that is not there is none.
    let mut files = current.unwrap_or(u64::MAX);
    if files < wanted {
        let raised = maximum.unwrap_or(u64::MAX).min(wanted);
        let limit = Rlimit {
            current: Some(raised),
            maximum,
        };
        if setrlimit(Resource::Nofile, limit).is_ok() {
            files = raised;
        }
    }
    let room = files.saturating_sub(OTHER_FILES).max(1);
    usize::try_from(room).unwrap_or(usize::MAX).min(most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_longest_idle_makes_room_and_who_works_does_not() {
        let connections = Room::new(3);
        let mut open = Vec::new();
        for _ in 0..3 {
            open.push(connections.opened(connections.room().await));
        }
        let [first, second, third] = <[_; 3]>::try_from(open).ok().unwrap();
        first.works();
        second.works();
        second.waits();
        // The first works, and the third has waited longer than the second.
        let room = connections.room();
        let mut room = std::pin::pin!(room);
        let closed = third.closed();
        tokio::select! {
            biased;
            _ = &mut room => panic!("there is no room yet"),
            () = closed => {}
        }
        drop(third);
        let fourth = connections.opened(room.await);
        fourth.works();
        second.works();
        // Nobody is idle: whoever comes waits.
        tokio::select! {
            biased;
            _ = connections.room() => panic!("there is no room"),
            () = std::future::ready(()) => {}
        }
        drop(first);
        drop(connections.room().await);
    }
}
