//! Messages and requests as the tracker writes them, into one text: member by member, in its order.
//!
//! Written by hand, because a library's values would take longer than all else that is done for a
//! visitor. What is put in unescaped is either this program's own or was escaped when the site was read.

use std::fmt::Write as _;

use firstglance_engine::Timestamp;

use super::site::Page;

/// Bytes of messages that go into one request, as the tracker has it.
const MAX_REQUEST: usize = 48_000;

/// In place of the moment at which a request leaves, which is put there when it does.
const MOMENT: &str = "2000-01-01T00:00:00.000Z";

/// Who sends a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sender {
    /// A browser, by its place among the user agents.
    Browser(usize),
    /// A program that says that it is one.
    Robot,
    /// The shop's own program.
    Shop,
}

/// A request, ready to leave.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Request {
    /// The number of the visitor whose it is.
    pub(super) visitor: u32,
    pub(super) sender: Sender,
    pub(super) body: Vec<u8>,
    /// Where in the body the moment belongs at which it leaves.
    pub(super) sent_at: usize,
    pub(super) messages: u32,
    /// How many of these are to be refused.
    pub(super) refused: u32,
}

impl Request {
    /// Puts in when it leaves.
    pub(super) fn leaves(&mut self, now: Timestamp) {
        let text = now.to_string();
        if let Some(place) = self.body.get_mut(self.sent_at..self.sent_at + MOMENT.len())
            && text.len() == place.len()
        {
            place.copy_from_slice(text.as_bytes());
        }
    }
}

/// A random name as browsers make it, in the order in which they are asked for.
pub(super) fn uuid(out: &mut String, (one, two): (u64, u64)) {
    // Writing into a String cannot fail.
    let _ = write!(
        out,
        "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
        one >> 32,
        one >> 16 & 0xffff,
        one & 0xfff,
        two >> 48 & 0x3fff | 0x8000,
        two & 0xffff_ffff_ffff,
    );
}

/// Writes the requests of a visit.
pub(super) struct Writer<'a> {
    head: Head<'a>,
    body: String,
    sent_at: usize,
    messages: u32,
    refused: u32,
    /// `"page":{…}` of the context.
    page: String,
    session: u64,
    pub(super) requests: Vec<Request>,
}

/// What a request begins with.
pub(super) struct Head<'a> {
    pub(super) write_key: &'a str,
    pub(super) consent: &'a str,
    pub(super) visitor: u32,
    /// The visitor's id, and the text by which the browser proves that it is its own.
    pub(super) id: &'a str,
    pub(super) claim: &'a str,
    pub(super) sender: Sender,
    pub(super) user_agent: &'a str,
}

impl<'a> Writer<'a> {
    pub(super) fn new(head: Head<'a>) -> Self {
        Self {
            head,
            body: String::new(),
            sent_at: 0,
            messages: 0,
            refused: 0,
            page: String::new(),
            session: 0,
            requests: Vec::new(),
        }
    }

    /// From here on messages are of this view of a page.
    pub(super) fn view(
        &mut self,
        page: &Page,
        origin: &str,
        search: &str,
        referrer: &str,
        session: u64,
    ) {
        self.session = session;
        self.page.clear();
        let question = if search.is_empty() { "" } else { "?" };
        let path = &page.path;
        let _ = write!(
            self.page,
            "\"url\":\"{origin}{path}{question}{search}\",\"path\":\"{path}\""
        );
        if !referrer.is_empty() {
            let _ = write!(self.page, ",\"referrer\":\"{referrer}\"");
        }
        self.page.push(',');
        self.page.push_str(&page.title);
        if !search.is_empty() {
            let _ = write!(self.page, ",\"search\":\"?{search}\"");
        }
    }

    /// The page view itself.
    pub(super) fn viewed(&mut self, id: (u64, u64), at: u64, page: &Page) {
        self.begin(id, at);
        self.body.push_str("\"type\":\"page\",\"properties\":{");
        self.body.push_str(&self.page);
        self.body.push(',');
        self.body.push_str(&page.about);
        self.body.push('}');
        self.end();
    }

    /// Something that was done; its properties are members, without their braces.
    pub(super) fn track(&mut self, id: (u64, u64), at: u64, event: &str, properties: &str) {
        self.begin(id, at);
        let _ = write!(
            self.body,
            "\"type\":\"track\",\"event\":\"{event}\",\"properties\":{{{properties}}}"
        );
        self.end();
    }

    /// That somebody is known by this name.
    pub(super) fn identify(&mut self, id: (u64, u64), at: u64, user: &str, traits: &str) {
        self.begin(id, at);
        let _ = write!(
            self.body,
            "\"type\":\"identify\",\"userId\":\"{user}\",\"traits\":{{{traits}}}"
        );
        self.end();
    }

    /// A message that says nothing of a page, as the shop's own program and derived segments do.
    pub(super) fn bare(&mut self, id: (u64, u64), at: u64, members: &str) {
        self.begin(id, at);
        self.body.push_str(members);
        self.name();
    }

    /// A message that the collector must refuse, with its id and time or without.
    pub(super) fn malformed(&mut self, message: &str) {
        self.separate();
        self.body.push_str(message);
        self.messages += 1;
        self.refused += 1;
    }

    /// All messages so far are of a program, and all are to be refused.
    pub(super) fn automated(&mut self) {
        self.refused = self.messages;
    }

    fn separate(&mut self) {
        if self.body.len() > MAX_REQUEST {
            self.finish();
        }
        if self.messages > 0 {
            self.body.push(',');
        } else {
            self.open();
        }
    }

    fn open(&mut self) {
        let Head {
            write_key,
            consent,
            claim,
            sender,
            user_agent,
            ..
        } = &self.head;
        let _ = match sender {
            Sender::Shop => write!(self.body, "{{\"writeKey\":\"{write_key}\",\"sentAt\":\""),
            _ => write!(
                self.body,
                "{{\"writeKey\":\"{write_key}\",\"claim\":\"{claim}\",\"consent\":\"{consent}\",\"sentAt\":\""
            ),
        };
        self.sent_at = self.body.len();
        self.body.push_str(MOMENT);
        let _ = match sender {
            Sender::Shop => write!(
                self.body,
                "\",\"context\":{{\"library\":{{\"name\":\"wielrijk-kassa\"}}}}"
            ),
            _ if *consent == "segments" => {
                write!(
                    self.body,
                    "\",\"context\":{{\"library\":{{\"name\":\"firstglance\"}}}}"
                )
            }
            _ => write!(
                self.body,
                "\",\"context\":{{\"library\":{{\"name\":\"firstglance\"}},\"locale\":\"nl\",\"userAgent\":\"{user_agent}\"}}"
            ),
        };
        self.body.push_str(",\"batch\":[");
    }

    fn begin(&mut self, id: (u64, u64), at: u64) {
        self.separate();
        self.messages += 1;
        self.body.push_str("{\"messageId\":\"");
        uuid(&mut self.body, id);
        self.body.push_str("\",\"timestamp\":\"");
        moment(at).write_rfc3339(&mut self.body);
        self.body.push_str("\",");
    }

    fn end(&mut self) {
        self.body.push_str(",\"context\":{\"page\":{");
        self.body.push_str(&self.page);
        let _ = write!(self.body, "}},\"sessionId\":{}}}", self.session);
        self.name();
    }

    fn name(&mut self) {
        let _ = write!(self.body, ",\"anonymousId\":\"{}\"}}", self.head.id);
    }

    /// Ends the request, if one was begun.
    pub(super) fn finish(&mut self) {
        if self.messages == 0 {
            return;
        }
        self.body.push_str("]}");
        let body = std::mem::take(&mut self.body);
        self.requests.push(Request {
            visitor: self.head.visitor,
            sender: self.head.sender,
            body: body.into_bytes(),
            sent_at: self.sent_at,
            messages: std::mem::take(&mut self.messages),
            refused: std::mem::take(&mut self.refused),
        });
    }
}

/// A moment of so many milliseconds.
pub(super) fn moment(milliseconds: u64) -> Timestamp {
    Timestamp::from_milliseconds(i64::try_from(milliseconds).unwrap_or(i64::MAX))
}
