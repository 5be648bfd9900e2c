//! `firstglance serve`: the collector.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use firstglance_engine::Model;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinHandle;

use super::{Failure, configurations, log};
use crate::clock;
use crate::config::{Config, ConfigFile};
use crate::cookie::CookieKey;
use crate::cookieless::DailySalt;
use crate::data::DataFolder;
use crate::http::{App, Limits, Server, Shared, Sites};
use crate::store::embedded::Embedded;
use crate::store::{ProfileFold, Store};
use crate::sweep;
use crate::token::Tokens;

/// Take in messages, keep profiles and answer what is known
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  firstglance serve --config firstglance.toml --data /var/lib/firstglance \
                  --listen 0.0.0.0:7700\n  \
                  firstglance serve --config /etc/firstglance --data /var/lib/firstglance"
)]
pub(super) struct Arguments {
    /// The configuration; of several sites one each, or a folder of them
    #[arg(long, value_name = "FILE", required = true)]
    config: Vec<PathBuf>,
    /// The folder for everything that is kept; made if need be
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// Address and port to listen at
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:7700")]
    listen: SocketAddr,
    /// A folder whose files are served at / beside the first site's own addresses
    #[arg(long, value_name = "DIR")]
    site: Option<PathBuf>,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    log::start();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(serve(arguments))
}

/// What runs for a site beside its endpoints.
struct Running {
    /// Held until the store is closed; the folder of the site without a name is held anyway.
    _data: Option<DataFolder>,
    store: Arc<dyn Store>,
    model: Arc<Model>,
    renewing: Option<JoinHandle<()>>,
}

async fn serve(arguments: &Arguments) -> Result<(), Failure> {
    let configs = configurations(&arguments.config)?;
    let server = Server::bind(arguments.listen)
        .await
        .map_err(|error| format!("cannot listen at {}: {error}", arguments.listen))?;
    let data = DataFolder::open(&arguments.data)?;
    let (tokens, token_file) = Tokens::of(&data)?;
    let shared = Arc::new(Shared::new(Limits::default(), tokens));
    warn_of_data_without_site(&data, &configs);
    let mut running = Vec::with_capacity(configs.len());
    let mut sites: Option<Sites> = None;
    for ConfigFile { path, config } in configs {
        let (mut app, site) = open(config, &data, &shared)
            .await
            .map_err(|Failure(why)| format!("{}: {why}", path.display()))?;
        running.push(site);
        if let (None, Some(folder)) = (&sites, &arguments.site) {
            let cannot = |error| format!("{}: cannot serve this folder: {error}", folder.display());
            app = app.with_site(folder).map_err(cannot)?;
        }
        sites = Some(match sites {
            None => app.into(),
            Some(sites) => sites.with(app),
        });
    }
    // The command line asks for one at least, and a folder without any is an error.
    let sites = sites.ok_or("there is no configuration")?;
    // Before the first request, so that none can be answered that a signal would lose.
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;

    let shown: Vec<String> = (arguments.config.iter())
        .map(|path| path.display().to_string())
        .collect();
    tracing::info!(
        address = %server.address(),
        config = shown.join(" "),
        sites = running.len(),
        data = %arguments.data.display(),
        admin_token_file = %token_file.display(),
        "listening"
    );
    let server = server.start(sites);
    let sweeps: Vec<_> = (running.iter())
        .map(|site| tokio::spawn(sweep::run(site.store.clone(), site.model.clone())))
        .collect();
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tracing::info!("stopping");
    let renewing = running.iter().filter_map(|site| site.renewing.as_ref());
    for task in sweeps.iter().chain(renewing) {
        task.abort();
    }
    server.stop().await?;
    // Held until the stores are closed.
    drop((running, data));
    tracing::info!("stopped");
    Ok(())
}

/// Opens the data of a site.
async fn open(
    config: Config,
    root: &DataFolder,
    shared: &Arc<Shared>,
) -> Result<(App, Running), Failure> {
    let own = config.site.named.as_ref().map(|id| root.of_site(id));
    let own = own.transpose()?;
    let data = own.as_ref().unwrap_or(root);
    let cookie = CookieKey::of(data, &config.site)?;
    let model: Arc<Model> = Arc::new(config.model.clone());
    let folder = data.store();
    let fold = ProfileFold::new(model.clone());
    let store = tokio::task::spawn_blocking(move || {
        Embedded::open(&folder, fold)
            .map_err(|error| format!("{}: cannot open the store: {error}", folder.display()))
    })
    .await??;
    let store: Arc<dyn Store> = Arc::new(store);
    let daily = if config.tracker.cookieless {
        Some(Arc::new(DailySalt::of(data, clock::now())?))
    } else {
        DailySalt::remove(data)?;
        None
    };
    let mut app = App::new(config, store.clone(), cookie, shared.clone());
    let mut renewing = None;
    if let Some(salt) = daily {
        app = app.with_daily_names(salt.clone());
        renewing = Some(tokio::spawn(salt.renew()));
    }
    let running = Running {
        _data: own,
        store,
        model,
        renewing,
    };
    Ok((app, running))
}

/// Data of a site without an id lie at the root of the folder. Whoever gives that site an id later
/// begins with nothing, and must not have to guess why.
fn warn_of_data_without_site(data: &DataFolder, configs: &[ConfigFile]) {
    let unnamed = configs.iter().any(|one| one.config.site.named.is_none());
    if !unnamed && data.store().exists() {
        tracing::warn!(
            data = %data.path().display(),
            "there are data of a site without an id, and no configuration without one; they are \
             left alone"
        );
    }
}
