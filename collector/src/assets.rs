//! What a page loads, embedded in this binary: the loader, the glue and the WebAssembly module.
//!
//! The table is written by `build.rs` from what `cargo xtask build` made. A plain `cargo build` in
//! a fresh clone gives an empty table, which `is_complete` tells. Never reads a file at run time.

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

/// The asset of this name.
pub fn find(name: &str) -> Option<&'static Asset> {
    ASSETS.iter().find(|asset| asset.name == name)
}

/// Whether this binary has everything that a page loads.
pub fn is_complete() -> bool {
    let has = |ending: &str| {
        ASSETS
            .iter()
            .any(|asset| asset.immutable && asset.name.ends_with(ending))
    };
    find("fg.js").is_some() && has(".js") && has(".wasm")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_asset_is_found_by_its_name_in_all_forms() {
        for asset in ASSETS {
            assert!(find(asset.name).is_some_and(|found| std::ptr::eq(found, asset)));
            assert!(!asset.identity.is_empty() && !asset.gzip.is_empty());
            assert!(!asset.brotli.is_empty());
            assert!(asset.etag.starts_with("W/\"") && asset.etag.ends_with('"'));
            assert_eq!(asset.immutable, asset.name != "fg.js");
        }
        assert!(find("").is_none());
        assert!(find("../fg.js").is_none());
    }

    #[test]
    fn the_assets_are_complete_or_absent() {
        assert!(ASSETS.is_empty() || is_complete());
    }

    #[test]
    fn the_loader_names_the_other_two() {
        let Some(loader) = find("fg.js") else { return };
        let loader = String::from_utf8_lossy(loader.identity);
        for asset in ASSETS.iter().filter(|asset| asset.immutable) {
            assert!(loader.contains(asset.name), "{}", asset.name);
        }
    }
}
