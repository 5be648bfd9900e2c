//! What a page loads, embedded in this binary: the loader, and files whose names change with their
//! content: scripts, of which the loader names the first, and the WebAssembly module.
//!
//! And what the console loads.
//!
//! The tables are written by `build.rs` from what `cargo xtask build` made. A plain `cargo build` in
//! a fresh clone gives empty tables, which `is_complete` tells. Never reads a file at run time.

/// One file, in the three forms a browser may ask for.
#[derive(Debug)]
pub struct Asset {
    /// The last part of its address, for example `fg.js`.
    pub name: &'static str,
    /// For the header `Content-Type`.
    pub content_type: &'static str,
    /// Whether the name changes with the content, so that a browser may keep it for ever.
    pub immutable: bool,
    /// The bytes as they are.
    pub identity: &'static [u8],
    /// The bytes after gzip.
    pub gzip: &'static [u8],
    /// The bytes after brotli.
    pub brotli: &'static [u8],
    /// For the header `ETag`, as it stands. Weak, because it is the same for all three forms.
    pub etag: &'static str,
}

include!(concat!(env!("OUT_DIR"), "/assets.rs"));
include!(concat!(env!("OUT_DIR"), "/console.rs"));

/// Everything there is.
#[must_use]
pub fn all() -> &'static [Asset] {
    ASSETS
}

/// The loader, the only one whose name stays.
#[must_use]
pub fn loader() -> Option<&'static Asset> {
    ASSETS.iter().find(|asset| !asset.immutable)
}

/// The file whose name is `fg-` and this.
#[must_use]
pub fn hashed(rest: &str) -> Option<&'static Asset> {
    ASSETS
        .iter()
        .find(|asset| asset.immutable && asset.name.strip_prefix("fg-") == Some(rest))
}

/// What the console loads.
#[must_use]
pub fn console() -> &'static [Asset] {
    CONSOLE
}

/// Whether this binary has everything that a page loads.
#[must_use]
pub fn is_complete() -> bool {
    let has = |ending: &str| {
        ASSETS
            .iter()
            .any(|asset| asset.immutable && asset.name.ends_with(ending))
    };
    loader().is_some() && has(".js") && has(".wasm")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_asset_is_found_in_all_forms() {
        for asset in ASSETS {
            assert!(!asset.identity.is_empty() && !asset.gzip.is_empty());
            assert!(!asset.brotli.is_empty());
            assert!(asset.etag.starts_with("W/\"") && asset.etag.ends_with('"'));
            assert_eq!(asset.immutable, asset.name != "fg.js");
            let found = match asset.name.strip_prefix("fg-") {
                Some(rest) => hashed(rest),
                None => loader(),
            };
            assert!(found.is_some_and(|found| std::ptr::eq(found, asset)));
        }
        for name in ["", ".js", "../fg.js", "fg.js"] {
            assert!(hashed(name).is_none(), "{name}");
        }
    }

    #[test]
    fn the_assets_are_complete_or_absent() {
        assert!(ASSETS.is_empty() || is_complete());
    }

    /// The texts that other names replace stand in the loader exactly once; and from what it names,
    /// all files are found, each by what browsers check it by.
    #[test]
    fn from_the_loader_all_files_are_found() {
        let Some(loader) = loader() else { return };
        let text = String::from_utf8_lossy(loader.identity);
        for once in ["v1/", "\"fg-"] {
            assert_eq!(text.matches(once).count(), 1, "{once}");
        }
        let mut unread = vec![loader];
        let mut missing: Vec<_> = ASSETS.iter().filter(|asset| asset.immutable).collect();
        while let Some(asset) = unread.pop() {
            // Names have other signs in place of two.
            let text = String::from_utf8_lossy(asset.identity).replace(['+', '/'], "_");
            let named = |asset: &&Asset| {
                let stem = asset.name.split('.').next().unwrap();
                text.contains(&format!("sha256-{}", stem.strip_prefix("fg-").unwrap()))
            };
            unread.extend(missing.extract_if(.., |asset| named(asset)));
        }
        let missing: Vec<_> = missing.iter().map(|asset| asset.name).collect();
        assert!(missing.is_empty(), "{missing:?}");
    }
}
