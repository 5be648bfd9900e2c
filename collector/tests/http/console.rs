//! The console's frame: who gets in and who does not, what a form must carry, and what each page says
//! to browsers beside what it shows.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use firstglance_collector::http::{Certificates, SiteFiles};
use firstglance_collector::token::Role;
use serde_json::Value;

use crate::client::{Answer, Request, get, post};
use crate::server::{Collector, Options, page};

const FORM: &str = "application/x-www-form-urlencoded";

/// The pages that every role of the console may see, and those that only some may.
const PAGES: &[(&str, Role)] = &[
    ("today", Role::Read),
    ("live", Role::Read),
    ("profiles", Role::Read),
    ("profiles/a", Role::Read),
    ("segments", Role::Read),
    ("segments/new", Role::Operate),
    ("interests", Role::Read),
    ("campaigns", Role::Read),
    ("content", Role::Read),
    ("journeys", Role::Read),
    ("system", Role::Operate),
    ("system/requests", Role::Operate),
    ("system/refused", Role::Operate),
    ("system/configuration", Role::Operate),
    ("system/access", Role::Operate),
    ("system/audit", Role::Operate),
    ("system/merges", Role::Operate),
    ("system/backup", Role::Operate),
];

/// A form as browsers send it.
fn form(path: &str, fields: &[(&str, &str)]) -> Request {
    let mut body = url::form_urlencoded::Serializer::new(String::new());
    body.extend_pairs(fields);
    post(path, body.finish()).header("Content-Type", FORM)
}

/// Signs in, and says with which answer.
async fn sign_in(collector: &Collector, token: &str) -> Answer {
    let fields = [("token", token), ("return", "")];
    collector.send(form("/console/-/sign-in", &fields)).await
}

/// Somebody who is signed in.
pub(crate) struct Person<'a> {
    collector: &'a Collector,
    pub(crate) cookie: String,
    csrf: String,
}

impl<'a> Person<'a> {
    pub(crate) async fn of(collector: &'a Collector, token: &str) -> Self {
        let answer = sign_in(collector, token).await;
        assert_eq!(answer.status, 303, "{}", answer.text());
        Self::with(collector, answer.cookie().unwrap()).await
    }

    async fn with(collector: &'a Collector, cookie: String) -> Self {
        let session = get("/console/-/session").header("Cookie", &cookie);
        let session = collector.send(session).await;
        assert_eq!(session.status, 204);
        let csrf = session.header("x-csrf-token").unwrap().to_owned();
        Self {
            collector,
            cookie,
            csrf,
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(get(path)).await
    }

    pub(crate) async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let mut all = vec![("csrf", &*self.csrf)];
        all.extend(fields);
        self.send(form(path, &all)).await
    }

    async fn send(&self, request: Request) -> Answer {
        self.collector
            .send(request.header("Cookie", &self.cookie))
            .await
    }
}

/// Whether a session holds.
async fn holds(person: &Person<'_>) -> bool {
    let session = person.get("/console/-/session").await;
    session.header("x-csrf-token").is_some()
}

#[tokio::test]
async fn who_gets_in() {
    let collector = Collector::start().await;
    let decide = collector.new_token("Page", Role::Decide, None);
    let read = collector.new_token("Anna", Role::Read, None);
    for (token, status, says) in [
        ("", 401, "No token that holds"),
        ("wrong", 401, "No token that holds"),
        (&*"x".repeat(43), 401, "No token that holds"),
        (&*decide, 403, "role decide"),
    ] {
        let answer = sign_in(&collector, token).await;
        assert_eq!(answer.status, status, "{token}");
        assert!(answer.text().contains(says), "{}", answer.text());
        assert_eq!(answer.cookie(), None);
        assert!(token.is_empty() || !answer.text().contains(token));
    }
    for token in [&read, &collector.token] {
        // As it is copied out of a file.
        let answer = sign_in(&collector, &format!(" {token}\n")).await;
        assert_eq!(answer.status, 303);
        assert_eq!(answer.header("location"), Some("/console"));
        assert!(answer.body.is_empty());
        let cookie = answer.header("set-cookie").unwrap();
        assert!(!cookie.contains(&**token), "{cookie}");
        let person = Person::with(&collector, answer.cookie().unwrap()).await;
        let home = person.get("/console").await;
        assert_eq!(home.status, 303);
        let first = home.header("location").unwrap();
        assert!(first.starts_with("/console/site/"), "{first}");
    }
    // Without a session every page asks for a token, and leads back.
    let answer = collector.send(get("/console/site/today?days=7")).await;
    assert_eq!(answer.status, 303);
    assert_eq!(
        answer.header("location"),
        Some("/console/-/sign-in?return=%2Fconsole%2Fsite%2Ftoday%3Fdays%3D7")
    );
    let asking = collector
        .send(get(answer.header("location").unwrap()))
        .await;
    assert_eq!(asking.status, 200);
    assert!(
        asking
            .text()
            .contains(r#"value="/console/site/today?days=7""#)
    );
    // A part of a page does not become the page that asks.
    let part = get("/console/site/today").header("HX-Request", "true");
    let part = collector.send(part).await;
    assert_eq!((part.status, part.body.len()), (401, 0));
}

#[tokio::test]
async fn after_signing_in_nobody_is_led_elsewhere() {
    let collector = Collector::start().await;
    for (wanted, expected) in [
        ("/console/site/system?days=7", "/console/site/system?days=7"),
        ("//evil.example", "/console"),
        ("https://evil.example/console/", "/console"),
        ("/console/\\evil.example", "/console"),
        ("/console/../v1/forget", "/console"),
        ("/console/%2e%2E/v1/forget", "/console"),
        ("/console/a\r\nSet-Cookie: x=y", "/console"),
        ("javascript:alert(1)", "/console"),
    ] {
        let fields = [("token", &*collector.token), ("return", wanted)];
        let signed_in = form("/console/-/sign-in", &fields)
            // The tests of one minute are more than one address may have.
            .header("X-Forwarded-For", &format!("198.51.100.{}", wanted.len()));
        let answer = collector.send(signed_in).await;
        assert_eq!(answer.header("location"), Some(expected), "{wanted}");
        let path = url::form_urlencoded::byte_serialize(wanted.as_bytes());
        let path = path.collect::<String>();
        let asking = get(&format!("/console/-/sign-in?return={path}"));
        let asking = collector.send(asking).await;
        let field = format!(r#"name="return" value="{expected}""#);
        assert!(asking.text().contains(&field), "{}", asking.text());
    }
}

#[tokio::test]
async fn an_address_may_try_ten_times_a_minute() {
    let collector = Collector::start().await;
    let attempt = |address: &str, token: &str| {
        let request = form("/console/-/sign-in", &[("token", token)]);
        request.header("X-Forwarded-For", address)
    };
    for _ in 0..10 {
        let answer = collector.send(attempt("203.0.113.7", "wrong")).await;
        assert_eq!(answer.status, 401);
    }
    // Also with the right one: else it could be told by its answer.
    for token in ["wrong", &collector.token] {
        let answer = collector.send(attempt("203.0.113.7", token)).await;
        assert_eq!((answer.status, answer.cookie()), (429, None));
        let wait: u64 = answer.header("retry-after").unwrap().parse().unwrap();
        assert!((1..=60).contains(&wait), "{wait}");
        assert!(answer.text().contains(&format!("in {wait} seconds")));
    }
    let other = collector
        .send(attempt("203.0.113.8", &collector.token))
        .await;
    assert_eq!(other.status, 303);
}

#[tokio::test]
async fn the_cookie_is_for_this_browser_alone() {
    let collector = Collector::start().await;
    for (protocol, name, secure) in [
        (None, "fg-console", false),
        (Some("http"), "fg-console", false),
        (Some("https"), "__Secure-fg-console", true),
        (Some("HTTPS, http"), "__Secure-fg-console", true),
    ] {
        let with = |request: Request| match protocol {
            Some(protocol) => request.header("X-Forwarded-Proto", protocol),
            None => request,
        };
        let fields = [("token", &*collector.token)];
        let answer = collector
            .send(with(form("/console/-/sign-in", &fields)))
            .await;
        let cookie = answer.header("set-cookie").unwrap().to_owned();
        let attributes: Vec<&str> = cookie.split("; ").skip(1).collect();
        assert!(cookie.starts_with(&format!("{name}=")), "{cookie}");
        for expected in ["Path=/console", "HttpOnly", "SameSite=Strict"] {
            assert!(attributes.contains(&expected), "{cookie}");
        }
        assert_eq!(attributes.contains(&"Secure"), secure, "{cookie}");
        assert!(!cookie.contains("Domain"), "{cookie}");
        // What was kept meanwhile carries the secret of the session that has just begun.
        let fields = [
            fields[0],
            ("return", "/console/site/system"),
            ("kept:a", "b"),
        ];
        let kept = collector
            .send(with(form("/console/-/sign-in", &fields)))
            .await;
        let session = get("/console/-/session").header("Cookie", &kept.cookie().unwrap());
        let session = collector.send(with(session)).await;
        let csrf = session.header("x-csrf-token").unwrap();
        let field = format!(r#"name="csrf" value="{csrf}""#);
        assert!(kept.text().contains(&field), "{protocol:?} {}", kept.text());
    }
}

#[tokio::test]
async fn by_tls_the_cookie_is_secure() {
    let folder = tempfile::tempdir().unwrap();
    let made = rcgen::generate_simple_self_signed(["data.shop.nl".to_owned()]).unwrap();
    let files = firstglance_collector::config::TlsFiles {
        certificate: folder.path().join("certificate.pem"),
        key: folder.path().join("key.pem"),
    };
    std::fs::write(&files.certificate, made.cert.pem()).unwrap();
    std::fs::write(&files.key, made.signing_key.serialize_pem()).unwrap();
    let sites = vec![SiteFiles {
        hosts: vec!["data.shop.nl".to_owned()],
        files,
    }];
    let certificates = Certificates::load(sites).unwrap().unwrap();
    let collector = Collector::start_with(Options {
        config: "[site]\nwrite_key = \"k\"\nhosts = [\"data.shop.nl\"]\n".to_owned(),
        tls: Some(certificates),
        ..Options::default()
    })
    .await;
    let mut roots = rustls::RootCertStore::empty();
    roots.add(made.cert.der().clone()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let config = Arc::new(config);
    let send = async |request: Request| {
        let stream = tokio::net::TcpStream::connect(collector.address).await;
        let name = rustls::pki_types::ServerName::try_from("data.shop.nl").unwrap();
        let connector = tokio_rustls::TlsConnector::from(config.clone());
        let mut stream = connector.connect(name, stream.unwrap()).await.unwrap();
        let bytes = request
            .header("Host", "data.shop.nl")
            .bytes(collector.address);
        tokio::io::AsyncWriteExt::write_all(&mut stream, &bytes)
            .await
            .unwrap();
        crate::client::read(&mut stream).await
    };
    let fields = [("token", &*collector.token), ("kept:a", "b")];
    let request = form("/console/-/sign-in", &fields).header("Origin", "https://data.shop.nl");
    let answer = send(request).await;
    assert_eq!(answer.status, 200);
    let cookie = answer.header("set-cookie").unwrap();
    assert!(cookie.starts_with("__Secure-fg-console="), "{cookie}");
    assert!(
        cookie.contains("; HttpOnly; SameSite=Strict; Secure"),
        "{cookie}"
    );
    let session = get("/console/-/session").header("Cookie", &answer.cookie().unwrap());
    let session = send(session).await;
    let csrf = session.header("x-csrf-token").unwrap();
    assert!(answer.text().contains(csrf));
}

#[tokio::test]
async fn nothing_changes_by_what_no_page_of_the_session_sent() {
    let collector = Collector::start().await;
    let person = Person::of(&collector, &collector.token).await;
    let other = Person::of(&collector, &collector.token).await;
    let path = "/console/site/system/backup";
    let host = collector.address.to_string();
    let own = format!("http://{host}");
    let csrf = &*person.csrf;
    for (field, headers) in [
        (None, &[][..]),
        (Some(""), &[]),
        (Some("wrong"), &[]),
        (Some(&*other.csrf), &[]),
        (Some(&*person.cookie), &[]),
        (Some(csrf), &[("Origin", "https://evil.example")]),
        (Some(csrf), &[("Origin", "null")]),
        (Some(csrf), &[("Origin", "https://evil.example@127.0.0.1")]),
        (Some(csrf), &[("Sec-Fetch-Site", "cross-site")]),
        (
            Some(csrf),
            &[("Sec-Fetch-Site", "same-site"), ("Origin", &*own)],
        ),
    ] {
        let fields = field.map(|field| ("csrf", field));
        let mut request = form(path, &fields.into_iter().collect::<Vec<_>>());
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let answer = person.send(request.clone()).await;
        assert_eq!(answer.status, 403, "{field:?} {headers:?}");
        assert!(answer.text().contains("not sent by a page"));
        // Nor is anybody signed in, or out, by a foreign page.
        for path in [
            "/console/-/sign-in",
            "/console/-/sign-out",
            "/console/-/settings",
        ] {
            let fields = [
                ("csrf", field.unwrap_or_default()),
                ("token", &*collector.token),
            ];
            let mut request = form(path, &fields);
            for (name, value) in headers {
                request = request.header(name, value);
            }
            if !headers.is_empty() {
                let answer = person.send(request).await;
                assert_eq!((answer.status, answer.cookie()), (403, None), "{path}");
            }
        }
    }
    assert!(holds(&person).await);
    let folder = collector.folder().join("data").join("backups");
    assert!(!folder.exists(), "a backup was made");
    let made = person.post(path, &[]).await;
    assert_eq!(made.status, 303, "{}", made.text());
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1);
    // A script of the page sends it as a header, and a proxy may have renamed the host.
    let by_script = form(path, &[]).header("X-CSRF-Token", csrf);
    let by_script = by_script
        .header("Sec-Fetch-Site", "same-origin")
        .header("Origin", "https://data.example.nl");
    assert_eq!(person.send(by_script).await.status, 303);
}

#[tokio::test]
async fn sessions_end() {
    let collector = Collector::start().await;
    let token = collector.new_token("Anna", Role::Operate, None);
    let person = Person::of(&collector, &token).await;
    let out = person.post("/console/-/sign-out", &[]).await;
    assert_eq!(out.status, 303);
    assert_eq!(out.header("location"), Some("/console/-/sign-in"));
    let gone = out.header("set-cookie").unwrap();
    assert!(
        gone.starts_with("fg-console=; ") && gone.contains("Max-Age=0"),
        "{gone}"
    );
    // Whoever kept a copy of the cookie has nothing.
    assert!(!holds(&person).await);
    assert_eq!(person.get("/console/site/system").await.status, 303);
    assert_eq!(person.post("/console/-/sign-out", &[]).await.status, 303);

    // Signing in again ends the session before.
    let first = Person::of(&collector, &token).await;
    let again = form("/console/-/sign-in", &[("token", &token)]);
    let again = first.send(again).await;
    assert_eq!(again.status, 303);
    assert!(!holds(&first).await);
    let second = Person::with(&collector, again.cookie().unwrap()).await;
    assert!(holds(&second).await);

    collector.revoke_token("Anna");
    assert!(!holds(&second).await);
    let fields = [
        ("name", "a\"><b>"),
        ("text", "\nline 1\r\nline 2"),
        ("text", "again"),
    ];
    let kept = second.post("/console/site/system/backup", &fields).await;
    assert_eq!(kept.status, 200);
    // What was sent is in the page that asks for a token, and nothing was done.
    for field in [
        r#"name="kept:name" value="a&quot;&gt;&lt;b&gt;""#,
        r#"name="kept:text" value="again""#,
        r#"name="return" value="/console/site/system/backup""#,
    ] {
        assert!(kept.text().contains(field), "{field} in {}", kept.text());
    }
    assert!(!collector.folder().join("data").join("backups").exists());
    // Then it is shown to whoever signs in, and sent on with the new session's own secret.
    let fields = [
        ("token", &*collector.token),
        ("return", "/console/site/system/backup"),
        ("kept:csrf", &*second.csrf),
        ("kept:name", "a\"><b>"),
        ("kept:text", "\nline 1"),
    ];
    let shown = collector.send(form("/console/-/sign-in", &fields)).await;
    assert_eq!(shown.status, 200);
    let owner = Person::with(&collector, shown.cookie().unwrap()).await;
    let text = shown.text();
    assert!(
        text.contains(r#"action="/console/site/system/backup""#),
        "{text}"
    );
    assert!(text.contains(&format!(r#"name="csrf" value="{}""#, owner.csrf)));
    assert!(!text.contains(&second.csrf));
    assert!(text.contains("a&quot;&gt;&lt;b&gt;</textarea>"), "{text}");
    assert!(text.contains(">\n\nline 1</textarea>"), "{text}");
    assert_eq!(
        owner.post("/console/site/system/backup", &[]).await.status,
        303
    );
}

#[tokio::test]
async fn each_role_sees_what_it_may() {
    let collector = Collector::start().await;
    collector.batch(&[page("a", "1", "/", 1)]).await;
    for role in [Role::Read, Role::Operate, Role::Erase] {
        let token = collector.new_token(role.name(), role, None);
        let person = Person::of(&collector, &token).await;
        for (path, needed) in PAGES {
            let path = format!("/console/site/{path}");
            let answer = person.get(&path).await;
            let menu = person.get("/console/site/unknown").await;
            let leads = menu.text().contains(&format!("href=\"{path}\""));
            if role >= *needed {
                assert_eq!(answer.status, 200, "{role} {path}");
                let is_item = path.rsplit('/').count() == 4;
                assert!(leads || !is_item, "{role} {path}");
            } else {
                assert_eq!(answer.status, 403, "{role} {path}");
                assert!(answer.text().contains(&format!("needs the role {needed}")));
                // What somebody may not see is not in the menu either.
                assert!(!leads, "{role} {path}");
            }
        }
    }
}

#[tokio::test]
async fn one_site_and_no_other() {
    let options = Options {
        config: "[site]\nwrite_key = \"k\"\nhosts = [\"shop.nl\"]".to_owned(),
        more: vec!["[site]\nid = \"blog\"\nname = \"Blog <b>\"\nwrite_key = \"kb\"".to_owned()],
        ..Options::default()
    };
    let collector = Collector::start_with(options).await;
    let token = collector.new_token("Anna", Role::Erase, Some("blog"));
    let person = Person::of(&collector, &token).await;
    let home = person.send(get("/console").header("Host", "shop.nl")).await;
    assert!(
        home.header("location")
            .unwrap()
            .starts_with("/console/blog/")
    );
    let own = person.get("/console/blog/system").await;
    assert_eq!(own.status, 200);
    assert!(own.text().contains("Blog &lt;b&gt;") && !own.text().contains("/console/site"));
    // Whether there is another is not told: the same answer for one that is there and one that is not.
    let answers = ["site", "wiki", "k", "%62log"].map(|site| format!("/console/{site}/system"));
    let mut told = Vec::new();
    for path in &answers {
        let answer = person.get(path).await;
        assert_eq!(answer.status, 403, "{path}");
        told.push(answer.text().to_owned());
        assert_eq!(
            person.post(&format!("{path}/backup"), &[]).await.status,
            403
        );
    }
    told.dedup();
    assert_eq!(told.len(), 1);
    // The owner sees both, and learns that there is no third.
    let owner = Person::of(&collector, &collector.token).await;
    let own = owner.get("/console/blog/system").await;
    assert!(own.text().contains("/console/site/system"));
    assert_eq!(owner.get("/console/wiki/system").await.status, 404);
}

#[tokio::test]
async fn every_answer_has_the_headers_of_safety() {
    let collector = Collector::start().await;
    collector.batch(&[page("a", "1", "/", 1)]).await;
    let person = Person::of(&collector, &collector.token).await;
    let refused = form("/console/-/sign-in", &[("token", "wrong")]);
    let mut answers = vec![
        ("sign-in", collector.send(get("/console/-/sign-in")).await),
        ("refused", collector.send(refused).await),
        (
            "signed out",
            collector.send(get("/console/site/system")).await,
        ),
        ("home", person.get("/console").await),
        ("unknown page", person.get("/console/site/unknown").await),
        ("unknown site", person.get("/console/other/today").await),
        ("unknown address", person.get("/console/-/unknown").await),
        (
            "no form",
            person.send(post("/console/site/system", "x")).await,
        ),
        (
            "foreign form",
            person.send(form("/console/site/system", &[])).await,
        ),
        ("session", person.get("/console/-/session").await),
        (
            "table",
            person.get("/console/site/system?csv=unknown").await,
        ),
    ];
    for (path, _) in PAGES {
        answers.push((path, person.get(&format!("/console/site/{path}")).await));
    }
    for (name, answer) in &answers {
        let policy = answer.header("content-security-policy").unwrap();
        let directives: Vec<&str> = policy.split(';').map(str::trim).collect();
        for expected in [
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "form-action 'self'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        ] {
            assert!(directives.contains(&expected), "{name}: {policy}");
        }
        for forbidden in ["unsafe", "*", "http:", "https:", "strict-dynamic"] {
            assert!(!policy.contains(forbidden), "{name}: {policy}");
        }
        for (header, expected) in [
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "same-origin"),
            ("cache-control", "no-store"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
        ] {
            assert_eq!(answer.header(header), Some(expected), "{name}");
        }
        assert_eq!(answer.header("access-control-allow-origin"), None);
        let text = answer.text();
        for inline in ["<style", " style=", "<script>", " onclick=", "javascript:"] {
            assert!(!text.contains(inline), "{name}: {inline}");
        }
        if !text.is_empty() {
            assert_eq!(
                answer.header("content-type"),
                Some("text/html; charset=utf-8")
            );
            assert!(
                text.contains("<meta name=\"viewport\"") && text.contains("<h1>"),
                "{name}"
            );
        }
    }
}

#[tokio::test]
async fn what_nobody_means_to_ask() {
    let collector = Collector::start().await;
    let person = Person::of(&collector, &collector.token).await;
    let path = "/console/site/system";
    for (request, status, says) in [
        (get("/console/site/unknown"), 404, "nothing at this address"),
        (
            get("/console/site/system/a/b/c"),
            404,
            "nothing at this address",
        ),
        (get("/console/site//system"), 404, "nothing at this address"),
        (get("/console/-/assets/../session"), 404, ""),
        (get("/console/-/assets/x.js"), 404, ""),
        (
            get(&format!("{path}?csv=unknown")),
            404,
            "nothing at this address",
        ),
        (
            get(&format!("{path}?csv=%00%0d%0aX:y")),
            404,
            "nothing at this address",
        ),
        (
            post(path, "csrf=x"),
            415,
            "application/x-www-form-urlencoded",
        ),
        (
            post(path, "{}").header("Content-Type", "application/json"),
            415,
            "application/x-www-form-urlencoded",
        ),
        (
            post(path, "a=b").header("Content-Type", "multipart/form-data; boundary=x"),
            415,
            "application/x-www-form-urlencoded",
        ),
        (
            post(path, "a".repeat(2 << 20)).header("Content-Type", FORM),
            413,
            "more than",
        ),
        (Request::new("DELETE", path), 405, ""),
        (Request::new("PUT", "/console/-/session"), 405, ""),
    ] {
        let answer = person.send(request).await;
        assert_eq!(answer.status, status, "{}", answer.text());
        assert!(answer.text().contains(says), "{says} in {}", answer.text());
    }
    // A form whose bytes are no text at all is a form all the same.
    let odd = post(
        &format!("{path}/backup"),
        b"csrf=%ff%00&=&&a\xff=b".to_vec(),
    );
    let odd = person.send(odd.header("Content-Type", FORM)).await;
    assert_eq!(odd.status, 403);
}

#[tokio::test]
async fn heads_are_those_of_the_pages() {
    let collector = Collector::start().await;
    let person = Person::of(&collector, &collector.token).await;
    for path in [
        "/console/site/system",
        "/console/-/sign-in?return=x",
        "/console/site/no",
    ] {
        let page = person.get(path).await;
        let head = person.send(Request::new("HEAD", path)).await;
        assert_eq!(head.status, page.status, "{path}");
        assert!(head.body.is_empty());
        for name in ["content-type", "content-security-policy", "location"] {
            assert_eq!(head.header(name), page.header(name), "{path} {name}");
        }
    }
}

#[tokio::test]
async fn how_somebody_reads_it() {
    let collector = Collector::start().await;
    let person = Person::of(&collector, &collector.token).await;
    let page = "/console/site/system";
    let english = person.get(page).await;
    assert!(
        english.text().contains("<html lang=\"en\""),
        "{}",
        english.text()
    );
    for accepted in ["nl", "nl-BE,nl;q=0.9,en;q=0.5", "fr, nl;q=0.4"] {
        let dutch = get(page).header("Accept-Language", accepted);
        let dutch = person.send(dutch).await;
        assert!(dutch.text().contains("<html lang=\"nl\""), "{accepted}");
    }
    let fields = [("language", "nl"), ("theme", "dark"), ("return", page)];
    let chosen = person.post("/console/-/settings", &fields).await;
    assert_eq!(
        (chosen.status, chosen.header("location")),
        (303, Some(page))
    );
    let cookies: Vec<&str> = chosen
        .headers
        .iter()
        .filter(|(name, _)| name == "set-cookie")
        .map(|(_, value)| &**value)
        .collect();
    assert_eq!(cookies.len(), 2, "{cookies:?}");
    let cookie = format!(
        "{}; fg-console-language=nl; fg-console-theme=dark",
        person.cookie
    );
    let shown = collector.send(get(page).header("Cookie", &cookie)).await;
    assert!(
        shown
            .text()
            .contains("<html lang=\"nl\" data-theme=\"dark\">")
    );
    for (name, value) in [("language", "xx"), ("theme", "\"><b>")] {
        let answer = person.post("/console/-/settings", &[(name, value)]).await;
        assert_eq!((answer.status, answer.header("set-cookie")), (303, None));
        let cookie = format!("{}; fg-console-{name}={value}", person.cookie);
        let shown = collector.send(get(page).header("Cookie", &cookie)).await;
        assert!(shown.text().contains("<html lang=\"en\">"), "{value}");
    }
}

/// Lines of the audit log that the console wrote: route, name, status.
async fn noted(collector: &Collector) -> Vec<(String, String, Option<u64>)> {
    let entries = collector.admin("audit?limit=1000").await.json()["entries"].clone();
    let entries = entries.as_array().unwrap().iter().rev();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    entries
        .map(|entry| {
            let name = text(&entry["token"]["name"]);
            (text(&entry["route"]), name, entry["status"].as_u64())
        })
        .filter(|(route, ..)| route.contains("console/"))
        .collect()
}

#[tokio::test]
async fn changes_are_noted_before_they_are_made() {
    let collector = Collector::start().await;
    let read = collector.new_token("Anna", Role::Read, None);
    let anna = Person::of(&collector, &read).await;
    let owner = Person::of(&collector, &collector.token).await;
    owner.get("/console/site/system").await;
    let path = "/console/site/system/backup";
    assert_eq!(anna.post(path, &[]).await.status, 403);
    assert_eq!(owner.post(path, &[]).await.status, 303);
    let route = "POST console/system/backup".to_owned();
    let line = |name: &str, status| (route.clone(), name.to_owned(), status);
    assert_eq!(
        noted(&collector).await,
        [
            line("Anna", Some(403)),
            line("admin-token", None),
            line("admin-token", Some(200)),
        ]
    );
    // Where that cannot be written, nothing is done.
    collector.options.disk_fails.store(true, Ordering::SeqCst);
    let before = std::fs::read_dir(collector.folder().join("data").join("backups"));
    assert_eq!(owner.post(path, &[]).await.status, 503);
    let after = std::fs::read_dir(collector.folder().join("data").join("backups"));
    assert_eq!(before.unwrap().count(), after.unwrap().count());
}

#[tokio::test]
async fn licences_are_anybodys_to_read() {
    let collector = Collector::start().await;
    for (language, title) in [("en", "Licences"), ("nl", "Licenties")] {
        let request = get("/console/-/licences").header("Accept-Language", language);
        let answer = collector.send(request).await;
        assert_eq!(answer.status, 200);
        assert!(
            answer.text().contains(&format!("<h1>{title}</h1>")),
            "{}",
            answer.text()
        );
    }
    // Where nothing of others was built in, there is nothing to tell.
    if firstglance_collector::assets::console().is_empty() {
        return;
    }
    let html = collector.send(get("/console/-/licences")).await;
    for text in [
        "uplot 1.",
        "MIT License",
        "htmx.org 2.",
        "Zero-Clause BSD",
        "<td>MIT",
    ] {
        assert!(html.text().contains(text), "{text}: {}", html.text());
    }
}
