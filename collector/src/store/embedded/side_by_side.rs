//! Work of a group that is done on several cores where there is enough of it: what concerns one visitor
//! and depends on no other. Whoever waits for it works as well. Never decides what is worked on.

use std::sync::{Mutex, PoisonError};
use std::thread;

/// Threads at most: those that answer requests want the other cores.
const MOST_THREADS: usize = 4;

/// Works on each of some things, given how many of them are worth another thread's start.
pub(super) fn each<T: Send>(things: &mut [T], worth: usize, work: impl Fn(&mut T) + Sync) {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let threads = (things.len() / worth.max(1)).min(cores).min(MOST_THREADS);
    if threads < 2 {
        things.iter_mut().for_each(work);
        return;
    }
    let next = Mutex::new(things.iter_mut());
    let some = || {
        loop {
            let one = next.lock().unwrap_or_else(PoisonError::into_inner).next();
            match one {
                Some(thing) => work(thing),
                None => return,
            }
        }
    };
    thread::scope(|scope| {
        for _ in 1..threads {
            // Where no more threads are to be had, this one does all of it.
            let _ = thread::Builder::new()
                .name("folding".to_owned())
                .spawn_scoped(scope, some);
        }
        some();
    });
}
