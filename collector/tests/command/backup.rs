//! Backups: of a collector that takes in messages meanwhile, and of a folder on which none runs.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::{firstglance, folder, one_line, run, serve, text};

/// Sends a batch with one message. Whether it was acknowledged.
fn send(address: &str, visitor: &str, id: u64) -> bool {
    let body = format!(
        r#"{{"writeKey":"k","batch":[{{"type":"page","messageId":"{id}","anonymousId":"{visitor}","timestamp":"2026-05-01T10:00:00Z","properties":{{"path":"/{id}"}}}}]}}"#
    );
    let length = body.len();
    let Ok(mut stream) = TcpStream::connect(address) else {
        return false;
    };
    let request = format!(
        "POST /v1/batch HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n\
         Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    );
    let mut answer = String::new();
    stream.write_all(request.as_bytes()).is_ok()
        && stream.read_to_string(&mut answer).is_ok()
        && answer.starts_with("HTTP/1.1 200")
}

/// Ids in a visitor's timeline.
fn ids(address: &str, data: &Path, visitor: &str) -> Vec<u64> {
    let token = fs::read_to_string(data.join("admin-token")).unwrap();
    let token = token.trim();
    let mut stream = TcpStream::connect(address).unwrap();
    write!(
        stream,
        "GET /admin/v1/profiles/{visitor}/timeline?limit=1000 HTTP/1.1\r\nHost: x\r\n\
         Authorization: Bearer {token}\r\nConnection: close\r\n\r\n"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    let body: serde_json::Value = serde_json::from_str(body).unwrap();
    let events = body["events"]
        .as_array()
        .unwrap_or_else(|| panic!("{body}"));
    let ids = events
        .iter()
        .map(|event| event["messageId"].as_str().unwrap());
    ids.filter_map(|id| id.parse().ok()).collect()
}

#[test]
fn what_was_acknowledged_before_is_in_it() {
    let (folder, config) = folder();
    let data = folder.path().join("data");
    let (serving, address) = serve(&config, &data);
    let (acknowledged, stop) = (AtomicU64::new(0), AtomicBool::new(false));
    let to = folder.path().join("one.backup");
    let before = std::thread::scope(|scope| {
        scope.spawn(|| {
            for id in 1..=900 {
                assert!(send(&address, "a", id));
                acknowledged.store(id, Ordering::SeqCst);
                if stop.load(Ordering::SeqCst) {
                    break;
                }
            }
        });
        while acknowledged.load(Ordering::SeqCst) < 50 {
            std::thread::sleep(std::time::Duration::from_millis(2));
        }
        let before = acknowledged.load(Ordering::SeqCst);
        let output = run(&[
            "backup",
            "--data",
            text(&data),
            "--to",
            text(&to),
            "--url",
            &format!("http://{address}"),
        ]);
        stop.store(true, Ordering::SeqCst);
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        before
    });
    // A token goes nowhere else.
    let elsewhere = run(&[
        "backup",
        "--data",
        text(&data),
        "--to",
        text(&folder.path().join("none.backup")),
        "--url",
        "http://192.0.2.1:9",
    ]);
    let said = one_line(&elsewhere);
    assert!(said.contains("a token is sent to no other"), "{said}");
    // Moved, not copied.
    assert_eq!(fs::read_dir(data.join("backups")).unwrap().count(), 0);
    drop(serving);

    let restored = folder.path().join("restored");
    let restore = |to: &Path| {
        run(&[
            "restore",
            "--from",
            text(&folder.path().join("one.backup")),
            "--data",
            text(to),
        ])
    };
    let output = restore(&restored);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    for name in ["admin-token", "cookie-key"] {
        let [one, other] = [&data, &restored].map(|folder| fs::read(folder.join(name)).unwrap());
        assert_eq!(one, other, "{name}");
    }
    let said = one_line(&restore(&restored));
    assert!(said.contains("the folder is not empty"), "{said}");

    let verified = run(&[
        "verify",
        "--config",
        text(&config),
        "--data",
        text(&restored),
    ]);
    assert_eq!(verified.status.code(), Some(0), "{verified:?}");
    assert!(verified.stdout.is_empty());

    let (_serving, address) = serve(&config, &restored);
    let mut found = ids(&address, &restored, "a");
    found.sort_unstable();
    assert!(found.len() as u64 >= before, "{} of {before}", found.len());
    // A whole beginning of what was sent.
    let expected: Vec<u64> = (1..=found.len() as u64).collect();
    assert_eq!(found, expected);
    // A copy counts no second time.
    assert!(send(&address, "a", 1));
    assert_eq!(ids(&address, &restored, "a").len(), expected.len());
}

#[test]
fn a_folder_on_which_nobody_runs() {
    let (folder, config) = folder();
    let data = folder.path().join("data");
    let missing = run(&["compact", "--data", text(&data)]);
    assert!(one_line(&missing).contains("there are no data"));
    assert!(!data.exists());
    {
        let (_serving, address) = serve(&config, &data);
        assert!(send(&address, "a", 1));
    }
    let backups = folder.path().join("backups");
    fs::create_dir(&backups).unwrap();
    let output = run(&["backup", "--data", text(&data), "--to", text(&backups)]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let made = fs::read_dir(&backups)
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    let again = run(&["backup", "--data", text(&data), "--to", text(&made)]);
    assert!(one_line(&again).contains("exists already"));

    let compacted = run(&["compact", "--data", text(&data)]);
    assert_eq!(compacted.status.code(), Some(0), "{compacted:?}");
    {
        let (_serving, address) = serve(&config, &data);
        assert_eq!(ids(&address, &data, "a"), [1]);
        let in_use = run(&["compact", "--data", text(&data)]);
        assert!(one_line(&in_use).contains("in use by another process"));
    }

    // Damage anywhere is found before anything is written.
    let mut bytes = fs::read(&made).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    let damaged = folder.path().join("damaged");
    fs::write(&damaged, bytes).unwrap();
    let to = folder.path().join("restored");
    let output = run(&["restore", "--from", text(&damaged), "--data", text(&to)]);
    let said = one_line(&output);
    assert!(said.contains("the backup is damaged"), "{said}");
    assert!(!to.exists());
}

#[test]
fn a_restore_that_was_broken_off_is_not_taken_for_data() {
    let (folder, config) = folder();
    let data = folder.path().join("data");
    fs::create_dir(&data).unwrap();
    fs::write(data.join("restoring"), "").unwrap();
    let mut serving = firstglance(&["serve", "--config", text(&config), "--data", text(&data)]);
    // Not where another collector of this machine may listen.
    serving.args(["--listen", "127.0.0.1:0"]);
    let said = one_line(&serving.output().unwrap());
    assert!(
        said.contains("a restore into this folder was broken off"),
        "{said}"
    );
}
