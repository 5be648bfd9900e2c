//! Out of a data folder and into another: export, import and erase without a collector.

use std::fs;
use std::path::Path;
use std::process::Output;

use serde_json::Value;

use crate::{feed, folder, run, text};

fn import(config: &Path, data: &Path, input: &str, more: &[&str]) -> Output {
    let mut arguments = vec!["import", "--config", text(config), "--data", text(data)];
    arguments.extend(more);
    feed(&arguments, input)
}

fn export(data: &Path, more: &[&str]) -> String {
    let mut arguments = vec!["export", "--data", text(data)];
    arguments.extend(more);
    let output = run(&arguments);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}");
    String::from_utf8(output.stdout).unwrap()
}

fn counts(output: &Output) -> [u64; 4] {
    let counts: Value = serde_json::from_slice(&output.stdout).unwrap();
    ["accepted", "duplicates", "erased", "refused"].map(|name| counts[name].as_u64().unwrap())
}

#[test]
fn what_was_exported_can_be_imported() {
    let (folder, config) = folder();
    let (one, other) = (folder.path().join("one"), folder.path().join("other"));
    let mut input = String::new();
    for number in 0..1_500 {
        input.push_str(&format!(
            r#"{{"type":"page","messageId":"m{number}","anonymousId":"v{}","timestamp":"2026-01-02T03:04:05Z","properties":{{"path":"/a/{number}"}}}}"#,
            number % 7
        ));
        input.push('\n');
    }
    let output = import(&config, &one, &input, &[]);
    assert_eq!(counts(&output), [1_500, 0, 0, 0]);
    assert_eq!(output.status.code(), Some(0));
    // Once more the same: every message counts once.
    assert_eq!(
        counts(&import(&config, &one, &input, &[])),
        [0, 1_500, 0, 0]
    );

    let events = export(&one, &[]);
    assert_eq!(events.lines().count(), 1_500);
    assert_eq!(
        counts(&import(&config, &other, &events, &[])),
        [1_500, 0, 0, 0]
    );
    let profiles = |data: &Path| {
        let now = ["--now", "2026-01-03T00:00:00Z"];
        export(
            data,
            &[&["--what", "profiles", "--config", text(&config)][..], &now].concat(),
        )
    };
    assert_eq!(profiles(&one), profiles(&other));
    let csv = export(&other, &["--format", "csv"]);
    assert_eq!(csv.lines().count(), 1_501);
    let parquet = run(&["export", "--data", text(&other), "--format", "parquet"]).stdout;
    assert!(parquet.starts_with(b"PAR1") && parquet.ends_with(b"PAR1"));
}

#[test]
fn lines_that_are_refused_are_told() {
    let (folder, config) = folder();
    let data = folder.path().join("data");
    let good =
        r#"{"type":"page","messageId":"m","anonymousId":"a","timestamp":"2026-01-02T03:04:05Z"}"#;
    let long = format!(r#"{{"x":"{}"}}"#, "x".repeat(100_000));
    let nobody = r#"{"type":"page","timestamp":"2026-01-02T03:04:05Z"}"#;
    let input = format!("{good}\n\n{nobody}\n{long}\nx\n{good}\n{{\"type\":\"page\"}}");
    let refused = folder.path().join("refused.ndjson");
    let output = import(&config, &data, &input, &["--refused", text(&refused)]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(counts(&output), [1, 1, 0, 4]);
    let told = fs::read_to_string(&refused).unwrap();
    let told: Vec<(u64, String)> = told
        .lines()
        .map(|line| {
            let line: Value = serde_json::from_str(line).unwrap();
            (
                line["line"].as_u64().unwrap(),
                line["code"].as_str().unwrap().to_owned(),
            )
        })
        .collect();
    let told: Vec<(u64, &str)> = told
        .iter()
        .map(|(line, code)| (*line, code.as_str()))
        .collect();
    let expected = [
        (3, "missing_visitor"),
        (4, "message_too_large"),
        (5, "malformed"),
        // Nothing but the present time could be given to it, and that it is not of.
        (7, "missing_timestamp"),
    ];
    assert_eq!(told, expected);
    // Without a file they are told on standard error, a line each.
    let output = import(&config, &data, "x\n", &[]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.starts_with(r#"{"line":1,"code":"malformed""#),
        "{said}"
    );
}

#[test]
fn erased_without_a_collector() {
    let (folder, config) = folder();
    let data = folder.path().join("data");
    let message = |visitor: &str, user: &str| {
        format!(
            "{{\"type\":\"identify\",\"messageId\":\"m\",\"anonymousId\":\"{visitor}\",\"userId\":\"{user}\",\"timestamp\":\"2026-01-02T03:04:05Z\"}}\n"
        )
    };
    let input = [message("a", "x"), message("b", "x"), message("c", "y")].concat();
    import(&config, &data, &input, &[]);
    let ids = folder.path().join("ids.txt");
    fs::write(&ids, "nobody\n{\"user\":\"x\"}\n").unwrap();
    let output = run(&[
        "erase",
        "--data",
        text(&data),
        "--visitor",
        "d",
        "--file",
        text(&ids),
    ]);
    assert_eq!(output.status.code(), Some(0));
    let told = String::from_utf8(output.stdout).unwrap();
    let outcomes: Vec<Value> = told
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let erased: Vec<&Value> = outcomes.iter().map(|one| &one["erased"]).collect();
    assert_eq!(
        erased,
        [
            &serde_json::json!([]),
            &serde_json::json!([]),
            &serde_json::json!(["a", "b"])
        ]
    );
    let left = export(&data, &["--what", "profiles"]);
    assert_eq!(left.lines().count(), 1);
    assert!(left.contains("\"c\""));
    // What was exported before does not bring anybody back.
    assert_eq!(counts(&import(&config, &data, &input, &[]))[0], 0);
}

#[test]
fn nothing_is_made_where_something_should_be() {
    let (folder, _) = folder();
    let nowhere = folder.path().join("nowhere");
    for arguments in [&["export"][..], &["erase", "--visitor", "a"]] {
        let arguments = [arguments, &["--data", text(&nowhere)]].concat();
        let output = run(&arguments);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains("there are no data"), "{said}");
        assert!(!nowhere.exists());
    }
    assert_eq!(
        run(&["erase", "--data", text(&nowhere)]).status.code(),
        Some(2)
    );
    let segment = run(&["export", "--data", text(&nowhere), "--segment", "x"]);
    assert_eq!(segment.status.code(), Some(2));
}
