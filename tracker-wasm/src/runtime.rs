//! What the standard library would bring: memory, and what happens at a panic.

use core::alloc::{GlobalAlloc, Layout};
use core::arch::wasm32::{memory_grow, unreachable};
use core::cell::UnsafeCell;
use core::ptr;

const PAGE: usize = 65_536;

/// Blocks of powers of two, each kept in the list of its size when it is free. No block is ever
/// searched for, split or joined, so an event costs the same on the hundredth page as on the
/// first, and the code is a third of a general allocator's.
struct Allocator(UnsafeCell<Blocks>);

struct Blocks {
    /// For each power of two the first free block, which begins with the address of the next; 0 ends
    /// the list. No block has more than a gibibyte, so that no sum of addresses is too large.
    free: [usize; 31],
    /// Memory that was never used: from here …
    next: usize,
    /// … to here.
    end: usize,
}

// SAFETY: WebAssembly without threads has one thread.
unsafe impl Sync for Allocator {}

#[global_allocator]
static ALLOCATOR: Allocator = Allocator(UnsafeCell::new(Blocks {
    free: [0; 31],
    next: 0,
    end: 0,
}));

/// The power of two that holds a layout, at least 8 bytes: room for an address, and as far aligned
/// as anything here asks for.
#[inline(never)]
fn power(layout: &Layout) -> usize {
    let size = layout.size().max(layout.align()).max(8);
    (usize::BITS - (size - 1).leading_zeros()) as usize
}

// SAFETY: every address given out is of a block of 2^power bytes that lies in memory which the
// module has grown by itself (nothing else grows it, and static data and the stack lie before), is
// aligned to its size up to a page (see `alloc`), and is in no list and given to nobody else until
// `dealloc` gets it back: a block leaves its list, or the unused memory, when it is given out. Only
// one thread runs, and nothing in here calls back, so the cell is never borrowed twice.
unsafe impl GlobalAlloc for Allocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let blocks = unsafe { &mut *self.0.get() };
        let power = power(&layout);
        let Some(first) = blocks.free.get_mut(power) else {
            return ptr::null_mut();
        };
        if *first != 0 {
            let block = *first as *mut usize;
            *first = unsafe { *block };
            return block.cast();
        }
        let size = 1 << power;
        // A multiple of the block's own size, or of a page where it is larger than that.
        let align = size.min(PAGE);
        let mut start = (blocks.next + align - 1) & !(align - 1);
        if blocks.end.saturating_sub(start) < size {
            let pages = size.div_ceil(PAGE);
            let grown = memory_grow(0, pages);
            if grown == usize::MAX {
                return ptr::null_mut();
            }
            start = grown * PAGE;
            blocks.end = start + pages * PAGE;
        }
        blocks.next = start + size;
        start as *mut u8
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        let blocks = unsafe { &mut *self.0.get() };
        if let Some(first) = blocks.free.get_mut(power(&layout)) {
            unsafe { *block.cast::<usize>() = *first };
            *first = block as usize;
        }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: the caller promises a size that, with this alignment, makes a layout.
        let wanted = unsafe { Layout::from_size_align_unchecked(size, layout.align()) };
        if power(&wanted) == power(&layout) {
            return block;
        }
        let moved = unsafe { self.alloc(wanted) };
        if !moved.is_null() {
            unsafe {
                ptr::copy_nonoverlapping(block, moved, layout.size().min(size));
                self.dealloc(block, layout);
            }
        }
        moved
    }
}

/// A panic ends in a trap, which the page's script catches.
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    unreachable()
}
