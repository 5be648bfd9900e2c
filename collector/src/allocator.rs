//! The allocator that the program is made for, and what the store's engine needs of it. Changes what
//! memory costs, and never what a program sees of it.
//!
//! What one thread allocates another frees, group after group, where the C library's allocator has its
//! threads wait for each other: it takes a fifth more of the processor for each message.

use std::alloc::{GlobalAlloc, Layout};

use tikv_jemallocator::Jemalloc;

/// The engine reads and writes segments of 16 MB. By itself the allocator gives blocks of that size
/// back to the system at once, so that each has to be had again page by page.
///
/// The name is the one under which jemalloc looks for options, given the prefix that it is built with;
/// it reads the text up to its zero and never writes it.
// SAFETY: nothing else has this name, and a reference to an array is the pointer that jemalloc reads.
#[unsafe(export_name = "_rjem_malloc_conf")]
static OPTIONS: &[u8; 21] = b"oversize_threshold:0\0";

/// Zeroed bytes of at least so many are zeroed here.
const LARGE: usize = 1024 * 1024;

/// See the module.
pub(crate) struct Allocator;

impl Allocator {
    /// Whether it is a buffer to read a file into, of bytes, in contrast to one that is written
    /// page by page: it is used whole, and at once.
    const fn is_read_into(layout: Layout) -> bool {
        layout.size() >= LARGE && layout.align() == 1
    }
}

// SAFETY: every block is one of jemalloc's, allocated, resized and freed by it with the layout that was
// given, so that its own promises hold. A block that is zeroed here was allocated with `layout`, so
// that `layout.size()` bytes of it may be written.
unsafe impl GlobalAlloc for Allocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promises are those that are asked for.
        unsafe { Jemalloc.alloc(layout) }
    }

    /// For large blocks jemalloc asks the system for zeroed pages even where it has the block at hand:
    /// four thousand interruptions for each segment, the larger part of the time of a start.
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if !Self::is_read_into(layout) {
            // SAFETY: as in `alloc`.
            return unsafe { Jemalloc.alloc_zeroed(layout) };
        }
        // SAFETY: as in `alloc`.
        let block = unsafe { Jemalloc.alloc(layout) };
        if !block.is_null() {
            // SAFETY: the block has as many bytes, and nobody else knows of it yet.
            unsafe { block.write_bytes(0, layout.size()) };
        }
        block
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: as in `alloc`.
        unsafe { Jemalloc.dealloc(block, layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: as in `alloc`.
        unsafe { Jemalloc.realloc(block, layout, size) }
    }
}
