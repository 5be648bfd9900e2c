//! `firstglance backup`: everything of a data folder in one file. Where a collector runs on the
//! folder it makes the backup, consistent and without a pause; else this command does.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::{Failure, bytes, hexadecimal, offline};
use crate::backup::{Backups, file_name};
use crate::clock;
use crate::data::{self, DataError, DataFolder};
use crate::store::embedded::check_backup;

/// Write everything that is kept into one file, also while a collector runs
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  firstglance backup --data /var/lib/firstglance --to /mnt/backups\n\n\
                  The file holds what visitors did, the key of their cookies and the tokens: keep \
                  it as safe as the folder itself."
)]
pub(super) struct Arguments {
    /// The folder for everything that is kept; of one of several sites, its own in `sites`
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// A file that does not exist yet, or a folder to make one in
    #[arg(long, value_name = "FILE_OR_DIR")]
    to: PathBuf,
    /// Where the collector listens that runs on the folder, if one does
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:7700")]
    address: String,
    /// The file with a token for that collector; the one in the data folder when absent
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let to = if arguments.to.is_dir() {
        arguments.to.join(file_name(clock::now()))
    } else {
        arguments.to.clone()
    };
    if to.exists() {
        return Err(format!("{}: this file exists already", to.display()).into());
    }
    match DataFolder::open_existing(&arguments.data) {
        Ok(data) => offline(&data, async |store| {
            let backups = Backups::of(arguments.data.clone());
            backups.make_at(store, to.clone()).await?;
            Ok(())
        })?,
        Err(DataError::InUse { .. }) => {
            let made = ask(arguments)?;
            move_to(&made, &to).map_err(|error| {
                let made = made.display();
                format!(
                    "{}: the backup {made} cannot be moved here: {error}",
                    to.display()
                )
            })?;
        }
        Err(error) => return Err(error.into()),
    }
    // What lies there now, as whoever needs it will read it.
    let made = check_backup(&to)?;
    eprintln!(
        "{}: {}, {} records, SHA-256 {}",
        to.display(),
        bytes(made.bytes),
        made.records,
        hexadecimal(&made.sha256)
    );
    Ok(())
}

/// What a collector answers.
#[derive(Deserialize)]
#[serde(untagged)]
enum Answered {
    Made { file: PathBuf },
    Failed { error: Told },
}

#[derive(Deserialize)]
struct Told {
    message: String,
}

/// Asks the collector that runs on the folder to make a backup. Says where it lies.
fn ask(arguments: &Arguments) -> Result<PathBuf, Failure> {
    let Arguments { address, data, .. } = arguments;
    let token_file = arguments.token_file.clone();
    // The folder of a site among several lies in the folder of all, which has the token.
    let above = data.parent().filter(|above| above.ends_with(data::SITES));
    let (root, query) = match (above.and_then(Path::parent), data.file_name()) {
        (Some(root), Some(site)) => (root, format!("?site={}", site.to_string_lossy())),
        _ => (data.as_path(), String::new()),
    };
    let token_file = token_file.unwrap_or_else(|| root.join("admin-token"));
    let token = fs::read_to_string(&token_file)
        .map_err(|error| format!("{}: cannot read the token: {error}", token_file.display()))?;
    let token = token.trim();
    if token.is_empty() || token.contains(|sign: char| !sign.is_ascii_graphic()) {
        return Err(format!("{}: this is not a token", token_file.display()).into());
    }
    let unreachable = |error: io::Error| {
        format!(
            "a collector runs on {}, but cannot be asked at {address}: {error}; --address says \
             where it listens",
            data.display()
        )
    };
    let mut stream = TcpStream::connect(address).map_err(unreachable)?;
    let request = format!(
        "POST /admin/v1/backup{query} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\n\
         Content-Length: 0\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).map_err(unreachable)?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).map_err(unreachable)?;
    let body = answer.split_once("\r\n\r\n").map(|(_, body)| body);
    match body.map(serde_json::from_str) {
        Some(Ok(Answered::Made { file })) => Ok(file),
        Some(Ok(Answered::Failed { error })) => Err(format!(
            "the collector at {address} made no backup: {}",
            error.message
        )
        .into()),
        _ => Err(format!("what answers at {address} is not a collector of this version").into()),
    }
}

/// Moves a file, also to another disk.
fn move_to(from: &Path, to: &Path) -> io::Result<()> {
    match fs::rename(from, to) {
        Err(error) if error.kind() == io::ErrorKind::CrossesDevices => {}
        moved => return moved,
    }
    let mut copy = OpenOptions::new()
        .create_new(true)
        .write(true)
        .mode(0o600)
        .open(to)?;
    io::copy(&mut File::open(from)?, &mut copy)?;
    copy.sync_all()?;
    fs::remove_file(from)
}
