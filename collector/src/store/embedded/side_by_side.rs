//! Work of a group that is done on several cores where there is enough of it: what concerns one visitor
//! and depends on no other. Whoever waits for it works as well. Never decides what is worked on.

use std::sync::{LazyLock, Mutex, PoisonError};
use std::thread;

use rayon_core::{ThreadPool, ThreadPoolBuilder};

/// Threads at most: those that answer requests want the other cores.
const MOST_THREADS: usize = 4;

/// Those that help whoever waits; nothing where there is one core, or no thread is to be had. They stay,
/// because a thread that begins has to fetch from the allocator what one that stays has at hand.
static HELPERS: LazyLock<Option<ThreadPool>> = LazyLock::new(|| {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let helpers = cores.min(MOST_THREADS) - 1;
    let pool = ThreadPoolBuilder::new()
        .num_threads(helpers)
        .thread_name(|_| "folding".to_owned());
    (helpers > 0).then(|| pool.build().ok()).flatten()
});

/// Works on each of some things, given how many of them are worth waking another thread.
pub(super) fn each<T: Send>(things: &mut [T], worth: usize, work: impl Fn(&mut T) + Sync) {
    let wanted = (things.len() / worth.max(1)).saturating_sub(1);
    let helpers = match &*HELPERS {
        Some(helpers) if wanted > 0 => helpers,
        _ => return things.iter_mut().for_each(work),
    };
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
    helpers.in_place_scope(|scope| {
        for _ in 0..wanted.min(helpers.current_num_threads()) {
            scope.spawn(|_| some());
        }
        some();
    });
}
