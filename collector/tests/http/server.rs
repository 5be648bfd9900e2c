//! A collector of this process, and messages to send to it.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use firstglance_collector::backup::Backups;
use firstglance_collector::clock;
use firstglance_collector::config::Config;
use firstglance_collector::cookie::CookieKey;
use firstglance_collector::cookieless::DailySalt;
use firstglance_collector::data::DataFolder;
use firstglance_collector::http::learning::{FILE, Learning};
use firstglance_collector::http::{App, Certificates, Limits, Server, Shared, Sites, Stop};
use firstglance_collector::networks::Networks;
use firstglance_collector::store::ProfileFold;
use firstglance_collector::store::embedded::Embedded;
use firstglance_collector::token::{NewToken, Role, TokenFile, Tokens};
use firstglance_engine::Milliseconds;
use tempfile::TempDir;

use super::client::{Answer, Request, get, post};

pub(crate) const CONFIG: &str = r#"
[site]
write_key = "k"
allowed_origins = ["https://www.example.nl"]

[[interest]]
id = "e-bikes"
paths = ["/e-bikes/*"]
"#;

/// How a collector is started.
pub(crate) struct Options {
    pub(crate) config: String,
    /// Those of further sites.
    pub(crate) more: Vec<String>,
    pub(crate) limits: Limits,
    /// Files to be served: name and content.
    pub(crate) site: Option<TempDir>,
    /// What TLS is spoken with.
    pub(crate) tls: Option<Arc<Certificates>>,
    /// While set, the disk fails.
    pub(crate) disk_fails: Arc<AtomicBool>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            config: CONFIG.to_owned(),
            more: Vec::new(),
            limits: Limits::default(),
            site: None,
            tls: None,
            disk_fails: Arc::default(),
        }
    }
}

pub(crate) struct Collector {
    pub(crate) address: SocketAddr,
    pub(crate) token: String,
    pub(crate) options: Options,
    folder: TempDir,
    data: (DataFolder, Vec<DataFolder>),
    stop: Stop,
    /// What learns the shares of the first site, when a test says so.
    pub(crate) learning: Learning,
}

impl Collector {
    pub(crate) async fn start() -> Self {
        Self::start_with(Options::default()).await
    }

    pub(crate) async fn start_with(options: Options) -> Self {
        Self::start_in(tempfile::tempdir().unwrap(), options).await
    }

    async fn start_in(folder: TempDir, options: Options) -> Self {
        let data = DataFolder::open(&folder.path().join("data")).unwrap();
        let (tokens, token_file) = Tokens::of(&data).unwrap();
        let shared = Arc::new(Shared::new(options.limits, tokens));
        let mut sites: Option<Sites> = None;
        let mut folders = Vec::new();
        let mut learning = None;
        for config in std::iter::once(&options.config).chain(&options.more) {
            let config = Config::parse(config).unwrap();
            let own = config.site.named.as_ref().map(|id| data.of_site(id));
            let own = own.transpose().unwrap();
            let own_or_root = own.as_ref().unwrap_or(&data);
            let (mut app, learns) = open(config, own_or_root, &shared, &options).await;
            learning.get_or_insert(learns);
            if let (None, Some(site)) = (&sites, &options.site) {
                app = app.with_site(site.path()).unwrap();
            }
            folders.extend(own);
            sites = Some(match sites {
                None => app.into(),
                Some(sites) => sites.with(app),
            });
        }
        let mut server = Server::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
        if let Some(certificates) = &options.tls {
            server = server.with_tls(certificates).unwrap();
        }
        Self {
            address: server.address(),
            token: std::fs::read_to_string(token_file)
                .unwrap()
                .trim()
                .to_owned(),
            options,
            folder,
            data: (data, folders),
            stop: server.start(sites.unwrap()),
            learning: learning.unwrap(),
        }
    }

    /// Where everything is kept.
    pub(crate) fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    /// The files in which a text lies, of all that is kept.
    pub(crate) fn files_with(&self, text: &str) -> Vec<String> {
        files_with(self.folder(), text)
    }

    /// Stops in good order.
    pub(crate) async fn stop(self) {
        self.stop.stop().await.unwrap();
    }

    /// Stops, and starts again on the same data.
    pub(crate) async fn restart(self) -> Self {
        self.stop.stop().await.unwrap();
        drop((self.data, self.learning));
        Self::start_in(self.folder, self.options).await
    }

    pub(crate) async fn send(&self, request: Request) -> Answer {
        request.send(self.address).await
    }

    /// Sends a batch of messages.
    pub(crate) async fn batch(&self, messages: &[String]) -> Answer {
        self.send(post("/v1/batch", batch(messages))).await
    }

    /// Sends messages with a claim.
    pub(crate) async fn claim(&self, claim: &str, messages: &[String]) -> Answer {
        let body = format!(
            r#"{{"writeKey":"k","claim":"{claim}","batch":[{}]}}"#,
            messages.join(",")
        );
        self.send(post("/v1/batch", body)).await
    }

    /// What is counted, as text.
    pub(crate) async fn metrics(&self) -> String {
        let token = format!("Bearer {}", self.token);
        let answer = self
            .send(get("/metrics").header("Authorization", &token))
            .await;
        assert_eq!(answer.status, 200);
        answer.text().to_owned()
    }

    /// Makes a token, as the command line would.
    pub(crate) fn new_token(&self, name: &str, role: Role, site: Option<&str>) -> String {
        let new = NewToken {
            name: name.to_owned(),
            role,
            site: site.map(str::to_owned),
            expires: None,
        };
        let file = TokenFile::of(&self.folder.path().join("data"));
        file.create(new, clock::now()).unwrap().0
    }

    /// Revokes one by its name.
    pub(crate) fn revoke_token(&self, name: &str) {
        let file = TokenFile::of(&self.folder.path().join("data"));
        file.revoke(name).unwrap();
    }

    /// Posts as the administrator.
    pub(crate) async fn admin_post(&self, path: &str, body: &str) -> Answer {
        let token = format!("Bearer {}", self.token);
        self.send(post(&format!("/admin/v1/{path}"), body).header("Authorization", &token))
            .await
    }

    /// Asks as the administrator.
    pub(crate) async fn admin(&self, path: &str) -> Answer {
        let token = format!("Bearer {}", self.token);
        self.send(get(&format!("/admin/v1/{path}")).header("Authorization", &token))
            .await
    }
}

/// Opens the data of a site.
async fn open(
    config: Config,
    data: &DataFolder,
    shared: &Arc<Shared>,
    options: &Options,
) -> (App, Learning) {
    let cookie = CookieKey::of(data, &config.site).unwrap();
    let fold = ProfileFold::new(config.rules());
    let calendar = config.site.calendar();
    let open = || {
        let fails = options.disk_fails.clone();
        let sync = move || match fails.load(Ordering::SeqCst) {
            true => Err(io::Error::other("the disk is on fire")),
            false => Ok(()),
        };
        Embedded::open_with(&data.store(), fold.clone(), &calendar, Box::new(sync))
    };
    // Within one process sled's own threads may hold the file for a moment after it was closed.
    let mut tries = 0;
    let store = loop {
        match open() {
            Ok(store) => break store,
            Err(error) => assert!(tries < 200, "{error}"),
        }
        tries += 1;
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    };
    let daily = config.tracker.cookieless;
    let networks = Networks::of(&config.site).unwrap();
    let mut app = App::new(config, Arc::new(store), cookie, shared.clone())
        .with_backups(Backups::of(data.path().to_owned()))
        .with_posted_content(fold)
        .await
        .unwrap();
    let learning;
    (app, learning) = app.with_learned_shares(data.file(FILE)).await;
    if daily {
        let salt = DailySalt::of(data, clock::now()).unwrap();
        app = app.with_daily_names(Arc::new(salt));
    }
    (app.with_networks(Arc::new(networks)), learning)
}

fn files_with(folder: &std::path::Path, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files_with(&path, text));
            continue;
        }
        let bytes = std::fs::read(&path).unwrap();
        if bytes
            .windows(text.len())
            .any(|part| part == text.as_bytes())
        {
            found.push(path.display().to_string());
        }
    }
    found
}

pub(crate) fn batch(messages: &[String]) -> String {
    format!(r#"{{"writeKey":"k","batch":[{}]}}"#, messages.join(","))
}

/// A page view of so many seconds ago.
pub(crate) fn page(visitor: &str, id: &str, path: &str, seconds_ago: u64) -> String {
    let at = clock::now().minus(Milliseconds(seconds_ago * 1_000));
    format!(
        r#"{{"type":"page","messageId":"{id}","anonymousId":"{visitor}","timestamp":"{at}","properties":{{"path":"{path}"}}}}"#
    )
}
