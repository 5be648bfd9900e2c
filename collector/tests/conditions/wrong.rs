//! The golden corpus: `wrong.txt`, rewritten with `UPDATE_GOLDEN=1`.

use std::fmt::Write as _;
use std::path::Path;

use firstglance_collector::config::compile_one;

/// Each case is a condition, with `⏎` for line breaks, and below it what is said about it.
#[test]
fn every_message() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conditions");
    let configuration = std::fs::read_to_string(folder.join("site.toml")).unwrap();
    let path = folder.join("wrong.txt");
    let corpus = std::fs::read_to_string(&path).unwrap();
    let mut said = String::new();
    let mut count = 0;
    for line in corpus.lines() {
        if line.is_empty() || line.starts_with('#') {
            writeln!(said, "{line}").unwrap();
        } else if let Some(condition) = line.strip_prefix("> ") {
            count += 1;
            writeln!(said, "{line}").unwrap();
            let condition = condition.replace('⏎', "\n");
            match compile_one(&condition, &configuration) {
                Ok(_) => writeln!(said, "  in order").unwrap(),
                Err(problems) => {
                    for problem in problems {
                        writeln!(said, "  {problem}").unwrap();
                    }
                }
            }
        }
    }
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, &said).unwrap();
    } else {
        for (number, (said, expected)) in said.lines().zip(corpus.lines()).enumerate() {
            assert_eq!(said, expected, "wrong.txt:{}", number + 1);
        }
        assert_eq!(said.lines().count(), corpus.lines().count());
    }
    assert!(!said.contains("  in order"), "the corpus is of wrong ones");
    assert!(count >= 60);
}
