//! TLS: the certificates of the sites, each shown to who asks for its hosts.
//!
//! Certificates are renewed every few weeks by programs that know nothing of this one, so the files
//! are looked at from time to time. Files that cannot be used never take the place of what was read
//! before: a certificate that is about to end is better than none.

use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use rustls::ServerConfig;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio_rustls::TlsAcceptor;

use crate::config::TlsFiles;

/// How often the files are looked at.
const LOOK: Duration = Duration::from_secs(60);

/// What is spoken over a connection, as its beginning says.
pub(super) const HTTP_2: &[u8] = b"h2";
const HTTP_1_1: &[u8] = b"http/1.1";

/// Why TLS cannot be spoken.
#[derive(Debug, thiserror::Error)]
#[error("{path}: {reason}", path = .path.display())]
pub struct TlsError {
    path: PathBuf,
    reason: String,
}

/// The files of one site, and the hosts that they are for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SiteFiles {
    /// Hosts of the site.
    pub hosts: Vec<String>,
    /// The files.
    pub files: TlsFiles,
}

/// The certificates as they are at present.
pub struct Certificates(ArcSwap<Loaded>);

struct Loaded {
    sites: Vec<SiteFiles>,
    by_host: HashMap<String, Arc<CertifiedKey>>,
    /// For who asks for no host, or for one that no site lists.
    first: Arc<CertifiedKey>,
    stamps: Vec<Option<Stamp>>,
}

/// What tells that a file is another than the one that was read.
type Stamp = (u64, u64, i64, i64);

impl Certificates {
    /// Those of some sites; nothing where there are none.
    ///
    /// # Errors
    /// [`TlsError`] with the first file that cannot be used.
    pub fn load(sites: Vec<SiteFiles>) -> Result<Option<Arc<Self>>, TlsError> {
        let loaded = Loaded::of(sites)?;
        Ok(loaded.map(|loaded| Arc::new(Self(ArcSwap::from_pointee(loaded)))))
    }

    /// Puts others in their place, for connections from now on.
    ///
    /// # Errors
    /// [`TlsError`] with the first file that cannot be used; everything is as before then.
    pub fn replace(&self, sites: Vec<SiteFiles>) -> Result<(), TlsError> {
        // Not to speak TLS any more takes another start.
        if let Some(loaded) = Loaded::of(sites)? {
            self.0.store(Arc::new(loaded));
        }
        Ok(())
    }

    /// Reads files that have changed, for as long as it is polled.
    pub async fn watch(self: Arc<Self>) {
        loop {
            tokio::time::sleep(LOOK).await;
            let certificates = self.clone();
            // It ends early only by a panic, and then the next look tells more.
            let _ = tokio::task::spawn_blocking(move || certificates.look()).await;
        }
    }

    fn look(&self) {
        let present = self.0.load_full();
        let stamps = stamps(&present.sites);
        if stamps == present.stamps {
            return;
        }
        match Loaded::of(present.sites.clone()) {
            Ok(Some(loaded)) => {
                self.0.store(Arc::new(loaded));
                tracing::info!("a renewed certificate is in use");
            }
            Ok(None) => {}
            // Perhaps one of two files is still to come. Once for each change.
            Err(error) => {
                tracing::warn!(%error, "a renewed certificate cannot be used; the former one stays");
                self.0.store(Arc::new(Loaded {
                    stamps,
                    sites: present.sites.clone(),
                    by_host: present.by_host.clone(),
                    first: present.first.clone(),
                }));
            }
        }
    }

    /// What speaks TLS with them.
    ///
    /// # Errors
    /// Never with the protocols and ciphers that are built in.
    pub(super) fn acceptor(self: &Arc<Self>) -> Result<TlsAcceptor, rustls::Error> {
        let mut config = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(Resolver(self.clone())));
        config.alpn_protocols = vec![HTTP_2.to_vec(), HTTP_1_1.to_vec()];
        Ok(TlsAcceptor::from(Arc::new(config)))
    }
}

/// The cryptography. Named, so that no other crate's choice can differ.
fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

struct Resolver(Arc<Certificates>);

impl std::fmt::Debug for Resolver {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Resolver")
    }
}

impl ResolvesServerCert for Resolver {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let loaded = self.0.0.load();
        let named = hello.server_name().and_then(|name| {
            let name = name.to_ascii_lowercase();
            loaded.by_host.get(&name)
        });
        Some(named.unwrap_or(&loaded.first).clone())
    }
}

impl Loaded {
    fn of(sites: Vec<SiteFiles>) -> Result<Option<Self>, TlsError> {
        // Before the files are read, so that what changes meanwhile is seen at the next look.
        let stamps = stamps(&sites);
        let mut by_host = HashMap::new();
        let mut first = None;
        for site in &sites {
            let key = Arc::new(read(&site.files)?);
            for host in &site.hosts {
                by_host.insert(host.clone(), key.clone());
            }
            first.get_or_insert(key);
        }
        Ok(first.map(|first| Self {
            sites,
            by_host,
            first,
            stamps,
        }))
    }
}

fn stamps(sites: &[SiteFiles]) -> Vec<Option<Stamp>> {
    let files = sites.iter().map(|site| &site.files);
    let files = files.flat_map(|files| [&files.certificate, &files.key]);
    let stamps = files.map(|path| {
        let data = fs::metadata(path).ok()?;
        Some((data.ino(), data.len(), data.ctime(), data.ctime_nsec()))
    });
    stamps.collect()
}

fn read(files: &TlsFiles) -> Result<CertifiedKey, TlsError> {
    let wrong = |path: &PathBuf, reason: String| TlsError {
        path: path.clone(),
        reason,
    };
    let (certificate, key) = (&files.certificate, &files.key);
    let chain = CertificateDer::pem_file_iter(certificate).and_then(|all| all.collect());
    let chain: Vec<CertificateDer<'static>> =
        chain.map_err(|error| wrong(certificate, format!("cannot read a certificate: {error}")))?;
    if chain.is_empty() {
        let reason = "there is no certificate in this file; it must be PEM".to_owned();
        return Err(wrong(certificate, reason));
    }
    let secret = PrivateKeyDer::from_pem_file(key)
        .map_err(|error| wrong(key, format!("cannot read a private key: {error}")))?;
    CertifiedKey::from_der(chain, secret, &provider()).map_err(|error| {
        let of = certificate.display();
        wrong(key, format!("the key cannot be used with {of}: {error}"))
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn write(folder: &Path, name: &str) -> TlsFiles {
        let made = rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
        let files = TlsFiles {
            certificate: folder.join(format!("{name}.pem")),
            key: folder.join(format!("{name}.key")),
        };
        fs::write(&files.certificate, made.cert.pem()).unwrap();
        fs::write(&files.key, made.signing_key.serialize_pem()).unwrap();
        files
    }

    #[test]
    fn files_that_cannot_be_used_change_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let (one, other) = (write(folder.path(), "a.nl"), write(folder.path(), "b.nl"));
        let site = |files: &TlsFiles| SiteFiles {
            hosts: vec!["a.nl".to_owned()],
            files: files.clone(),
        };
        assert!(Certificates::load(Vec::new()).unwrap().is_none());
        let certificates = Certificates::load(vec![site(&one)]).unwrap().unwrap();
        let present = || certificates.0.load().first.cert[0].clone();
        let first = present();
        for (certificate, key, expected) in [
            (&one.certificate, &other.key, "cannot be used with"),
            (&one.key, &one.key, "no certificate in this file"),
            (
                &one.certificate,
                &one.certificate,
                "cannot read a private key",
            ),
            (
                &folder.path().join("none"),
                &one.key,
                "cannot read a certificate",
            ),
        ] {
            let files = TlsFiles {
                certificate: certificate.clone(),
                key: key.clone(),
            };
            let error = certificates.replace(vec![site(&files)]).unwrap_err();
            assert!(error.to_string().contains(expected), "{error}");
            assert_eq!(present(), first);
        }

        // Renewed in two steps, as programs do that know nothing of this one.
        certificates.look();
        assert_eq!(present(), first);
        fs::copy(&other.certificate, &one.certificate).unwrap();
        certificates.look();
        assert_eq!(present(), first);
        fs::copy(&other.key, &one.key).unwrap();
        certificates.look();
        assert_ne!(present(), first);
    }
}
