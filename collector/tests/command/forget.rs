//! A process that is killed while visitors are erased: whoever was told to be forgotten is, and
//! everybody else is there as a whole or not at all.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::sync::mpsc;
use std::time::Duration;

use super::{folder, serve};

const CLAIM: &str = "kHf0yqk2mPz4Wd8s";

/// Messages of each visitor: enough for ids of messages beside the visitor's record.
const MESSAGES: usize = 60;

const VISITORS: usize = 24;

/// The status and the body of the answer; nothing where the process is gone.
pub(super) fn exchange(address: &str, head: &str, body: &str) -> Option<(u16, String)> {
    let mut stream = TcpStream::connect(address).ok()?;
    write!(
        stream,
        "{head} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    Some((status, body.to_owned()))
}

fn send(address: &str, visitor: &str) -> Option<u16> {
    let messages: Vec<String> = (0..MESSAGES)
        .map(|number| {
            format!(
                r#"{{"type":"page","messageId":"{number}","anonymousId":"{visitor}","timestamp":"2026-01-02T03:04:05Z"}}"#
            )
        })
        .collect();
    let body = format!(
        r#"{{"writeKey":"k","claim":"{CLAIM}","batch":[{}]}}"#,
        messages.join(",")
    );
    exchange(address, "POST /v1/batch", &body).map(|(status, _)| status)
}

fn forget(address: &str, visitor: &str) -> Option<u16> {
    let body = format!(r#"{{"writeKey":"k","anonymousId":"{visitor}","claim":"{CLAIM}"}}"#);
    exchange(address, "POST /v1/forget", &body).map(|(status, _)| status)
}

/// Messages in each visitor's timeline.
fn stored(address: &str, data: &Path) -> BTreeMap<String, usize> {
    let token = fs::read_to_string(data.join("admin-token")).unwrap();
    let ask = |path: &str| {
        let head = format!("GET /admin/v1/{path}");
        let mut stream = TcpStream::connect(address).unwrap();
        write!(
            stream,
            "{head} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {}\r\n\r\n",
            token.trim()
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        serde_json::from_str::<serde_json::Value>(body).unwrap()
    };
    let profiles = ask("profiles?limit=500");
    let profiles = profiles["profiles"].as_array().unwrap().iter();
    profiles
        .map(|profile| {
            let id = profile["id"].as_str().unwrap().to_owned();
            let timeline = ask(&format!("profiles/{id}/timeline?limit=1000"));
            let events = timeline["events"].as_array().unwrap().iter();
            let page_views = events.filter(|event| event["type"] == "page").count();
            assert_eq!(profile["pageViews"], page_views);
            (id, page_views)
        })
        .collect()
}

#[test]
fn killed_while_visitors_are_erased() {
    let (folder, config) = folder();
    let data = folder.path().join("data");
    for round in 0..4_u64 {
        let name = |number: usize| format!("r{round}v{number}");
        let (serving, address) = serve(&config, &data);
        for number in 0..VISITORS {
            assert_eq!(send(&address, &name(number)), Some(200));
        }
        // Answers come in while the process still runs, and then no more.
        let (told, answers) = mpsc::channel();
        let threads: Vec<_> = (0..4)
            .map(|thread| {
                let (told, address) = (told.clone(), address.clone());
                let names: Vec<String> = (thread..VISITORS).step_by(4).map(name).collect();
                std::thread::spawn(move || {
                    for name in names {
                        if forget(&address, &name) == Some(204) {
                            told.send(name.clone()).unwrap();
                        }
                        // A copy of what the erased visitor has sent.
                        send(&address, &name);
                    }
                })
            })
            .collect();
        drop(told);
        let mut forgotten: Vec<String> = answers.iter().take(1 + round as usize * 5).collect();
        std::thread::sleep(Duration::from_millis(round));
        // Dropping kills.
        drop(serving);
        forgotten.extend(answers.iter());
        for thread in threads {
            thread.join().unwrap();
        }

        let (_serving, address) = serve(&config, &data);
        let stored = stored(&address, &data);
        assert!(forgotten.len() > round as usize);
        for name in &forgotten {
            assert!(!stored.contains_key(name), "{name}");
        }
        for (name, messages) in &stored {
            assert_eq!(*messages, MESSAGES, "{name}");
        }
        // Nor does anybody come back now.
        for name in &forgotten {
            assert_eq!(send(&address, name), Some(200));
        }
        let after: BTreeMap<_, _> = self::stored(&address, &data);
        assert_eq!(after, stored);
    }
}
