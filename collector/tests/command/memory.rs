//! Memory that is taken for visitors who are new is given back.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::process::Stdio;

use crate::{firstglance, folder, text};

/// Visitors of each half.
const VISITORS: usize = 25_000;

/// Bytes of memory for each visitor of the second half that are too many. With what is replaced of
/// nodes on the way to a visitor's records it comes to some three thousand, and without to half of it.
const TOO_MANY: u64 = 2_300;

#[test]
fn what_new_visitors_replace_is_freed() {
    let (folder, config) = folder();
    let data = folder.path().join("data");
    let arguments = ["import", "--config", text(&config), "--data", text(&data)];
    let mut importing = firstglance(&arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let mut input = importing.stdin.take().unwrap();
    let number = importing.id();
    let most = || {
        let status = fs::read_to_string(format!("/proc/{number}/status")).unwrap();
        let most = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kibibytes = most.and_then(|most| most.trim().strip_suffix(" kB"));
        kibibytes.unwrap().parse::<u64>().unwrap() * 1_024
    };
    let mut send = |from: usize| {
        let mut messages = String::new();
        for number in from..from + VISITORS {
            writeln!(
                messages,
                r#"{{"type":"page","messageId":"m{number}","anonymousId":"v{number}","timestamp":"2026-01-02T03:04:05Z","properties":{{"path":"/a"}}}}"#
            )
            .unwrap();
        }
        // It is read as far as it has been taken in, but for what a pipe and a group hold.
        input.write_all(messages.as_bytes()).unwrap();
    };
    send(0);
    let half = most();
    send(VISITORS);
    let all = most();
    drop(input);
    assert!(importing.wait().unwrap().success());
    let each = (all - half) / VISITORS as u64;
    assert!(each < TOO_MANY, "{each} bytes for each new visitor");
}
