//! The flusher: a thread that puts on disk what the committer has put into memory, and only then
//! answers. While the disk works, the committer works out the next group.
//!
//! Takes groups in the order in which they were applied, so that a request whose messages an earlier
//! group already has is answered after that group is on disk, and never after a failure.

use std::fs::File;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use super::committer::{Answers, Done};
use super::disk::Disk;
use super::{EmbeddedError, Failure};

/// Groups that may wait beside the one that is being flushed. Requests beyond wait for the committer
/// and make the next group larger, which saves flushes.
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
    /// Whether there is anything to flush.
    pub(super) changed: bool,
}

/// See the module.
pub(super) struct Flusher {
    queue: SyncSender<Applied>,
    thread: JoinHandle<()>,
}

impl Flusher {
    pub(super) fn start(disk: Arc<dyn Disk>, failure: Failure) -> io::Result<Self> {
        let (queue, waiting) = sync_channel(WAITING);
        let thread = std::thread::Builder::new()
            .name("flusher".to_owned())
            .spawn(move || run(&waiting, &*disk, &failure))?;
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

fn run(waiting: &Receiver<Applied>, disk: &dyn Disk, failure: &Failure) {
    while let Ok(applied) = waiting.recv() {
        let flushed = failure.check().and_then(|()| {
            if !applied.changed {
                return Ok(());
            }
            // sled has been seen to panic; a panic here must not let requests wait for ever.
            match catch_unwind(AssertUnwindSafe(|| flush(&applied.data, disk))) {
                Ok(Ok(())) => Ok(()),
                Ok(Err(error)) => Err(failure.set(&error.to_string())),
                Err(_) => Err(failure.set("the store panicked while it flushed")),
            }
        });
        match flushed {
            Ok(()) => applied.answers.tell(applied.done),
            Err(error) => applied.answers.refuse(&error),
        }
    }
}

fn flush(data: &Data, disk: &dyn Disk) -> Result<(), EmbeddedError> {
    disk.flush(&data.tree)?;
    Ok(disk.sync(&data.file)?)
}
