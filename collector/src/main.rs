//! The command `firstglance`. Everything it does is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    firstglance_collector::command::run()
}
