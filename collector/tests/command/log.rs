//! The log of a collector that is sent what should not reach it: a line is a line.

use std::io::Read as _;

use super::*;

/// Signs that are none in the head of a request.
fn percent(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02x}")).collect()
}

/// What is sent: bodies and heads.
fn requests() -> Vec<String> {
    let corpus: Vec<String> = serde_json::from_str(include_str!("../hostile.json")).unwrap();
    let end = "X-Forwarded-For: 203.0.113.99\r\nConnection: close\r\n\r\n";
    let mut all = Vec::new();
    for text in corpus {
        let json = serde_json::Value::from(&*text).to_string();
        let body = format!(
            r#"{{"writeKey":"k","dropped":7,"context":{{"ip":"203.0.113.99","userAgent":{json}}},"batch":[
            {{"type":{json}}},{{"type":"page","messageId":{json},"anonymousId":{json}}},
            {{"type":"page","messageId":"m","anonymousId":"a","properties":{{"title":{json}}}}}]}}"#
        );
        let length = body.len();
        all.push(format!(
            "POST /v1/batch HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n{end}{body}"
        ));
        let one = percent(&text);
        for path in [
            format!("/{one}"),
            format!("/admin/v1/{one}?{one}={one}"),
            format!("/v1/click?to=https://evil.nl/{one}"),
            format!("/v1/pixel.gif?writeKey={one}&anonymousId={one}"),
            // Also as it is, which is no address.
            format!("/{text}"),
        ] {
            all.push(format!("GET {path} HTTP/1.1\r\nHost: a\r\n{end}"));
        }
        let plain: String = text.chars().filter(|sign| *sign >= ' ').collect();
        for name in [
            "Host",
            "User-Agent",
            "Origin",
            "Cookie",
            "Authorization",
            "Referer",
        ] {
            for value in [&text, &plain] {
                all.push(format!("GET /v1/me HTTP/1.1\r\n{name}: {value}\r\n{end}"));
            }
        }
    }
    all
}

/// The log of a collector that was sent all of it.
fn log(format: &str) -> String {
    let (folder, config) = folder();
    let address = {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap().to_string()
    };
    let data = folder.path().join("data");
    let child = firstglance(&["serve", "--config", text(&config), "--data", text(&data)])
        .args(["--listen", &address, "--log-format", format])
        .env("FIRSTGLANCE_LOG", "trace,sled=warn,mio=warn")
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut serving = Serving(child);
    // Read all the while: a full pipe would stop it.
    let mut pipe = serving.0.stderr.take().unwrap();
    let reading = std::thread::spawn(move || {
        let mut log = Vec::new();
        pipe.read_to_end(&mut log).map(|_| log)
    });
    let started = Instant::now();
    while ask(&address, "/readyz").is_none() {
        assert!(started.elapsed() < Duration::from_secs(20), "not ready");
        std::thread::sleep(Duration::from_millis(20));
    }
    for request in requests() {
        let mut stream = TcpStream::connect(&address).unwrap();
        // It may answer and close before it has read everything.
        let _ = stream.write_all(request.as_bytes());
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        assert!(
            answer.is_empty() || answer.starts_with(b"HTTP/1.1 "),
            "{request:?}"
        );
    }
    serving.0.kill().unwrap();
    String::from_utf8(reading.join().unwrap().unwrap()).unwrap()
}

/// No line commands a terminal, and none tells whose address a visitor has.
fn is_plain(line: &str) {
    assert!(!line.chars().any(char::is_control), "{line:?}");
    assert!(!line.contains("203.0.113.99"), "{line}");
}

#[test]
fn nothing_that_is_sent_writes_into_the_log() {
    let log = log("json");
    assert!(log.contains("answered"), "{log}");
    for line in log.split_terminator('\n') {
        is_plain(line);
        let read: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_ne!(read["message"], "FORGED", "{line}");
        assert_eq!(read["admin"], serde_json::Value::Null, "{line}");
    }
}

#[test]
fn nor_into_the_log_that_people_read() {
    let log = log("text");
    assert!(log.contains("answered"), "{log}");
    for line in log.split_terminator('\n') {
        is_plain(line);
        // Each begins with its time: none is what somebody sent.
        let (time, _) = line.trim_start().split_once(' ').unwrap();
        assert!(
            firstglance_engine::Timestamp::parse(time).is_ok(),
            "{line:?}"
        );
    }
}
