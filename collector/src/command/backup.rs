//! `firstglance backup`: everything of a data folder in one file. Where a collector runs on the
//! folder it makes the backup, consistent and without a pause; else this command does.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use firstglance_engine::Model;
use hyper::Method;
use serde::Deserialize;

use super::asking::{AdminQuestion, Collector};
use super::opened::Which;
use super::{Failure, bytes};
use crate::backup::{Backups, file_name};
use crate::clock;
use crate::hexadecimal::hexadecimal;
use crate::store::embedded::check_backup;

/// Write everything that is kept into one file, also while a collector runs
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  firstglance backup --data /var/lib/firstglance --to /mnt/backups\n\n\
                  The file holds what visitors did, the key of their cookies and the tokens: keep \
                  it as safe as the folder itself."
)]
pub(super) struct Arguments {
    #[command(flatten)]
    which: Which,
    /// A file that does not exist yet, or a folder to make one in
    #[arg(long, value_name = "FILE_OR_DIR")]
    to: PathBuf,
    #[command(flatten)]
    collector: Collector,
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
    if arguments.which.is_in_use() {
        let made = ask(arguments)?;
        move_to(&made, &to).map_err(|error| {
            let made = made.display();
            format!(
                "{}: the backup {made} cannot be moved here: {error}",
                to.display()
            )
        })?;
    } else {
        // Nothing is folded that would need the configuration.
        let model = Arc::new(Model::default());
        let backups = Backups::of(arguments.which.folder());
        arguments
            .which
            .with_store((model, None), true, async |store| {
                backups.make_at(&*store, to.clone()).await?;
                Ok(())
            })?;
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
struct Made {
    file: PathBuf,
}

/// Asks the collector that runs on the folder to make a backup. Says where it lies.
fn ask(arguments: &Arguments) -> Result<PathBuf, Failure> {
    let question = AdminQuestion {
        method: Method::POST,
        path: "backup",
        parameters: &[],
        otherwise: "the collector made no backup",
    };
    let Made { file } = arguments.collector.ask(&arguments.which, &question)?;
    Ok(file)
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
