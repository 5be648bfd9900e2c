//! Many connections of which nothing comes, or not enough, and what others notice of them.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::wire::Connection;

#[derive(clap::Args)]
pub(crate) struct Options {
    /// The collector.
    #[arg(long)]
    address: SocketAddr,
    /// How many connections.
    #[arg(long, default_value_t = 10_000)]
    connections: usize,
    /// What each of them sends before it falls silent.
    #[arg(long, value_enum, default_value = "nothing")]
    sends: Sends,
    /// How long they are held, and others ask beside them.
    #[arg(long, default_value_t = 5.0)]
    seconds: f64,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Sends {
    /// Nothing at all.
    Nothing,
    /// A whole request, as a browser does that keeps its connection.
    Request,
    /// The first line of a request.
    Line,
    /// All of a request but the end of its body.
    Part,
}

pub(crate) fn run(options: &Options) -> Value {
    let says: &[u8] = match options.sends {
        Sends::Nothing => b"",
        Sends::Request => b"GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n",
        Sends::Line => b"POST /v1/batch HTTP/1.1\r\n",
        Sends::Part => {
            b"POST /v1/batch HTTP/1.1\r\nHost: h\r\nContent-Length: 5000\r\n\r\n{\"writeKey\""
        }
    };
    let mut held = Vec::with_capacity(options.connections);
    let mut refused = 0;
    for _ in 0..options.connections {
        match TcpStream::connect_timeout(&options.address, Duration::from_secs(5)) {
            Ok(mut stream) => {
                // A connection that was closed meanwhile is counted below.
                let _ = stream.write_all(says);
                held.push(stream);
            }
            Err(_) => refused += 1,
        }
    }
    let end = Instant::now() + Duration::from_secs_f64(options.seconds);
    let (mut answered, mut unanswered, mut slowest) = (0, 0, Duration::ZERO);
    while Instant::now() < end {
        // A new connection each time: it is those that must not be locked out.
        let begun = Instant::now();
        match Connection::new(options.address).get("/healthz", "") {
            Ok(answer) if answer.status == 200 => answered += 1,
            _ => unanswered += 1,
        }
        slowest = slowest.max(begun.elapsed());
        std::thread::sleep(Duration::from_millis(20));
    }
    let mut closed = 0;
    for stream in &mut held {
        // What was closed reads as an end, what is open as something that would wait; an answer may
        // stand before either.
        let _ = stream.set_nonblocking(true);
        let mut buffer = [0; 4_096];
        loop {
            match stream.read(&mut buffer) {
                Ok(0) => {
                    closed += 1;
                    break;
                }
                Ok(_) => {}
                Err(error) => {
                    closed += u64::from(error.kind() != std::io::ErrorKind::WouldBlock);
                    break;
                }
            }
        }
    }
    json!({
        "held": held.len() as u64 - closed,
        "closed": closed,
        "refused": refused,
        "answered": answered,
        "unanswered": unanswered,
        "slowest_ms": slowest.as_secs_f64() * 1_000.0,
    })
}
