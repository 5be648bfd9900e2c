//! Requests leave over many connections, those of one visitor in their order over the same one, as
//! from so many browsers. What the collector asks to wait for is sent again; what it refuses is counted.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};

use super::message::{Request, Sender, moment};
use super::people::{BROWSERS, ROBOT};
use super::wire::{Connection, JSON};
use crate::random::milliseconds_now;

/// Requests that may wait for each connection.
const WAITING: usize = 32;

/// Bytes of a thread's stack: there may be thousands of them.
const STACK: usize = 512 * 1_024;

/// How often a request is sent again that the connection broke under or that came at a bad moment.
const TRIES: u32 = 60;

/// What became of the messages so far.
#[derive(Default)]
pub(super) struct Tally {
    pub(super) accepted: AtomicU64,
    pub(super) duplicates: AtomicU64,
    pub(super) refused: AtomicU64,
    pub(super) requests: AtomicU64,
    pub(super) bytes: AtomicU64,
    /// Requests that the collector asked to send again.
    pub(super) again: AtomicU64,
    stopped: AtomicBool,
    error: Mutex<Option<anyhow::Error>>,
}

impl Tally {
    /// Messages that were answered.
    pub(super) fn answered(&self) -> u64 {
        [&self.accepted, &self.duplicates, &self.refused]
            .map(|count| count.load(Ordering::Relaxed))
            .iter()
            .sum()
    }

    fn stop(&self, error: anyhow::Error) {
        self.stopped.store(true, Ordering::Relaxed);
        let mut first = self.error.lock().unwrap_or_else(PoisonError::into_inner);
        first.get_or_insert(error);
    }
}

/// Where to, and how.
pub(super) struct Settings {
    pub(super) address: SocketAddr,
    pub(super) connections: usize,
    pub(super) origin: String,
    pub(super) gzip: bool,
}

/// Sends everything that `make` makes, until it makes no more. `make` gets what was sent so far.
pub(super) fn send(
    settings: &Settings,
    tally: &Tally,
    mut make: impl FnMut(&Tally) -> Option<Vec<Request>>,
) -> Result<()> {
    thread::scope(|scope| {
        let mut queues: Vec<SyncSender<Request>> = Vec::new();
        for _ in 0..settings.connections {
            let (queue, requests) = sync_channel(WAITING);
            let builder = thread::Builder::new().stack_size(STACK);
            builder.spawn_scoped(scope, move || {
                if let Err(error) = connection(settings, tally, &requests) {
                    tally.stop(error);
                }
            })?;
            queues.push(queue);
        }
        while !tally.stopped.load(Ordering::Relaxed)
            && let Some(made) = make(tally)
        {
            for request in made {
                let queue = &queues[request.visitor as usize % queues.len()];
                // It is gone only where an error has stopped everything.
                if queue.send(request).is_err() {
                    break;
                }
            }
        }
        Ok::<_, anyhow::Error>(())
    })?;
    let mut error = tally.error.lock().unwrap_or_else(PoisonError::into_inner);
    error.take().map_or(Ok(()), Err)
}

fn connection(settings: &Settings, tally: &Tally, requests: &Receiver<Request>) -> Result<()> {
    let mut connection = Connection::new(settings.address);
    let mut headers = String::new();
    while let Ok(mut request) = requests.recv() {
        headers.clear();
        head(&mut headers, settings, &request);
        let mut tries = 0;
        loop {
            if tally.stopped.load(Ordering::Relaxed) {
                return Ok(());
            }
            request.leaves(moment(milliseconds_now()));
            let packed = settings.gzip.then(|| gzip(&request.body)).transpose()?;
            let body = packed.as_ref().unwrap_or(&request.body);
            let answer = connection.post("/v1/batch", &headers, body);
            let wait = match answer {
                Ok(answer) => match answer.status {
                    200 | 400 => {
                        count(tally, &request, answer.status, answer.body)?;
                        tally.bytes.fetch_add(body.len() as u64, Ordering::Relaxed);
                        break;
                    }
                    429 | 503 => {
                        tally.again.fetch_add(1, Ordering::Relaxed);
                        let seconds = answer
                            .header("retry-after")
                            .and_then(|text| text.parse().ok());
                        seconds.unwrap_or(1.0_f64).clamp(0.05, 30.0)
                    }
                    status => {
                        let body = String::from_utf8_lossy(answer.body).into_owned();
                        bail!(
                            "the collector answered {status} to a batch: {body}{}",
                            advice(status)
                        )
                    }
                },
                Err(error) if tries == TRIES => {
                    return Err(
                        anyhow!(error).context(format!("no connection to {}", settings.address))
                    );
                }
                Err(_) => 0.25,
            };
            tries += 1;
            if tries > TRIES {
                bail!(
                    "the collector asks to come again after {TRIES} tries: what one visitor or one address \
                     may send is in [limits] of its configuration"
                );
            }
            thread::sleep(Duration::from_secs_f64(wait));
        }
        tally.requests.fetch_add(1, Ordering::Relaxed);
    }
    Ok(())
}

/// What to look at where an answer is none that a page would get.
const fn advice(status: u16) -> &'static str {
    match status {
        401 => "\nIs --write-key that of the site?",
        403 => "\nIs the origin of --site-config in the collector's allowed_origins?",
        404 => "\nIs --url the collector's own address?",
        _ => "",
    }
}

/// The headers of a browser, or of the shop's own program.
fn head(headers: &mut String, settings: &Settings, request: &Request) {
    use std::fmt::Write as _;
    // Every visitor has an address, out of those that are kept for measuring networks, so that nobody is
    // counted as one sender. A collector believes it of a proxy, as this machine is one by default.
    let place = request.visitor % (1 << 17);
    let address = std::net::Ipv4Addr::from(0xc612_0000 | place);
    let agent = match request.sender {
        Sender::Browser(agent) => BROWSERS[agent],
        Sender::Robot => ROBOT,
        Sender::Shop => "",
    };
    // Writing into a String cannot fail.
    let _ = match request.sender {
        Sender::Shop => write!(headers, "{JSON}X-Forwarded-For: 198.51.100.1\r\n"),
        _ => write!(
            headers,
            "Content-Type: text/plain;charset=UTF-8\r\nOrigin: {}\r\nUser-Agent: {agent}\r\nX-Forwarded-For: {address}\r\n",
            settings.origin
        ),
    };
    if settings.gzip {
        headers.push_str("Content-Encoding: gzip\r\n");
    }
}

fn gzip(body: &[u8]) -> Result<Vec<u8>> {
    use std::io::Write as _;
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(body)?;
    Ok(packed.finish()?)
}

/// Takes the answer to account, and holds it against what it must be.
fn count(tally: &Tally, request: &Request, status: u16, body: &[u8]) -> Result<()> {
    let text = std::str::from_utf8(body).context("an answer is not UTF-8")?;
    let number = |name: &str| -> Result<u64> {
        let found = text.split_once(name).map(|(_, rest)| {
            let end = rest
                .find(|sign: char| !sign.is_ascii_digit())
                .unwrap_or(rest.len());
            &rest[..end]
        });
        let found = found.and_then(|digits| digits.parse().ok());
        found.with_context(|| format!("an answer ({status}) without {name}: {text}"))
    };
    let accepted = number("\"accepted\":")?;
    let duplicates = number("\"duplicates\":")?;
    let refused = u64::from(request.messages).saturating_sub(accepted + duplicates);
    if refused != u64::from(request.refused) {
        let hint = match request.sender {
            Sender::Robot => {
                "\nDoes the collector know robots (the npm packages were there when it was built), \
                 and believe this machine as a proxy ([server] trusted_proxies)?"
            }
            _ => "",
        };
        bail!(
            "of {} messages {} were to be refused, and {refused} were: {text}{hint}",
            request.messages,
            request.refused
        );
    }
    for (count, more) in [
        (&tally.accepted, accepted),
        (&tally.duplicates, duplicates),
        (&tally.refused, refused),
    ] {
        count.fetch_add(more, Ordering::Relaxed);
    }
    Ok(())
}
