//! Which pages feed which interest: page views by what the pages declare and where they are, by the rules
//! that are in force. Counted as pages are seen; what a visitor searched for or clicked on feeds an interest
//! as well, and belongs to no page.

use std::collections::BTreeMap;

use firstglance_engine::Model;
use firstglance_engine::text::slug;
use maud::html;

use super::super::parts::{Cell, Column, Span, Table, empty};
use super::super::view::View;
use crate::http::error::HttpError;
use crate::store::counting::Metric;

/// Pages of each interest, and of one that is looked at by itself.
const MOST_EACH: usize = 4;
const MOST_OF_ONE: usize = 30;

/// Rows of all interests together.
const MOST: usize = 80;

/// Views by interest and path.
type Views = BTreeMap<String, BTreeMap<String, u64>>;

/// The table: of all interests, or of one.
pub(super) async fn table(
    view: &View<'_>,
    span: Span,
    only: Option<&str>,
) -> Result<Table, HttpError> {
    let model = view.app.model();
    let names = view.names();
    let store = &view.app.store;
    let by_topic = store
        .sums(vec![Metric::PageTopics], span.first, span.last)
        .await?;
    let by_path = match model.interests.iter().any(|rule| !rule.paths.is_empty()) {
        true => {
            store
                .sums(vec![Metric::PageViews], span.first, span.last)
                .await?
        }
        false => Vec::new(),
    };
    let mut views = Views::new();
    for count in by_path {
        let Some(path) = count.name else { continue };
        for rule in model
            .interests
            .iter()
            .filter(|rule| rule.covers_path(&path))
        {
            add(&mut views, &rule.id, &path, count.count);
        }
    }
    for count in by_topic {
        let Some(name) = count.name else { continue };
        let Some((path, topic)) = name.split_once('\n') else {
            continue;
        };
        for id in interests_of(&model, path, topic) {
            add(&mut views, &id, path, count.count);
        }
    }
    views.retain(|id, _| only.is_none_or(|only| only == id));
    let mut interests: Vec<(String, u64, BTreeMap<String, u64>)> = views
        .into_iter()
        .map(|(id, pages)| (id, pages.values().sum(), pages))
        .collect();
    // Those of as many views stay in the order of their ids.
    interests.sort_by_key(|(_, all, _)| std::cmp::Reverse(*all));
    let each = if only.is_some() {
        MOST_OF_ONE
    } else {
        MOST_EACH
    };
    let rows = interests.into_iter().flat_map(|(id, all, pages)| {
        let label = names.called(&id);
        let mut pages: Vec<(String, u64)> = pages.into_iter().collect();
        pages.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        let link = super::link_to(view, &id);
        let rows = pages.into_iter().take(each).map(move |(path, count)| {
            vec![
                Cell::text(label.clone()).to(link.clone()),
                Cell::text(path),
                Cell::count(count).with_bar(super::share(count, all)),
            ]
        });
        rows.collect::<Vec<_>>()
    });
    Ok(Table {
        id: "pages",
        caption: view.say("Which pages feed an interest", "Welke pagina's een interesse voeden").to_owned(),
        columns: vec![
            Column::new(view.say("Topic", "Onderwerp")),
            Column::new(view.say("Page", "Pagina")),
            Column::new(view.say("Page views", "Paginaweergaven")).meaning(view.say(
                "Page views in the chosen days of pages that are about the topic, by what they declare or by their path. The bar is the share of all page views about the topic. Page views have no list; the visitors they made interested are behind the topic.",
                "Paginaweergaven in de gekozen dagen van pagina's die over het onderwerp gaan, naar wat ze zeggen of naar hun pad. De balk is het aandeel van alle weergaven over het onderwerp. Van weergaven is er geen lijst; achter het onderwerp staan de bezoekers die ze geïnteresseerd maakten.",
            )),
        ],
        rows: rows.take(MOST).collect(),
        empty: empty(
            view.say("No page says what it is about", "Geen pagina zegt waar ze over gaat"),
            &html! { p { (view.say("Topics of the paths alone are not counted by page. Declare topics in the pages, or configure interests with paths.", "Onderwerpen uit alleen het pad worden niet per pagina geteld. Laat pagina's onderwerpen noemen, of stel interesses met paden in.")) } },
        ),
    })
}

fn add(views: &mut Views, id: &str, path: &str, count: u64) {
    let pages = views.entry(id.to_owned()).or_default();
    *pages.entry(path.to_owned()).or_default() += count;
}

/// The interests that a topic which a page declares counts for. Those that the path is of are counted by
/// the path.
fn interests_of(model: &Model, path: &str, topic: &str) -> Vec<String> {
    let topic = slug(topic);
    if topic.is_empty() {
        return Vec::new();
    }
    let covering = model.interests.iter().filter(|rule| {
        let is_name = rule.topics().next().is_some();
        rule.covers_slug(&topic) || (*rule.id == *topic && !is_name)
    });
    let by_topic: Vec<String> = covering
        .filter(|rule| !rule.covers_path(path))
        .map(|rule| rule.id.to_string())
        .collect();
    let by_path = model.interests.iter().any(|rule| rule.covers_path(path));
    if by_path || !by_topic.is_empty() {
        return by_topic;
    }
    let mut names = model.interests.iter();
    let named = names.find(|rule| rule.topics().any(|one| one == topic));
    vec![named.map_or(topic, |rule| rule.id.to_string())]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    #[test]
    fn what_a_declared_topic_counts_for() {
        let text = "[site]\nwrite_key = \"k\"\n\
                    [[interest]]\nid = \"e-bikes\"\npaths = [\"/e/*\"]\nterms = [\"e-bike*\"]\n\
                    [[interest]]\nid = \"city\"\ntopics = [\"City bikes\", \"city\"]\n";
        let model = Config::parse(text).unwrap().model;
        for (path, topic, expected) in [
            ("/x", "E-bikes", vec!["e-bikes"]),
            // Counted by its path already.
            ("/e/x", "E-bikes", vec![]),
            ("/e/x", "Helmets", vec![]),
            ("/x", "City bikes", vec!["city"]),
            ("/x", "City", vec!["city"]),
            ("/x", "Helmets", vec!["helmets"]),
            ("/x", "—", vec![]),
        ] {
            assert_eq!(
                interests_of(&model, path, topic),
                expected,
                "{path} {topic}"
            );
        }
    }
}
