//! How far a long command is: one line that is written over, on a terminal only.

use std::io::{IsTerminal as _, Write as _};

/// Shows a line in the place of the one before.
pub(crate) fn show(line: &str) {
    let mut terminal = std::io::stderr();
    if terminal.is_terminal() {
        // Progress that cannot be shown is not worth a failure.
        let _ = write!(terminal, "\r\u{1b}[K{line}").and_then(|()| terminal.flush());
    }
}

/// Takes it away.
pub(crate) fn clear() {
    show("");
}
