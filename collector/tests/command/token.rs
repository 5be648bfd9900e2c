//! Tokens from the command line, beside a collector that runs.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;

use serde_json::Value;

use crate::{folder, one_line, run, serve, text};

fn status(address: &str, token: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(
        stream,
        "GET /admin/v1/profiles HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\
         Connection: close\r\n\r\n"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.split(' ').nth(1).unwrap().to_owned()
}

#[test]
fn made_shown_and_revoked_while_a_collector_runs() {
    let (folder, config) = folder();
    let data = folder.path().join("data");
    let create = |more: &[&str]| {
        let arguments = ["token", "create", "--data", text(&data)];
        run(&[&arguments[..], more].concat())
    };
    let said = one_line(&create(&["--role", "read", "--name", "Anna"]));
    assert!(said.contains("no collector has been started"), "{said}");

    let (_serving, address) = serve(&config, &data);
    let output = create(&["--role", "read", "--name", "Anna", "--expires", "90d"]);
    assert_eq!(output.status.code(), Some(0));
    let token = String::from_utf8(output.stdout).unwrap().trim().to_owned();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains("Anna with the role read for all sites"),
        "{said}"
    );
    assert!(!said.contains(&token));
    assert_eq!(status(&address, &token), "200");
    let mode = fs::metadata(data.join("tokens.json"))
        .unwrap()
        .permissions();
    assert_eq!(mode.mode() & 0o777, 0o600);

    let list = || {
        let output = run(&["token", "list", "--data", text(&data)]);
        let lines = String::from_utf8(output.stdout).unwrap();
        assert!(!lines.contains(&token));
        let lines = lines
            .lines()
            .map(|line| serde_json::from_str(line).unwrap());
        lines.collect::<Vec<Value>>()
    };
    create(&["--role", "erase", "--name", "Bert", "--site", "shop"]);
    let listed = list();
    assert_eq!(listed.len(), 2);
    assert_eq!(listed[0]["name"], "Anna");
    assert_eq!(listed[0]["site"], Value::Null);
    assert!(listed[0]["expires"].is_string());
    assert_eq!(listed[1]["role"], "erase");
    assert_eq!(listed[1]["site"], "shop");
    assert_eq!(listed[1]["expires"], Value::Null);

    let id = listed[0]["id"].as_str().unwrap();
    let output = run(&["token", "revoke", "--data", text(&data), id]);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(status(&address, &token), "401");
    assert_eq!(list().len(), 1);
    let said = one_line(&run(&["token", "revoke", "--data", text(&data), id]));
    assert!(
        said.contains("there is no token with the id or name"),
        "{said}"
    );

    for wrong in [
        &["--role", "admin", "--name", "x"][..],
        &["--role", "read"],
        &["--role", "read", "--name", "x", "--expires", "soon"],
        &["--role", "read", "--name", "x", "--site", "../x"],
    ] {
        assert_eq!(create(wrong).status.code(), Some(2), "{wrong:?}");
    }
    let said = one_line(&create(&["--role", "read", "--name", "a\nb"]));
    assert!(said.contains("no control characters"), "{said}");
}
