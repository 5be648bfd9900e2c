//! Profiles in the console: who is found, what is told of one, and what may be done by whom.

use std::collections::BTreeSet;

use firstglance_collector::token::Role;
use serde_json::{Value, json};

use crate::client::{Answer, get};
use crate::server::{Collector, Options, page};
use crate::viewer::Viewer;

const CONFIG: &str = r#"
[site]
write_key = "k"
allowed_origins = ["https://www.example.nl"]

[[segment]]
id = "reader"
label = "Readers & <friends>"
when = 'pages >= 2'

"#;

pub(crate) async fn collector() -> Collector {
    Collector::start_with(Options {
        config: CONFIG.to_owned(),
        ..Options::default()
    })
    .await
}

/// A page view with a campaign, an identified browser, and a reader.
async fn fill(collector: &Collector) {
    let campaign = page("paid", "paid-1", "/lamps/", 50).replacen(
        r#""properties":{"#,
        r#""context":{"page":{"url":"https://www.example.nl/lamps/?utm_source=google&utm_medium=cpc&utm_campaign=autumn&utm_term=blue+lamps&utm_content=top"}},"properties":{"title":"Lamps","topics":["Lamps"],"#,
        1,
    );
    let known = page("known", "known-1", "/", 40);
    let identify = page("known", "known-2", "/", 39).replace(
        r#""type":"page""#,
        r#""type":"identify","userId":"u-7","traits":{"name":"Jo Vos","email":"jo@x.example"}"#,
    );
    let reads = [
        page("reader", "reader-1", "/a/", 30),
        page("reader", "reader-2", "/b/", 29),
        page("reader", "reader-3", "/c/", 28)
            .replace(
                r#""type":"page""#,
                r#""type":"track","event":"Site Searched""#,
            )
            .replace(r#""path":"/c/""#, r#""query":"blue lamp""#),
    ];
    let mut messages = vec![campaign, known, identify];
    messages.extend(reads);
    let answer = collector.batch(&messages).await;
    assert_eq!(answer.json()["accepted"], 6, "{}", answer.text());
}

/// The first column of a table as CSV.
fn firsts(answer: &Answer) -> BTreeSet<String> {
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert!(
        answer
            .header("content-type")
            .unwrap()
            .starts_with("text/csv")
    );
    let mut reader = csv::Reader::from_reader(&answer.body[..]);
    let rows = reader.records().map(|row| row.unwrap()[0].to_owned());
    rows.collect()
}

#[tokio::test]
async fn visitors_are_found_by_what_they_are_and_came_by() {
    let collector = collector().await;
    fill(&collector).await;
    let viewer = Viewer::sign_in(&collector, &collector.token).await;
    let (paid, known, reader) = ("Anonymous paid", "Jo Vos", "Anonymous reader");
    for (query, expected) in [
        ("", vec![paid, known, reader]),
        ("channel=Paid+Search", vec![paid]),
        ("channel=Direct", vec![known, reader]),
        ("channel=Email", vec![]),
        ("campaign=Autumn", vec![paid]),
        ("source=google&medium=cpc", vec![paid]),
        ("source=bing", vec![]),
        ("term=Blue+lamps&content=top", vec![paid]),
        ("content=bottom", vec![]),
        ("without=term", vec![known, reader]),
        ("without=source&segment=reader", vec![reader]),
        ("campaign=autumn&brought_after=2000-01-01", vec![paid]),
        ("without=campaign&brought_after=2000-01-01", vec![]),
        ("brought_after=2999-01-01", vec![]),
        ("first_seen_after=2000-01-01", vec![paid, known, reader]),
        ("first_seen_after=2999-01-01", vec![]),
        ("segment=reader&also=reader", vec![reader]),
        ("also=other", vec![]),
        ("interest=*:0&channel=Paid+Search", vec![paid]),
        ("segment=reader", vec![reader]),
        ("stage=cold&text=u-7", vec![known]),
        ("text=BLUE", vec![reader]),
        ("text=jo%40x", vec![known]),
        ("seen_after=2000-01-01", vec![paid, known, reader]),
        ("seen_after=2999-01-01", vec![]),
    ] {
        let answer = viewer.see(&format!("profiles?{query}&csv=visitors")).await;
        match expected.is_empty() {
            // What has no rows is a file of names alone.
            true => assert_eq!(firsts(&answer).len(), 0, "{query}"),
            false => assert_eq!(
                firsts(&answer),
                expected.into_iter().map(str::to_owned).collect(),
                "{query}"
            ),
        }
        let html = viewer.page(&format!("profiles?{query}")).await;
        assert!(
            html.contains("<table") || html.contains("Nobody was found"),
            "{query}"
        );
    }
    for wrong in [
        "channel=x",
        "without=x",
        "seen_after=yesterday",
        "first_seen_after=yesterday",
        "brought_after=yesterday",
        "interest=a:2",
        "cursor=x",
    ] {
        assert_eq!(
            viewer.see(&format!("profiles?{wrong}")).await.status,
            400,
            "{wrong}"
        );
    }
    // The same by the API.
    for (query, expected) in [
        ("channel=Paid%20Search", 1),
        ("campaign=autumn", 1),
        ("medium=x", 0),
    ] {
        let found = collector.admin(&format!("profiles?{query}")).await.json();
        assert_eq!(
            found["profiles"].as_array().unwrap().len(),
            expected,
            "{query}"
        );
    }
    assert_eq!(
        collector.admin("profiles?channel=x").await.error(),
        "invalid_parameter"
    );
    // Columns are what the address says.
    let html = viewer
        .page("profiles?columns=device,first&columns=campaign")
        .await;
    for (column, is_there) in [
        ("First campaign", true),
        ("Device", true),
        ("First seen", true),
        ("Last seen", false),
    ] {
        let head = html
            .split("<thead>")
            .nth(1)
            .unwrap()
            .split("</thead>")
            .next()
            .unwrap();
        assert_eq!(head.contains(column), is_there, "{column}");
    }
}

#[tokio::test]
async fn pages_of_the_list_are_stable() {
    let collector = collector().await;
    let messages: Vec<String> = (0..120)
        .map(|number| {
            page(
                &format!("v{number:03}"),
                &format!("m{number}"),
                "/",
                600 + number,
            )
        })
        .collect();
    for some in messages.chunks(60) {
        assert_eq!(collector.batch(some).await.json()["accepted"], some.len());
    }
    let viewer = Viewer::sign_in(&collector, &collector.token).await;
    let (mut seen, mut path, mut pages) = (Vec::new(), "profiles?text=v".to_owned(), 0);
    loop {
        let html = viewer.page(&path).await;
        pages += 1;
        let rows = html.split("/console/site/profiles/v").skip(1);
        seen.extend(rows.map(|row| row[..3].to_owned()));
        // Somebody who comes meanwhile stands at the top, and moves nobody.
        let late = [page(
            &format!("vlate{pages}"),
            &format!("late{pages}"),
            "/",
            0,
        )];
        assert_eq!(collector.batch(&late).await.status, 200);
        let Some(next) = html
            .split("rel=\"next\"")
            .next()
            .filter(|head| head.len() < html.len())
        else {
            break;
        };
        let href = next
            .rsplit("href=\"")
            .next()
            .unwrap()
            .split('"')
            .next()
            .unwrap();
        path = href
            .replace("&amp;", "&")
            .trim_start_matches("/console/site/")
            .to_owned();
    }
    assert_eq!(pages, 3);
    let distinct: BTreeSet<&String> = seen.iter().collect();
    assert_eq!((seen.len(), distinct.len()), (120, 120));
}

#[tokio::test]
async fn one_profile_tells_who_what_and_why() {
    let collector = collector().await;
    fill(&collector).await;
    let viewer = Viewer::sign_in(&collector, &collector.token).await;
    let html = viewer.page("profiles/reader").await;
    for text in [
        "Anonymous reader",
        "Searched for <bdi class=\"theirs\">blue lamp</bdi>",
        "Came into the segment <bdi class=\"theirs\">Readers &amp; &lt;friends&gt;</bdi>",
        "pages &gt;= 2",
        "Direct",
    ] {
        assert!(html.contains(text), "{text}");
    }
    assert!(!html.contains("<friends>"));
    let html = viewer.page("profiles/known").await;
    for text in ["<h1>Jo Vos</h1>", "jo@x.example", "u-7", "is the user u-7"] {
        assert!(html.contains(text), "{text}");
    }
    let html = viewer.page("profiles/paid").await;
    for text in [
        "Viewed <bdi class=\"theirs\">Lamps</bdi>",
        "Paid Search",
        "autumn",
        "<bdi>Lamps</bdi>",
    ] {
        assert!(html.contains(text), "{text}");
    }
    // The course of interests, as the chart has it.
    let course = viewer.see("profiles/paid?csv=interests-course").await;
    let lines: Vec<&str> = course.text().lines().collect();
    assert_eq!(lines[0].trim(), "Moment,Lamps");
    let last: f64 = lines
        .last()
        .unwrap()
        .split(',')
        .nth(1)
        .unwrap()
        .trim()
        .parse()
        .unwrap();
    let told = collector.admin("profiles/paid").await.json();
    let score = told["interests"][0]["score"].as_f64().unwrap();
    assert!((last - score).abs() < 0.01, "{last} {score}");
    // In Dutch.
    let dutch = viewer
        .request("GET", "profiles/reader")
        .header("Accept-Language", "nl");
    let html = collector.send(dutch).await.text().to_owned();
    assert!(html.contains("Zocht naar") && html.contains("Anoniem reader"));
    for missing in ["profiles/nobody", "profiles/%00", "profiles/nobody/access"] {
        assert_eq!(viewer.see(missing).await.status, 404, "{missing}");
    }
}

#[tokio::test]
async fn a_long_timeline_is_read_a_page_at_a_time() {
    let collector = collector().await;
    let mut messages = Vec::new();
    // Twelve visits of thirty pages, a day apart: more than are kept as spans.
    for visit in 0..12_u64 {
        for number in 0..30 {
            let seconds = (12 - visit) * 86_400 + (30 - number) * 10;
            messages.push(page(
                "a",
                &format!("m{visit}-{number}"),
                &format!("/{visit}-{number}/"),
                seconds,
            ));
        }
    }
    for some in messages.chunks(90) {
        assert_eq!(collector.batch(some).await.json()["accepted"], some.len());
    }
    let viewer = Viewer::sign_in(&collector, &collector.token).await;
    let latest = viewer.page("profiles/a").await;
    assert!(latest.contains("Viewed <bdi class=\"theirs\">/11-29/</bdi>"));
    assert!(!latest.contains("Viewed <bdi class=\"theirs\">/0-0/</bdi>"));
    assert!(latest.contains("before=") && latest.contains("from=start"));
    let (mut seen, mut path) = (0, "profiles/a?from=start".to_owned());
    for _ in 0..6 {
        let html = viewer.page(&path).await;
        seen += html.matches("class=\"event event-page\"").count();
        let Some(rest) = html.split("rel=\"next\"").nth(1) else {
            break;
        };
        let href = rest
            .split("href=\"")
            .nth(1)
            .unwrap()
            .split('"')
            .next()
            .unwrap();
        path = href.trim_start_matches("/console/site/").to_owned();
        path = path.split('#').next().unwrap().to_owned();
    }
    assert_eq!(seen, messages.len());
    assert_eq!(viewer.see("profiles/a?from=x").await.status, 400);
    assert_eq!(viewer.see("profiles/a?before=x").await.status, 400);
}

#[tokio::test]
async fn each_role_sees_and_does_its_own() {
    let collector = collector().await;
    fill(&collector).await;
    for (role, erase, undo) in [
        (Role::Read, 403, 403),
        (Role::Operate, 403, 303),
        (Role::Erase, 303, 409),
    ] {
        let token = collector.new_token(role.name(), role, None);
        let viewer = Viewer::sign_in(&collector, &token).await;
        let html = viewer.page("profiles/known").await;
        assert_eq!(
            html.contains("profiles/known/erase"),
            role >= Role::Erase,
            "{role}"
        );
        let merges = collector.admin("merges?visitor=known").await.json();
        let merge = merges["merges"].as_array().unwrap().last().unwrap()["id"]
            .as_str()
            .unwrap()
            .to_owned();
        let fields = format!("merge={merge}");
        assert_eq!(
            viewer.send("profiles/known/undo", &fields).await.status,
            undo,
            "{role}"
        );
        // Without what every form carries nothing is done.
        assert_eq!(
            viewer
                .send_as("profiles/known/erase", "person=true")
                .await
                .status,
            403
        );
        assert_eq!(viewer.see("profiles/known").await.status, 200, "{role}");
        assert_eq!(
            viewer
                .send("profiles/known/erase", "person=true")
                .await
                .status,
            erase,
            "{role}"
        );
        let expected = if role == Role::Erase { 404 } else { 200 };
        assert_eq!(
            viewer.see("profiles/known").await.status,
            expected,
            "{role}"
        );
        if role == Role::Erase {
            assert_eq!(viewer.send("profiles/known/erase", "").await.status, 404);
            let html = viewer.page("profiles?erased=1").await;
            assert!(html.contains("The visitor was erased"));
            assert!(!html.contains("Jo Vos"));
        }
    }
    // Whoever looked, and whoever was refused, stands in the audit log, by a pseudonym of the visitor.
    let log = collector.admin("audit?limit=500").await.json();
    let entries = log["entries"].as_array().unwrap();
    let of = |name: &str, route: &str| -> Vec<&Value> {
        let all = entries.iter();
        all.filter(|one| one["token"]["name"] == name && one["route"] == route)
            .collect()
    };
    assert!(!of("read", "GET console/profiles/{id}").is_empty(), "{log}");
    let refused = of("read", "POST console/profiles/{id}/erase");
    assert!(refused.iter().any(|one| one["status"] == 403), "{log}");
    let erased = of("erase", "POST console/profiles/{id}/erase");
    let done: Vec<_> = erased
        .iter()
        .filter(|one| !one["visitor"].is_null())
        .collect();
    assert!(!done.is_empty(), "{log}");
    assert!(!log.to_string().contains("\"known\""), "{log}");
}

#[tokio::test]
async fn what_is_held_and_whole_exports_are_those_of_the_api() {
    let collector = collector().await;
    fill(&collector).await;
    let token = collector.new_token("reads", Role::Read, None);
    let viewer = Viewer::sign_in(&collector, &token).await;
    let held = viewer.see("profiles/known/access").await;
    assert!(
        held.whole
            && held
                .header("content-disposition")
                .unwrap()
                .contains("attachment")
    );
    let mut same = collector.admin("profiles/known/access").await.json();
    let mut held = held.json();
    for one in [&mut same, &mut held] {
        one["at"] = json!(null);
    }
    assert_eq!(held, same);
    for query in [
        "what=profiles&format=csv",
        "what=events&format=ndjson",
        "what=profiles&format=csv&segment=reader",
    ] {
        let own = viewer.see(&format!("export?{query}")).await;
        let same = collector.admin(&format!("export?{query}")).await;
        assert!(own.whole && own.status == 200, "{query}");
        let lines = |answer: &Answer| answer.text().lines().count();
        assert_eq!(lines(&own), lines(&same), "{query}");
        assert_eq!(own.header("content-type"), same.header("content-type"));
    }
    assert_eq!(viewer.see("export?what=x").await.status, 400);
    let log = collector.admin("audit?limit=100").await.text().to_owned();
    assert!(log.contains("GET console/export") && log.contains("GET console/profiles/{id}/access"));
    // Nobody gets any of it without a session.
    for path in [
        "export",
        "profiles/known/access",
        "profiles/known",
        "profiles",
        "live",
        "live/stream",
        "live/state",
    ] {
        let answer = collector.send(get(&format!("/console/site/{path}"))).await;
        assert_eq!(answer.status, 303, "{path}");
        assert!(!answer.text().contains("Jo Vos"));
    }
}
