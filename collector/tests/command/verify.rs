//! `firstglance verify`: what it prints, and how it ends.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::{firstglance, folder, one_line, run, serve, text};

/// Sends a batch of messages of some visitors to a collector and lets it end in good order.
fn filled(config: &Path, data: &Path) {
    let (mut serving, address) = serve(config, data);
    let messages: Vec<String> = (0..90)
        .map(|number| {
            let visitor = number % 3;
            format!(
                r#"{{"type":"page","messageId":"m{number}","anonymousId":"v{visitor}","timestamp":"2026-01-02T03:04:05Z","properties":{{"path":"/e-bikes/{number}"}}}}"#
            )
        })
        .collect();
    let body = format!(r#"{{"writeKey":"k","batch":[{}]}}"#, messages.join(","));
    let (status, answer) = super::forget::exchange(&address, "POST /v1/batch", &body).unwrap();
    assert_eq!(status, 200, "{answer}");
    let ended = Command::new("kill")
        .arg(serving.0.id().to_string())
        .status();
    assert!(ended.unwrap().success());
    assert_eq!(serving.0.wait().unwrap().code(), Some(0));
}

#[test]
fn what_a_collector_has_written_is_fine() {
    let (folder, config) = folder();
    let data = folder.path().join("data");
    filled(&config, &data);
    for repair in [&[][..], &["--repair"]] {
        let output = firstglance(&["verify", "--config", text(&config), "--data", text(&data)])
            .args(repair)
            .output()
            .unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(0), "{said}");
        assert!(output.stdout.is_empty());
        assert_eq!(
            said,
            "3 visitors, 90 messages, 0 names of persons, 0 merges: everything fits\n"
        );
    }
}

#[test]
fn it_says_in_one_line_why_it_cannot() {
    let (folder, config) = folder();
    let data = folder.path().join("data");
    let arguments = ["verify", "--config", text(&config), "--data", text(&data)];
    let said = one_line(&run(&arguments));
    assert!(
        said.contains("there are no data of firstglance here"),
        "{said}"
    );
    // Looking makes nothing.
    assert!(!data.exists());
    let (_serving, _) = serve(&config, &data);
    let said = one_line(&run(&arguments));
    assert!(said.contains("in use by another process"), "{said}");
    fs::write(&config, "[site]\n").unwrap();
    assert!(one_line(&run(&arguments)).contains("write_key"));
}
