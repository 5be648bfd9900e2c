//! Bodies as the page's script sends them: batches of one visitor who reads, engages and clicks.
//!
//! A body is written once and only its ids, times and paths are put in anew, so that making load
//! takes little of the cores that it is to load.

use std::ops::Range;

use firstglance_engine::{Milliseconds, Timestamp};

/// Digits of visitors' numbers, and of messages'.
const DIGITS: usize = 12;
const ID_DIGITS: usize = 16;

/// Paths that visitors read.
const PATHS: u64 = 400;

/// A batch that is sent again and again with other ids.
pub(crate) struct Body {
    bytes: Vec<u8>,
    messages: Vec<Places>,
}

/// Where in a body stands what changes.
struct Places {
    id: Range<usize>,
    visitor: Range<usize>,
    timestamp: Range<usize>,
    paths: Vec<Range<usize>>,
}

/// The name of a visitor.
pub(crate) fn visitor(number: u64) -> String {
    format!("ld-{number:0DIGITS$}")
}

impl Body {
    /// A batch of so many messages.
    pub(crate) fn new(write_key: &str, messages: usize) -> Self {
        let mut text = format!(
            r#"{{"writeKey":"{write_key}","claim":"0123456789abcdefghijkl","context":{{"library":{{"name":"firstglance","version":"0.1.0"}},"locale":"nl-NL","userAgent":"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36","screen":{{"width":1920,"height":1080}},"timezone":"Europe/Amsterdam"}},"batch":["#
        );
        let mut places = Vec::new();
        for number in 0..messages {
            if number > 0 {
                text.push(',');
            }
            places.push(message(&mut text, number));
        }
        text.push_str("]}");
        Self {
            bytes: text.into_bytes(),
            messages: places,
        }
    }

    /// Bytes of the body.
    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// The body for a visitor, with ids from a number on; the last message is of this moment.
    pub(crate) fn of(&mut self, visitor: u64, first_id: u64, now: Timestamp) -> &[u8] {
        let count = self.messages.len() as u64;
        for number in 0..count {
            let earlier = Milliseconds((count - 1 - number) * 1_500);
            self.message(
                number as usize,
                visitor,
                first_id + number,
                now.minus(earlier),
            );
        }
        &self.bytes
    }

    /// The body with another visitor in each message.
    pub(crate) fn of_each(&mut self, first_visitor: u64, first_id: u64, now: Timestamp) -> &[u8] {
        for number in 0..self.messages.len() {
            let more = number as u64;
            self.message(number, first_visitor + more, first_id + more, now);
        }
        &self.bytes
    }

    fn message(&mut self, number: usize, visitor: u64, id: u64, at: Timestamp) {
        let places = &self.messages[number];
        digits(&mut self.bytes[places.visitor.clone()], visitor);
        digits(&mut self.bytes[places.id.clone()], id);
        self.bytes[places.timestamp.clone()].copy_from_slice(at.to_string().as_bytes());
        for path in &places.paths {
            digits(&mut self.bytes[path.clone()], id % PATHS);
        }
    }
}

fn digits(place: &mut [u8], mut number: u64) {
    for digit in place.iter_mut().rev() {
        *digit = b'0' + (number % 10) as u8;
        number /= 10;
    }
}

/// Pages, how they are read, and a click now and then.
fn message(text: &mut String, number: usize) -> Places {
    let place = |text: &mut String, before: &str, length: usize| {
        text.push_str(before);
        let start = text.len();
        text.extend(std::iter::repeat_n('0', length));
        start..start + length
    };
    let id = place(text, r#"{"messageId":"load-"#, ID_DIGITS);
    let visitor = place(text, r#"","anonymousId":"ld-"#, DIGITS);
    let timestamp = place(text, r#"","timestamp":""#, 24);
    let mut paths = Vec::new();
    match number % 5 {
        0 | 3 => {
            paths.push(place(
                text,
                r#"","type":"page","properties":{"title":"Kade 5: de e-bike voor elke dag | Wielrijk","words":420,"topics":["e-bikes","Kade"],"referrer":"https://www.wielrijk.nl/e-bikes/","path":"/e-bikes/kade-"#,
                3,
            ));
            paths.push(place(
                text,
                r#"/","url":"https://www.wielrijk.nl/e-bikes/kade-"#,
                3,
            ));
            // Something brings a visitor once, not to every page.
            text.push_str(match number {
                0 => r#"/?utm_source=nieuwsbrief&utm_medium=email"}}"#,
                _ => r#"/"}}"#,
            });
        }
        4 => {
            paths.push(place(
                text,
                r#"","type":"track","event":"Link Clicked","properties":{"text":"Plan een proefrit","href":"https://www.wielrijk.nl/proefrit/","path":"/e-bikes/kade-"#,
                3,
            ));
            text.push_str(r#"/"}}"#);
        }
        _ => {
            paths.push(place(
                text,
                r#"","type":"track","event":"Page Engaged","properties":{"active_seconds":12.5,"active_seconds_before":0,"scroll_percent":75,"scroll_percent_before":10,"scroll_pixels":2310,"words":420,"topics":["e-bikes","Kade"],"path":"/e-bikes/kade-"#,
                3,
            ));
            text.push_str(r#"/","title":"Kade 5: de e-bike voor elke dag | Wielrijk"}}"#);
        }
    }
    Places {
        id,
        visitor,
        timestamp,
        paths,
    }
}
