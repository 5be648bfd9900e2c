//! The files of a folder, as a plain web server would give them: for the demo, and for a small
//! site that wants no second server.
//!
//! Never gives a file outside the folder, whatever the address or a symbolic link says, nor one
//! whose name begins with a dot. Never lists a folder.

use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderValue, LOCATION};
use hyper::{Request, StatusCode};
use percent_encoding::percent_decode_str;

use super::answer::{Answer, empty, set, set_text, with_body};
use super::assets;
use super::error::HttpError;

/// Larger files are not given: they are read whole.
const LARGEST: u64 = 32 * 1024 * 1024;

/// A folder whose files are served.
#[derive(Clone, Debug)]
pub struct SiteFolder {
    root: PathBuf,
}

/// What an address leads to.
enum Found {
    File {
        path: PathBuf,
        bytes: Vec<u8>,
        etag: String,
    },
    /// A folder that was asked for without the slash at the end.
    Folder,
    Nothing,
}

impl SiteFolder {
    /// Serves from this folder.
    ///
    /// # Errors
    /// When there is no such folder.
    pub fn open(folder: &Path) -> io::Result<Self> {
        let root = folder.canonicalize()?;
        if !root.is_dir() {
            return Err(io::ErrorKind::NotADirectory.into());
        }
        Ok(Self { root })
    }

    pub(super) async fn answer(&self, request: &Request<()>) -> Result<Answer, HttpError> {
        let path = request.uri().path();
        let Some(relative) = relative(path) else {
            return self.not_found().await;
        };
        let found = self.find(relative, path.ends_with('/')).await?;
        match found {
            Found::Nothing => self.not_found().await,
            Found::Folder => {
                let mut answer = empty(StatusCode::MOVED_PERMANENTLY);
                let query = request.uri().query();
                let query = query.map_or_else(String::new, |query| format!("?{query}"));
                set_text(&mut answer, LOCATION, &format!("{path}/{query}"));
                Ok(answer)
            }
            Found::File { path, bytes, etag } => {
                let unchanged = assets::matches(request.headers(), &etag);
                let mut answer = if unchanged {
                    empty(StatusCode::NOT_MODIFIED)
                } else {
                    file(StatusCode::OK, &path, bytes)
                };
                set_text(&mut answer, ETAG, &etag);
                set(
                    &mut answer,
                    CACHE_CONTROL,
                    HeaderValue::from_static("no-cache"),
                );
                Ok(answer)
            }
        }
    }

    /// The site's own page for this case, where it has one.
    async fn not_found(&self) -> Result<Answer, HttpError> {
        match self.find(PathBuf::from("404.html"), false).await? {
            Found::File { path, bytes, .. } => Ok(file(StatusCode::NOT_FOUND, &path, bytes)),
            _ => Err(HttpError::Route),
        }
    }

    async fn find(&self, relative: PathBuf, as_folder: bool) -> Result<Found, HttpError> {
        let root = self.root.clone();
        let found = tokio::task::spawn_blocking(move || find(&root, &relative, as_folder)).await;
        match found {
            Ok(Ok(found)) => Ok(found),
            Ok(Err(error)) if is_absence(&error) => Ok(Found::Nothing),
            Ok(Err(error)) => {
                tracing::warn!(%error, "a file of the site cannot be read");
                Ok(Found::Nothing)
            }
            Err(_) => Err(HttpError::Internal),
        }
    }
}

fn is_absence(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory | io::ErrorKind::InvalidFilename
    )
}

/// The part of the file system that a path names; nothing for one that no honest page has.
fn relative(path: &str) -> Option<PathBuf> {
    let mut relative = PathBuf::new();
    let inner = path.strip_prefix('/')?;
    let inner = inner.strip_suffix('/').unwrap_or(inner);
    if inner.is_empty() {
        return (path == "/").then_some(relative);
    }
    for encoded in inner.split('/') {
        let name = percent_decode_str(encoded).decode_utf8().ok()?;
        // Empty names make `//host`, which a browser takes for another site; a dot in front
        // covers `.` and `..`; slashes and NUL can only come from escapes here.
        let honest =
            !name.is_empty() && !name.starts_with('.') && !name.contains(['/', '\\', '\0']);
        if !honest {
            return None;
        }
        relative.push(&*name);
    }
    Some(relative)
}

fn find(root: &Path, relative: &Path, as_folder: bool) -> io::Result<Found> {
    let mut path = root.join(relative).canonicalize()?;
    if !path.starts_with(root) {
        return Ok(Found::Nothing);
    }
    match (path.is_dir(), as_folder) {
        (true, false) => return Ok(Found::Folder),
        (false, true) => return Ok(Found::Nothing),
        (false, false) => {}
        (true, true) => {
            path = path.join("index.html").canonicalize()?;
            if !path.starts_with(root) {
                return Ok(Found::Nothing);
            }
        }
    }
    let file = fs::File::open(&path)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() || metadata.len() > LARGEST {
        return Ok(Found::Nothing);
    }
    let changed = metadata.modified()?.duration_since(UNIX_EPOCH);
    let changed = changed.unwrap_or_default().as_nanos();
    let etag = format!("W/\"{:x}-{changed:x}\"", metadata.len());
    let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or_default());
    file.take(LARGEST).read_to_end(&mut bytes)?;
    Ok(Found::File { path, bytes, etag })
}

fn file(status: StatusCode, path: &Path, bytes: Vec<u8>) -> Answer {
    let kind = mime_guess::from_path(path).first_or_octet_stream();
    let mut answer = with_body(status, bytes);
    let text = kind.type_() == mime_guess::mime::TEXT
        || kind.subtype() == mime_guess::mime::JAVASCRIPT
        || kind.subtype() == mime_guess::mime::JSON;
    let kind = if text {
        format!("{}; charset=utf-8", kind.essence_str())
    } else {
        kind.essence_str().to_owned()
    };
    set_text(&mut answer, CONTENT_TYPE, &kind);
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths() {
        for (path, expected) in [
            ("/", Some("")),
            ("/a.html", Some("a.html")),
            ("/b/", Some("b")),
            ("/b/c%20d.html", Some("b/c d.html")),
            ("//", None),
            ("//b", None),
            ("/b//c", None),
            ("/../a", None),
            ("/b/../../a", None),
            ("/%2e%2e/a", None),
            ("/b%2fc", None),
            ("/b%5cc", None),
            ("/b%00", None),
            ("/%ff", None),
            ("/.env", None),
            ("/b/.git/config", None),
            ("b", None),
            ("*", None),
        ] {
            assert_eq!(relative(path), expected.map(PathBuf::from), "{path}");
        }
    }
}
