//! Any bytes as a request to a collector that runs and keeps what it has taken in: each is answered, none
//! by a failure of its own, nothing of it becomes a header of an answer, and without the token nothing is
//! told that only administrators may know.
//!
//! The first byte says how the request is made of the rest: with the token, packed, with a line for the
//! method and path and lines for headers up to an empty one, then a body.
#![no_main]

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use firstglance_collector::config::Config;
use firstglance_collector::cookie::CookieKey;
use firstglance_collector::data::DataFolder;
use firstglance_collector::http::{App, Limits, Server, Shared};
use firstglance_collector::store::ProfileFold;
use firstglance_collector::store::embedded::Embedded;
use firstglance_collector::token::Tokens;
use libfuzzer_sys::fuzz_target;
use tokio::runtime::Runtime;

const CONFIG: &str = r#"
[site]
write_key = "k"
allowed_origins = ["https://www.example.nl"]
[limits]
visitor_events = 0
address_requests = 0
[[segment]]
id = "seen"
when = "visits >= 1"
"#;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(15);

struct Running {
    address: SocketAddr,
    token: String,
    /// Held for as long as the process lives.
    _runtime: Runtime,
}

static RUNNING: LazyLock<Running> = LazyLock::new(|| {
    let begun = begin();
    begun.unwrap_or_else(|error| panic!("the collector cannot be started: {error}"))
});

fn begin() -> Result<Running, Box<dyn std::error::Error>> {
    let config = Config::parse(CONFIG).map_err(|wrong| format!("{wrong:?}"))?;
    // For as long as the process lives, and in memory where there is such a folder.
    let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir())?;
    let data = DataFolder::open(&folder.keep())?;
    let runtime = Runtime::new()?;
    let (tokens, file) = Tokens::of(&data)?;
    let token = std::fs::read_to_string(file)?.trim().to_owned();
    let limits = Limits {
        // What has no end of its own would never be answered.
        streams: 0,
        ..Limits::default()
    };
    let shared = Arc::new(Shared::new(limits, tokens));
    let fold = ProfileFold::new(Arc::new(config.model.clone()));
    let (calendar, sync) = (config.site.calendar(), Box::new(|| Ok(())));
    let store = Embedded::open_with(&data.store(), fold, &calendar, sync)?;
    let cookie = CookieKey::of(&data, &config.site)?;
    let address = runtime.block_on(async {
        let server = Server::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await?;
        let address = server.address();
        let app = App::new(config, Arc::new(store), cookie, shared);
        // Nobody stops it, nor lets go of its data.
        std::mem::forget((server.start(app), data));
        Ok::<_, std::io::Error>(address)
    })?;
    Ok(Running {
        address,
        token,
        _runtime: runtime,
    })
}

fuzz_target!(|bytes: &[u8]| {
    let Some((how, rest)) = bytes.split_first() else {
        return;
    };
    let (has_token, is_raw) = (how & 1 != 0, how & 2 != 0);
    let running = &*RUNNING;
    let request = if is_raw {
        rest.to_vec()
    } else {
        made(rest, has_token.then_some(&*running.token))
    };
    let answer = exchange(running.address, &request);
    check(&answer, has_token && !is_raw, &request);
});

/// A request of lines and a body.
fn made(rest: &[u8], token: Option<&str>) -> Vec<u8> {
    let end = rest.windows(2).position(|two| two == b"\n\n");
    let (head, body) = match end {
        Some(end) => (&rest[..end], &rest[end + 2..]),
        None => (rest, &b""[..]),
    };
    let mut lines = head.split(|byte| *byte == b'\n');
    let mut request = lines.next().unwrap_or_default().to_vec();
    request.extend_from_slice(b" HTTP/1.1\r\nHost: h\r\nConnection: close\r\n");
    for line in lines {
        request.extend_from_slice(line);
        request.extend_from_slice(b"\r\n");
    }
    if let Some(token) = token {
        request.extend_from_slice(format!("Authorization: Bearer {token}\r\n").as_bytes());
    }
    request.extend_from_slice(format!("Content-Length: {}\r\n\r\n", body.len()).as_bytes());
    request.extend_from_slice(body);
    request
}

/// What is answered until the connection ends; nothing where there is no room for another one.
fn exchange(address: SocketAddr, request: &[u8]) -> Vec<u8> {
    let mut answer = Vec::new();
    let Ok(mut stream) = TcpStream::connect(address) else {
        return answer;
    };
    let _ = stream.set_read_timeout(Some(PATIENCE));
    // It may answer and close before it has read everything.
    let _ = stream.write_all(request);
    let _ = stream.shutdown(std::net::Shutdown::Write);
    if let Err(error) = stream.read_to_end(&mut answer) {
        let waited = matches!(
            error.kind(),
            std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut
        );
        assert!(!waited, "no end of an answer to {:?}", shown(request));
    }
    answer
}

fn shown(bytes: &[u8]) -> String {
    bytes.escape_ascii().to_string()
}

fn check(answer: &[u8], has_token: bool, request: &[u8]) {
    // A connection that says nothing that begins a request is ended without a word.
    if answer.is_empty() {
        return;
    }
    let about = || format!("{} to {}", shown(answer), shown(request));
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n");
    let Some(end) = end else {
        panic!("no head: {}", about());
    };
    let head = String::from_utf8_lossy(&answer[..end]);
    let mut lines = head.split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1));
    let status: u16 = status.and_then(|text| text.parse().ok()).unwrap_or(0);
    assert!((200..500).contains(&status) || status == 503, "{}", about());
    for line in lines {
        let name = line.split(':').next().unwrap_or_default();
        let is_name = |byte: u8| byte.is_ascii_lowercase() || byte == b'-' || byte.is_ascii_digit();
        assert!(name.bytes().all(is_name), "{}", about());
        assert!(
            !line.bytes().any(|byte| byte < b' ' || byte == 0x7f),
            "{}",
            about()
        );
    }
    if !has_token {
        let path = request.split(|byte| *byte == b' ').nth(1);
        let path = path.unwrap_or_default();
        if path.starts_with(b"/admin/") || path.starts_with(b"/metrics") {
            assert!(status >= 400, "{}", about());
        }
    }
}
