//! The table `[server]`: what the collector stands behind, and by what it proves who it is.

use std::net::IpAddr;
use std::path::PathBuf;

use ipnet::IpNet;

use super::fields::Field;
use super::fields::service as fields;
use super::problem::Problems;
use super::table::{Placed, Table};

/// What the collector stands behind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// Peers whose word is taken for where a request came from. See [`Server::default`].
    pub trusted_proxies: Vec<IpNet>,
    /// What the collector speaks TLS with; nothing where it speaks plain HTTP.
    pub tls: Option<TlsFiles>,
}

/// Where a certificate and its key lie, as PEM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate, and those between it and one that browsers know.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

impl Default for Server {
    /// Trusts this machine's own addresses. No visitor comes from there: either a proxy on this
    /// machine does, which by default is the collector's only way to the world, or one of the
    /// machine's own programs. Were it not trusted, all visitors behind that proxy would have one
    /// address.
    fn default() -> Self {
        let own = fields::TRUSTED_PROXIES.texts();
        Self {
            trusted_proxies: own.iter().filter_map(|text| text.parse().ok()).collect(),
            tls: None,
        }
    }
}

/// Reads the table; what is not there keeps its default.
pub(super) fn read(root: &Table<'_>, problems: &mut Problems<'_>) -> Server {
    let mut server = Server::default();
    let Some(table) = root.table(&fields::SERVER, problems) else {
        return server;
    };
    if let Some(texts) = table.texts(&fields::TRUSTED_PROXIES, problems) {
        let proxies = texts.into_iter();
        server.trusted_proxies = proxies
            .filter_map(|text| network(&fields::TRUSTED_PROXIES, &text, problems))
            .collect();
    }
    server.tls = tls(&table, problems);
    server
}

fn tls(table: &Table<'_>, problems: &mut Problems<'_>) -> Option<TlsFiles> {
    let both = [fields::CERTIFICATE, fields::KEY];
    let [certificate, key] = both.map(|field| table.text(&field, problems).map(|one| one.value));
    for (field, other) in [(&both[0], &both[1]), (&both[1], &both[0])] {
        if let Some(span) = table.span_of(other)
            && !table.has(field)
        {
            let (name, example) = (field.name, field.example);
            problems.add(
                span,
                format!("[server] has \"{}\" and no \"{name}\"", other.name),
                format!("TLS needs both; add {name} = {example}"),
            );
        }
    }
    Some(TlsFiles {
        certificate: certificate?.into(),
        key: key?.into(),
    })
}

/// An address or a network in the list of this name.
pub(super) fn network(
    field: &Field,
    text: &Placed<&str>,
    problems: &mut Problems<'_>,
) -> Option<IpNet> {
    let network = text.value.parse::<IpNet>().ok();
    let network = network.or_else(|| text.value.parse::<IpAddr>().ok().map(IpNet::from));
    if network.is_none() {
        problems.add(
            text.span.clone(),
            format!("\"{}\" holds {:?}", field.name, text.value),
            "it must be an address or a network, such as \"192.0.2.1\" or \"10.0.0.0/8\"",
        );
    }
    network
}
