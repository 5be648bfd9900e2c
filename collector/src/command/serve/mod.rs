//! `firstglance serve`: the collector.

mod reload;
mod site;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::signal::unix::{SignalKind, signal};

use self::reload::Reloading;
use self::site::Running;
use super::{Failure, configurations, log};
use crate::clock;
use crate::config::ConfigFile;
use crate::data::DataFolder;
use crate::http::{Certificates, Limits, Server, Shared, Sites};
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
    /// How lines of the log look; text on a terminal and JSON elsewhere when neither this nor the
    /// variable FIRSTGLANCE_LOG_FORMAT says so
    #[arg(long, value_name = "FORMAT")]
    log_format: Option<log::LogFormat>,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    log::start(arguments.log_format);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(serve(arguments))
}

async fn serve(arguments: &Arguments) -> Result<(), Failure> {
    let configs = configurations(&arguments.config)?;
    let certificates = Certificates::load(site::certificates(&configs))?;
    let mut server = Server::bind(arguments.listen)
        .await
        .map_err(|error| format!("cannot listen at {}: {error}", arguments.listen))?;
    if let Some(certificates) = &certificates {
        server = server.with_tls(certificates)?;
    }
    let data = DataFolder::open(&arguments.data)?;
    let (tokens, token_file) = Tokens::of(&data)?;
    let shared = Arc::new(Shared::new(Limits::default(), tokens));
    warn_of_data_without_site(&data, &configs);
    let mut running = Vec::with_capacity(configs.len());
    let mut sites: Option<Sites> = None;
    for ConfigFile { path, config } in configs {
        let (mut app, site) = Running::open(config, &data, &shared)
            .await
            .map_err(|Failure(why)| format!("{}: {why}", path.display()))?;
        app = app.read_from(path, clock::now());
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
    let mut hangup = signal(SignalKind::hangup())?;

    let shown: Vec<String> = (arguments.config.iter())
        .map(|path| path.display().to_string())
        .collect();
    tracing::info!(
        address = %server.address(),
        config = shown.join(" "),
        sites = running.len(),
        tls = certificates.is_some(),
        data = %arguments.data.display(),
        admin_token_file = %token_file.display(),
        "listening"
    );
    let asked = shared.asked_reloads();
    let mut asked = asked.ok_or("somebody else reads the configurations again")?;
    let server = server.start(sites);
    let renewing = certificates.clone().map(|all| tokio::spawn(all.watch()));
    let mut reloading = Reloading {
        paths: &arguments.config,
        data: &data,
        shared,
        live: server.sites().clone(),
        certificates,
        running,
    };
    loop {
        tokio::select! {
            _ = terminate.recv() => break,
            _ = interrupt.recv() => break,
            _ = hangup.recv() => drop(reloading.reload().await),
            Some(asked) = asked.recv() => {
                // Whoever has asked may be gone.
                let _ = asked.send(reloading.reload().await);
            }
        }
    }
    tracing::info!("stopping");
    if let Some(renewing) = renewing {
        renewing.abort();
    }
    for site in &reloading.running {
        site.stop();
    }
    server.stop().await?;
    // Held until the stores are closed.
    drop(reloading);
    drop(data);
    tracing::info!("stopped");
    Ok(())
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
