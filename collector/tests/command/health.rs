//! Whether a collector is ready, for supervisors; and that it speaks TLS where it is told to.

use std::fs;
use std::io::Write as _;
use std::net::TcpListener;
use std::time::{Duration, Instant};

use crate::{Serving, firstglance, folder, one_line, run, serve, text};

#[test]
fn ready_or_not_over_plain_http() {
    let (folder, config) = folder();
    let (serving, address) = serve(&config, &folder.path().join("data"));
    let health = |url: &str| run(&["health", "--timeout", "5", "--url", url]);
    let ready = health(&format!("http://{address}/readyz"));
    assert_eq!((ready.status.code(), ready.stdout.len()), (Some(0), 0));
    let said = one_line(&health(&format!("http://{address}/unknown")));
    assert!(said.contains("404 Not Found: {\"error\":"), "{said}");
    drop(serving);
    let said = one_line(&health(&format!("http://{address}/readyz")));
    assert!(said.contains("refused"), "{said}");
    for wrong in ["ftp://x", "x", "/readyz", "http://"] {
        assert_eq!(health(wrong).status.code(), Some(2), "{wrong}");
    }

    // Somebody who listens and says nothing.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", silent.local_addr().unwrap());
    let said = one_line(&run(&["health", "--timeout", "1", "--url", &url]));
    assert!(said.contains("no answer within 1 seconds"), "{said}");
}

#[test]
fn tls_where_there_is_a_certificate() {
    let (folder, config) = folder();
    let made = rcgen::generate_simple_self_signed(["data.example.nl".to_owned()]).unwrap();
    fs::write(folder.path().join("c.pem"), made.cert.pem()).unwrap();
    let tls = "[site]\nwrite_key = \"k\"\n[server]\ncertificate = \"c.pem\"\nkey = \"k.pem\"\n";
    fs::write(&config, tls).unwrap();
    let address = {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap().to_string()
    };
    let data = folder.path().join("data");
    let arguments = [
        "serve",
        "--config",
        text(&config),
        "--data",
        text(&data),
        "--listen",
        &address,
    ];
    // The paths begin at the folder of the configuration.
    let said = one_line(&run(&arguments));
    assert!(said.contains("k.pem: cannot read a private key"), "{said}");

    let mut key = fs::File::create(folder.path().join("k.pem")).unwrap();
    key.write_all(made.signing_key.serialize_pem().as_bytes())
        .unwrap();
    let log = fs::File::create(folder.path().join("log")).unwrap();
    let serving = Serving(firstglance(&arguments).stderr(log).spawn().unwrap());
    let started = Instant::now();
    let url = format!("https://{address}/readyz");
    while run(&["health", "--url", &url]).status.code() != Some(0) {
        assert!(started.elapsed() < Duration::from_secs(20), "not ready");
        std::thread::sleep(Duration::from_millis(20));
    }
    let plain = format!("http://{address}/readyz");
    assert_eq!(run(&["health", "--url", &plain]).status.code(), Some(1));
    drop(serving);
    let log = fs::read_to_string(folder.path().join("log")).unwrap();
    assert!(log.contains("\"tls\":true"), "{log}");
}
