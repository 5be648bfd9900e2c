//! The flusher: a thread that waits until the device has what the committer has flushed, and only
//! then answers. Meanwhile the committer works out the next group.
//!
//! Takes groups in the order in which they were applied, so that a request whose messages an earlier
//! group already has is answered after that group is on disk, and never after a failure.

use std::fs::File;
use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Instant;

use super::committer::{Answers, Done};
use super::disk::Disk;
use super::mark::Mark;
use super::{EmbeddedError, Failure};
use crate::store::feed::Feed;
use crate::store::meter::Meter;

/// Groups that may wait beside the one that is being synced. Requests beyond wait for the committer
/// and make the next group larger, which saves syncs.
const WAITING: usize = 1;

/// A tree and the file that holds it.
pub(super) struct Data {
    pub(super) tree: sled::Db,
    pub(super) file: File,
}

/// A group that is in memory.
pub(super) struct Applied {
    /// Where it is.
    pub(super) data: Arc<Data>,
    pub(super) answers: Answers,
    pub(super) done: Done,
    /// Its number, where there is anything to sync.
    pub(super) changed: Option<u64>,
}

/// See the module.
pub(super) struct Flusher {
    queue: SyncSender<Applied>,
    thread: JoinHandle<()>,
}

impl Flusher {
    pub(super) fn start(
        (disk, mark): (Arc<dyn Disk>, Mark),
        failure: Failure,
        feed: Feed,
        meter: Meter,
    ) -> io::Result<Self> {
        let (queue, waiting) = sync_channel(WAITING);
        let thread = std::thread::Builder::new()
            .name("flusher".to_owned())
            .spawn(move || run(&waiting, (&*disk, &mark), &failure, &feed, &meter))?;
        Ok(Self { queue, thread })
    }

    /// Hands a group over. It is answered in any case.
    pub(super) fn take(&self, applied: Applied, failure: &Failure) {
        if let Err(rejected) = self.queue.send(applied) {
            let error = failure.set("the flusher stopped");
            rejected.0.answers.refuse(&error);
        }
    }

    /// Finishes what was handed over.
    pub(super) fn finish(self, failure: &Failure) {
        drop(self.queue);
        if self.thread.join().is_err() {
            failure.set("the flusher stopped");
        }
    }
}

fn run(
    waiting: &Receiver<Applied>,
    (disk, mark): (&dyn Disk, &Mark),
    failure: &Failure,
    feed: &Feed,
    meter: &Meter,
) {
    while let Ok(mut applied) = waiting.recv() {
        let begun = Instant::now();
        let synced = failure.check().and_then(|()| {
            let Some(number) = applied.changed else {
                return Ok(());
            };
            sync(&applied.data, disk, mark, number).map_err(|error| failure.set(&error.to_string()))
        });
        match synced {
            Ok(()) => {
                if applied.changed.is_some() {
                    meter.flushed(applied.answers.count(), begun.elapsed().as_secs_f64());
                }
                let fed = std::mem::take(&mut applied.done.fed);
                // Before it is answered: then nothing of them is anywhere any more.
                feed.forget(&applied.done.forgotten);
                applied.answers.tell(applied.done);
                feed.tell(fed);
            }
            Err(error) => applied.answers.refuse(&error),
        }
    }
}

fn sync(data: &Data, disk: &dyn Disk, mark: &Mark, number: u64) -> Result<(), EmbeddedError> {
    disk.sync(&data.file)?;
    Ok(mark.write(number)?)
}
