//! What happened on the site, in numbers, and cursors that stay with their question.

use firstglance_collector::clock;
use serde_json::Value;

use crate::client::Request;
use crate::server::{Collector, page};

/// A page view from an address and a page before it.
fn arrival(visitor: &str, id: &str, query: &str, referrer: &str) -> String {
    let at = clock::now();
    format!(
        r#"{{"type":"page","messageId":"{id}","anonymousId":"{visitor}","timestamp":"{at}","context":{{"page":{{"url":"https://www.example.nl/e-bikes/x{query}","referrer":"{referrer}"}}}}}}"#
    )
}

/// The sum of all points: a test may run through midnight.
fn total(trend: &Value) -> u64 {
    let points = trend["points"].as_array().unwrap();
    points
        .iter()
        .map(|one| one["count"].as_u64().unwrap())
        .sum()
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_else(|| panic!("{value}"))
}

const NEWS: &str = "?utm_source=news&utm_medium=email&utm_campaign=may";

async fn with_arrivals() -> Collector {
    let collector = Collector::start().await;
    let google = "https://www.google.com/";
    let messages = [
        arrival("a", "1", NEWS, ""),
        arrival("a", "2", NEWS, ""),
        arrival("a", "3", "", "https://www.example.nl/"),
        arrival(
            "b",
            "1",
            &format!("{NEWS}&utm_term=bikes&utm_content=top"),
            "",
        ),
        arrival("c", "1", "", google),
        arrival("d", "1", "", ""),
    ];
    collector.batch(&messages).await;
    // Sent again it counts no more.
    collector.batch(&messages).await;
    collector
}

#[tokio::test]
async fn campaigns() {
    let collector = with_arrivals().await;
    for (query, expected) in [
        (
            "",
            vec![
                ("Email", Some("news"), Some("email"), Some("may"), [3, 2, 1]),
                ("Organic Search", Some("google.com"), None, None, [1, 1, 0]),
            ],
        ),
        (
            "?limit=1",
            vec![("Email", Some("news"), Some("email"), Some("may"), [3, 2, 1])],
        ),
        ("?from=2026-01-01&to=2026-01-02&by=origin", vec![]),
    ] {
        let answer = collector.admin(&format!("campaigns{query}")).await.json();
        let rows = answer["rows"].as_array().unwrap();
        let found: Vec<_> = rows
            .iter()
            .map(|row| {
                let counts = ["arrivals", "visitors", "engaged"].map(|name| number(&row[name]));
                (
                    row["channel"].as_str().unwrap(),
                    row["source"].as_str(),
                    row["medium"].as_str(),
                    row["campaign"].as_str(),
                    counts,
                )
            })
            .collect();
        assert_eq!(found, expected, "{query}: {answer}");
        assert_eq!(answer["leftOut"], u64::from(query == "?limit=1"));
        assert_eq!(answer["others"]["arrivals"], 0);
    }
    let by = collector.admin("campaigns?by=medium").await.json();
    assert_eq!(by["rows"][0]["medium"], "email");
    assert!(by["rows"][0].get("channel").is_none(), "{by}");
    assert_eq!(by["rows"][1]["medium"], Value::Null);
    for (part, value) in [("term", "bikes"), ("content", "top")] {
        let by = collector
            .admin(&format!("campaigns?by={part}"))
            .await
            .json();
        let rows = [&by["rows"][0], &by["rows"][1]].map(|row| (&row[part], &row["arrivals"]));
        let (none, told) = (Value::Null, Value::from(value));
        let (three, one) = (Value::from(3), Value::from(1));
        assert_eq!(rows, [(&none, &three), (&told, &one)], "{by}");
    }
}

#[tokio::test]
async fn trends() {
    let collector = with_arrivals().await;
    for (query, expected) in [
        ("messages", 6),
        ("messages&name=page", 6),
        ("messages&name=track", 0),
        ("events", 0),
        ("visitors", 4),
        ("new_visitors", 4),
        ("sessions", 4),
        ("arrivals", 4),
        ("arrivals&name=Email", 3),
        ("arrived_visitors", 3),
        ("engaged_visitors", 1),
        ("page_views", 6),
        ("page_views&name=/nowhere", 0),
        ("landings", 4),
        ("messages&step=hour", 6),
        ("messages&from=2026-01-01&to=2026-01-31", 0),
    ] {
        let trend = collector
            .admin(&format!("trends?metric={query}"))
            .await
            .json();
        assert_eq!(total(&trend), expected, "{query}: {trend}");
    }
    let trend = collector.admin("trends?metric=messages").await.json();
    assert_eq!(trend["points"].as_array().unwrap().len(), 30);
    let error = collector.admin("trends?metric=weather").await;
    assert!(error.text().contains("new_visitors"), "{}", error.text());
}

#[tokio::test]
async fn segments_day_by_day() {
    let collector = Collector::start().await;
    let read = |visitor: &str| -> Vec<String> {
        (0..10)
            .map(|number| page(visitor, &format!("{number}"), "/e-bikes/x", 1))
            .collect()
    };
    collector.batch(&read("a")).await;
    collector.batch(&read("b")).await;
    let segments = collector.admin("segments?days=3").await.json();
    let trend = segments["segments"][0]["trend"].as_array().unwrap();
    assert_eq!(trend.len(), 3, "{segments}");
    let sum = |name: &str| trend.iter().map(|day| number(&day[name])).sum::<u64>();
    assert_eq!((sum("entered"), sum("left")), (2, 0), "{segments}");
    assert_eq!(
        (number(&trend[0]["size"]), number(&trend[2]["size"])),
        (0, 2)
    );
    let without = collector.admin("segments").await.json();
    assert!(without["segments"][0].get("trend").is_none());
}

/// Browsers are counted: one person's are no fewer for being joined, and one who is erased is in no
/// day any more.
#[tokio::test]
async fn segments_day_by_day_when_persons_are_joined_and_erased() {
    let collector = Collector::start().await;
    for visitor in ["a", "b", "c"] {
        let read: Vec<String> = (0..10)
            .map(|number| page(visitor, &format!("{number}"), "/e-bikes/x", 1))
            .collect();
        collector.batch(&read).await;
    }
    let told = async || {
        let segments = collector.admin("segments?days=3").await.json();
        let trend = segments["segments"][0]["trend"].as_array().unwrap().clone();
        let entered: u64 = trend.iter().map(|day| number(&day["entered"])).sum();
        (entered, number(&trend[2]["size"]))
    };
    assert_eq!(told().await, (3, 3));
    let at = clock::now();
    let identified = ["a", "b"].map(|visitor| {
        format!(
            r#"{{"type":"identify","messageId":"i","anonymousId":"{visitor}","userId":"jo","timestamp":"{at}"}}"#
        )
    });
    collector.batch(&identified).await;
    assert_eq!(told().await, (3, 3));
    let token = collector.token.clone();
    let erase = Request::new("DELETE", "/admin/v1/profiles/a?person")
        .header("authorization", &format!("Bearer {token}"));
    assert_eq!(collector.send(erase).await.status, 200);
    assert_eq!(told().await, (1, 1));
    let visitors = collector.admin("trends?metric=visitors").await.json();
    assert_eq!(total(&visitors), 1, "{visitors}");
}

#[tokio::test]
async fn a_cursor_stays_with_its_question() {
    let collector = Collector::start().await;
    let messages: Vec<String> = (0..5)
        .map(|one| page(&format!("v{one}"), "1", "/", 1))
        .collect();
    collector.batch(&messages).await;
    let first = collector.admin("profiles?text=v&limit=2").await.json();
    let cursor = first["next"].as_str().unwrap();
    for (query, status) in [
        ("text=v&limit=2", 200),
        ("limit=3&text=v", 200),
        ("text=w&limit=2", 400),
        ("limit=2", 400),
        ("text=v&stage=x", 400),
    ] {
        let answer = collector
            .admin(&format!("profiles?{query}&cursor={cursor}"))
            .await;
        assert_eq!(answer.status, status, "{query}");
        if status == 400 {
            assert!(answer.text().contains("other filters"), "{}", answer.text());
        }
    }
}
