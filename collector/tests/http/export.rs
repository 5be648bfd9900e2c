//! What leaves in pieces: exports, everything held on one person, erasing of lists.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use bytes::Bytes;
use firstglance_collector::clock;
use firstglance_collector::http::Limits;
use parquet::file::reader::{FileReader as _, SerializedFileReader};
use parquet::record::Field;
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::client::{Answer, post};
use crate::server::{Collector, Options, page};

async fn export(collector: &Collector, query: &str) -> Answer {
    let answer = collector.admin(&format!("export?{query}")).await;
    assert_eq!(answer.status, 200, "{query}");
    assert!(answer.whole, "{query}");
    answer
}

fn lines(answer: &Answer) -> Vec<Value> {
    let lines = answer.text().lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

async fn erase(collector: &Collector, list: &str) -> Answer {
    let token = format!("Bearer {}", collector.token);
    let request = post("/admin/v1/erase", list).header("Authorization", &token);
    collector.send(request).await
}

/// Three visitors; the first likes electric bikes, and is a user with the third.
async fn filled() -> Collector {
    let collector = Collector::start().await;
    let mut messages: Vec<String> = (0..6)
        .map(|number| {
            page(
                "a",
                &format!("a{number}"),
                &format!("/e-bikes/{number}"),
                60,
            )
        })
        .collect();
    messages.push(page("b", "b1", "/other", 60));
    let at = clock::now();
    for visitor in ["a", "c"] {
        messages.push(format!(
            r#"{{"type":"identify","messageId":"{visitor}u","anonymousId":"{visitor}","userId":"u","timestamp":"{at}","traits":{{"name":"=1+1","note":"a,\"b\"\nc"}}}}"#
        ));
    }
    messages.push(format!(
        r#"{{"type":"track","event":"@cmd","messageId":"t","anonymousId":"b","timestamp":"{at}",
            "properties":{{"url":"https://h/?utm_source=x","price":1.50}},
            "context":{{"campaign":{{"source":"=nieuws\"brief"}}}}}}"#
    ));
    assert_eq!(collector.batch(&messages).await.status, 200);
    collector
}

#[tokio::test]
async fn events_as_messages_that_can_be_taken_in_again() {
    let collector = filled().await;
    let exported = export(&collector, "what=events&format=ndjson").await;
    assert_eq!(
        exported.header("content-type"),
        Some("application/x-ndjson")
    );
    let name = exported.header("content-disposition").unwrap();
    assert!(name.starts_with("attachment; filename=\"firstglance-events-20"));
    let messages = lines(&exported);
    let ids: Vec<&str> = messages
        .iter()
        .map(|message| message["messageId"].as_str().unwrap())
        .collect();
    assert_eq!(
        ids,
        ["a0", "a1", "a2", "a3", "a4", "a5", "au", "b1", "t", "cu"]
    );
    assert!(exported.text().contains("1.50"));
    // Into another collector, by the way that every message comes.
    let other = Collector::start().await;
    let raw: Vec<String> = exported.text().lines().map(ToOwned::to_owned).collect();
    let taken = other.batch(&raw).await.json();
    assert_eq!(taken["accepted"], 10, "{taken}");
    let again = export(&other, "what=events").await;
    let but_received = |answer: &Answer| -> Vec<Value> {
        let mut all = lines(answer);
        for one in &mut all {
            one.as_object_mut().unwrap().remove("receivedAt");
        }
        all
    };
    assert_eq!(but_received(&again), but_received(&exported));
    let profiles = |answer: &Answer| lines(answer);
    let (one, two) = (
        export(&collector, "what=profiles").await,
        export(&other, "what=profiles").await,
    );
    let names = |all: &[Value]| -> Vec<String> {
        all.iter()
            .map(|one| format!("{} {}", one["visitor_id"], one["segments"]))
            .collect()
    };
    assert_eq!(names(&profiles(&one)), names(&profiles(&two)));
}

#[tokio::test]
async fn tables_that_spreadsheets_can_open() {
    let collector = filled().await;
    let exported = export(&collector, "what=events&format=csv").await;
    assert!(
        exported
            .text()
            .starts_with("visitor_id,user_id,message_id,type,")
    );
    assert!(!exported.body.starts_with(&[0xef, 0xbb, 0xbf]));
    let mut reader = csv::Reader::from_reader(&exported.body[..]);
    let header = reader.headers().unwrap().clone();
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 10);
    let cell = |row: &csv::StringRecord, name: &str| {
        let place = header.iter().position(|one| one == name).unwrap();
        row[place].to_owned()
    };
    let track = rows
        .iter()
        .find(|row| cell(row, "message_id") == "t")
        .unwrap();
    assert_eq!(cell(track, "event"), "'@cmd");
    assert_eq!(cell(track, "utm_source"), "'=nieuws\"brief");
    assert_eq!(cell(track, "url"), "https://h/?utm_source=x");
    for row in &rows {
        assert!(
            row.iter()
                .all(|cell| !cell.starts_with(['=', '+', '-', '@', '\t', '\r']))
        );
    }
    let profiles = export(&collector, "what=profiles&format=csv").await;
    let mut reader = csv::Reader::from_reader(&profiles.body[..]);
    let row = reader.records().next().unwrap().unwrap();
    let traits = row.iter().find(|cell| cell.contains("\"note\"")).unwrap();
    let traits: Value = serde_json::from_str(traits).unwrap();
    assert_eq!(traits["note"], "a,\"b\"\nc");
}

#[tokio::test]
async fn parquet_says_the_same_as_lines() {
    let collector = filled().await;
    for what in ["events", "profiles"] {
        let exported = export(&collector, &format!("what={what}&format=parquet")).await;
        let reader = SerializedFileReader::new(Bytes::from(exported.body)).unwrap();
        let rows = reader.get_row_iter(None).unwrap();
        let mut seen = Vec::new();
        for row in rows {
            let row = row.unwrap();
            let texts = row
                .get_column_iter()
                .filter_map(|(name, field)| match field {
                    Field::Str(text) => Some((name.clone(), text.clone())),
                    _ => None,
                });
            seen.push(texts.collect::<std::collections::BTreeMap<_, _>>());
        }
        match what {
            "events" => {
                assert_eq!(seen.len(), 10);
                let track = seen.iter().find(|row| row["message_id"] == "t").unwrap();
                assert_eq!(track["utm_source"], "=nieuws\"brief");
                assert_eq!(track["event"], "@cmd");
            }
            _ => {
                let lines = lines(&export(&collector, "what=profiles").await);
                assert_eq!(seen.len(), lines.len());
                for (row, line) in seen.iter().zip(&lines) {
                    assert_eq!(row["visitor_id"], line["visitor_id"].as_str().unwrap());
                    let segments: Value = serde_json::from_str(&row["segments"]).unwrap();
                    assert_eq!(segments, line["segments"]);
                }
            }
        }
    }
}

#[tokio::test]
async fn by_segment_and_changes_by_themselves() {
    let collector = filled().await;
    let only = lines(&export(&collector, "what=profiles&segment=e-bikes").await);
    let ids: Vec<&Value> = only.iter().map(|one| &one["visitor_id"]).collect();
    assert_eq!(ids, ["a"]);
    let events = lines(&export(&collector, "what=events&segment=e-bikes").await);
    assert!(events.iter().all(|one| one["anonymousId"] == "a") && events.len() == 7);
    let changes = lines(&export(&collector, "what=changes").await);
    assert!(!changes.is_empty());
    assert!(
        changes
            .iter()
            .all(|one| one["context"]["library"]["name"] == "firstglance-collector")
    );
    // Whatever a sender makes look like a change is a message all the same, and a change is none.
    let forged = format!(
        r#"{{"type":"track","event":"Segment Entered","messageId":"fg-0","anonymousId":"a","timestamp":"{}","properties":{{"segment":"x"}},"context":{{"library":{{"name":"firstglance-collector"}}}}}}"#,
        clock::now()
    );
    assert_eq!(collector.batch(&[forged]).await.json()["accepted"], 1);
    let again = lines(&export(&collector, "what=changes").await);
    assert_eq!(again.len(), changes.len());
    let events = lines(&export(&collector, "what=events").await);
    let is_forged = |one: &&Value| one["messageId"] == "fg-0";
    assert_eq!(events.iter().filter(is_forged).count(), 1);
    for (query, status, code) in [
        ("what=profiles&segment=e-bike", 404, "unknown_id"),
        ("what=x", 400, "invalid_parameter"),
        ("format=xlsx", 400, "invalid_parameter"),
    ] {
        let answer = collector.admin(&format!("export?{query}")).await;
        assert_eq!(
            (answer.status, answer.error().as_str()),
            (status, code),
            "{query}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_goes_away_is_not_read_for() {
    let limits = Limits {
        long_answers: 1,
        ..Limits::default()
    };
    let collector = Collector::start_with(Options {
        limits,
        ..Options::default()
    })
    .await;
    let filling = "x".repeat(20_000);
    for visitor in 0..30 {
        let at = clock::now();
        let messages: Vec<String> = (0..25)
            .map(|number| {
                format!(
                    r#"{{"type":"track","event":"e","messageId":"{number}","anonymousId":"v{visitor}","timestamp":"{at}","properties":{{"filling":"{filling}"}}}}"#
                )
            })
            .collect();
        assert_eq!(collector.batch(&messages).await.status, 200);
    }
    let mut stream = TcpStream::connect(collector.address).await.unwrap();
    let head = format!(
        "GET /admin/v1/export HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {}\r\n\r\n",
        collector.token
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut some = [0; 1_000];
    stream.read_exact(&mut some).await.unwrap();
    // Nobody takes the rest, so it is still being made; and there is one turn.
    assert_eq!(collector.admin("export").await.status, 503);
    drop(stream);
    let begun = Instant::now();
    while collector.admin("export").await.status != 200 {
        assert!(begun.elapsed() < Duration::from_secs(20));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    collector.stop().await;
}

#[tokio::test]
async fn everything_that_is_held_on_a_person() {
    let collector = filled().await;
    let alone = collector.admin("profiles/a/access").await;
    assert!(alone.whole);
    let alone = alone.json();
    assert_eq!(alone["person"]["visitors"], serde_json::json!(["a"]));
    let visitor = &alone["visitors"][0];
    assert_eq!(visitor["id"], "a");
    let messages = visitor["messages"].as_array().unwrap();
    let ids: BTreeSet<&str> = messages
        .iter()
        .map(|one| one["messageId"].as_str().unwrap())
        .collect();
    assert!(ids.is_superset(&BTreeSet::from(["a0", "a5", "au"])));
    assert!(visitor["traits"]["note"]["value"].is_string());
    assert!(alone["person"]["why"].is_object());
    let whole = collector.admin("profiles/a/access?person").await.json();
    assert_eq!(whole["person"]["visitors"], serde_json::json!(["a", "c"]));
    assert_eq!(whole["person"]["userIds"], serde_json::json!(["u"]));
    assert_eq!(
        whole["visitors"][1]["messages"].as_array().unwrap().len(),
        1
    );
    assert_eq!(whole["refused"], serde_json::json!([]));
    assert_eq!(collector.admin("profiles/nobody/access").await.status, 404);
    // Of whoever never became known there may be what was refused.
    let wrong = ["x1", "x2"].map(|id| {
        format!(r#"{{"type":"page","messageId":"{id}","anonymousId":"nobody","timestamp":"soon"}}"#)
    });
    collector.batch(&wrong).await;
    collector.batch(&[page("d", "d0", "/", 1)]).await;
    let refused = collector.admin("profiles/nobody/access").await.json();
    let ids: Vec<&Value> = (refused["refused"].as_array().unwrap().iter())
        .map(|one| &one["messageId"])
        .collect();
    assert_eq!(ids, ["x2", "x1"]);
    assert_eq!(refused["visitors"], serde_json::json!([]));
}

#[tokio::test]
async fn lists_of_visitors_and_users_are_erased() {
    let collector = filled().await;
    let answer = erase(
        &collector,
        "[\"b\", {\"user\":\"u\"}, \"nobody\", {\"user\":5}]",
    )
    .await;
    assert_eq!((answer.status, answer.whole), (200, true));
    let outcomes: Vec<Value> = lines(&answer);
    let told: Vec<(&Value, &Value)> = outcomes
        .iter()
        .map(|one| (&one["outcome"], &one["erased"]))
        .collect();
    let list = |ids: &[&str]| serde_json::json!(ids);
    assert_eq!(
        told,
        [
            (&"erased".into(), &list(&["b"])),
            (&"erased".into(), &list(&["a", "c"])),
            (&"unknown".into(), &list(&[])),
            (&"invalid".into(), &list(&[])),
        ]
    );
    assert!(export(&collector, "what=events").await.body.is_empty());
    // Once more the same: nothing else happens.
    let again = lines(&erase(&collector, "b\n{\"user\":\"u\"}\n").await);
    assert!(again.iter().all(|one| one["outcome"] == "unknown"));
    for list in ["", "[]", &"a\n".repeat(10_001)] {
        let answer = erase(&collector, list).await;
        assert_eq!(
            (answer.status, answer.error().as_str()),
            (400, "invalid_list")
        );
    }
    let audit = collector.admin("audit").await;
    assert!(audit.text().contains("POST erase"), "{}", audit.text());
}
