//! Watches: the events that conditions and score rules count.

use firstglance_engine::Value;
use firstglance_engine::json::plain;

/// Most watches of a model: a profile keeps as many.
const MAX_WATCHES: usize = 64;
/// Longest watch, in bytes.
const MAX_BYTES: usize = 200;

/// What is asked of a property.
#[derive(Clone, Debug)]
pub(in crate::config) enum Asked {
    /// A pattern of its text.
    Pattern(String),
    Number(f64),
    Truth(bool),
}

/// An event to count.
#[derive(Clone, Debug)]
pub(in crate::config) struct Watch {
    pub(in crate::config) name: String,
    pub(in crate::config) property: Option<(String, Asked)>,
    /// Milliseconds after which each time counts for half; 0 where it always counts in full.
    pub(in crate::config) half_life: u64,
}

/// All of a model.
#[derive(Debug, Default)]
pub(in crate::config) struct Watches(pub(in crate::config) Vec<Box<str>>);

impl Watches {
    /// The place of a watch.
    ///
    /// # Errors
    /// What is wrong, and what would be right.
    pub(in crate::config) fn place(&mut self, watch: &Watch) -> Result<usize, (String, String)> {
        let mut text = watch.name.clone();
        let mut named = vec![&watch.name];
        if let Some((property, asked)) = &watch.property {
            let pattern = match asked {
                Asked::Pattern(pattern) => plain(&Value::Text(pattern.as_str().into())),
                Asked::Number(number) => plain(&Value::Number(*number)),
                Asked::Truth(truth) => truth.to_string(),
            };
            text.push('\n');
            text.push_str(property);
            text.push('\n');
            text.push_str(&pattern);
            named.push(property);
        }
        if watch.half_life > 0 {
            if watch.property.is_none() {
                text.push_str("\n\n");
            }
            text.push_str(&format!("\n{}", watch.half_life));
        }
        for name in named {
            if name.trim().is_empty() {
                let right = "write one, such as \"Form Submitted\" or \"form\"";
                return Err(("the name is empty".to_owned(), right.to_owned()));
            }
            if name.contains(|one: char| one.is_control()) {
                return Err((
                    "the name holds a line break or another control character".to_owned(),
                    "leave it out".to_owned(),
                ));
            }
        }
        if text.len() > MAX_BYTES {
            return Err((
                format!(
                    "name, property and value have {} bytes together",
                    text.len()
                ),
                format!("they may have {MAX_BYTES}; shorten them with *"),
            ));
        }
        if let Some(place) = self.0.iter().position(|known| **known == *text) {
            return Ok(place);
        }
        if self.0.len() >= MAX_WATCHES {
            return Err((
                format!("the configuration counts more than {MAX_WATCHES} different events"),
                "ask for fewer, or for several at once with * in the name".to_owned(),
            ));
        }
        self.0.push(text.into());
        Ok(self.0.len() - 1)
    }
}
