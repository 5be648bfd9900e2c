//! The log of a collector that is sent what should not reach it: a line is a line.

use std::io::Read as _;

use super::*;

#[test]
fn nothing_that_is_sent_writes_into_the_log() {
    let (folder, config) = folder();
    let address = {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap().to_string()
    };
    let data = folder.path().join("data");
    let child = firstglance(&["serve", "--config", text(&config), "--data", text(&data)])
        .args(["--listen", &address])
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
    let hostile =
        "\\r\\n{\\\"level\\\":\\\"ERROR\\\",\\\"message\\\":\\\"FORGED\\\"}\\u001b[2J 203.0.113.99";
    let body = format!(
        r#"{{"writeKey":"k","dropped":7,"context":{{"ip":"203.0.113.99","userAgent":"{hostile}"}},"batch":[
        {{"type":"{hostile}"}},{{"type":"page","messageId":"{hostile}x","anonymousId":"a"}},
        {{"type":"page","messageId":"m","anonymousId":"a","properties":{{"title":"{hostile}"}}}}]}}"#
    );
    for head in [
        format!("POST /v1/batch HTTP/1.1\r\nContent-Length: {}", body.len()),
        "GET /%0d%0a{%22level%22:%22ERROR%22,%22message%22:%22FORGED%22}%1b[2J HTTP/1.1".to_owned(),
        "GET /\x1b[2JFORGED HTTP/1.1".to_owned(),
        "GET /v1/click?to=https://evil.nl/%0d%0aFORGED HTTP/1.1".to_owned(),
        "GET /v1/pixel.gif?writeKey=%1b%0d%0aFORGED&anonymousId=%0d HTTP/1.1".to_owned(),
    ] {
        let mut stream = TcpStream::connect(&address).unwrap();
        let request = format!(
            "{head}\r\nHost: a\r\nX-Forwarded-For: 203.0.113.99\r\nOrigin: http://a\r\n\
             User-Agent: \u{e9}FORGED\r\nCookie: fg_visitor=FORGED\r\nConnection: close\r\n\r\n{body}"
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        assert!(answer.starts_with(b"HTTP/1.1 "), "{head}");
    }
    serving.0.kill().unwrap();
    let log = String::from_utf8(reading.join().unwrap().unwrap()).unwrap();
    assert!(log.contains("answered"), "{log}");
    for line in log.lines() {
        let read: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_ne!(read["message"], "FORGED", "{line}");
        assert!(!line.contains('\u{1b}'), "{line}");
        // Nor does it tell whose address a visitor has.
        assert!(!line.contains("203.0.113.99"), "{line}");
    }
}
