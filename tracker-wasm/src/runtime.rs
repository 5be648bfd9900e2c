//! What the standard library would bring: memory, and what happens at a panic.

use core::alloc::{GlobalAlloc, Layout};
use core::arch::wasm32::{memory_grow, memory_size, unreachable};
use core::cell::UnsafeCell;
use core::ptr;

const PAGE: usize = 65_536;

/// Memory is given out from front to back and never taken back one by one: the script lets the
/// module begin again, see [`begin_again`], long before it could matter. Code that frees would be a
/// twentieth of the module.
struct Arena(UnsafeCell<usize>);

// SAFETY: WebAssembly without threads has one thread.
unsafe impl Sync for Arena {}

/// Where memory that is not in use begins; 0 before anything was.
#[global_allocator]
static ARENA: Arena = Arena(UnsafeCell::new(0));

unsafe extern "C" {
    /// Where the linker's own data ends; only its address has a meaning.
    static __heap_base: u8;
}

/// All memory is free again.
///
/// # Safety
/// Nothing that was allocated may be used any more.
pub(crate) unsafe fn begin_again() {
    unsafe { *ARENA.0.get() = 0 };
}

// SAFETY: every address given out is of memory from `__heap_base` on, where neither static data nor
// the stack lies, that the module has grown by itself, is aligned as asked for, and is given to
// nobody else until `begin_again`, for `next` only ever grows past it. Only one thread runs, and
// nothing in here calls back, so the cell is never borrowed twice.
unsafe impl GlobalAlloc for Arena {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let next = unsafe { &mut *self.0.get() };
        let unused = (*next).max(&raw const __heap_base as usize);
        let start = (unused + layout.align() - 1) & !(layout.align() - 1);
        let end = start + layout.size();
        let missing = end.div_ceil(PAGE).saturating_sub(memory_size(0));
        if memory_grow(0, missing) == usize::MAX {
            return ptr::null_mut();
        }
        *next = end;
        start as *mut u8
    }

    unsafe fn dealloc(&self, _: *mut u8, _: Layout) {}
}

/// A panic ends in a trap, which the page's script catches.
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    unreachable()
}
