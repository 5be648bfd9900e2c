//! Any text as posted content, and as the markup of a variant: what is taken in is safe, stays what it
//! is, and can be given to pages; what is not is told where it is wrong.
#![no_main]

use std::sync::LazyLock;

use firstglance_collector::config::{Config, Posted, markup};
use firstglance_engine::Model;
use firstglance_engine::codec::Encode;
use firstglance_engine::content::Content;
use libfuzzer_sys::fuzz_target;

static CONFIG: LazyLock<Config> = LazyLock::new(|| {
    let config = Config::parse(
        "[site]\nwrite_key = \"k\"\n[[segment]]\nid = \"lead\"\nwhen = 'visits >= 2'\n\
         [[slot]]\nid = \"hero\"\n",
    );
    config.unwrap_or_else(|wrong| panic!("{wrong:?}"))
});

fuzz_target!(|text: &str| {
    // Markup that is read once more may be put together in another way, as headings within headings are,
    // which is why what had to be mended is not taken in; but nothing comes of it that was not allowed.
    let safe = markup::sanitised(text);
    assert!(!markup::sanitised(&safe).to_lowercase().contains("<script"));
    let as_markup = serde_json::json!({
        "slot": [{"id": "hero"}],
        "variant": [{"slot": "hero", "id": "a", "html": text}],
    });
    for json in [text, &as_markup.to_string()] {
        let Ok(posted) = Posted::parse(json) else {
            continue;
        };
        match CONFIG.with_posted(&posted) {
            Ok(config) => {
                let model = &config.page_model;
                // What parts of conditions are called stays here: it is not in the text.
                let text = model.to_text();
                let read = Model::from_text(&text).map(|model| model.to_text());
                assert_eq!(read, Ok(text));
                for variant in model.slots.iter().flat_map(|slot| &slot.variants) {
                    if let Content::Html(html) = &variant.content {
                        assert_eq!(markup::sanitised(html), **html);
                    }
                }
            }
            Err(problems) => assert!(!problems.is_empty()),
        }
    }
});
