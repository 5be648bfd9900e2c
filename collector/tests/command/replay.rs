//! `firstglance replay`: messages of a file as profiles, a line each.

use std::path::Path;
use std::process::Output;

use super::{feed, folder, text};

fn replay(config: &Path, more: &[&str], input: &str) -> Output {
    let mut arguments = vec!["replay", "--config", text(config)];
    arguments.extend_from_slice(more);
    feed(&arguments, input)
}

#[test]
fn replay_folds_a_file() {
    let (_folder, config) = folder();
    let message = |visitor: &str, id: &str, at: &str| {
        format!(
            r#"{{"type":"page","messageId":"{id}","anonymousId":"{visitor}","timestamp":"{at}","properties":{{"path":"/x","topics":["E-bikes"]}}}}"#
        )
    };
    let input = [
        message("b", "1", "2026-01-03T00:00:00Z"),
        message("a", "1", "2026-01-02T00:00:00Z"),
        message("a", "1", "2026-01-02T00:00:00Z"),
        message("a", "2", "2026-01-01T00:00:00Z"),
        message("", "1", "2026-01-01T00:00:00Z").replace("anonymousId\":\"", "userId\":\"u"),
    ]
    .join("\n");
    let output = replay(&config, &[], &input);
    assert_eq!(output.status.code(), Some(0));
    let lines: Vec<serde_json::Value> = output
        .stdout
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_slice(line).unwrap())
        .collect();
    let ids: Vec<_> = lines
        .iter()
        .map(|line| line["anonymousId"].as_str())
        .collect();
    assert_eq!(ids, [Some("a"), Some("b"), None]);
    assert_eq!(
        (&lines[0]["events"], &lines[0]["visits"]),
        (&2.into(), &2.into())
    );
    assert_eq!(lines[2]["userId"], "u");
    let then = lines[0]["interests"]["e-bikes"].as_f64().unwrap();

    // A year later little of it is left.
    let output = replay(&config, &["--now", "2027-01-01T00:00:00Z"], &input);
    let line = output.stdout.split(|byte| *byte == b'\n').next().unwrap();
    let line: serde_json::Value = serde_json::from_slice(line).unwrap();
    assert!(line["interests"]["e-bikes"].as_f64().unwrap() < then / 100.0);
}

#[test]
fn replay_skips_bad_lines_and_says_so() {
    let (_folder, config) = folder();
    let good =
        r#"{"type":"page","messageId":"1","anonymousId":"a","timestamp":"2026-01-03T00:00:00Z"}"#;
    let output = replay(&config, &[], &format!("nonsense\n{good}\n{{}}\n"));
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        output.stdout.iter().filter(|byte| **byte == b'\n').count(),
        1
    );
    let said = String::from_utf8(output.stderr).unwrap();
    let lines: Vec<&str> = said.lines().collect();
    assert!(lines[0].starts_with("line 1: "), "{said}");
    assert!(lines[1].starts_with("line 3: "), "{said}");
    assert_eq!(lines[2], "2 lines were skipped");
}

#[test]
fn replay_joins_and_explains() {
    let (_folder, config) = folder();
    let said = |kind: &str, visitor: &str, id: u32, minute: u32| {
        format!(
            r#"{{{kind},"messageId":"{id}","anonymousId":"{visitor}","timestamp":"2026-01-02T00:{minute:02}:00Z","properties":{{"path":"/x","topics":["E-bikes"]}}}}"#
        )
    };
    let page = r#""type":"page""#;
    let jo = r#""type":"identify","userId":"jo""#;
    let mut input: Vec<String> = (0..6).map(|id| said(page, "b", id, id)).collect();
    input.extend([
        said(page, "a", 1, 7),
        said(jo, "a", 2, 8),
        said(jo, "b", 9, 9),
    ]);
    input.push(said(page, "c", 1, 10));
    let lines = |more: &[&str]| -> Vec<serde_json::Value> {
        let output = replay(&config, more, &input.join("\n"));
        assert_eq!(output.status.code(), Some(0));
        let text = String::from_utf8(output.stdout).unwrap();
        let lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
        lines.collect()
    };
    let plain = lines(&[]);
    assert_eq!(plain.len(), 3);
    for line in &plain[..2] {
        assert_eq!(
            (&line["userId"], &line["events"]),
            (&"jo".into(), &9.into())
        );
        assert_eq!(line["visitors"], serde_json::json!(["a", "b"]));
        assert_eq!(line["segments"], serde_json::json!(["e-bikes"]));
        assert!(line.get("why").is_none() && line.get("changes").is_none());
    }
    assert_eq!(plain[2]["anonymousId"], "c");
    assert!(plain[2].get("visitors").is_none());

    // By the next year they have left the segment, and it is told when.
    let explained = lines(&["--explain", "--now", "2027-01-01T00:00:00Z"]);
    let line = &explained[0];
    assert_eq!(line["segments"], serde_json::json!([]));
    assert!(line["why"]["interests"]["e-bikes"]["evidence"].is_array());
    let newest = &line["changes"][0];
    let of_segments: Vec<_> = line["changes"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|change| change["segment"] == "e-bikes")
        .map(|change| change["event"].as_str().unwrap())
        .collect();
    assert_eq!(of_segments, ["Segment Left", "Segment Entered"]);
    assert!(
        newest["reason"]
            .as_str()
            .unwrap()
            .starts_with("time passed")
    );
    assert!(newest["at"].as_str().unwrap().starts_with("2026-"));
}
