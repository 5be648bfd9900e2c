//! `/admin/v1/export?what=profiles|events|changes&format=ndjson|csv|parquet[&segment=ID]`: see
//! [`crate::export`].

use hyper::header::CONTENT_DISPOSITION;
use hyper::{StatusCode, Uri};

use super::super::answer::{Answer, set_text};
use super::super::error::HttpError;
use super::super::openapi::{self, Operation, Reply};
use super::super::{App, query};
use super::long;
use crate::clock;
use crate::export::{Export, Format, What};
use crate::schema::{anything, one_of, text};
use crate::store::listing::List;

/// Ids of segments that an error tells, at most.
const MOST_TOLD: usize = 50;

pub(in crate::http) async fn answer(app: &App, uri: &Uri) -> Result<Answer, HttpError> {
    let what: What = query::parsed(uri, "what")?.unwrap_or(What::Events);
    let format: Format = query::parsed(uri, "format")?.unwrap_or(Format::Ndjson);
    let segment = query::parameter(uri, "segment").filter(|id| !id.is_empty());
    if let Some(id) = &segment {
        known(app, id).await?;
    }
    let export = Export {
        store: app.store.clone(),
        model: app.model(),
        what,
        format,
        segment: segment.as_deref().map(Into::into),
        now: clock::now(),
    };
    let day = export.now.to_string();
    let day = day.split('T').next().unwrap_or_default().to_owned();
    let mut answer = long::begin(app, format.media_type(), async |pieces| {
        export.run(pieces, |_| {}).await.map(drop)
    })?;
    let name = format!(
        "attachment; filename=\"firstglance-{}-{day}.{}\"",
        what.name(),
        format.name()
    );
    set_text(&mut answer, CONTENT_DISPOSITION, &name);
    Ok(answer)
}

/// A segment that is misspelt must not look like one that nobody is in.
async fn known(app: &App, id: &str) -> Result<(), HttpError> {
    let model = &app.model();
    let segments = model.segments.iter().map(|one| one.id.clone());
    let interests = model.interests.iter().map(|one| one.id.clone());
    let mut ids: Vec<Box<str>> = segments.chain(interests).collect();
    if !ids.iter().any(|one| **one == *id) {
        let sizes = app.store.list_sizes().await?.into_iter();
        ids.extend(sizes.filter_map(|size| match size.list {
            List::Segment(id) => Some(id),
            List::All | List::Stage(_) => None,
        }));
    }
    if ids.iter().any(|one| **one == *id) {
        return Ok(());
    }
    ids.sort();
    ids.dedup();
    ids.truncate(MOST_TOLD);
    Err(HttpError::Unknown {
        what: "segment",
        id: id.to_owned(),
        known: ids.join(", "),
    })
}

pub(super) fn describe() -> Operation {
    let about = "A file, in pieces: only an answer with its last chunk is whole.";
    let mut file = Reply::empty(StatusCode::OK, about).header(CONTENT_DISPOSITION.as_str(), text());
    for format in Format::ALL {
        file = file.content(format.media_type(), anything());
    }
    let what = one_of(What::ALL.map(What::name)).with("default", What::Events.name());
    let form = one_of(Format::ALL.map(Format::name)).with("default", Format::Ndjson.name());
    Operation::new("What is stored, as a file")
        .takes(openapi::query(
            "what",
            what.or_empty(),
            "What the rows are.",
        ))
        .takes(openapi::query(
            "format",
            form.or_empty(),
            "What the file is.",
        ))
        .takes(openapi::query(
            "segment",
            text(),
            "Only of visitors in this segment now.",
        ))
        .gives(file)
        .fails([HttpError::Unknown {
            what: "",
            id: String::new(),
            known: String::new(),
        }])
}
