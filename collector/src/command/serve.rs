//! `firstglance serve`: the collector.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use firstglance_engine::Model;
use tokio::signal::unix::{SignalKind, signal};

use super::{Failure, configuration, log};
use crate::backup::Backups;
use crate::clock;
use crate::cookie::CookieKey;
use crate::cookieless::DailySalt;
use crate::data::DataFolder;
use crate::http::{App, Limits, Server};
use crate::store::embedded::Embedded;
use crate::store::{ProfileFold, Store};
use crate::sweep;
use crate::token::AdminToken;
use crate::upkeep;

/// Take in messages, keep profiles and answer what is known
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  firstglance serve --config firstglance.toml --data /var/lib/firstglance \
                  --listen 0.0.0.0:7700"
)]
pub(super) struct Arguments {
    /// The configuration
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// The folder for everything that is kept; made if need be
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// Address and port to listen at
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:7700")]
    listen: SocketAddr,
    /// A folder whose files are served at / beside the collector's own addresses
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

async fn serve(arguments: &Arguments) -> Result<(), Failure> {
    let config = configuration(&arguments.config)?;
    let server = Server::bind(arguments.listen)
        .await
        .map_err(|error| format!("cannot listen at {}: {error}", arguments.listen))?;
    let data = DataFolder::open(&arguments.data)?;
    let cookie = CookieKey::of(&data)?;
    let (token, token_file) = AdminToken::of(&data)?;
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
        Some(Arc::new(DailySalt::of(&data, clock::now())?))
    } else {
        DailySalt::remove(&data)?;
        None
    };
    let retention = config.retention;
    let mut app = App::new(config, store.clone(), cookie, token, Limits::default())
        .with_backups(Backups::of(arguments.data.clone()));
    let mut renewing = None;
    if let Some(salt) = daily {
        app = app.with_daily_names(salt.clone());
        renewing = Some(tokio::spawn(salt.renew()));
    }
    if let Some(folder) = &arguments.site {
        app = app
            .with_site(folder)
            .map_err(|error| format!("{}: cannot serve this folder: {error}", folder.display()))?;
    }
    // Before the first request, so that none can be answered that a signal would lose.
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;

    tracing::info!(
        address = %server.address(),
        config = %arguments.config.display(),
        data = %arguments.data.display(),
        admin_token_file = %token_file.display(),
        "listening"
    );
    let running = server.start(app);
    let sweep = tokio::spawn(sweep::run(store.clone(), model));
    let upkeep = tokio::spawn(upkeep::run(store, retention));
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tracing::info!("stopping");
    sweep.abort();
    upkeep.abort();
    if let Some(renewing) = renewing {
        renewing.abort();
    }
    running.stop().await?;
    // Held until the store is closed.
    drop(data);
    tracing::info!("stopped");
    Ok(())
}
