//! Arbitrary texts and mutated conditions: compiled or refused, never a panic.

use firstglance_collector::config::compile_one;
use proptest::prelude::*;

const RIGHT: &str = include_str!("right.txt");
const WRONG: &str = include_str!("wrong.txt");
const SITE: &str = include_str!("site.toml");

fn conditions() -> Vec<&'static str> {
    let right = RIGHT.lines().filter_map(|line| line.split_once(' '));
    let wrong = WRONG.lines().filter_map(|line| line.strip_prefix("> "));
    right.map(|(_, condition)| condition).chain(wrong).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn arbitrary_texts(text in ".{0,200}") {
        let _ = compile_one(&text, SITE);
    }

    #[test]
    fn tokens_in_any_order(
        tokens in prop::collection::vec(
            prop::sample::select(vec![
                "visits", "utm", ".", "source", "(", ")", "[", "]", "\"a\"", "2", "0.5", "&&", "||",
                "!", "==", ">=", "-", "+", "in", "?", ":", ",", "interest", "events", "within",
                "where", "traits", "{", "}", "has", "now", "hour", "%", "é", "true", "null", "//", "\n",
            ]),
            0..24,
        ),
        gap in prop::sample::select(vec!["", " "]),
    ) {
        let _ = compile_one(&tokens.join(gap), SITE);
    }

    #[test]
    fn mutated_conditions(
        which in any::<prop::sample::Index>(),
        other in any::<prop::sample::Index>(),
        cut in any::<prop::sample::Index>(),
        paste in any::<prop::sample::Index>(),
        removed in 0_usize..6,
    ) {
        let all = conditions();
        let mut one: Vec<char> = which.get(&all).chars().collect();
        let two: Vec<char> = other.get(&all).chars().collect();
        let at = cut.index(one.len() + 1);
        let end = (at + removed).min(one.len());
        let from = paste.index(two.len() + 1);
        one.splice(at..end, two[from..].iter().copied().take(8));
        let text: String = one.into_iter().collect();
        let _ = compile_one(&text, SITE);
    }
}

#[test]
fn long_and_deep_texts() {
    for text in [
        "(".repeat(4_000),
        "!".repeat(3_999) + "a",
        "-".repeat(3_999) + "1",
        "1+".repeat(1_999) + "1",
        "1<".repeat(1_999) + "1",
        "a.".repeat(1_999) + "b",
        "a?".repeat(1_000) + "b" + &":c".repeat(1_000),
        "visits>1&&".repeat(390) + "visits>1",
        "visits>1||pages>1&&".repeat(200) + "visits>1",
        "[".repeat(40) + &"]".repeat(40),
        "f(".repeat(32) + &")".repeat(32),
        "visits in [".to_owned() + &"1,".repeat(1_500) + "1]",
        "(1+".repeat(31) + "1" + &")".repeat(31),
        "!f(a?b:".repeat(20) + "1" + &")".repeat(20),
        "a.b(".repeat(31) + "1" + &")".repeat(31),
        "f(1,[".repeat(16) + &"])".repeat(16),
        "[a in ".repeat(31) + "b" + &"]".repeat(31),
        "x".repeat(5_000),
        "\"".repeat(3_999),
        "a[".repeat(32) + "1" + &"]".repeat(32),
        "!(".repeat(31) + "visits>1" + &")".repeat(31),
    ] {
        let _ = compile_one(&text, SITE);
    }
    let fine = "!(".repeat(31) + "visits>1" + &")".repeat(31);
    assert!(
        compile_one(&fine, SITE).is_ok(),
        "{:?}",
        compile_one(&fine, SITE).err()
    );
    let wide = "visits>1&&".repeat(390) + "visits>1";
    assert!(compile_one(&wide, SITE).is_ok());
}
