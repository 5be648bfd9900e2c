//! The console as somebody reads it who is signed in: pages, and their tables as CSV.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// Somebody who is signed in.
pub(crate) struct Console {
    agent: ureq::Agent,
    base: String,
    cookie: String,
    token: String,
}

/// A page as it was answered.
pub(crate) struct Shown {
    pub(crate) html: String,
    pub(crate) took: Duration,
}

/// A table as CSV tells it: names of columns, and rows.
#[derive(Clone, Debug)]
pub(super) struct Grid {
    pub(super) columns: Vec<String>,
    pub(super) rows: Vec<Vec<String>>,
}

impl Console {
    /// Signs in with a token.
    pub(crate) fn sign_in(address: SocketAddr, token: &str) -> Result<Self> {
        let agent = ureq::Agent::config_builder()
            .timeout_global(Some(Duration::from_secs(120)))
            .http_status_as_error(false)
            .max_redirects(0)
            .proxy(None)
            .build()
            .new_agent();
        let base = format!("http://{address}");
        let answer = agent
            .post(format!("{base}/console/-/sign-in"))
            .send_form([("token", token)])
            .context("nobody answers at the console")?;
        let cookies = answer.headers().get_all("set-cookie").into_iter();
        let mut cookies = cookies.filter_map(|cookie| cookie.to_str().ok()?.split(';').next());
        let cookie = cookies.next().map(str::to_owned);
        let status = answer.status();
        let cookie = cookie
            .with_context(|| format!("signing in was answered {status}, without a cookie"))?;
        Ok(Self {
            agent,
            base,
            cookie,
            token: token.to_owned(),
        })
    }

    /// An answer of the console, in English.
    pub(crate) fn get(&self, path: &str) -> Result<Shown> {
        let begun = Instant::now();
        let answer = self
            .agent
            .get(format!("{}{path}", self.base))
            .header("cookie", &self.cookie)
            .header("accept-language", "en")
            .call();
        let mut answer = answer.with_context(|| format!("GET {path}"))?;
        let status = answer.status();
        let body = answer.body_mut().with_config().limit(256 << 20);
        let html = body
            .read_to_string()
            .with_context(|| format!("GET {path}"))?;
        if !status.is_success() {
            bail!("GET {path} answered {status}");
        }
        Ok(Shown {
            html,
            took: begun.elapsed(),
        })
    }

    /// Sends a form.
    pub(crate) fn post(&self, path: &str, fields: &[(&str, &str)]) -> Result<String> {
        let answer = self
            .agent
            .post(format!("{}{path}", self.base))
            .header("cookie", &self.cookie)
            .header("accept-language", "en")
            .send_form(fields.iter().copied());
        let mut answer = answer.with_context(|| format!("POST {path}"))?;
        let status = answer.status();
        let text = answer.body_mut().read_to_string()?;
        if !status.is_success() {
            bail!("POST {path} answered {status}: {text}");
        }
        Ok(text)
    }

    /// The path below which the pages of the only site are.
    pub(crate) fn site(&self) -> Result<String> {
        let answer = self
            .agent
            .get(format!("{}/console", self.base))
            .header("cookie", &self.cookie)
            .call()?;
        let location = answer
            .headers()
            .get("location")
            .and_then(|to| to.to_str().ok());
        let location = location.context("/console leads nowhere")?;
        let mut parts = location.split('/');
        let site = parts.nth(2).context("/console leads to no site")?;
        Ok(format!("/console/{site}"))
    }

    /// The pages that the menu leads to.
    pub(crate) fn pages(&self, site: &str) -> Result<Vec<String>> {
        let menu = self.get(&format!("{site}/system"))?.html;
        let link = format!("href=\"{site}/");
        let mut pages: Vec<String> = Vec::new();
        for rest in menu.split(&*link).skip(1) {
            let page: String = rest
                .chars()
                .take_while(|sign| !matches!(sign, '"' | '/' | '?' | '#'))
                .collect();
            if !page.is_empty() && !pages.contains(&page) {
                pages.push(page);
            }
        }
        Ok(pages)
    }

    /// The tables of a page, by their ids, with the addresses that answer them as CSV.
    pub(super) fn tables(html: &str) -> BTreeMap<String, String> {
        let mut tables = BTreeMap::new();
        for rest in html.split("href=\"").skip(1) {
            let link = rest
                .split('"')
                .next()
                .unwrap_or_default()
                .replace("&amp;", "&");
            let id = link
                .split(['?', '&'])
                .find_map(|pair| pair.strip_prefix("csv="));
            if let Some(id) = id {
                tables.insert(id.to_owned(), link.clone());
            }
        }
        tables
    }

    /// The figures of a page, as a table: their ids and values.
    pub(super) fn figures(html: &str) -> Grid {
        let rows = html.split("id=\"figure-").skip(1).filter_map(|rest| {
            let id = rest.split('"').next()?;
            let (_, value) = rest.split_once("data-value=\"")?;
            Some(vec![id.to_owned(), value.split('"').next()?.to_owned()])
        });
        Grid {
            columns: vec!["figure".to_owned(), "value".to_owned()],
            rows: rows.collect(),
        }
    }

    /// A table.
    pub(super) fn table(&self, link: &str) -> Result<Grid> {
        let text = self.get(link)?.html;
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .from_reader(text.as_bytes());
        let mut rows = Vec::new();
        for record in reader.records() {
            let record = record.with_context(|| format!("{link} is no CSV"))?;
            rows.push(
                record
                    .iter()
                    .map(|cell| plain(cell).to_owned())
                    .collect::<Vec<_>>(),
            );
        }
        if rows.is_empty() {
            bail!("{link} has no names of columns");
        }
        let columns = rows.remove(0);
        Ok(Grid { columns, rows })
    }

    /// The lines of an export.
    pub(super) fn export(&self, what: &str) -> Result<Vec<serde_json::Value>> {
        let path = format!("{}/admin/v1/export?what={what}&format=ndjson", self.base);
        let mut answer = self
            .agent
            .get(path)
            .header("authorization", format!("Bearer {}", self.token))
            .call()?;
        if !answer.status().is_success() {
            bail!("the export of {what} answered {}", answer.status());
        }
        let reader = std::io::BufReader::new(answer.body_mut().as_reader());
        let lines = std::io::BufRead::lines(reader);
        let mut values = Vec::new();
        for line in lines {
            let line = line.with_context(|| format!("the export of {what} broke off"))?;
            values.push(
                serde_json::from_str(&line).with_context(|| format!("in the export of {what}"))?,
            );
        }
        Ok(values)
    }
}

/// A cell without the apostrophe that keeps spreadsheets from running it.
fn plain(cell: &str) -> &str {
    match cell.strip_prefix('\'') {
        Some(rest) if rest.starts_with(['=', '+', '-', '@']) => rest,
        _ => cell,
    }
}

impl Grid {
    /// The place of a column, by what its name begins with.
    pub(super) fn column(&self, name: &str) -> Result<usize> {
        let found = self.columns.iter().position(|column| column == name);
        found.with_context(|| format!("no column {name:?} among {:?}", self.columns))
    }

    /// A cell.
    pub(super) fn cell<'a>(&self, row: &'a [String], name: &str) -> Result<&'a str> {
        let place = self.column(name)?;
        row.get(place)
            .map(String::as_str)
            .context("a row is too short")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_found_by_their_links() {
        let html = r#"<a href="/console/site/x?days=7&amp;csv=days" download>CSV</a><a href="/console/site/x?csv=other">"#;
        let tables = Console::tables(html);
        assert_eq!(tables["days"], "/console/site/x?days=7&csv=days");
        assert_eq!(tables.len(), 2);
        assert_eq!([plain("'-5"), plain("'s"), plain("5")], ["-5", "'s", "5"]);
    }
}
