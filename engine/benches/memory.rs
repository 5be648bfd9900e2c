//! How much a profile takes, as text and in memory, after few and very many events: a line
//! `events bytes-of-text bytes-in-memory` each. Not a measure of time.
#![allow(missing_docs)]

mod visitor;

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

use firstglance_engine::codec::Encode;

/// Counts what is allocated at present.
struct Counting;

static PRESENT: AtomicUsize = AtomicUsize::new(0);

// SAFETY: everything is the system's own; only sums are kept beside it.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        PRESENT.fetch_add(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller's own promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        PRESENT.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller's own promise.
        unsafe { System.dealloc(place, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn main() {
    let short = std::env::args().any(|argument| argument == "--short");
    let model = visitor::model(100);
    let most = if short { 10_000 } else { 100_000 };
    for events in [10, 1_000, most] {
        let (profile, evaluation) = visitor::visited(events, &model);
        drop(evaluation);
        let before = PRESENT.load(Ordering::Relaxed);
        let copy = profile.clone();
        let heap = PRESENT.load(Ordering::Relaxed) - before + size_of_val(&copy);
        println!("{events} {} {heap}", copy.to_text().len());
    }
}
