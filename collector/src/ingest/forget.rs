//! What a browser says that asks to be forgotten.

use firstglance_engine::VisitorId;
use serde::Deserialize;

use super::envelope::parse;
use super::{Field, IngestError};
use crate::store::ClaimDigest;

/// Who asks to be forgotten, and what is to prove it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forget {
    /// The visitor, where the browser has a name for it.
    pub visitor: Option<VisitorId>,
    /// Digest of the browser's secret.
    pub claim: Option<ClaimDigest>,
}

#[derive(Deserialize)]
struct Body<'a> {
    #[serde(rename = "writeKey", borrow, default)]
    write_key: Field<'a>,
    #[serde(rename = "anonymousId", borrow, default)]
    anonymous_id: Field<'a>,
    #[serde(borrow, default)]
    claim: Field<'a>,
}

/// Reads the body of a request; the write key may also be in its headers.
///
/// # Errors
/// [`IngestError`] when it is not what it must be.
pub fn forget(
    body: &[u8],
    header_key: Option<&str>,
    write_key: &str,
) -> Result<Forget, IngestError> {
    let body: Body<'_> = parse(super::utf8(body)?)?;
    super::authenticate(body.write_key.as_deref().or(header_key), write_key)?;
    let visitor = body.anonymous_id.as_deref().map(VisitorId::anonymous);
    let visitor = visitor
        .transpose()
        .map_err(|error| IngestError::InvalidField {
            field: "anonymousId",
            detail: format!("\"anonymousId\" {error}"),
        })?;
    Ok(Forget {
        visitor,
        claim: super::claim(body.claim.as_deref())?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read() {
        let digest = crate::cookie::claim_digest("0123456789abcdef");
        for (body, expected) in [
            (
                r#"{"writeKey":"k","anonymousId":"a","claim":"0123456789abcdef"}"#,
                Ok((Some("a"), digest)),
            ),
            (
                r#"{"writeKey":"k","anonymousId":null,"claim":null,"more":1}"#,
                Ok((None, None)),
            ),
            (r#"{"writeKey":"k"}"#, Ok((None, None))),
            ("{}", Err("missing_write_key")),
            (r#"{"writeKey":"x"}"#, Err("wrong_write_key")),
            (r#"{"writeKey":"k","anonymousId":""}"#, Err("invalid_field")),
            (
                r#"{"writeKey":"k","anonymousId":"user:jo"}"#,
                Err("invalid_field"),
            ),
            (r#"{"writeKey":"k","claim":"short"}"#, Err("invalid_field")),
            (r#"{"writeKey":"k","claim":5}"#, Err("malformed_json")),
            (r#"["k"]"#, Err("malformed_json")),
            ("", Err("malformed_json")),
        ] {
            let read = forget(body.as_bytes(), None, "k");
            let read = read
                .as_ref()
                .map(|read| (read.visitor.as_ref().map(VisitorId::as_str), read.claim))
                .map_err(IngestError::tag);
            assert_eq!(read, expected, "{body}");
        }
        assert_eq!(forget(b"\xff", None, "k").unwrap_err().tag(), "bad_utf8");
        assert!(forget(b"{}", Some("k"), "k").is_ok());
    }
}
