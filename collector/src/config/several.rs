//! The configurations of all sites of a collector: each is in order by itself, and no two have a
//! key, an id or a host in common, for by those a request's site is told.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::{Config, ConfigError};

/// A configuration and where it was read.
#[derive(Clone, Debug)]
pub struct ConfigFile {
    /// The file.
    pub path: PathBuf,
    /// What it says.
    pub config: Config,
}

/// Reads configuration files; of a folder all whose names end in `.toml`, in the order of their
/// names.
///
/// # Errors
/// All that is wrong: with each file, or where each is in order, with all of them together.
pub fn load_all(paths: &[PathBuf]) -> Result<Vec<ConfigFile>, Vec<ConfigError>> {
    let mut files = Vec::new();
    let mut errors = Vec::new();
    for path in paths {
        match files_of(path) {
            Ok(found) => files.extend(found),
            Err(error) => errors.push(error),
        }
    }
    let mut configs = Vec::with_capacity(files.len());
    for path in files {
        match Config::load(&path) {
            Ok(config) => configs.push(ConfigFile { path, config }),
            Err(error) => errors.push(error),
        }
    }
    if errors.is_empty() {
        errors = in_common(&configs);
    }
    if errors.is_empty() {
        Ok(configs)
    } else {
        Err(errors)
    }
}

fn files_of(path: &Path) -> Result<Vec<PathBuf>, ConfigError> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let unreadable = |reason: String| ConfigError::Unreadable {
        path: path.to_owned(),
        reason,
    };
    let entries = std::fs::read_dir(path).map_err(|error| unreadable(error.to_string()))?;
    let mut files = Vec::new();
    for entry in entries {
        let file = entry.map_err(|error| unreadable(error.to_string()))?.path();
        if file
            .extension()
            .is_some_and(|extension| extension == "toml")
            && file.is_file()
        {
            files.push(file);
        }
    }
    if files.is_empty() {
        let reason = "there is no file in this folder whose name ends in .toml".to_owned();
        return Err(unreadable(reason));
    }
    files.sort();
    Ok(files)
}

/// What two sites have in common that they must not.
fn in_common(configs: &[ConfigFile]) -> Vec<ConfigError> {
    let mut errors = Vec::new();
    let mut known: HashMap<(&str, String), &Path> = HashMap::new();
    for ConfigFile { path, config } in configs {
        let site = &config.site;
        let id = (
            "the id",
            site.id().to_owned(),
            "give each site but one an id of its own in [site], such as id = \"shop\"",
        );
        let key = (
            "the write_key",
            site.write_key.clone(),
            "each site needs a key of its own",
        );
        let hosts = site.hosts.iter().map(|host| {
            let right = "a host can be listed by one site";
            ("the host", host.clone(), right)
        });
        for (what, value, right) in [id, key].into_iter().chain(hosts) {
            if let Some(other) = known.insert((what, value.clone()), path) {
                errors.push(ConfigError::Shared {
                    path: path.clone(),
                    other: other.to_owned(),
                    what,
                    value,
                    right,
                });
            }
        }
    }
    errors
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn said(errors: &[ConfigError], folder: &Path) -> Vec<String> {
        let folder = format!("{}/", folder.display());
        let errors = errors.iter();
        errors
            .map(|error| error.to_string().replace(&folder, ""))
            .collect()
    }

    #[test]
    fn a_folder_of_files_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let paths = [folder.path().to_owned()];
        let errors = load_all(&paths).unwrap_err();
        assert!(errors[0].to_string().contains("no file in this folder"));
        for (name, text) in [
            (
                "b.toml",
                "[site]\nid = \"b\"\nwrite_key = \"kb\"\nhosts = [\"b.nl\"]",
            ),
            (
                "a.toml",
                "[site]\nwrite_key = \"ka\"\nhosts = [\"a.nl\", \"www.a.nl\"]",
            ),
            ("c.txt", "nothing"),
        ] {
            fs::write(folder.path().join(name), text).unwrap();
        }
        let configs = load_all(&paths).unwrap();
        let ids: Vec<&str> = configs.iter().map(|one| one.config.site.id()).collect();
        assert_eq!(ids, ["site", "b"]);
    }

    #[test]
    fn what_sites_must_not_have_in_common() {
        let folder = tempfile::tempdir().unwrap();
        for (one, other, expected) in [
            (
                "write_key = \"k\"",
                "id = \"b\"\nwrite_key = \"l\"",
                &[][..],
            ),
            (
                "write_key = \"k\"",
                "write_key = \"l\"",
                &["b.toml: the id \"site\" is also that of a.toml; give each"],
            ),
            (
                "id = \"a\"\nwrite_key = \"k\"\nhosts = [\"x\"]",
                "id = \"a\"\nwrite_key = \"k\"\nhosts = [\"y\", \"x\"]",
                &[
                    "b.toml: the id \"a\" is also that of a.toml; give each",
                    "b.toml: the write_key \"k\" is also that of a.toml; each site",
                    "b.toml: the host \"x\" is also that of a.toml; a host",
                ],
            ),
            (
                "id = \"a\"\nwrite_key = \"k\"\nhosts = [\"x\", \"x\"]",
                "id = \"b\"\nwrite_key = \"l\"",
                &["a.toml: the host \"x\" is also that of a.toml; a host"],
            ),
            (
                "id = \"A\"\nwrite_key = \"k\"",
                "id = \"site\"\nwrite_key = \"l\"\nhosts = [\"x:1\"]",
                &[
                    "a.toml:2:6: \"id\" is \"A\"; it must be 1 to 40",
                    "b.toml:2:6: \"id\" is \"site\"; this is what",
                ],
            ),
        ] {
            let paths = [("a.toml", one), ("b.toml", other)].map(|(name, text)| {
                let path = folder.path().join(name);
                fs::write(&path, format!("[site]\n{text}\n")).unwrap();
                path
            });
            let said = match load_all(&paths) {
                Ok(configs) => {
                    assert_eq!(configs.len(), 2);
                    Vec::new()
                }
                Err(errors) => said(&errors, folder.path()),
            };
            assert_eq!(said.len(), expected.len(), "{said:?}");
            for (said, expected) in said.iter().zip(expected) {
                assert!(said.starts_with(expected), "{said}");
            }
        }
    }
}
