//! The command `firstglance`. Everything it does is in the library.

#[cfg(feature = "allocator")]
mod allocator;

use std::process::ExitCode;

#[cfg(feature = "allocator")]
#[global_allocator]
static ALLOCATOR: allocator::Allocator = allocator::Allocator;

fn main() -> ExitCode {
    firstglance_collector::command::run()
}
