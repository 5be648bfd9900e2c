//! Merges by the command line: the same of a collector that runs and of a folder on which none does.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;

use serde_json::Value;

use crate::{folder, one_line, run, serve, text};

/// A browser that says who its visitor is.
fn identify(address: &str, visitor: &str, user: &str) {
    let body = format!(
        r#"{{"writeKey":"k","type":"identify","messageId":"{visitor}-{user}","anonymousId":"{visitor}","userId":"{user}"}}"#
    );
    let length = body.len();
    let mut stream = TcpStream::connect(address).unwrap();
    write!(
        stream,
        "POST /v1/identify HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

fn merges(data: &Path, address: &str, arguments: &[&str]) -> Vec<Value> {
    let url = format!("http://{address}");
    let (action, more) = arguments.split_first().unwrap();
    let all = [
        &["merges", action, "--data", text(data), "--url", &url],
        more,
    ]
    .concat();
    let output = run(&all);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let said = String::from_utf8(output.stdout).unwrap();
    said.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn listed_and_undone_whether_a_collector_runs_or_not() {
    let (folder, config) = folder();
    let data = folder.path().join("data");
    let (serving, address) = serve(&config, &data);
    for visitor in ["phone", "library", "a b&c"] {
        identify(&address, visitor, "jo");
    }
    let kinds = |all: &[Value]| -> Vec<(String, String, bool)> {
        let text = |one: &Value, name: &str| one[name].as_str().unwrap_or("").to_owned();
        let row = |one: &Value| {
            let undone = one["undone"].as_bool().unwrap();
            (text(one, "kind"), text(one, "visitor"), undone)
        };
        all.iter().map(row).collect()
    };
    let joined = |visitor: &str, undone| ("joined".to_owned(), visitor.to_owned(), undone);
    let all = merges(&data, &address, &["list"]);
    let expected = [
        joined("a b&c", false),
        joined("library", false),
        joined("phone", false),
    ];
    assert_eq!(kinds(&all), expected);
    let some = merges(&data, &address, &["list", "--visitor", "a b&c"]);
    assert_eq!(kinds(&some), expected[..1]);
    let library = all[1]["id"].as_str().unwrap();
    let undone = merges(&data, &address, &["undo", library]);
    assert_eq!(undone[0]["merge"]["of"], library);
    assert_eq!(undone[0]["together"], false);
    let again = run(&[
        "merges",
        "undo",
        "--data",
        text(&data),
        "--url",
        &format!("http://{address}"),
        library,
    ]);
    let said = one_line(&again);
    assert!(said.contains("the collector undid nothing: "), "{said}");
    let reached = run(&[
        "merges",
        "list",
        "--data",
        text(&data),
        "--url",
        "http://127.0.0.1:9",
    ]);
    assert!(one_line(&reached).contains("--url says where it listens"));
    drop(serving);

    // The same of the folder.
    let person = merges(&data, &address, &["list", "--person", "jo"]);
    assert_eq!(person.len(), 4);
    assert_eq!(kinds(&person)[2], joined("library", true));
    let phone = all[2]["id"].as_str().unwrap();
    let undone = merges(&data, &address, &["undo", phone]);
    assert_eq!(undone[0]["merge"]["token"]["name"], "command line");
    assert_eq!(
        (&undone[0]["merge"]["from"], &undone[0]["merge"]["to"]),
        (&"jo".into(), &Value::Null)
    );
    for (merge, expected) in [(phone, "undone"), ("99", "merge")] {
        let said = one_line(&run(&["merges", "undo", "--data", text(&data), merge]));
        assert!(said.contains(expected), "{said}");
    }
    // What was undone there a collector knows.
    let (_serving, address) = serve(&config, &data);
    let all = merges(&data, &address, &["list"]);
    let undone = kinds(&all).into_iter().filter(|(_, _, undone)| *undone);
    assert_eq!(undone.count(), 2);
    let missing = folder.path().join("missing");
    let said = one_line(&run(&["merges", "list", "--data", text(&missing)]));
    assert!(
        said.contains("there are no data") && !missing.exists(),
        "{said}"
    );
}
