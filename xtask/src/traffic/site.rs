//! The site that visitors come to: its pages with what they declare, its products, and what its
//! configuration says. All of it is read from the demo's own files, so that nothing is told twice.
//!
//! Pages are read by their own well-known markup, not as a browser would.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

/// What kind of page it is, as far as visitors behave differently on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// The front page.
    Home,
    /// All products of a topic.
    Category,
    /// A product.
    Product,
    /// Something to read.
    Article,
    /// What is for sale beside products, with prices.
    Service,
    /// Where one writes to the shop.
    Contact,
    /// Results of a search.
    Search,
    /// The list of all articles.
    Magazine,
}

/// A page.
pub(super) struct Page {
    pub(super) kind: Kind,
    pub(super) path: String,
    /// The number of its topic, where it has one.
    pub(super) topic: Option<usize>,
    /// What it is called.
    pub(super) name: String,
    /// What it costs, of a product.
    pub(super) price: Option<u32>,
    /// Words of text.
    pub(super) words: u32,
    /// `"title":…` as JSON.
    pub(super) title: String,
    /// Language, topics and keywords as the page declares them, as members of an object.
    pub(super) about: String,
    /// The topics alone, as a member with its comma.
    pub(super) topics: String,
}

/// A slot of the configuration.
pub(super) struct Slot {
    pub(super) id: String,
    /// So many of a hundred see the default.
    pub(super) control: u8,
    pub(super) variants: Vec<String>,
}

/// The site.
pub(super) struct Site {
    pub(super) write_key: String,
    /// The first origin that may send.
    pub(super) origin: String,
    /// What people search for who know the shop.
    pub(super) brand: Option<String>,
    /// The parameter with the query of a search.
    pub(super) search_parameter: String,
    pub(super) slots: Vec<Slot>,
    /// Labels of topics; those with products come first.
    pub(super) topics: Vec<String>,
    /// How many of these have products.
    pub(super) sold: usize,
    pub(super) pages: Vec<Page>,
    /// Variants of templates in the front page: the slot, and a variant for each topic that has one.
    pub(super) templates: Option<(String, Vec<Option<String>>)>,
}

impl Site {
    /// Reads a configuration and a folder of pages.
    pub(super) fn read(config: &Path, folder: &Path) -> Result<Self> {
        let mut site = Self::configured(config)?;
        let index = folder.join("assets/zoekindex.json");
        let index = fs::read_to_string(&index)
            .with_context(|| format!("no list of pages at {}", index.display()))?;
        let index: Vec<Value> = serde_json::from_str(&index).context("assets/zoekindex.json")?;
        let category = |entry: &Value| text(entry, "category").to_owned();
        for kind in ["Fiets", "Artikel"] {
            for entry in index.iter().filter(|entry| text(entry, "kind") == kind) {
                if !site.topics.contains(&category(entry)) {
                    site.topics.push(category(entry));
                }
            }
            if kind == "Fiets" {
                site.sold = site.topics.len();
            }
        }
        let topic = |entry: Option<&Value>| {
            let label = category(entry?);
            site.topics.iter().position(|one| *one == label)
        };
        let mut pages = Vec::new();
        for file in html_files(folder)? {
            let path = path_of(folder, &file)?;
            let entry = index.iter().find(|entry| text(entry, "url") == path);
            let kind = match (&*path, entry.map(|entry| text(entry, "kind"))) {
                ("/", _) => Kind::Home,
                ("/magazine/", _) => Kind::Magazine,
                ("/zoeken/", _) => Kind::Search,
                (_, Some("Fiets")) => Kind::Product,
                (_, Some("Artikel")) => Kind::Article,
                (_, Some("Overzicht")) => Kind::Category,
                (_, Some("Dienst")) => Kind::Service,
                (_, Some("Winkel")) => Kind::Contact,
                // Nobody comes to what no search finds.
                _ => continue,
            };
            let html = fs::read_to_string(&file).with_context(|| file.display().to_string())?;
            pages.push(Page::read(kind, path, topic(entry), entry, &html)?);
            if kind == Kind::Home {
                site.templates = templates(&html, &site.topics);
            }
        }
        site.pages = pages;
        for kind in [
            Kind::Home,
            Kind::Search,
            Kind::Contact,
            Kind::Service,
            Kind::Magazine,
        ] {
            if !site.pages.iter().any(|page| page.kind == kind) {
                bail!("{} has no page of the kind {kind:?}", folder.display());
            }
        }
        for (number, label) in site.topics.iter().enumerate() {
            let of = |kind| {
                (site.pages.iter()).any(|page| page.kind == kind && page.topic == Some(number))
            };
            if !of(Kind::Article)
                || (number < site.sold && !(of(Kind::Category) && of(Kind::Product)))
            {
                bail!("{} has too few pages about {label}", folder.display());
            }
        }
        Ok(site)
    }

    fn configured(config: &Path) -> Result<Self> {
        let shown = config.display();
        let read =
            fs::read_to_string(config).with_context(|| format!("no configuration at {shown}"))?;
        let table: toml::Table = read
            .parse()
            .with_context(|| format!("{shown} is no TOML"))?;
        let site = table
            .get("site")
            .with_context(|| format!("{shown} has no [site]"))?;
        let first = |name: &str| Some(site.get(name)?.as_array()?.first()?.as_str()?.to_owned());
        let write_key = site.get("write_key").and_then(toml::Value::as_str);
        let list = |name: &str| {
            let list = table.get(name).and_then(toml::Value::as_array);
            list.map(Vec::as_slice).unwrap_or_default()
        };
        let slots = list("slot").iter().filter_map(|slot| {
            let id = slot.get("id")?.as_str()?;
            let control = slot.get("control").and_then(toml::Value::as_integer);
            let variants = list("variant").iter().filter_map(|variant| {
                (variant.get("slot")?.as_str()? == id).then_some(())?;
                Some(variant.get("id")?.as_str()?.to_owned())
            });
            Some(Slot {
                id: id.to_owned(),
                control: control
                    .and_then(|control| control.try_into().ok())
                    .unwrap_or(0),
                variants: variants.collect(),
            })
        });
        Ok(Self {
            write_key: write_key
                .with_context(|| format!("{shown} has no write_key"))?
                .to_owned(),
            origin: first("allowed_origins")
                .with_context(|| format!("{shown} has no allowed_origins"))?,
            brand: first("brand_terms"),
            search_parameter: first("search_parameters").unwrap_or_else(|| "q".to_owned()),
            slots: slots.collect(),
            topics: Vec::new(),
            sold: 0,
            pages: Vec::new(),
            templates: None,
        })
    }

    /// The number of the only page of a kind, or of the first.
    pub(super) fn page(&self, kind: Kind) -> usize {
        // `read` has seen to it that there is one.
        self.pages
            .iter()
            .position(|page| page.kind == kind)
            .unwrap_or(0)
    }

    /// The pages of a kind about a topic.
    pub(super) fn about(&self, kind: Kind, topic: usize) -> impl Iterator<Item = usize> {
        let pages = self.pages.iter().enumerate();
        pages
            .filter(move |(_, page)| page.kind == kind && page.topic == Some(topic))
            .map(|(number, _)| number)
    }
}

impl Page {
    fn read(
        kind: Kind,
        path: String,
        topic: Option<usize>,
        entry: Option<&Value>,
        html: &str,
    ) -> Result<Self> {
        let title =
            between(html, "<title>", "</title>").with_context(|| format!("{path} has no title"))?;
        let topics = declared_topics(html);
        let keywords = between(html, "<meta name=\"keywords\" content=\"", "\"");
        let keywords: Vec<&str> = keywords
            .map(|all| all.split(',').map(str::trim).collect())
            .unwrap_or_default();
        let member = |name: &str, list: &[&str]| match list {
            [] => String::new(),
            list => format!(",\"{name}\":{}", json!(list)),
        };
        let topics = member("topics", &topics);
        let price = entry.map(|entry| text(entry, "price")).unwrap_or_default();
        let price: String = price.chars().filter(char::is_ascii_digit).collect();
        Ok(Self {
            kind,
            topic,
            name: entry.map_or(title, |entry| text(entry, "title")).to_owned(),
            price: price.parse().ok(),
            words: words(html),
            title: format!("\"title\":{}", json!(title)),
            about: format!(
                "\"language\":\"nl\"{topics}{}",
                member("keywords", &keywords)
            ),
            topics,
            path,
        })
    }
}

fn text<'a>(entry: &'a Value, name: &str) -> &'a str {
    entry.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// What stands between two texts, the first time.
fn between<'a>(html: &'a str, before: &str, after: &str) -> Option<&'a str> {
    let (_, rest) = html.split_once(before)?;
    Some(rest.split_once(after)?.0)
}

/// What a page says of its topics: around its headline, or else its breadcrumb and article tags.
fn declared_topics(html: &str) -> Vec<&str> {
    for part in ["<main", "<article class=\"detail"] {
        let tag = between(html, part, ">");
        if let Some(topics) = tag.and_then(|tag| between(tag, "data-fg-topic=\"", "\"")) {
            return topics.split(';').map(str::trim).collect();
        }
    }
    let mut topics = Vec::new();
    if let Some(crumbs) = between(html, "\"itemListElement\"", "</script>") {
        let names = crumbs.split("\"name\": \"").skip(2);
        let mut crumbs: Vec<&str> = names.filter_map(|rest| rest.split('"').next()).collect();
        crumbs.truncate((crumbs.len().max(2)) - 1);
        topics.extend(crumbs);
    }
    for property in ["article:section", "article:tag"] {
        let meta = format!("<meta property=\"{property}\" content=\"");
        let metas = html.split(&*meta).skip(1);
        topics.extend(metas.filter_map(|rest| rest.split('"').next()));
    }
    topics
}

/// Words of the main part, as the tracker guesses them: a sixth of its letters.
fn words(html: &str) -> u32 {
    let main = between(html, "<main", "</main>").unwrap_or(html);
    let mut inside = true;
    let letters = main.chars().filter(|sign| match sign {
        '<' => {
            inside = true;
            false
        }
        '>' => {
            inside = false;
            false
        }
        sign => !inside && !sign.is_whitespace(),
    });
    u32::try_from(letters.count()).unwrap_or(u32::MAX) / 5
}

/// The slot of the front page's templates, with the variant of each topic.
fn templates(html: &str, topics: &[String]) -> Option<(String, Vec<Option<String>>)> {
    let slot = between(html, "<template data-fg-slot=\"", "\"")?;
    let variants: Vec<&str> = (html.split("data-fg-variant=\"").skip(1))
        .filter_map(|rest| rest.split('"').next())
        .collect();
    let of = |topic: &String| {
        let id = topic.to_lowercase();
        variants.contains(&&*id).then_some(id)
    };
    Some((slot.to_owned(), topics.iter().map(of).collect()))
}

/// All pages of a folder, in the order of their names.
fn html_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let entries =
        fs::read_dir(folder).with_context(|| format!("no folder {}", folder.display()))?;
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() {
            files.extend(html_files(&path)?);
        } else if path
            .extension()
            .is_some_and(|extension| extension == "html")
        {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// The address under which a page is served.
fn path_of(folder: &Path, file: &Path) -> Result<String> {
    let relative = file.parent().unwrap_or(folder).strip_prefix(folder)?;
    let mut path = String::from("/");
    for part in relative.components() {
        path += &part.as_os_str().to_string_lossy();
        path.push('/');
    }
    Ok(path)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// The demo site.
    pub(in crate::traffic) fn demo() -> Site {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../site-demo");
        Site::read(&root.join("firstglance.toml"), &root.join("pages")).unwrap()
    }

    #[test]
    fn the_demo_is_read_as_a_browser_reads_it() {
        let site = demo();
        assert_eq!(site.write_key, "demo-fietsen");
        assert_eq!(
            site.topics,
            [
                "E-bikes",
                "Kinderfietsen",
                "Bakfietsen",
                "Racefietsen",
                "Onderhoud"
            ]
        );
        assert_eq!(site.sold, 4);
        assert_eq!(site.slots[0].id, "aanbod");
        assert_eq!(
            (site.slots[0].control, &*site.slots[0].variants),
            (10, &["bellen".to_owned(), "proefrit".to_owned()][..])
        );
        let about = |path: &str| {
            let page = site.pages.iter().find(|page| page.path == path).unwrap();
            (page.kind, page.price, &*page.topics, &*page.about)
        };
        for (path, kind, price, topics) in [
            ("/", Kind::Home, None, ""),
            (
                "/e-bikes/",
                Kind::Category,
                None,
                r#","topics":["E-bikes"]"#,
            ),
            (
                "/e-bikes/kade-5/",
                Kind::Product,
                Some(2_299),
                r#","topics":["E-bikes"]"#,
            ),
            (
                "/prijzen/",
                Kind::Service,
                None,
                r#","topics":["Onderhoud"]"#,
            ),
            (
                "/magazine/je-eerste-racefiets/",
                Kind::Article,
                None,
                r#","topics":["Racefietsen","Racefietsen"]"#,
            ),
            ("/zoeken/", Kind::Search, None, ""),
        ] {
            let page = about(path);
            assert_eq!((page.0, page.1, page.2), (kind, price, topics), "{path}");
        }
        assert_eq!(
            about("/prijzen/").3,
            r#""language":"nl","topics":["Onderhoud"],"keywords":["Onderhoud"]"#
        );
        let (slot, variants) = site.templates.unwrap();
        assert_eq!(slot, "hero");
        assert_eq!(variants.iter().flatten().count(), 4);
    }
}
