//! What can be configured, asked in a condition, and asked by HTTP, as Markdown. It is made from the
//! descriptions that the collector itself works with, so it cannot say anything else than what holds.
//!
//! Never holds a description of its own: what is to be said of a field, a name or a route stands
//! beside the code that reads it.

mod conditions;
mod configuration;
mod http;

/// A page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Page {
    /// Every table and field of firstglance.toml
    Configuration,
    /// Every name and function of conditions
    Conditions,
    /// Every address of the collector
    Http,
}

impl Page {
    /// The page's text.
    #[must_use]
    pub fn markdown(self) -> String {
        match self {
            Self::Configuration => configuration::page(),
            Self::Conditions => conditions::page(),
            Self::Http => http::page(),
        }
    }
}

/// A text that stands in a cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}
