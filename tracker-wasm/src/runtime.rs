//! What the standard library would bring: memory, and what happens at a panic.

use lol_alloc::{AssumeSingleThreaded, FreeListAllocator};

// SAFETY: WebAssembly without threads has one thread.
#[global_allocator]
static ALLOCATOR: AssumeSingleThreaded<FreeListAllocator> =
    unsafe { AssumeSingleThreaded::new(FreeListAllocator::new()) };

/// A panic ends in a trap, which the page's script catches.
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}
