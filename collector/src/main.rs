//! The command `firstglance`. Everything it does is in the library.

use std::process::ExitCode;

/// What one thread allocates another frees, group after group, where the C library's allocator has its
/// threads wait for each other: it takes a fifth more of the processor for each message.
#[cfg(feature = "allocator")]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    firstglance_collector::command::run()
}
