//! Markup of variants: what may stand in it, and what makes it safe.
//!
//! Two steps. The crate `ammonia` reads markup as a browser does and writes down only what is on the
//! lists below; that is what pages get, whatever this module thinks of it. And where it had to take
//! out or mend anything, the owner is told what and where: content that looks different from what was
//! written is a mistake, not a surprise. For that the tokens of both are held against each other.
//!
//! Not on the lists, and why: scripts, styles, forms, frames and foreign namespaces run or fetch what
//! they like; `style` reaches outside the slot; `id` and `name` become names in the page's scripts;
//! slots in slots would decide each other.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::LazyLock;

use ammonia::Builder;
use html5ever::tendril::StrTendril;
use html5ever::tokenizer::{
    BufferQueue, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts,
};

use crate::config::condition::Fault;
use crate::config::problem::suggestion;

/// Elements that may stand in a variant.
pub const ELEMENTS: &[&str] = &[
    "a",
    "abbr",
    "article",
    "aside",
    "b",
    "bdi",
    "bdo",
    "blockquote",
    "br",
    "caption",
    "cite",
    "code",
    "col",
    "colgroup",
    "data",
    "dd",
    "del",
    "details",
    "dfn",
    "div",
    "dl",
    "dt",
    "em",
    "figcaption",
    "figure",
    "footer",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "hgroup",
    "hr",
    "i",
    "img",
    "ins",
    "kbd",
    "li",
    "mark",
    "nav",
    "ol",
    "p",
    "picture",
    "pre",
    "q",
    "s",
    "samp",
    "section",
    "small",
    "source",
    "span",
    "strong",
    "sub",
    "summary",
    "sup",
    "table",
    "tbody",
    "td",
    "tfoot",
    "th",
    "thead",
    "time",
    "tr",
    "u",
    "ul",
    "var",
    "wbr",
];

/// Attributes that any of them may have.
pub const ATTRIBUTES: &[&str] = &[
    "class",
    "dir",
    "hidden",
    "lang",
    "role",
    "title",
    "translate",
];

/// What the names of further attributes that any of them may have begin with.
pub const PREFIXES: &[&str] = &["aria-", "data-fg-"];

/// Attributes that only some may have. Those of links and images lead to the schemes of [`SCHEMES`]
/// or are relative.
pub const ATTRIBUTES_OF: &[(&str, &[&str])] = &[
    ("a", &["href", "hreflang", "rel", "target"]),
    ("col", &["span"]),
    ("colgroup", &["span"]),
    ("data", &["value"]),
    ("details", &["open"]),
    (
        "img",
        &[
            "alt", "decoding", "height", "loading", "sizes", "src", "srcset", "width",
        ],
    ),
    ("li", &["value"]),
    ("ol", &["reversed", "start", "type"]),
    (
        "source",
        &["height", "media", "sizes", "srcset", "type", "width"],
    ),
    ("td", &["colspan", "headers", "rowspan"]),
    ("th", &["abbr", "colspan", "headers", "rowspan", "scope"]),
    ("time", &["datetime"]),
];

/// Schemes that links and images may have.
pub const SCHEMES: &[&str] = &["http", "https", "mailto", "tel"];

/// Attributes that would make a slot of what stands in one.
const OF_SLOTS: &[&str] = &["data-fg-slot", "data-fg-variant", "data-fg-when"];

/// Elements inside elements at most.
const DEEPEST: usize = 100;

/// Mistakes that are told of one text.
const MOST_TOLD: usize = 20;

/// Elements without an end tag.
const VOID: &[&str] = &["br", "col", "hr", "img", "source", "wbr"];

static SANITISER: LazyLock<Builder<'static>> = LazyLock::new(|| {
    let set = |names: &[&'static str]| names.iter().copied().collect::<HashSet<_>>();
    let of: HashMap<_, _> = ATTRIBUTES_OF
        .iter()
        .map(|(element, names)| (*element, set(names)))
        .collect();
    let mut builder = Builder::empty();
    builder
        .tags(set(ELEMENTS))
        .clean_content_tags(set(&[
            "script", "style", "template", "noscript", "title", "textarea",
        ]))
        .generic_attributes(set(ATTRIBUTES))
        .generic_attribute_prefixes(set(PREFIXES))
        .tag_attributes(of)
        .url_schemes(set(SCHEMES))
        .url_relative(ammonia::UrlRelative::PassThrough)
        .attribute_filter(|_, name, value| (!OF_SLOTS.contains(&name)).then(|| value.into()))
        .link_rel(None);
    builder
});

/// The markup with everything taken out that is not on the lists, as a browser reads it.
#[must_use]
pub fn sanitised(html: &str) -> String {
    SANITISER.clean(html).to_string()
}

/// Markup that is safe, and says what was written.
///
/// # Errors
/// All that is not on the lists, or the first thing that had to be mended.
pub(in crate::config) fn checked(html: &str) -> Result<Box<str>, Vec<Fault>> {
    let written = pieces(html);
    let mut faults = Vec::new();
    faults.extend(written.broken);
    let mut depth = 0_usize;
    for piece in &written.pieces {
        is_allowed(piece, &mut faults);
        match &piece.what {
            What::Start(name, _) if !VOID.contains(&&**name) => depth += 1,
            What::End(_) => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > DEEPEST {
            let wrong = format!("more than {DEEPEST} elements are in each other here");
            faults.push(fault(piece, wrong, "close them, or leave some out"));
            break;
        }
    }
    if !faults.is_empty() {
        faults.sort_by_key(|fault| fault.span.start);
        faults.truncate(MOST_TOLD);
        return Err(faults);
    }
    let safe = sanitised(html);
    match first_difference(&written.pieces, &pieces(&safe).pieces, html.len()) {
        None => Ok(safe.into()),
        Some(fault) => Err(vec![fault]),
    }
}

/// A part of markup and where it stands.
struct Piece {
    span: Range<usize>,
    what: What,
}

#[derive(PartialEq)]
enum What {
    /// An element begins: its name, and names and values of its attributes, sorted.
    Start(String, Vec<(String, String)>),
    End(String),
    Text(String),
    Comment,
    Doctype,
}

impl What {
    fn shown(&self) -> String {
        match self {
            Self::Start(name, _) => format!("<{name}>"),
            Self::End(name) => format!("</{name}>"),
            Self::Text(_) => "text".to_owned(),
            Self::Comment => "a comment".to_owned(),
            Self::Doctype => "a doctype".to_owned(),
        }
    }
}

fn fault(piece: &Piece, wrong: String, right: impl Into<String>) -> Fault {
    Fault {
        span: piece.span.clone(),
        wrong,
        right: right.into(),
    }
}

/// Reports what is not on the lists.
fn is_allowed(piece: &Piece, faults: &mut Vec<Fault>) {
    let (name, attributes) = match &piece.what {
        What::Start(name, attributes) => (name.as_str(), attributes.as_slice()),
        What::End(name) => (name.as_str(), &[][..]),
        What::Text(_) => return,
        What::Comment | What::Doctype => {
            let wrong = format!("\"html\" has {}", piece.what.shown());
            faults.push(fault(
                piece,
                wrong,
                "leave it out: pages get only what is shown",
            ));
            return;
        }
    };
    if !ELEMENTS.contains(&name) {
        // Its end was told with its beginning.
        if matches!(piece.what, What::Start(..)) {
            let wrong = format!("\"html\" has <{name}>, which may not stand in a variant");
            let right = match suggestion(name, ELEMENTS) {
                Some(meant) => format!("did you mean <{meant}>?"),
                None => {
                    "leave it out; `firstglance reference configuration` lists what may".to_owned()
                }
            };
            faults.push(fault(piece, wrong, right));
        }
        return;
    }
    for (attribute, value) in attributes {
        let known = ATTRIBUTES.contains(&attribute.as_str())
            || PREFIXES.iter().any(|prefix| attribute.starts_with(prefix))
            || ATTRIBUTES_OF
                .iter()
                .any(|(of, names)| *of == name && names.contains(&attribute.as_str()));
        if OF_SLOTS.contains(&attribute.as_str()) {
            let wrong = format!("\"html\" has {attribute} in <{name}>");
            let right = "no slot may stand in another: leave it out";
            faults.push(fault(piece, wrong, right));
        } else if !known {
            let wrong = format!("\"html\" has the attribute {attribute} in <{name}>");
            let right = match attribute.as_str() {
                "style" => "it may not have it: use a class of the site's own style sheet",
                "id" | "name" => "it may not have it: use a class",
                event if event.starts_with("on") => "it may not have it: content runs no scripts",
                _ => "it may not have it; `firstglance reference configuration` lists what may",
            };
            faults.push(fault(piece, wrong, right));
        } else if matches!(attribute.as_str(), "href" | "src") && !is_safe_address(value) {
            let wrong = format!("\"html\" has <{name}> with {attribute} {value:?}");
            let right = "an address must be relative, http, https, mailto or tel";
            faults.push(fault(piece, wrong, right));
        }
    }
}

/// Whether an address leads where links may lead.
fn is_safe_address(address: &str) -> bool {
    match url::Url::parse(address) {
        Ok(address) => SCHEMES.contains(&address.scheme()),
        Err(error) => error == url::ParseError::RelativeUrlWithoutBase,
    }
}

/// Where what was written and what came of it differ first.
fn first_difference(written: &[Piece], safe: &[Piece], end: usize) -> Option<Fault> {
    let same = written.iter().zip(safe);
    let same = same.take_while(|(one, other)| one.what == other.what);
    let place = same.count();
    let at_end = |wrong: String, right: String| Fault {
        span: end..end,
        wrong,
        right,
    };
    let told = match (written.get(place), safe.get(place)) {
        (None, None) => return None,
        (None, Some(added)) => at_end(
            format!("\"html\" ends where {} is missing", added.what.shown()),
            format!("write {}", added.what.shown()),
        ),
        (Some(piece), Some(added)) if matches!(added.what, What::Start(..) | What::End(_)) => {
            fault(
                piece,
                format!(
                    "\"html\" is broken here: {} has no place",
                    piece.what.shown()
                ),
                format!(
                    "a browser reads {} first: write it, or move what is there",
                    added.what.shown()
                ),
            )
        }
        (Some(piece), _) => fault(
            piece,
            format!(
                "\"html\" is broken here: {} has no place",
                piece.what.shown()
            ),
            "leave it out, or begin and end elements in the right order",
        ),
    };
    Some(told)
}

/// What a tokenizer has told so far.
struct Told<'a> {
    text: &'a str,
    /// Bytes that it was given.
    given: Cell<usize>,
    pieces: RefCell<Vec<Piece>>,
    broken: RefCell<Option<Fault>>,
}

/// The parts of a text, and the first thing that is no markup.
struct Pieces {
    pieces: Vec<Piece>,
    broken: Option<Fault>,
}

/// A character at a time, so that it is known where each part ends.
fn pieces(html: &str) -> Pieces {
    let told = Told {
        text: html,
        given: Cell::new(0),
        pieces: RefCell::default(),
        broken: RefCell::default(),
    };
    let tokenizer = Tokenizer::new(told, TokenizerOpts::default());
    let queue = BufferQueue::default();
    for character in html.chars() {
        let given = &tokenizer.sink.given;
        given.set(given.get() + character.len_utf8());
        queue.push_back(StrTendril::from_char(character));
        // It asks for nothing: only a tree builder has it wait for a script.
        let _ = tokenizer.feed(&queue);
    }
    tokenizer.end();
    Pieces {
        pieces: tokenizer.sink.pieces.take(),
        broken: tokenizer.sink.broken.take(),
    }
}

impl Told<'_> {
    fn push(&self, what: What) {
        let end = self.given.get();
        let mut pieces = self.pieces.borrow_mut();
        let last_end = pieces.last().map_or(0, |last| last.span.end);
        if let (What::Text(text), Some(last)) = (&what, pieces.last_mut())
            && let What::Text(before) = &mut last.what
        {
            before.push_str(text);
            last.span.end = end;
            return;
        }
        let start = match &what {
            What::Start(name, _) => self.start(&format!("<{name}"), last_end..end),
            What::End(name) => self.start(&format!("</{name}"), last_end..end),
            _ => last_end,
        };
        // What was read of it before the tag is text.
        if let Some(last) = pieces.last_mut()
            && matches!(last.what, What::Text(_))
        {
            last.span.end = last.span.end.min(start);
        }
        pieces.push(Piece {
            span: start..end,
            what,
        });
    }

    /// Where a tag begins that ends at the end of a part.
    fn start(&self, tag: &str, within: Range<usize>) -> usize {
        let text = self.text.get(within.clone()).unwrap_or_default();
        let found = text.to_ascii_lowercase().find(tag);
        within.start + found.unwrap_or_default()
    }
}

impl TokenSink for Told<'_> {
    type Handle = ();

    fn process_token(&self, token: Token, _: u64) -> TokenSinkResult<()> {
        match token {
            Token::TagToken(tag) => {
                let name = tag.name.to_string();
                let mut attributes: Vec<(String, String)> = tag
                    .attrs
                    .iter()
                    .map(|one| (one.name.local.to_string(), one.value.to_string()))
                    .collect();
                attributes.sort();
                self.push(match tag.kind {
                    TagKind::StartTag => What::Start(name, attributes),
                    TagKind::EndTag => What::End(name),
                });
            }
            Token::CharacterTokens(text) => self.push(What::Text(text.to_string())),
            Token::NullCharacterToken => self.push(What::Text("\0".to_owned())),
            Token::CommentToken(_) => self.push(What::Comment),
            Token::DoctypeToken(_) => self.push(What::Doctype),
            Token::ParseError(_) => {
                let at = self.given.get().saturating_sub(1);
                let at = self.text.floor_char_boundary(at);
                self.broken.borrow_mut().get_or_insert_with(|| Fault {
                    span: at..at,
                    wrong: "\"html\" is broken here".to_owned(),
                    right:
                        "write &lt; for a sign that begins no tag, &amp; before what is no name \
                            of a character, and each attribute once and in quotes"
                            .to_owned(),
                });
            }
            Token::EOFToken => {}
        }
        TokenSinkResult::Continue
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(html: &str) -> Vec<String> {
        match checked(html) {
            Ok(_) => Vec::new(),
            Err(faults) => {
                let told = faults.iter();
                told.map(|one| format!("{}: {}; {}", one.span.start, one.wrong, one.right))
                    .collect()
            }
        }
    }

    /// Payloads of a public collection, as the package of DOMPurify brings them.
    fn payloads() -> Vec<String> {
        let package = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        let list = package.join("../node_modules/dompurify-payloads/test/fixtures/expect.js");
        let text = std::fs::read_to_string(&list)
            .unwrap_or_else(|error| panic!("{}: {error}; npm ci brings it", list.display()));
        let list = text.find('[').zip(text.rfind(']'));
        let (start, end) = list.unwrap();
        let all: Vec<serde_json::Value> = serde_json::from_str(&text[start..=end]).unwrap();
        let payloads = all
            .iter()
            .map(|one| one["payload"].as_str().unwrap().to_owned());
        payloads.collect()
    }

    #[test]
    fn nothing_of_a_public_collection_gets_through() {
        let payloads = payloads();
        assert!(payloads.len() > 150, "{}", payloads.len());
        let mut accepted = 0;
        for payload in &payloads {
            let safe = sanitised(payload);
            let mut faults = Vec::new();
            for piece in pieces(&safe).pieces {
                is_allowed(&piece, &mut faults);
            }
            assert_eq!(faults, [], "{payload} becomes {safe}");
            // What a browser makes of it is what it is: there is nothing left to be read otherwise.
            assert_eq!(sanitised(&safe), safe, "{payload}");
            if let Ok(checked) = checked(payload) {
                accepted += 1;
                assert_eq!(*checked, *safe, "{payload}");
            }
        }
        // Markup that nobody would object to is among them, and little of it.
        assert!(accepted < payloads.len() / 4, "{accepted}");
    }

    #[test]
    fn what_may_stand() {
        for html in [
            "",
            "Een & twee — drie",
            "<h2 class=\"big\">Koop nu</h2><p>Vanaf <b>€ 9</b> &amp; meer</p>",
            "<a href=\"/crm/?a=1&amp;b=2\" target=\"_blank\" rel=noopener>Meer</a>",
            "<A HREF='mailto:a@b.nl'>Mail</A><br/><hr>",
            "<img src=\"https://a.nl/b.png\" alt='\"' width=1 height=2 srcset=\"a 1x, b 2x\">",
            "<ul>\n  <li>een</li>\n  <li>twee</li>\n</ul>",
            "<table><tbody><tr><td colspan=2>x</td></tr></tbody></table>",
            "<p aria-live=polite data-fg-topic=\"E-bikes\" data-fg-show=\"crm !lead\" hidden>x</p>",
            "<picture><source srcset=\"a.webp\" type=\"image/webp\"><img src=a.png alt=\"\"></picture>",
        ] {
            assert_eq!(faults(html), [""; 0], "{html}");
            let safe = checked(html).unwrap();
            // What is safe stays as it is.
            assert_eq!(checked(&safe), Ok(safe.clone()), "{html}");
        }
    }

    #[test]
    fn what_may_not_and_where() {
        for (html, expected) in [
            (
                "<p>a</p><script>alert(1)</script>",
                "8: \"html\" has <script>",
            ),
            (
                "é<b onclick='x()'>a</b>",
                "2: \"html\" has the attribute onclick in <b>; it may not have it: content runs no scripts",
            ),
            (
                "<p style=\"color:red\">a</p>",
                "0: \"html\" has the attribute style in <p>",
            ),
            ("<p id=a>a</p>", "0: \"html\" has the attribute id in <p>"),
            (
                "<a href=\"java&#10;script:alert(1)\">a</a>",
                "0: \"html\" has <a> with href",
            ),
            (
                "<a href=\" javascript:alert(1)\">a</a>",
                "0: \"html\" has <a> with href",
            ),
            (
                "<img src=data:text/html,x>",
                "0: \"html\" has <img> with src \"data:text/html,x\"",
            ),
            (
                "<span data-fg-slot=x>a</span>",
                "0: \"html\" has data-fg-slot in <span>",
            ),
            ("a<!-- b -->", "1: \"html\" has a comment"),
            (
                "<setcion>a</setcion>",
                "0: \"html\" has <setcion>, which may not stand in a variant; did you mean <section>?",
            ),
            ("<p>a", "4: \"html\" ends where </p> is missing; write </p>"),
            (
                "<b><i>a</b></i>",
                "7: \"html\" is broken here: </b> has no place; a browser reads </i> first",
            ),
            ("a</p>", "1: \"html\" is broken here: </p> has no place"),
            (
                "<p><div>a</div></p>",
                "3: \"html\" is broken here: <div> has no place; a browser reads </p> first",
            ),
            (
                "<table><tr><td>a</td></tr></table>",
                "7: \"html\" is broken here: <tr> has no place; a browser reads <tbody> first",
            ),
            (
                "<ul><li>a<li>b</ul>",
                "9: \"html\" is broken here: <li> has no place; a browser reads </li> first",
            ),
            ("<div/>", "6: \"html\" ends where </div> is missing"),
            ("1 < 2", "3: \"html\" is broken here; write &lt;"),
            ("<p title=a title=b>a</p>", "18: \"html\" is broken here"),
            ("<b", "1: \"html\" is broken here"),
            ("a\0b", "1: \"html\" is broken here"),
        ] {
            let told = faults(html);
            assert!(
                told.first().is_some_and(|told| told.starts_with(expected)),
                "{html}: {told:?}"
            );
        }
        let deep = format!("{}{}", "<b>".repeat(101), "</b>".repeat(101));
        assert!(
            faults(&deep)[0].starts_with("300: \"html\" is broken here")
                || faults(&deep)[0].contains("more than 100")
        );
    }
}
