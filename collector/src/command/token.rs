//! `firstglance token`: makes, shows and revokes tokens of administrators, also while a collector
//! runs on the same data.

use std::io::{self, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};

use clap::Subcommand;
use firstglance_engine::{Milliseconds, json::JsonWriter};

use super::Failure;
use crate::clock;
use crate::config::{self, SiteId};
use crate::token::{KeptToken, NewToken, Role, TokenFile};

/// Make, show and revoke tokens of administrators
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  firstglance token create --data /var/lib/firstglance --role read \
                  --name \"Anna\" --expires 90d"
)]
pub(super) struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    Create(Create),
    List(List),
    Revoke(Revoke),
}

/// Make a token and print it; it is kept as a digest, and cannot be shown again
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  firstglance token create --data /var/lib/firstglance --role read \
                  --name \"Anna\" --site shop --expires 90d"
)]
struct Create {
    /// The data folder
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// decide: ask what visitors see in slots; read: see visitors and counts; operate: also the audit log and upkeep; erase: also erase
    #[arg(long, value_parser = role)]
    role: Role,
    /// Whose it is; the audit log says so
    #[arg(long)]
    name: String,
    /// The id of the only site that it is for; all sites when absent
    #[arg(long, value_name = "ID", value_parser = site)]
    site: Option<String>,
    /// How long it counts, such as 12h or 90d; until it is revoked when absent
    #[arg(long, value_name = "TIME", value_parser = config::length_of_time)]
    expires: Option<Milliseconds>,
}

/// Show the tokens that were made: a table on a terminal, lines of JSON elsewhere
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  firstglance token list --data /var/lib/firstglance")]
struct List {
    /// The data folder
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
}

/// Revoke a token; it is refused from then on
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  firstglance token revoke --data /var/lib/firstglance 3f9a1c02")]
struct Revoke {
    /// The data folder
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// Its id, or its name where no other token has the same
    #[arg(value_name = "ID")]
    token: String,
}

fn role(text: &str) -> Result<Role, String> {
    Role::from_name(text).ok_or_else(|| "it may be decide, read, operate or erase".to_owned())
}

fn site(text: &str) -> Result<String, String> {
    if text == SiteId::UNNAMED || SiteId::parse(text).is_some() {
        Ok(text.to_owned())
    } else {
        Err(format!(
            "it must be the id of a [site], or \"{}\" for the one that has none",
            SiteId::UNNAMED
        ))
    }
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    match &arguments.action {
        Action::Create(create) => create.run(),
        Action::List(list) => list.run(),
        Action::Revoke(revoke) => revoke.run(),
    }
}

/// The file of a data folder that is there: a token that no collector looks at would be none.
fn file(data: &Path) -> Result<TokenFile, Failure> {
    if !data.join("lock").exists() {
        let data = data.display();
        return Err(format!("{data}: no collector has been started with this data folder").into());
    }
    Ok(TokenFile::of(data))
}

impl Create {
    fn run(&self) -> Result<(), Failure> {
        let now = clock::now();
        let new = NewToken {
            name: self.name.clone(),
            role: self.role,
            site: self.site.clone(),
            expires: self.expires.map(|length| now.plus(length)),
        };
        let (token, kept) = file(&self.data)?.create(new, now)?;
        writeln!(io::stdout(), "{token}")?;
        let of_site = match &kept.site {
            Some(site) => format!("the site {site}"),
            None => "all sites".to_owned(),
        };
        let until = match kept.expires {
            Some(end) => format!("until {end}"),
            None => "until it is revoked".to_owned(),
        };
        writeln!(
            io::stderr(),
            "This is the token of {} with the role {} for {of_site}, {until}. Its id is {}. It is \
             not shown again.",
            kept.name,
            kept.role,
            kept.id
        )?;
        Ok(())
    }
}

impl List {
    fn run(&self) -> Result<(), Failure> {
        let tokens = file(&self.data)?.read()?;
        let mut output = io::stdout().lock();
        if !output.is_terminal() {
            for token in &tokens {
                writeln!(output, "{}", line(token))?;
            }
            return Ok(());
        }
        let now = clock::now();
        let all = "all sites";
        let names = tokens.iter().map(|token| token.name.chars().count());
        let sites = tokens.iter().filter_map(|token| token.site.as_ref());
        let name_width = names.chain([4]).max().unwrap_or_default();
        let site_width = sites.map(String::len).chain([all.len()]).max();
        let site_width = site_width.unwrap_or_default();
        writeln!(
            output,
            "{:8}  {:name_width$}  {:7}  {:site_width$}  {:24}  EXPIRES",
            "ID", "NAME", "ROLE", "SITE", "CREATED"
        )?;
        for token in &tokens {
            let expires = match token.expires {
                None => "never".to_owned(),
                Some(end) if token.holds_at(now) => end.to_string(),
                Some(end) => format!("{end} (over)"),
            };
            writeln!(
                output,
                "{:8}  {:name_width$}  {:7}  {:site_width$}  {:24}  {expires}",
                token.id,
                token.name,
                token.role.name(),
                token.site.as_deref().unwrap_or(all),
                token.created.to_string(),
            )?;
        }
        Ok(())
    }
}

fn line(token: &KeptToken) -> String {
    let mut json = JsonWriter::default();
    json.open('{');
    json.text_member("id", &token.id);
    json.text_member("name", &token.name);
    json.text_member("role", token.role.name());
    json.name("site");
    match &token.site {
        Some(site) => json.text(site),
        None => json.null(),
    }
    json.name("created");
    json.moment(token.created);
    json.name("expires");
    match token.expires {
        Some(end) => json.moment(end),
        None => json.null(),
    }
    json.close('}');
    json.into_string()
}

impl Revoke {
    fn run(&self) -> Result<(), Failure> {
        let revoked = file(&self.data)?.revoke(&self.token)?;
        writeln!(
            io::stderr(),
            "The token {} of {} counts no more.",
            revoked.id,
            revoked.name
        )?;
        Ok(())
    }
}
