//! Links of pages that are made: each must lead to a file of the book, and to a place in it that is
//! there. Links to other hosts are left alone: nothing outside is asked.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;

/// What a page has.
#[derive(Debug, Default, PartialEq, Eq)]
struct Page {
    /// Names of places.
    places: BTreeSet<String>,
    links: BTreeSet<String>,
}

/// All links that lead nowhere, as `page: link`.
pub(super) fn broken(book: &Path) -> Result<Vec<String>> {
    let mut files = Vec::new();
    list(book, &mut files)?;
    let mut pages = BTreeMap::new();
    for file in &files {
        if file
            .extension()
            .is_some_and(|extension| extension == "html")
        {
            pages.insert(file.clone(), read(&fs::read_to_string(file)?));
        }
    }
    let mut broken = Vec::new();
    for (file, page) in &pages {
        for link in &page.links {
            if !leads_somewhere(link, file, &pages) {
                let name = file.strip_prefix(book).unwrap_or(file);
                broken.push(format!("{}: {link}", name.display()));
            }
        }
    }
    Ok(broken)
}

fn list(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            list(&entry.path(), files)?;
        } else {
            files.push(entry.path());
        }
    }
    Ok(())
}

fn leads_somewhere(link: &str, from: &Path, pages: &BTreeMap<PathBuf, Page>) -> bool {
    let scheme = link.split(['/', '#', '?']).next().unwrap_or_default();
    if scheme.contains(':') || link.starts_with("//") {
        return true;
    }
    let (path, place) = match link.split_once('#') {
        Some((path, place)) => (path, Some(place)),
        None => (link, None),
    };
    let target = match path {
        "" => from.to_owned(),
        path => from.parent().unwrap_or(from).join(path),
    };
    let Ok(target) = target.canonicalize() else {
        return false;
    };
    match (place.filter(|place| !place.is_empty()), pages.get(&target)) {
        (None, _) => true,
        (Some(place), Some(page)) => page.places.contains(place),
        (Some(_), None) => false,
    }
}

/// Places and links of a page as mdBook writes it: attributes stand in double quotes, and what is
/// shown as text has no `<`.
fn read(html: &str) -> Page {
    let mut page = Page::default();
    // What stands in scripts is no link.
    for part in html.split("<script") {
        let text = part.split_once("</script>").map_or(part, |(_, rest)| rest);
        for tag in text.split('<').skip(1) {
            let tag = tag.split_once('>').map_or(tag, |(tag, _)| tag);
            page.places.extend(value(tag, " id=\""));
            page.links.extend(value(tag, " href=\""));
            page.links.extend(value(tag, " src=\""));
        }
    }
    page
}

fn value(tag: &str, attribute: &str) -> Option<String> {
    let (_, rest) = tag.split_once(attribute)?;
    let (value, _) = rest.split_once('"')?;
    Some(value.replace("&amp;", "&"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_that_lead_somewhere_and_nowhere() {
        let folder = tempfile::tempdir().unwrap();
        let book = folder.path().canonicalize().unwrap();
        let page = "<h1 id=\"a\"><a href=\"#a\">A</a></h1><script>x=' href=\"none\"'</script>\
                    <a href=\"other.html#b\">x</a><a class=\"x\" href=\"https://a.nl/#x\">y</a>\
                    <a href=\"other.html#c\">x</a><a href=\"gone.html\">x</a><code>&lt;a href=\"none\"&gt;</code><img src=\"x.png\">";
        fs::write(book.join("page.html"), page).unwrap();
        fs::write(book.join("other.html"), "<p id=\"b\">").unwrap();
        let found = broken(&book).unwrap();
        assert_eq!(
            found,
            [
                "page.html: gone.html",
                "page.html: other.html#c",
                "page.html: x.png"
            ]
        );
    }
}
