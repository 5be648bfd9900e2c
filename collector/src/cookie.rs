//! The visitor cookie: binds a browser to a visitor, so that nobody can ask for a profile by
//! naming its id.
//!
//! `fg_visitor=<id>.<mac>`, or of a named site `fg_visitor_<write key>=…`, for several sites may have
//! a host in common: the id percent-encoded, then the first 16 bytes of its HMAC-SHA256
//! under a key that never leaves the data folder, in base64url. The collector sets it on the
//! answer to an ingest request, so that Safari's seven-day limit on storage that scripts write
//! does not apply.
//!
//! It is *not* `HttpOnly`, on purpose: when the browser has thrown away what scripts stored, the
//! tracker reads the id part to go on as the same visitor. A script that runs in the page could
//! ask for this visitor's own profile anyway.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use firstglance_engine::{Timestamp, VisitorId};
use hmac::{Hmac, KeyInit as _, Mac as _};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use sha2::{Digest as _, Sha256};

use crate::config::Site;
use crate::data::{DataError, DataFolder, Secret};
use crate::store::ClaimDigest;

/// Name of the cookie of a site without a name, and what that of others begins with.
pub const NAME: &str = "fg_visitor";

/// How long it lasts, in seconds: 395 days. Browsers cut at 400.
const MAX_AGE: u32 = 34_128_000;

const MAC_BYTES: usize = 16;

/// Name of the key's file in the data folder.
const FILE: &str = "cookie-key";

/// How short and long the secret of a claim may be, in bytes.
pub const CLAIM_LENGTH: std::ops::RangeInclusive<usize> = 16..=128;

/// What a preview shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Previewed {
    /// A version of posted content; nothing for the content that is in force.
    pub version: Option<u64>,
    /// A segment, as visitors of which pages are to be seen.
    pub segment: Option<Box<str>>,
}

/// What may stand in a cookie as it is.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// Signs and checks the visitor cookies of a site.
pub struct CookieKey {
    /// Of the cookie. A write key has only signs that may stand there.
    name: String,
    mac: Hmac<Sha256>,
}

/// What depends on the request and the site.
#[derive(Clone, Copy, Debug)]
pub struct Attributes<'a> {
    /// Whether the browser reached us by TLS.
    pub secure: bool,
    /// The cookie's domain, where it is not the host alone.
    pub domain: Option<&'a str>,
}

impl CookieKey {
    /// The key of a site's data folder.
    ///
    /// # Errors
    /// [`DataError`] when it can be neither read nor made.
    pub fn of(data: &DataFolder, site: &Site) -> Result<Self, DataError> {
        let name = name_of(site);
        let (key, _) = data.secret(
            FILE,
            |secret| secret.to_vec(),
            |bytes| {
                let secret: &Secret = bytes.try_into().ok()?;
                Self::new(name.clone(), secret)
            },
        )?;
        Ok(key)
    }

    /// What the cookie is called.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    fn new(name: String, secret: &Secret) -> Option<Self> {
        let mac = Hmac::new_from_slice(secret).ok()?;
        Some(Self { name, mac })
    }

    /// The same key for the site as it is configured now.
    #[must_use]
    pub fn renamed(&self, site: &Site) -> Self {
        Self {
            name: name_of(site),
            mac: self.mac.clone(),
        }
    }

    fn mac(&self, visitor: &str) -> Hmac<Sha256> {
        let mut mac = self.mac.clone();
        // The name keeps this use of the key apart from any other.
        mac.update(self.name.as_bytes());
        mac.update(&[0]);
        mac.update(visitor.as_bytes());
        mac
    }

    /// Tells a visitor from others without saying who it is, to whoever has not the key: for logs.
    /// Another use of the key than any cookie, whatever a site is called.
    #[must_use]
    pub fn pseudonym(&self, visitor: &VisitorId) -> String {
        let mut mac = self.mac.clone();
        mac.update(b"visitor in a log\0");
        mac.update(visitor.as_str().as_bytes());
        URL_SAFE_NO_PAD.encode(&mac.finalize().into_bytes()[..MAC_BYTES])
    }

    /// A token by which whoever has it may see something that pages do not show until a moment.
    #[must_use]
    pub fn preview(&self, shown: &Previewed, expires: Timestamp) -> String {
        let version = shown.version.unwrap_or_default();
        let mut said = format!("{version}.{}", expires.as_milliseconds());
        if let Some(segment) = &shown.segment {
            said.push('.');
            said.push_str(&URL_SAFE_NO_PAD.encode(segment.as_bytes()));
        }
        let mac = self.preview_mac(&said).finalize().into_bytes();
        format!("{said}.{}", URL_SAFE_NO_PAD.encode(&mac[..MAC_BYTES]))
    }

    /// What a token shows at a moment.
    #[must_use]
    pub fn previewed(&self, token: &str, now: Timestamp) -> Option<Previewed> {
        let (said, mac) = token.rsplit_once('.')?;
        let mac = URL_SAFE_NO_PAD.decode(mac).ok()?;
        if mac.len() != MAC_BYTES {
            return None;
        }
        self.preview_mac(said).verify_truncated_left(&mac).ok()?;
        let mut parts = said.split('.');
        let version: u64 = parts.next()?.parse().ok()?;
        let expires: u64 = parts.next()?.parse().ok()?;
        let segment = match parts.next() {
            Some(segment) => {
                let bytes = URL_SAFE_NO_PAD.decode(segment).ok()?;
                Some(String::from_utf8(bytes).ok()?.into())
            }
            None => None,
        };
        (now.as_milliseconds() < expires).then_some(Previewed {
            version: (version > 0).then_some(version),
            segment,
        })
    }

    /// Another use of the key than any cookie, whatever a site is called.
    fn preview_mac(&self, said: &str) -> Hmac<Sha256> {
        let mut mac = self.mac.clone();
        mac.update(b"preview of content\0");
        mac.update(self.name.as_bytes());
        mac.update(&[0]);
        mac.update(said.as_bytes());
        mac
    }

    /// The value of `Set-Cookie` that binds a browser to a visitor.
    #[must_use]
    pub fn issue(&self, visitor: &VisitorId, attributes: Attributes<'_>) -> String {
        let mac = self.mac(visitor.as_str()).finalize().into_bytes();
        let mut cookie = format!(
            "{}={}.{}; Path=/; Max-Age={MAX_AGE}; SameSite=Lax",
            self.name,
            utf8_percent_encode(visitor.as_str(), PLAIN),
            URL_SAFE_NO_PAD.encode(&mac[..MAC_BYTES])
        );
        attributes.append_to(&mut cookie);
        cookie
    }

    /// The visitor that a `Cookie` header proves. Of several cookies of the name, the first that
    /// is genuine counts: anybody may plant others.
    #[must_use]
    pub fn visitor(&self, header: &str) -> Option<VisitorId> {
        header.split(';').find_map(|pair| {
            let (name, value) = pair.split_once('=')?;
            if name.trim() != self.name {
                return None;
            }
            let (id, mac) = value.trim().rsplit_once('.')?;
            let mac = URL_SAFE_NO_PAD.decode(mac).ok()?;
            if mac.len() != MAC_BYTES {
                return None;
            }
            let id = percent_decode_str(id).decode_utf8().ok()?;
            self.mac(&id).verify_truncated_left(&mac).ok()?;
            VisitorId::parse(&id).ok()
        })
    }

    /// The value of `Set-Cookie` that takes the cookie away.
    #[must_use]
    pub fn expired(&self, attributes: Attributes<'_>) -> String {
        let mut cookie = format!("{}=; Path=/; Max-Age=0; SameSite=Lax", self.name);
        attributes.append_to(&mut cookie);
        cookie
    }
}

/// Name of a site's cookie.
fn name_of(site: &Site) -> String {
    match &site.named {
        None => NAME.to_owned(),
        Some(_) => format!("{NAME}_{}", site.write_key),
    }
}

impl Attributes<'_> {
    fn append_to(self, cookie: &mut String) {
        if self.secure {
            cookie.push_str("; Secure");
        }
        if let Some(domain) = self.domain {
            cookie.push_str("; Domain=");
            cookie.push_str(domain);
        }
    }
}

/// Digest of a claim's secret; nothing for one too short to be hard to guess, or too long.
#[must_use]
pub fn claim_digest(claim: &str) -> Option<ClaimDigest> {
    if !CLAIM_LENGTH.contains(&claim.len()) {
        return None;
    }
    let digest = Sha256::digest(claim.as_bytes());
    digest.first_chunk().copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN_ATTRIBUTES: Attributes<'static> = Attributes {
        secure: false,
        domain: None,
    };

    fn pair(cookie: &str) -> &str {
        cookie.split_once(';').unwrap().0
    }

    #[test]
    fn a_preview_shows_what_it_was_made_for_until_it_expires() {
        let cookies = CookieKey::new(NAME.to_owned(), &[7; 32]).unwrap();
        let at = Timestamp::from_milliseconds;
        for version in [None, Some(7)] {
            for segment in [None, Some("e-bikes"), Some("with.point"), Some("ë")] {
                let shown = Previewed {
                    version,
                    segment: segment.map(Into::into),
                };
                let token = cookies.preview(&shown, at(1_000));
                assert_eq!(cookies.previewed(&token, at(999)), Some(shown));
                assert_eq!(cookies.previewed(&token, at(1_000)), None);
                let (said, mac) = token.rsplit_once('.').unwrap();
                for forged in [
                    format!("{said}.bGV0.{mac}"),
                    format!("1{said}.{mac}"),
                    said.to_owned(),
                    token.to_uppercase(),
                ] {
                    assert_eq!(cookies.previewed(&forged, at(0)), None, "{forged}");
                }
            }
        }
    }

    #[test]
    fn a_cookie_proves_its_visitor() {
        let key = CookieKey::new(NAME.to_owned(), &[7; 32]).unwrap();
        for id in ["5f2c-é ü", "a.b", "a;b=c", "%41", "x"] {
            let visitor = VisitorId::anonymous(id).unwrap();
            let cookie = key.issue(&visitor, PLAIN_ATTRIBUTES);
            assert!(pair(&cookie).is_ascii());
            assert_eq!(key.visitor(pair(&cookie)), Some(visitor.clone()), "{id}");
            let among = format!("a=b; {NAME}=x.y; {}; c", pair(&cookie));
            assert_eq!(key.visitor(&among), Some(visitor), "{id}");
        }
    }

    #[test]
    fn attributes() {
        let key = CookieKey::new(NAME.to_owned(), &[7; 32]).unwrap();
        let visitor = VisitorId::anonymous("v").unwrap();
        let cookie = key.issue(
            &visitor,
            Attributes {
                secure: true,
                domain: Some("example.nl"),
            },
        );
        let (_, attributes) = cookie.split_once("; ").unwrap();
        assert_eq!(
            attributes,
            "Path=/; Max-Age=34128000; SameSite=Lax; Secure; Domain=example.nl"
        );
        assert_eq!(
            key.expired(PLAIN_ATTRIBUTES),
            "fg_visitor=; Path=/; Max-Age=0; SameSite=Lax"
        );
    }

    #[test]
    fn a_forged_cookie_proves_nothing() {
        let key = CookieKey::new(NAME.to_owned(), &[7; 32]).unwrap();
        let other = CookieKey::new(NAME.to_owned(), &[8; 32]).unwrap();
        let of_another_site = CookieKey::new("fg_visitor_k".to_owned(), &[7; 32]).unwrap();
        let of_another_site =
            of_another_site.issue(&VisitorId::anonymous("v").unwrap(), PLAIN_ATTRIBUTES);
        let visitor = VisitorId::anonymous("v").unwrap();
        let genuine = key.issue(&visitor, PLAIN_ATTRIBUTES);
        let value = pair(&genuine).strip_prefix("fg_visitor=v.").unwrap();
        for cookie in [
            pair(&other.issue(&visitor, PLAIN_ATTRIBUTES)).to_owned(),
            pair(&of_another_site).to_owned(),
            pair(&of_another_site).replace("fg_visitor_k=", "fg_visitor="),
            format!("fg_visitor=w.{value}"),
            format!("fg_visitor=v.{}", &value[..20]),
            "fg_visitor=v.".to_owned(),
            "fg_visitor=v".to_owned(),
            format!("other=v.{value}"),
            String::new(),
        ] {
            assert_eq!(key.visitor(&cookie), None, "{cookie}");
        }
    }

    #[test]
    fn claims_are_neither_short_nor_long() {
        assert_eq!(claim_digest("short"), None);
        assert_eq!(claim_digest(&"x".repeat(129)), None);
        assert!(claim_digest("0123456789abcdef").is_some());
    }
}
