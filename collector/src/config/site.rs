//! The table `[site]`.

use std::fmt;

use jiff::tz::TimeZone;

use super::click_host::{self, ClickHost};
use super::consent::DefaultConsent;
use super::fields::Field;
use super::fields::site as fields;
use super::origin::{self, Origin};
use super::problem::{Problems, choice, suggestion};
use super::table::{Placed, Table};
use super::{Robots, Site};

const LONGEST_KEY: usize = 100;

const LONGEST_ID: usize = 40;

/// A site's name among several. It names a folder, so it has nothing but lower-case letters, digits
/// and `-`, and begins with a letter or digit.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SiteId(String);

impl SiteId {
    /// The id of the site that has no name of its own.
    pub const UNNAMED: &str = "site";

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Reads an id; nothing where a text is none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let first = text.bytes().next()?;
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let known = |byte: u8| plain(byte) || byte == b'-';
        let is_id = text.len() <= LONGEST_ID
            && plain(first)
            && text.bytes().all(known)
            && text != Self::UNNAMED;
        is_id.then(|| Self(text.to_owned()))
    }
}

impl fmt::Display for SiteId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// Reads the table; nothing when the write key is not there or not in order.
pub(super) fn read(table: &Table<'_>, problems: &mut Problems<'_>) -> Option<Site> {
    let named = id(table, problems);
    let hosts = hosts(table, problems);
    let name = table.text(&fields::NAME, problems);
    let allowed_origins = table
        .texts(&fields::ALLOWED_ORIGINS, problems)
        .unwrap_or_default()
        .into_iter()
        .filter_map(|text| allowed_origin(&text, problems))
        .collect();
    let brand_terms = words(table, &fields::BRAND_TERMS, problems);
    let search_parameters = words(table, &fields::SEARCH_PARAMETERS, problems);
    let consent = consent(table, problems);
    let cookie_domain = cookie_domain(table, problems);
    let click_hosts = table.texts(&fields::CLICK_HOSTS, problems);
    let click_hosts = click_hosts.unwrap_or_default();
    let click_hosts = click_hosts
        .iter()
        .filter_map(|text| click_host(text, problems))
        .collect();
    let robots = one_of(
        table,
        &fields::ROBOTS,
        &Robots::ALL.map(|one| (one.name(), one)),
        problems,
    );
    let data_centres = table.text(&fields::DATA_CENTRES, problems);
    let country_database = table.text(&fields::COUNTRY_DATABASE, problems);
    let timezone = timezone(table, problems);
    let write_key = write_key(table, problems)?;
    Some(Site {
        named,
        write_key,
        hosts,
        name: name.map(|name| name.value.to_owned()),
        allowed_origins,
        brand_terms,
        search_parameters,
        consent,
        cookie_domain,
        click_hosts,
        robots,
        data_centres: data_centres.map(|path| path.value.into()),
        country_database: country_database.map(|path| path.value.into()),
        timezone,
    })
}

fn write_key(table: &Table<'_>, problems: &mut Problems<'_>) -> Option<String> {
    const RIGHT: &str = "it must be 1 to 100 letters, digits, -, _ or ., such as \"my-site\"";
    let Some(key) = table.text(&fields::WRITE_KEY, problems) else {
        table.missing(&fields::WRITE_KEY, "choose one", problems);
        return None;
    };
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    if (1..=LONGEST_KEY).contains(&key.value.len()) && key.value.bytes().all(allowed) {
        return Some(key.value.to_owned());
    }
    problems.add(key.span, format!("\"write_key\" is {:?}", key.value), RIGHT);
    None
}

fn id(table: &Table<'_>, problems: &mut Problems<'_>) -> Option<SiteId> {
    let text = table.text(&fields::ID, problems)?;
    let id = SiteId::parse(text.value);
    if id.is_none() {
        let right = if text.value == SiteId::UNNAMED {
            "this is what the site without an id is called; leave it out, or choose another"
        } else {
            "it must be 1 to 40 lower-case letters, digits or -, such as \"shop\""
        };
        problems.add(text.span, format!("\"id\" is {:?}", text.value), right);
    }
    id
}

fn hosts(table: &Table<'_>, problems: &mut Problems<'_>) -> Vec<String> {
    let texts = table.texts(&fields::HOSTS, problems);
    let mut hosts = Vec::new();
    for text in texts.unwrap_or_default() {
        if origin::is_host(text.value) {
            hosts.push(text.value.to_owned());
        } else {
            problems.add(
                text.span,
                format!("\"hosts\" holds {:?}", text.value),
                "it must be a host name in lower case, without scheme and port, such as \
                 \"data.example.nl\"",
            );
        }
    }
    hosts
}

fn allowed_origin(text: &Placed<&str>, problems: &mut Problems<'_>) -> Option<Origin> {
    let parsed = Origin::parse(text.value);
    if parsed.is_none() {
        let wrong = format!("\"allowed_origins\" holds {:?}", text.value);
        let right = match Origin::parse(text.value.trim_end_matches('/')) {
            Some(meant) => format!("did you mean {:?}, without the slash?", meant.as_str()),
            None => origin::FORM.to_owned(),
        };
        problems.add(text.span.clone(), wrong, right);
    }
    parsed
}

fn click_host(text: &Placed<&str>, problems: &mut Problems<'_>) -> Option<ClickHost> {
    let parsed = ClickHost::parse(text.value);
    if parsed.is_none() {
        let wrong = format!("\"click_hosts\" holds {:?}", text.value);
        problems.add(text.span.clone(), wrong, click_host::FORM);
    }
    parsed
}

/// One of a few names; the default where the field is absent.
pub(super) fn one_of<T: Copy + Default>(
    table: &Table<'_>,
    field: &Field,
    known: &[(&'static str, T)],
    problems: &mut Problems<'_>,
) -> T {
    let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
    let Some(text) = table.text(field, problems) else {
        return T::default();
    };
    if let Some((_, found)) = known.iter().find(|(known, _)| *known == text.value) {
        return *found;
    }
    let right = match suggestion(text.value, &names) {
        Some(meant) => format!("did you mean \"{meant}\"?"),
        None => format!("it may be {}", choice(&names)),
    };
    let wrong = format!("\"{}\" is {:?}", field.name, text.value);
    problems.add(text.span, wrong, right);
    T::default()
}

/// A list of texts that say something; the field's default where it is absent.
fn words(table: &Table<'_>, field: &Field, problems: &mut Problems<'_>) -> Vec<String> {
    let Some(texts) = table.texts(field, problems) else {
        return field.texts().iter().map(ToString::to_string).collect();
    };
    let mut words = Vec::with_capacity(texts.len());
    for text in texts {
        let word = text.value.trim();
        if word.is_empty() {
            let wrong = format!("\"{}\" holds an empty text", field.name);
            problems.add(text.span, wrong, "leave it out");
        } else {
            words.push(word.to_owned());
        }
    }
    words
}

fn consent(table: &Table<'_>, problems: &mut Problems<'_>) -> DefaultConsent {
    let Some(text) = table.text(&fields::CONSENT, problems) else {
        return DefaultConsent::default();
    };
    DefaultConsent::from_name(text.value).unwrap_or_else(|| {
        let names = DefaultConsent::ALL.map(DefaultConsent::name);
        let right = match suggestion(text.value, &names) {
            Some(meant) => format!("did you mean \"{meant}\"?"),
            None => format!("it may be {}", choice(&names)),
        };
        problems.add(text.span, format!("\"consent\" is {:?}", text.value), right);
        DefaultConsent::default()
    })
}

fn cookie_domain(table: &Table<'_>, problems: &mut Problems<'_>) -> Option<String> {
    let text = table.text(&fields::COOKIE_DOMAIN, problems)?;
    if origin::is_host(text.value) {
        return Some(text.value.to_owned());
    }
    problems.add(
        text.span,
        format!("\"cookie_domain\" is {:?}", text.value),
        "it must be a host name in lower case, such as \"example.nl\"",
    );
    None
}

fn timezone(table: &Table<'_>, problems: &mut Problems<'_>) -> TimeZone {
    let Some(text) = table.text(&fields::TIMEZONE, problems) else {
        return TimeZone::UTC;
    };
    // The names are looked up without regard to case; anything else in them is none of ours.
    if let Ok(zone) = jiff::tz::db().get(text.value) {
        return zone;
    }
    let known: Vec<String> = jiff::tz::db()
        .available()
        .map(|name| name.as_str().to_owned())
        .collect();
    let wanted = text.value.trim().replace(' ', "_").to_lowercase();
    let city = |name: &str| name.rsplit('/').next().unwrap_or_default().to_lowercase();
    let of_city = known.iter().find(|name| city(name) == city(&wanted));
    let nearest = || {
        let near = known.iter().map(|name| {
            let lower = name.to_lowercase();
            (strsim::damerau_levenshtein(&wanted, &lower), name)
        });
        near.min().filter(|(distance, _)| *distance <= 3)
    };
    let right = match of_city.or_else(|| nearest().map(|(_, name)| name)) {
        Some(meant) => format!("did you mean {meant:?}?"),
        None => "it must be a name of the IANA database, such as \"Europe/Amsterdam\"".to_owned(),
    };
    problems.add(
        text.span,
        format!("\"timezone\" is {:?}", text.value),
        right,
    );
    TimeZone::UTC
}
