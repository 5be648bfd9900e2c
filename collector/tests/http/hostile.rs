//! Texts that try to be more than texts, in every place of a message and of a request, and at every
//! place where something comes out: they stay what they are.

use std::collections::BTreeSet;

use bytes::Bytes;
use csv::ReaderBuilder;
use firstglance_collector::token::Role;
use parquet::file::reader::{FileReader as _, SerializedFileReader};
use parquet::record::Field;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::client::{Answer, Request, get, post};
use crate::server::{Collector, Options};

/// See the file.
fn corpus() -> Vec<String> {
    serde_json::from_str(include_str!("../hostile.json")).unwrap()
}

const CONFIG: &str = r#"
[site]
write_key = "k"
allowed_origins = ["https://www.example.nl"]

[[segment]]
id = "seen"
when = "visits >= 1"
"#;

/// What each text is put into, as messages of one visitor; and what is refused perhaps, because an id
/// has no such signs.
fn messages(number: usize, text: &str) -> ([Value; 4], [Value; 5]) {
    let id = |kind: &str| format!("{kind}{number}");
    let url = format!(
        "https://www.example.nl/{0}?utm_source={0}&gclid={0}&{0}={0}",
        percent(text)
    );
    let accepted = [
        json!({
            "type": "page", "messageId": id("page"), "anonymousId": "a", "name": text, text: text,
            "properties": {
                "path": text, "title": text, "search": text, "referrer": text, "topics": [text],
                "keywords": [text], "number": -1, text: text,
            },
            "context": {
                "locale": text, "userAgent": text, "library": {"name": text},
                "campaign": {"source": text, "medium": text, "name": text, "term": text, text: text},
                "page": {"url": url, "title": text},
            },
        }),
        json!({
            "type": "track", "messageId": id("track"), "anonymousId": "a", "event": text,
            "properties": {"title": text, "query": text, "label": text},
        }),
        json!({
            "type": "identify", "messageId": id("identify"), "anonymousId": "a",
            "traits": {"title": text, "name": text, text: text},
        }),
        json!({
            "type": "group", "messageId": id("group"), "anonymousId": "a", "groupId": "g",
            "traits": {"title": text},
        }),
    ];
    let perhaps = [
        json!({"type": "page", "messageId": text, "anonymousId": "a"}),
        json!({"type": "page", "messageId": id("visitor"), "anonymousId": text}),
        json!({"type": "identify", "messageId": id("user"), "anonymousId": "b", "userId": text}),
        json!({"type": "alias", "messageId": id("alias"), "previousId": text, "userId": "u"}),
        json!({"type": text, "messageId": id("type"), "anonymousId": "a", "timestamp": text}),
    ];
    (accepted, perhaps)
}

fn percent(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02x}")).collect()
}

/// No member came out that nobody put in.
pub(crate) fn no_member(value: &Value) {
    match value {
        Value::Object(members) => {
            assert!(!members.contains_key("admin"), "{value}");
            members.values().for_each(no_member);
        }
        Value::Array(items) => items.iter().for_each(no_member),
        _ => {}
    }
}

/// JSON on one line, whatever its reader takes for the end of one.
fn is_sound_line(json: &str) -> Value {
    let plain = |one: char| !one.is_control() && !matches!(one, '\u{2028}' | '\u{2029}');
    assert!(json.chars().all(plain), "{json:?}");
    is_sound_json(json)
}

/// JSON in which nothing but JSON stands.
fn is_sound_json(json: &str) -> Value {
    let plain = |one: char| one >= ' ' && one != '\u{7f}';
    assert!(json.chars().all(plain), "{json:?}");
    let value = serde_json::from_str(json).unwrap_or_else(|error| panic!("{error}: {json:?}"));
    no_member(&value);
    value
}

/// The titles of messages, by their ids.
fn titles(messages: &[Value]) -> BTreeSet<(String, String)> {
    let title = |message: &Value| {
        let of = |name: &str| message[name]["title"].as_str().map(str::to_owned);
        let title = of("properties").or_else(|| of("traits"))?;
        Some((message["messageId"].as_str()?.to_owned(), title))
    };
    messages.iter().filter_map(title).collect()
}

/// What a listener is told, block by block, where each line is one of a server-sent event.
fn events(stream: &str) -> Vec<Value> {
    let mut found = Vec::new();
    for block in stream.split("\n\n").filter(|block| !block.is_empty()) {
        let mut data = None;
        for line in block.lines() {
            assert!(!line.contains('\r'), "{line:?}");
            let known = ["event: message", ":", "retry: ", "id: ", "data: "];
            assert!(known.iter().any(|one| line.starts_with(one)), "{line:?}");
            if let Some(json) = line.strip_prefix("data: ") {
                assert!(data.replace(json).is_none(), "{block:?}");
            }
        }
        found.extend(data.map(|json| is_sound_line(json)["message"].clone()));
    }
    found
}

/// What the stream has of the messages so far. Chunks are taken apart.
async fn listened(mut stream: TcpStream, last: &str) -> String {
    let mut bytes = Vec::new();
    let last = format!("\"messageId\":\"{last}\"");
    let mut is_there = false;
    while !is_there {
        let mut buffer = vec![0; 65_536];
        let read = stream.read(&mut buffer).await.unwrap();
        assert!(read > 0);
        let looked = bytes.len().saturating_sub(last.len());
        bytes.extend_from_slice(&buffer[..read]);
        let mut new = bytes[looked..].windows(last.len());
        is_there = new.any(|some| some == last.as_bytes());
    }
    let head = bytes
        .windows(4)
        .position(|some| some == b"\r\n\r\n")
        .unwrap();
    let mut rest = &bytes[head + 4..];
    let mut told = Vec::new();
    while let Some(end) = rest.windows(2).position(|some| some == b"\r\n") {
        let size = std::str::from_utf8(&rest[..end]).unwrap();
        let size = usize::from_str_radix(size, 16).unwrap();
        let Some(chunk) = rest.get(end + 2..end + 2 + size) else {
            break;
        };
        told.extend_from_slice(chunk);
        rest = rest.get(end + 4 + size..).unwrap_or_default();
    }
    String::from_utf8(told).unwrap()
}

/// Whether a spreadsheet would run a cell.
fn is_formula(cell: &str) -> bool {
    cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'])
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_stored_stays_a_text_wherever_it_comes_out() {
    let corpus = corpus();
    let collector = Collector::start_with(Options {
        config: CONFIG.to_owned(),
        ..Options::default()
    })
    .await;
    let mut stream = TcpStream::connect(collector.address).await.unwrap();
    let head = format!(
        "GET /admin/v1/stream HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {}\r\n\r\n",
        collector.token
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut begun = [0; 12];
    stream.read_exact(&mut begun).await.unwrap();
    while collector
        .metrics()
        .await
        .contains("firstglance_http_streams 0")
    {
        tokio::task::yield_now().await;
    }

    let mut expected = BTreeSet::new();
    let mut count = 0;
    for (number, text) in corpus.iter().enumerate() {
        let (accepted, perhaps) = messages(number, text);
        expected.extend(accepted.iter().map(|message| {
            let id = message["messageId"].as_str().unwrap();
            (id.to_owned(), text.clone())
        }));
        let batch = [&accepted[..], &perhaps].concat();
        // Also where it is said once for all messages.
        let body = json!({"writeKey": "k", "batch": batch, "context": {"app": {"name": text}, text: text}});
        let answer = collector.send(post("/v1/batch", body.to_string())).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let answer = is_sound_json(answer.text());
        let taken = answer["accepted"].as_u64().unwrap();
        assert!(taken >= 4, "{answer}");
        count += taken;
        for path in [
            format!(
                "/v1/pixel.gif?writeKey=k&anonymousId=p&event={0}&properties.title={0}&{0}={0}",
                percent(text)
            ),
            format!(
                "/v1/click?writeKey=k&anonymousId=p&to=https%3A%2F%2Fwww.example.nl%2F{0}&utm_source={0}",
                percent(text)
            ),
        ] {
            assert!(collector.send(get(&path)).await.status < 500);
        }
    }
    let last = json!({"type": "page", "messageId": "last", "anonymousId": "a"});
    let body = json!({"writeKey": "k", "batch": [last]}).to_string();
    assert_eq!(collector.send(post("/v1/batch", body)).await.status, 200);
    count += 1;

    // As they are committed.
    let told = events(&listened(stream, "last").await);
    assert!(titles(&told).is_superset(&expected));

    // Lines.
    let lines = collector.admin("export?what=events").await;
    let lines: Vec<Value> = lines.text().lines().map(is_sound_line).collect();
    assert!(titles(&lines).is_superset(&expected));
    assert!(lines.len() as u64 >= count);
    for what in ["profiles", "changes"] {
        let lines = collector.admin(&format!("export?what={what}")).await;
        assert!(lines.text().lines().map(is_sound_line).count() > 0);
    }

    // Tables, whatever separator somebody's spreadsheet expects.
    for what in ["events", "profiles", "changes"] {
        let table = collector
            .admin(&format!("export?what={what}&format=csv"))
            .await;
        for separator in *b",;\t|" {
            let mut reader = ReaderBuilder::new();
            reader.delimiter(separator).flexible(separator != b',');
            let mut reader = reader.has_headers(false).from_reader(&table.body[..]);
            for row in reader.records() {
                for cell in &row.unwrap() {
                    assert!(!is_formula(cell), "{what} {separator}: {cell:?}");
                }
            }
        }
        // A spreadsheet that does not know of quotes within a cell begins a row at each end of a line.
        for line in table.text().split(['\r', '\n', ';', '\t']) {
            assert!(!is_formula(line), "{what}: {line:?}");
        }
        let mut reader = csv::Reader::from_reader(&table.body[..]);
        let header = reader.headers().unwrap().clone();
        let place = |name: &str| header.iter().position(|one| one == name);
        let (Some(id), Some(properties), Some(traits)) =
            (place("message_id"), place("properties"), place("traits"))
        else {
            continue;
        };
        let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
        let read = rows.iter().map(|row| {
            let object = |place: usize| is_sound_or_nothing(&row[place]);
            json!({
                "messageId": row[id].trim_start_matches('\''),
                "properties": object(properties),
                "traits": object(traits),
            })
        });
        if what == "events" {
            assert_eq!(rows.len(), lines.len());
            assert!(titles(&read.collect::<Vec<_>>()).is_superset(&expected));
        }
    }
    let parquet = collector.admin("export?what=events&format=parquet").await;
    let reader = SerializedFileReader::new(Bytes::from(parquet.body)).unwrap();
    let mut rows = Vec::new();
    for row in reader.get_row_iter(None).unwrap() {
        let row = row.unwrap();
        let mut message = json!({});
        for (name, field) in row.get_column_iter() {
            match (&**name, field) {
                ("message_id", Field::Str(text)) => message["messageId"] = text.clone().into(),
                ("properties" | "traits", Field::Str(text)) => {
                    message[&**name] = serde_json::from_str(text).unwrap();
                }
                _ => {}
            }
        }
        rows.push(message);
    }
    assert_eq!(rows.len(), lines.len());
    assert!(titles(&rows).is_superset(&expected));

    // Documents.
    for (path, role) in [
        ("profiles/a/access?person", Role::Read),
        ("audit", Role::Operate),
    ] {
        // Whoever made the token may have any name.
        let token = collector.new_token(&format!("{role} =1;\"<b>"), role, None);
        let request = get(&format!("/admin/v1/{path}"));
        let request = request.header("Authorization", &format!("Bearer {token}"));
        let answer = collector.send(request).await;
        assert_eq!(answer.status, 200, "{path}");
        is_sound_json(answer.text().trim_end());
    }
    let held = collector.admin("profiles/a/access").await.json();
    let held = held["visitors"][0]["messages"].as_array().unwrap();
    let held: Vec<Value> = held.iter().map(|one| one["message"].clone()).collect();
    assert!(titles(&held).is_superset(&expected));
    for path in [
        "profiles",
        "profiles/a",
        "profiles/a/timeline?limit=1000",
        "profiles/a/why",
        "segments?days=2",
        "trends",
        "trends?metric=events",
        "campaigns",
        "merges",
        "refused",
        "refused?shelf=automated",
        "audit",
    ] {
        let answer = collector.admin(path).await;
        assert!(answer.status < 500, "{path}");
        is_sound_json(answer.text());
    }
    metrics_are_sound(&collector).await;
}

fn is_sound_or_nothing(json: &str) -> Value {
    match json {
        "" => Value::Null,
        json => is_sound_json(json),
    }
}

/// Nothing that was sent became the name of a count, a label or a value.
async fn metrics_are_sound(collector: &Collector) {
    let counts = collector.metrics().await;
    for line in counts.lines().filter(|line| !line.starts_with('#')) {
        let (name, value) = line.rsplit_once(' ').unwrap();
        assert!(value.parse::<f64>().is_ok(), "{line:?}");
        let (name, labels) = name.split_once('{').unwrap_or((name, "}"));
        assert!(
            name.starts_with("firstglance_") && !name.contains("forged"),
            "{line:?}"
        );
        let sound = |sign: char| sign.is_ascii_alphanumeric() || "_-./{}\"=,:+ ".contains(sign);
        assert!(labels.chars().all(sound), "{line:?}");
        assert!(
            !labels.contains("FORGED") && !labels.contains("evil"),
            "{line:?}"
        );
    }
}

/// Requests that carry a text wherever a request can carry one.
fn requests(text: &str, token: &str) -> Vec<Request> {
    let one = percent(text);
    let bearer = format!("Bearer {token}");
    let mut all = Vec::new();
    for path in [
        format!("/{one}"),
        format!("/v1/{one}"),
        format!("/v1/projects/{one}/settings"),
        format!("/v1/me?x={one}&{one}"),
        format!("/v1/model?site={one}"),
        format!("/v1/pixel.gif?writeKey={one}&anonymousId={one}&type={one}"),
        format!("/v1/pixel/track?data={one}"),
        format!("/v1/click?writeKey=k&to={one}"),
        format!("/v1/click?writeKey=k&to=https%3A%2F%2Fwww.example.nl%2F{one}&utm_campaign={one}"),
        format!("/fg.js?{one}"),
        format!("/openapi.json?site={one}"),
        format!("/metrics?{one}"),
    ] {
        all.push(get(&path));
    }
    for path in [
        format!("profiles/{one}"),
        format!("profiles/{one}/timeline?cursor={one}&limit={one}"),
        format!("profiles/{one}/access?person={one}"),
        format!("profiles/{one}/why?segment={one}&interest={one}"),
        format!("profiles?segment={one}"),
        format!("profiles?stage={one}"),
        format!("profiles?interest={one}"),
        format!("profiles?text={one}"),
        format!("profiles?trait={one}"),
        format!("profiles?cursor={one}"),
        format!("profiles?limit={one}"),
        format!("segments?days={one}"),
        format!("trends?metric={one}&from={one}&to={one}&step={one}"),
        format!("campaigns?from={one}&to={one}&cursor={one}"),
        format!("merges?visitor={one}"),
        format!("merges?person={one}&cursor={one}"),
        format!("merges/{one}/undo"),
        format!("refused?reason={one}&shelf={one}&cursor={one}"),
        format!("audit?visitor={one}&cursor={one}"),
        format!("export?what={one}&format={one}&segment={one}"),
        format!("stream?type={one}&last_event_id={one}"),
        format!("profiles?site={one}"),
        one.clone(),
    ] {
        let request = get(&format!("/admin/v1/{path}"));
        all.push(request.header("Authorization", &bearer));
    }
    let body = json!({"writeKey": text, "anonymousId": text, "event": text}).to_string();
    all.push(post("/v1/track", body.clone()));
    all.push(post("/v1/forget", body.clone()));
    all.push(post("/v1/batch", format!("{body}{text}")));
    all.push(
        post("/admin/v1/erase", json!([text, {"user": text}]).to_string())
            .header("Authorization", &bearer),
    );
    all.push(post("/admin/v1/erase", text).header("Authorization", &bearer));
    // A head has no such signs: what is left of the text without them.
    let plain: String = text.chars().filter(|sign| !sign.is_control()).collect();
    for name in [
        "Host",
        "Origin",
        "Referer",
        "Cookie",
        "User-Agent",
        "Sec-CH-UA",
        "Sec-CH-UA-Platform",
        "X-Forwarded-For",
        "X-Forwarded-Host",
        "X-Forwarded-Proto",
        "Forwarded",
        "Accept-Encoding",
        "Content-Type",
        "Content-Encoding",
        "If-None-Match",
        "Authorization",
        "Last-Event-ID",
        "Purpose",
        "Access-Control-Request-Headers",
    ] {
        for value in [
            plain.clone(),
            format!("fg_visitor={plain}"),
            format!("Basic {plain}"),
        ] {
            all.push(get("/v1/me").header(name, &value));
            let page = json!({"writeKey": "k", "anonymousId": "h"}).to_string();
            all.push(post("/v1/page", page).header(name, &value));
        }
        let preflight =
            Request::new("OPTIONS", "/v1/batch").header("Origin", "https://www.example.nl");
        all.push(preflight.header(name, &plain));
    }
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_a_request_carries_becomes_a_part_of_its_answer() {
    let collector = Collector::start_with(Options {
        config: CONFIG.to_owned(),
        ..Options::default()
    })
    .await;
    for text in corpus() {
        for (number, request) in requests(&text, &collector.token).into_iter().enumerate() {
            let answer = collector.send(request).await;
            is_sound(&answer, &format!("{number} of {text:?}"));
        }
    }
    metrics_are_sound(&collector).await;
    is_sound_json(collector.admin("audit?limit=1000").await.text());
    let refused = collector.admin("refused?limit=1000").await;
    is_sound_json(refused.text());
}

fn is_sound(answer: &Answer, about: &str) {
    assert!(answer.status < 500, "{about}: {}", answer.status);
    for (name, value) in &answer.headers {
        assert!(!name.contains("evil"), "{about} gives {name}");
        assert!(
            !value.bytes().any(|byte| byte < b' ' || byte == 0x7f),
            "{about}: {value:?}"
        );
        // A link leads to where its text says, escaped; no other header holds anything of it.
        assert!(
            name == "location" || !value.contains("FORGED"),
            "{about}: {value:?}"
        );
    }
    match answer.header("content-type") {
        Some("application/json") if !answer.body.is_empty() => {
            let json = answer.text();
            is_sound_json(json.trim_end());
            assert!(!json.contains(['<', '>']), "{about}: {json}");
            assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        }
        Some(kind) => assert!(!kind.contains("html"), "{about}: {kind}"),
        None => assert!(answer.body.is_empty(), "{about}"),
    }
}
