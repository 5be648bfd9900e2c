//! Puts another name for the visitor into the text of a message, so that what is stored says what
//! it is stored as, and a name that a page gave is kept nowhere.

use std::borrow::Cow;
use std::collections::BTreeMap;

use firstglance_engine::VisitorId;
use serde_json::value::RawValue;

/// The text with this `anonymousId`; every other field is as it came. Nothing where the text is no
/// object.
pub(super) fn renamed(raw: &str, visitor: &VisitorId) -> Option<String> {
    // Keys may hold escapes, which only an owned text can stand for.
    let mut fields: BTreeMap<Cow<'_, str>, &RawValue> = serde_json::from_str(raw).ok()?;
    let name = serde_json::value::to_raw_value(visitor.as_str()).ok()?;
    fields.insert("anonymousId".into(), &name);
    serde_json::to_string(&fields).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_name_changes() {
        let visitor = VisitorId::parse("daily-\"x").unwrap();
        for (raw, expected) in [
            (
                r#"{"type":"page","anonymousId":"a","x":1.50e3}"#,
                Some(r#"{"anonymousId":"daily-\"x","type":"page","x":1.50e3}"#),
            ),
            (
                r#"{"anonymous\u0049d":"a","b":{"anonymousId":"c"}}"#,
                Some(r#"{"anonymousId":"daily-\"x","b":{"anonymousId":"c"}}"#),
            ),
            ("{}", Some(r#"{"anonymousId":"daily-\"x"}"#)),
            ("[]", None),
            ("{", None),
        ] {
            assert_eq!(renamed(raw, &visitor).as_deref(), expected, "{raw}");
        }
    }
}
