//! The console's pages about the collector itself: that they tell what happened, and change what they
//! say and nothing else.

use firstglance_collector::clock;
use firstglance_collector::token::{Role, TokenFile};
use firstglance_engine::Milliseconds;

use crate::client::{get, post};
use crate::console::Person;
use crate::server::{Collector, Options, batch, page};

/// The rows of a table of a page, as CSV has them, without the names of the columns.
async fn rows(person: &Person<'_>, path: &str, table: &str) -> Vec<Vec<String>> {
    let sign = if path.contains('?') { '&' } else { '?' };
    let answer = person
        .get(&format!("/console/site/{path}{sign}csv={table}"))
        .await;
    assert_eq!(answer.status, 200, "{path} {table}");
    let kind = answer.header("content-type");
    assert_eq!(kind, Some("text/csv; charset=utf-8"));
    let mut reader = csv::Reader::from_reader(&*answer.body);
    let rows = reader.records().map(|row| {
        let row = row.unwrap();
        row.iter().map(str::to_owned).collect()
    });
    rows.collect()
}

/// The same, once there are so many: what is refused and how long a request took is written down after
/// it was answered.
async fn rows_at_least(
    person: &Person<'_>,
    path: &str,
    table: &str,
    least: usize,
) -> Vec<Vec<String>> {
    for _ in 0..200 {
        let page = format!("/console/site/{path}");
        let has = format!("data-table=\"{table}\"");
        if person.get(&page).await.text().contains(&has) {
            let rows = rows(person, path, table).await;
            if rows.len() >= least {
                return rows;
            }
        }
        tokio::time::sleep(std::time::Duration::from_millis(25)).await;
    }
    panic!("{path} has not {least} rows in {table}");
}

/// Tokens that are kept: name, role, site and for how many days.
fn tokens(collector: &Collector) -> Vec<(String, Role, Option<String>, Option<u64>)> {
    let file = TokenFile::of(&collector.folder().join("data"));
    let all = file.read().unwrap().into_iter();
    all.map(|one| {
        let days = one
            .expires
            .map(|end| end.since(one.created).0 / Milliseconds::from_days(1).0);
        (one.name, one.role, one.site, days)
    })
    .collect()
}

#[tokio::test]
async fn tokens_are_made_once_and_revoked() {
    let collector = Collector::start().await;
    let owner = Person::of(&collector, &collector.token).await;
    let create = "/console/site/system/access/create";
    let fields = |name, role, days| [("name", name), ("role", role), ("site", ""), ("days", days)];
    let made = owner
        .post(create, &fields(" Anna <b> ", "operate", "30"))
        .await;
    assert_eq!(made.status, 200, "{}", made.text());
    let (_, after) = made.text().split_once("<code class=\"secret\">").unwrap();
    let secret = after.split('<').next().unwrap().to_owned();
    assert_eq!(secret.len(), 43);
    assert!(made.text().contains("Anna &lt;b&gt;"));
    let expected = ("Anna <b>".to_owned(), Role::Operate, None, Some(30));
    assert_eq!(tokens(&collector), std::slice::from_ref(&expected));
    // Shown once, and kept nowhere.
    let list = owner.get("/console/site/system/access").await;
    assert!(list.text().contains("Anna &lt;b&gt;") && !list.text().contains(&secret));
    assert!(collector.files_with(&secret).is_empty());

    let anna = Person::of(&collector, &secret).await;
    let theirs = anna.get("/console/site/system/access").await;
    assert!(!theirs.text().contains("token-name") && !theirs.text().contains("revoke="));
    let refused = anna.post(create, &fields("Bert", "read", "30")).await;
    assert_eq!(refused.status, 403);
    for (wrong, status) in [
        (fields("", "read", "30"), 422),
        (fields("a\u{7}b", "read", "30"), 422),
        (fields("Bert", "admin", "30"), 422),
        (fields("Bert", "read", "31"), 422),
        (fields("Bert", "read", "-1"), 422),
    ] {
        let answer = owner.post(create, &wrong).await;
        assert_eq!(answer.status, status, "{wrong:?}");
        assert!(answer.text().contains("role=\"alert\""));
    }
    let other_site = [
        ("name", "Bert"),
        ("role", "read"),
        ("site", "wiki"),
        ("days", ""),
    ];
    assert_eq!(owner.post(create, &other_site).await.status, 422);
    assert_eq!(tokens(&collector), [expected]);

    let listed = rows(&owner, "system/access", "tokens").await;
    assert_eq!(listed.len(), 2);
    let (id, used) = (listed[1][1].clone(), &listed[1][6]);
    assert!(!used.is_empty(), "it was used to sign in");
    let asked = owner
        .get(&format!("/console/site/system/access?revoke={id}"))
        .await;
    assert!(asked.text().contains("Revoke this token?"));
    let revoke = "/console/site/system/access/revoke";
    assert_eq!(anna.post(revoke, &[("id", &id)]).await.status, 403);
    // By its name, or one that is not there: nothing is revoked that was not listed.
    for other in ["Anna <b>", "", "00000000", "admin-token"] {
        assert_eq!(owner.post(revoke, &[("id", other)]).await.status, 303);
    }
    assert_eq!(tokens(&collector).len(), 1);
    assert_eq!(owner.post(revoke, &[("id", &id)]).await.status, 303);
    assert!(tokens(&collector).is_empty());
    assert_eq!(anna.get("/console/site/system/access").await.status, 303);
}

#[tokio::test]
async fn who_has_one_site_gives_no_more() {
    let options = Options {
        config: "[site]\nwrite_key = \"k\"".to_owned(),
        more: vec!["[site]\nid = \"blog\"\nwrite_key = \"kb\"".to_owned()],
        ..Options::default()
    };
    let collector = Collector::start_with(options).await;
    let blog = collector.new_token("Anna", Role::Erase, Some("blog"));
    collector.new_token("Shop", Role::Read, Some("site"));
    collector.new_token("All", Role::Read, None);
    let anna = Person::of(&collector, &blog).await;
    let list = anna.get("/console/blog/system/access").await;
    let text = list.text();
    assert!(text.contains("Anna") && !text.contains("Shop") && !text.contains("admin-token"));
    let create = "/console/blog/system/access/create";
    for (site, status) in [("", 422), ("site", 422), ("wiki", 422), ("blog", 200)] {
        let fields = [
            ("name", "Bert"),
            ("role", "erase"),
            ("site", site),
            ("days", ""),
        ];
        assert_eq!(anna.post(create, &fields).await.status, status, "{site}");
    }
    let kept = TokenFile::of(&collector.folder().join("data"))
        .read()
        .unwrap();
    let all = kept.iter().find(|one| one.name == "All").unwrap();
    let revoke = "/console/blog/system/access/revoke";
    assert_eq!(anna.post(revoke, &[("id", &all.id)]).await.status, 303);
    let mut names: Vec<_> = tokens(&collector).into_iter().map(|one| one.0).collect();
    names.sort();
    assert_eq!(names, ["All", "Anna", "Bert", "Shop"]);
    // Nor do they see what all sites have in common.
    let requests = anna.get("/console/blog/system/requests").await;
    assert!(requests.text().contains("not told by site"));
    let csv = anna.get("/console/blog/system/requests?csv=requests").await;
    assert_eq!(csv.status, 404);
    // Nor do they have the configurations of all read again.
    let reload = anna
        .post("/console/blog/system/configuration/reload", &[])
        .await;
    assert_eq!(reload.status, 404);
}

#[tokio::test]
async fn what_was_refused_and_what_came() {
    let collector = Collector::start().await;
    let owner = Person::of(&collector, &collector.token).await;
    assert!(rows_of_nothing(&owner, "system/refused").await);
    let now = clock::now();
    let message = |kind: &str, id: &str| {
        format!(
            r#"{{"type":"{kind}","messageId":"{id}","anonymousId":"a","timestamp":"{now}","event":"x"}}"#
        )
    };
    let mut messages = vec![
        page("a", "1", "/", 1),
        page("a", "2", "/b", 1),
        message("track", "3"),
    ];
    messages.push(message("<b>nope</b>", "4"));
    messages.push(r#"{"type":"page"}"#.to_owned());
    assert_eq!(collector.batch(&messages).await.status, 200);
    // The same once more, and a robot.
    collector.batch(&messages[..2]).await;
    let robot = post("/v1/batch", batch(&[page("r", "5", "/", 1)]))
        .header("X-Forwarded-For", "198.51.100.77")
        .header("Sec-Fetch-Site", "same-site")
        .header("User-Agent", "Mozilla/5.0 (compatible; Googlebot/2.1)");
    collector.send(robot).await;
    let wrong = post("/v1/batch", r#"{"writeKey":"other","batch":[]}"#);
    assert_eq!(collector.send(wrong).await.status, 401);
    // Refused messages are written with what is written next.
    collector.batch(&[page("a", "6", "/", 1)]).await;

    let at_fault = rows_at_least(&owner, "system/refused", "refused", 2).await;
    let reasons: Vec<&str> = at_fault.iter().map(|row| &*row[1]).collect();
    assert_eq!(reasons, ["missing_visitor", "unknown_type"], "{at_fault:?}");
    assert!(at_fault[1][5].contains("<b>nope</b>"));
    let shown = owner.get("/console/site/system/refused").await;
    assert!(!shown.text().contains("<b>nope") && shown.text().contains("&lt;b&gt;nope"));
    let of_reason = rows(&owner, "system/refused?reason=unknown_type", "refused").await;
    assert_eq!(of_reason.len(), 1);
    let of_robots = "system/refused?reason=automated";
    let robots = rows_at_least(&owner, of_robots, "refused", 1).await;
    assert_eq!(robots.len(), 1);
    let counted = rows(&owner, "system/refused", "reasons").await;
    let mut counted: Vec<(&str, &str)> = counted.iter().map(|row| (&*row[0], &*row[1])).collect();
    counted.sort_unstable();
    assert_eq!(
        counted,
        [
            ("automated", "1"),
            ("missing_visitor", "1"),
            ("unknown_type", "1")
        ]
    );
    let requests = rows(&owner, "system/refused", "requests-refused").await;
    assert_eq!(
        (&*requests[0][0], &*requests[0][1]),
        ("wrong_write_key", "1")
    );

    // Hour by hour what is stored, by type, and nothing twice.
    let hours = rows(&owner, "system", "messages").await;
    assert_eq!(hours.len(), 48);
    let sum = |column: usize| {
        let counts = hours.iter().map(|row| row[column].parse::<u64>().unwrap());
        counts.sum::<u64>()
    };
    assert_eq!((sum(1), sum(2)), (3, 1), "page, track");
    let overview = owner.get("/console/site/system").await;
    let text = overview.text();
    assert!(text.contains("Messages are taken in"));
    for (figure, value) in [("duplicates", "2"), ("refused", "3"), ("visitors", "1")] {
        let (_, after) = text.split_once(&format!("id=\"figure-{figure}\"")).unwrap();
        let value = format!("data-value=\"{value}\"");
        let (figure_itself, _) = after.split_once("</div></div>").unwrap_or((after, ""));
        assert!(figure_itself.contains(&value), "{figure}: {figure_itself}");
    }
    // Requests by address, and how long they took.
    let requests = rows(&owner, "system/requests", "requests").await;
    let batches = requests.iter().find(|row| row[0] == "/v1/batch").unwrap();
    assert_eq!((&*batches[1], &*batches[2], &*batches[3]), ("4", "1", "0"));
    let of_console = requests
        .iter()
        .find(|row| row[0] == "/console/{site}/system/refused");
    assert!(of_console.is_some(), "{requests:?}");
    let flushes = rows(&owner, "system/requests", "flushes").await;
    assert!(flushes[0][1].parse::<u64>().unwrap() > 0);
}

/// Whether a page has its words for there being nothing.
async fn rows_of_nothing(person: &Person<'_>, path: &str) -> bool {
    let answer = person.get(&format!("/console/site/{path}")).await;
    answer.text().contains("class=\"empty-title\"")
}

#[tokio::test]
async fn the_log_by_name_by_visitor_and_by_kind() {
    let collector = Collector::start().await;
    collector
        .batch(&[page("a", "1", "/", 1), page("b", "1", "/", 1)])
        .await;
    let anna = collector.new_token("Anna", Role::Erase, None);
    let bearer = format!("Bearer {anna}");
    for (method, path) in [("GET", "a"), ("GET", "b"), ("DELETE", "a"), ("GET", "a")] {
        let path = format!("/admin/v1/profiles/{path}");
        let request = crate::client::Request::new(method, &path);
        collector
            .send(request.header("Authorization", &bearer))
            .await;
    }
    let owner = Person::of(&collector, &collector.token).await;
    let routes = async |parameters: &str| {
        let rows = rows(&owner, &format!("system/audit?{parameters}"), "audit").await;
        let told = rows
            .into_iter()
            .rev()
            .map(|row| (row[3].clone(), row[4].clone()));
        told.collect::<Vec<_>>()
    };
    let line = |route: &str, status: &str| (route.to_owned(), status.to_owned());
    let profile = "GET profiles/{id}";
    let erased = [
        line("DELETE profiles/{id}", "begun"),
        line("DELETE profiles/{id}", "200"),
    ];
    let [begun, done] = erased.clone();
    assert_eq!(
        routes("name=Anna").await,
        [
            line(profile, "200"),
            line(profile, "200"),
            begun.clone(),
            done.clone(),
            line(profile, "404")
        ]
    );
    assert_eq!(
        routes("visitor=a").await,
        [line(profile, "200"), begun, done, line(profile, "404")]
    );
    assert_eq!(routes("kind=changes").await, erased);
    assert_eq!(
        routes("kind=refused&name=Anna").await,
        [line(profile, "404")]
    );
    // Whoever looks stands in it.
    let all = routes("name=admin-token").await;
    assert_eq!(all.first(), Some(&line("GET console/system/audit", "200")));
    let nobody = owner.get("/console/site/system/audit?name=Nobody").await;
    assert!(nobody.text().contains("No lines here"));
    let wrong = owner.get("/console/site/system/audit?cursor=x").await;
    assert_eq!(wrong.status, 400);
}

#[tokio::test]
async fn backups_are_listed_and_space_is_given_back() {
    let collector = Collector::start().await;
    let owner = Person::of(&collector, &collector.token).await;
    let made = owner.post("/console/site/system/backup", &[]).await;
    let back = made.header("location").unwrap().to_owned();
    let listed = rows(&owner, "system/backup", "backups").await;
    assert_eq!(listed.len(), 1);
    let file = collector
        .folder()
        .join("data")
        .join("backups")
        .join(&listed[0][0]);
    let bytes = std::fs::metadata(file).unwrap().len();
    assert_eq!(listed[0][2], bytes.to_string());
    assert!(owner.get(&back).await.text().contains("The backup is made"));
    // What an address says need not be so.
    let forged = "/console/site/system/backup?made=firstglance-other.backup";
    assert!(
        !owner
            .get(forged)
            .await
            .text()
            .contains("The backup is made")
    );
    let compacted = owner.post("/console/site/system/compact", &[]).await;
    let told = owner.get(compacted.header("location").unwrap()).await;
    assert!(told.text().contains("Space is given back"));
}

#[tokio::test]
async fn the_configuration_is_shown_as_text() {
    let config = "# <script>alert(1)</script>\n[site]\nwrite_key = \"k\" # \u{202e}\n";
    let options = Options {
        config: config.to_owned(),
        ..Options::default()
    };
    let collector = Collector::start_with(options).await;
    let owner = Person::of(&collector, &collector.token).await;
    let shown = owner.get("/console/site/system/configuration").await;
    let text = shown.text();
    assert!(
        text.contains("&lt;script&gt;alert(1)&lt;/script&gt;"),
        "{text}"
    );
    assert!(text.contains("id=\"line-3\"") && !text.contains("id=\"line-4\""));
    // Nobody here reads configurations again.
    assert!(!text.contains("configuration/reload"));
    let reload = "/console/site/system/configuration/reload";
    assert_eq!(owner.post(reload, &[]).await.status, 404);
    assert_eq!(collector.send(get(reload)).await.status, 303);
}
