//! HTTP/1.1 as a client that costs next to nothing speaks it: one connection, one request at a time.

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// Longest wait for an answer.
const PATIENCE: Duration = Duration::from_secs(60);

/// The header of a body of JSON.
pub(crate) const JSON: &str = "Content-Type: application/json\r\n";

/// A connection that is opened again where it broke.
pub(crate) struct Connection {
    address: SocketAddr,
    stream: Option<TcpStream>,
    out: Vec<u8>,
    read: Vec<u8>,
}

/// An answer.
pub(crate) struct Answer<'a> {
    pub(crate) status: u16,
    pub(crate) head: &'a str,
    pub(crate) body: &'a [u8],
}

impl Answer<'_> {
    /// A header, by its name in small letters.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then_some(value.trim())
        })
    }
}

impl Connection {
    pub(crate) const fn new(address: SocketAddr) -> Self {
        Self {
            address,
            stream: None,
            out: Vec::new(),
            read: Vec::new(),
        }
    }

    /// Posts a body, with headers that end in a line break each.
    pub(crate) fn post(
        &mut self,
        path: &str,
        headers: &str,
        body: &[u8],
    ) -> io::Result<Answer<'_>> {
        self.out.clear();
        write!(
            self.out,
            "POST {path} HTTP/1.1\r\nHost: {}\r\n{headers}Content-Length: {}\r\n\r\n",
            self.address,
            body.len()
        )?;
        self.out.extend_from_slice(body);
        self.ask()
    }

    /// Gets an address; further headers end in a line break each.
    pub(crate) fn get(&mut self, path: &str, headers: &str) -> io::Result<Answer<'_>> {
        self.out.clear();
        write!(
            self.out,
            "GET {path} HTTP/1.1\r\nHost: {}\r\n{headers}\r\n",
            self.address
        )?;
        self.ask()
    }

    fn ask(&mut self) -> io::Result<Answer<'_>> {
        let asked = self.exchange();
        match asked {
            Ok((status, head, end)) => Ok(Answer {
                status,
                head: std::str::from_utf8(&self.read[..head]).unwrap_or_default(),
                body: &self.read[head..end],
            }),
            Err(error) => {
                self.stream = None;
                Err(error)
            }
        }
    }

    /// Status, end of the head, and end of the body.
    fn exchange(&mut self) -> io::Result<(u16, usize, usize)> {
        let stream = match &mut self.stream {
            Some(stream) => stream,
            none => {
                let stream = TcpStream::connect(self.address)?;
                stream.set_nodelay(true)?;
                stream.set_read_timeout(Some(PATIENCE))?;
                stream.set_write_timeout(Some(PATIENCE))?;
                none.insert(stream)
            }
        };
        stream.write_all(&self.out)?;
        self.read.clear();
        let mut buffer = [0; 4_096];
        let mut head = None;
        loop {
            let count = stream.read(&mut buffer)?;
            if count == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            self.read.extend_from_slice(&buffer[..count]);
            if head.is_none() {
                head = (self.read.windows(4).position(|four| four == b"\r\n\r\n"))
                    .map(|place| place + 4);
            }
            let Some(head) = head else { continue };
            let text = std::str::from_utf8(&self.read[..head]).map_err(io::Error::other)?;
            let parsed = Answer {
                status: 0,
                head: text,
                body: &[],
            };
            let length: usize = parsed
                .header("content-length")
                .and_then(|length| length.parse().ok())
                .unwrap_or(0);
            if self.read.len() < head + length {
                continue;
            }
            let status = text.get(9..12).and_then(|status| status.parse().ok());
            let status = status.ok_or_else(|| io::Error::other("no status"))?;
            if parsed.header("connection") == Some("close") {
                self.stream = None;
            }
            return Ok((status, head, head + length));
        }
    }
}
