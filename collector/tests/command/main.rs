//! The command line: exit codes and what is said in one line.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod backup;
mod forget;
mod health;
mod log;
mod memory;
mod merges;
mod moving;
mod reload;
mod replay;
mod token;
mod verify;

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

fn firstglance(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_firstglance"));
    command.args(arguments).env_remove("FIRSTGLANCE_LOG");
    command
}

fn run(arguments: &[&str]) -> Output {
    firstglance(arguments)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

/// Runs it with a text as its standard input.
fn feed(arguments: &[&str], input: &str) -> Output {
    let mut child = firstglance(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(input.as_bytes())
        .unwrap();
    child.wait_with_output().unwrap()
}

fn folder() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("firstglance.toml");
    fs::write(&config, "[site]\nwrite_key = \"k\"\n").unwrap();
    (folder, config)
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// The one line of standard error of a command that failed.
fn one_line(output: &Output) -> String {
    let said = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
    said.trim().to_owned()
}

/// A collector of its own process; killed when dropped.
struct Serving(Child);

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Serving {
    /// Asks it to end, sees that it does in good order, and gives its log.
    fn terminate(&mut self) -> String {
        let ended = Command::new("kill").arg(self.0.id().to_string()).status();
        assert!(ended.unwrap().success());
        assert_eq!(self.0.wait().unwrap().code(), Some(0));
        let mut log = String::new();
        let stderr = self.0.stderr.take();
        stderr.unwrap().read_to_string(&mut log).unwrap();
        log
    }
}

/// Starts one at a port that was free a moment ago, and waits until it answers.
fn serve(config: &Path, data: &Path) -> (Serving, String) {
    let address = {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap().to_string()
    };
    let child = firstglance(&[
        "serve",
        "--config",
        text(config),
        "--data",
        text(data),
        "--listen",
        &address,
    ])
    .stderr(Stdio::piped())
    .spawn()
    .unwrap();
    let serving = Serving(child);
    let started = Instant::now();
    while ask(&address, "/readyz").is_none() {
        assert!(started.elapsed() < Duration::from_secs(20), "not ready");
        std::thread::sleep(Duration::from_millis(10));
    }
    (serving, address)
}

fn ask(address: &str, path: &str) -> Option<String> {
    let mut stream = TcpStream::connect(address).ok()?;
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    )
    .ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    answer.starts_with("HTTP/1.1 200").then_some(answer)
}

#[test]
fn wrong_usage() {
    for arguments in [
        &[][..],
        &["unknown"],
        &["serve"],
        &[
            "serve", "--config", "x", "--data", "y", "--listen", "nowhere",
        ],
        &["check"],
        &["replay", "--config", "x", "--now", "yesterday"],
    ] {
        let output = run(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn every_command_has_help_with_an_example() {
    for command in [
        "serve", "check", "replay", "token", "health", "export", "import", "erase", "verify",
        "compact", "backup", "restore", "merges",
    ] {
        let output = run(&[command, "--help"]);
        assert_eq!(output.status.code(), Some(0));
        let help = String::from_utf8(output.stdout).unwrap();
        assert!(
            help.contains(&format!("Example:\n  firstglance {command}")),
            "{help}"
        );
    }
}

#[test]
fn check() {
    let (folder, config) = folder();
    let output = run(&["check", text(&config)]);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(
        String::from_utf8(output.stdout).unwrap(),
        format!(
            "{}: fine: 0 interests, 0 segments, 0 origins besides its own, consent granted by default\n",
            config.display()
        )
    );

    fs::write(&config, "[site]\nwrite_kee = \"k\"\n[[interests]]\n").unwrap();
    let output = run(&["check", text(&config)]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    let places: Vec<&str> = said
        .lines()
        .map(|line| line.strip_prefix(text(&config)).unwrap())
        .collect();
    assert_eq!(
        places,
        [
            ":1:1: [site] has no write_key; choose one, such as write_key = \"my-site\"",
            ":2:1: there is no field \"write_kee\" in [site]; did you mean \"write_key\"?",
            ":3:3: there is no table \"interests\"; did you mean \"interest\"?",
        ]
    );

    let missing = folder.path().join("missing.toml");
    let said = one_line(&run(&["check", text(&missing)]));
    assert!(
        said.contains("cannot read the configuration: No such file"),
        "{said}"
    );
}

#[test]
fn serve_says_in_one_line_why_it_cannot() {
    let (folder, config) = folder();
    let data = folder.path().join("data");
    let broken = folder.path().join("broken.toml");
    fs::write(&broken, "[site]\nx = 1\ny = 2\n").unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    let listener = TcpListener::bind(&taken);
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let inside_a_file = file.join("data");
    for (config, data, listen, expected) in [
        (
            &folder.path().join("none.toml"),
            &data,
            "127.0.0.1:0",
            "cannot read the configuration",
        ),
        (
            &broken,
            &data,
            "127.0.0.1:0",
            "(and 2 more: firstglance check",
        ),
        (
            &config,
            &file,
            "127.0.0.1:0",
            "cannot write to the data folder",
        ),
        (
            &config,
            &inside_a_file,
            "127.0.0.1:0",
            "cannot write to the data folder",
        ),
        (
            &config,
            &PathBuf::from("/proc/firstglance"),
            "127.0.0.1:0",
            "cannot write to the data folder",
        ),
        (
            &config,
            &data,
            taken.as_str(),
            "cannot listen at 127.0.0.1:",
        ),
    ] {
        let output = run(&[
            "serve",
            "--config",
            text(config),
            "--data",
            text(data),
            "--listen",
            listen,
        ]);
        let said = one_line(&output);
        assert!(said.contains(expected), "{said}");
    }
    drop(listener);
}

#[test]
fn a_data_folder_has_one_user_at_a_time() {
    let (folder, config) = folder();
    let data = folder.path().join("data");
    let (serving, _) = serve(&config, &data);
    let output = run(&[
        "serve",
        "--config",
        text(&config),
        "--data",
        text(&data),
        "--listen",
        "127.0.0.1:0",
    ]);
    let said = one_line(&output);
    assert!(
        said.contains("the data folder is in use by another process"),
        "{said}"
    );
    drop(serving);
    let (_serving, _) = serve(&config, &data);
}

#[test]
fn the_days_salt_is_there_only_where_it_is_wanted() {
    let (folder, config) = folder();
    let data = folder.path().join("data");
    let salt = data.join("daily-salt");
    let site = "[site]\nwrite_key = \"k\"\n[tracker]\ncookieless =";
    let mut kept = Vec::new();
    for (cookieless, expected) in [(true, true), (true, true), (false, false)] {
        fs::write(&config, format!("{site} {cookieless}\n")).unwrap();
        let (_serving, _) = serve(&config, &data);
        assert_eq!(salt.exists(), expected);
        if expected {
            kept.push(fs::read(&salt).unwrap());
        }
    }
    // Unless the day ended in between.
    let day = |bytes: &[u8]| bytes[..8].to_vec();
    assert!(kept[0] == kept[1] || day(&kept[0]) != day(&kept[1]));
}

#[test]
fn a_signal_ends_it_in_good_order_and_secrets_are_not_logged() {
    let (folder, config) = folder();
    let data = folder.path().join("data");
    let (mut serving, address) = serve(&config, &data);
    assert!(ask(&address, "/healthz").is_some());
    let log = serving.terminate();
    let lines: Vec<serde_json::Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines[0]["message"], "listening");
    assert_eq!(lines[0]["address"], address);
    assert_eq!(
        lines[0]["admin_token_file"],
        text(&data.join("admin-token"))
    );
    assert_eq!(lines.last().unwrap()["message"], "stopped");
    let token = fs::read_to_string(data.join("admin-token")).unwrap();
    assert!(!log.contains(token.trim()));
}
