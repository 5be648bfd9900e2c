//! The editor of segments in the console without any script: what it answers to the form as it is sent, as
//! a page and as files.

use crate::console_profiles::collector;
use crate::server::page;
use crate::viewer::Viewer;

#[tokio::test]
async fn what_would_be_is_a_page_and_a_file() {
    let collector = collector().await;
    let messages: Vec<String> = (0..3)
        .map(|id| page("much", &id.to_string(), "/", 90 - id))
        .collect();
    collector.batch(&messages).await;
    collector.batch(&[page("little", "1", "/", 60)]).await;
    let viewer = Viewer::sign_in(&collector, &collector.token).await;
    let form = "label=Many&id=many&when=pages+%3E%3D+2&days=7&based_on=0&new=1";
    for (path, table, has) in [
        ("segments/preview", "preview-sample", "much"),
        ("segments/preview", "preview-overlaps", "reader"),
        ("segments/backtest", "backtest-sample", ""),
    ] {
        // The whole page, with what was written, and a way to each table's file where it has rows.
        let answer = viewer.send(path, form).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        let html = answer.text();
        assert!(
            html.contains("<!DOCTYPE html>") && html.contains("pages &gt;= 2"),
            "{html}"
        );
        assert_eq!(
            html.contains(&format!("{path}?csv={table}")),
            !has.is_empty(),
            "{html}"
        );
        let file = viewer.send(&format!("{path}?csv={table}"), form).await;
        assert_eq!(file.status, 200, "{}", file.text());
        assert_eq!(file.header("content-type"), Some("text/csv; charset=utf-8"));
        let name = format!("-{table}.csv\"");
        assert!(file.header("content-disposition").unwrap().ends_with(&name));
        let rows = file.text().lines().count() - 1;
        assert_eq!(rows, usize::from(!has.is_empty()), "{}", file.text());
        assert!(file.text().to_lowercase().contains(has) && !file.text().contains("little"));

        // What is not in order is told beside what was written, as a page as well.
        for path in [path.to_owned(), format!("{path}?csv={table}")] {
            let answer = viewer.send(&path, &form.replace("pages+", "pags+")).await;
            assert_eq!(answer.status, 400, "{path}");
            assert!(answer.text().contains("pags &gt;= 2"), "{}", answer.text());
        }
        // Whoever has no secret of the session gets no file, and no table there is none.
        let stolen = viewer.send_as(&format!("{path}?csv={table}"), form).await;
        assert_eq!(stolen.status, 403, "{}", stolen.text());
        assert_eq!(
            viewer.send(&format!("{path}?csv=other"), form).await.status,
            404
        );
    }
}
