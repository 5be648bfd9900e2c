//! Who is signed in: a session begins with an administrator's token, once, and is known by a cookie
//! from then on. What the token allows is looked up for each request, so a token that is revoked ends
//! its sessions.
//!
//! Sessions live in memory: a restart ends them. Never keeps a token, nor a cookie's secret but as a
//! digest.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use firstglance_engine::{Milliseconds, Timestamp};
use hyper::Request;
use hyper::header::{COOKIE, HeaderMap};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use crate::http::headers;
use crate::http::limit::SignIns;
use crate::token::{Access, Tokens};

/// Without a request for so long, a session is over.
const IDLE: Milliseconds = Milliseconds::from_minutes(12 * 60);

/// And however often it is used, after so long.
const LONGEST: Milliseconds = Milliseconds::from_days(7);

/// Sessions at a time; beyond, the one that was not used for longest makes room.
const MOST: usize = 1_000;

/// Name of the cookie. The prefix has browsers take it from this host alone, over TLS alone.
const COOKIE_NAME: &str = "fg-console";
const COOKIE_NAME_BY_TLS: &str = "__Secure-fg-console";

type Digest = [u8; 32];

/// All that are signed in.
pub(in crate::http) struct Sessions {
    held: Mutex<HashMap<Digest, Held>>,
    attempts: SignIns,
}

struct Held {
    token: Box<str>,
    csrf: Box<str>,
    began: Timestamp,
    last: Timestamp,
}

/// A session that has just begun.
pub(super) struct Begun {
    /// What the cookie carries.
    pub(super) secret: String,
    /// What its forms must carry.
    pub(super) csrf: Box<str>,
}

/// Somebody who is signed in.
#[derive(Clone, Debug)]
pub(super) struct Session {
    /// What they may.
    pub(super) access: Access,
    /// What a form must carry, so that no page of anybody else can send one in their name.
    pub(super) csrf: Box<str>,
}

impl Session {
    /// Whether a form comes from a page that was shown to this session.
    pub(super) fn has_sent(&self, csrf: &str) -> bool {
        self.csrf.as_bytes().ct_eq(csrf.as_bytes()).into()
    }
}

impl Sessions {
    /// Nobody.
    pub(in crate::http) fn new() -> Self {
        Self {
            held: Mutex::default(),
            attempts: SignIns::new(),
        }
    }

    /// Counts a try to sign in.
    ///
    /// # Errors
    /// How long to wait where one address has tried too often.
    pub(super) fn attempt(&self, address: Option<IpAddr>) -> Result<(), Duration> {
        address.map_or(Ok(()), |address| self.attempts.attempt(address))
    }

    /// Begins a session. Nothing where the system has no randomness to give.
    pub(super) fn begin(&self, access: &Access, now: Timestamp) -> Option<Begun> {
        let secret = random()?;
        let csrf: Box<str> = random()?.into();
        let held = Held {
            token: access.id.clone(),
            csrf: csrf.clone(),
            began: now,
            last: now,
        };
        let mut all = self.lock();
        all.retain(|_, held| held.holds_at(now));
        if all.len() >= MOST {
            let oldest = all.iter().min_by_key(|(_, held)| held.last);
            let oldest = oldest.map(|(digest, _)| *digest);
            oldest.and_then(|digest| all.remove(&digest));
        }
        all.insert(digest(&secret), held);
        Some(Begun { secret, csrf })
    }

    /// The session of a request; nothing where there is none, or none any more.
    pub(super) fn of(
        &self,
        request: &Request<()>,
        tokens: &Tokens,
        now: Timestamp,
    ) -> Option<Session> {
        let digest = digest(secret_of(request)?);
        let mut all = self.lock();
        let held = all.get_mut(&digest)?;
        let access = tokens.still(&held.token, now);
        match access.filter(|_| held.holds_at(now)) {
            Some(access) => {
                held.last = held.last.max(now);
                Some(Session {
                    access,
                    csrf: held.csrf.clone(),
                })
            }
            None => {
                all.remove(&digest);
                None
            }
        }
    }

    /// Ends the session of a request.
    pub(super) fn end(&self, request: &Request<()>) {
        if let Some(secret) = secret_of(request) {
            self.lock().remove(&digest(secret));
        }
    }

    /// Whoever panicked with the lock left a map that is whole: nothing in it spans several entries.
    fn lock(&self) -> MutexGuard<'_, HashMap<Digest, Held>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    fn holds_at(&self, now: Timestamp) -> bool {
        now < self.last.plus(IDLE) && now < self.began.plus(LONGEST)
    }
}

/// The cookie that begins a session in the browser, or ends it where there is no secret.
pub(super) fn cookie(request: &Request<()>, secret: Option<&str>) -> String {
    let (name, secure) = match headers::came_by_tls(request) {
        true => (COOKIE_NAME_BY_TLS, "; Secure"),
        false => (COOKIE_NAME, ""),
    };
    let (value, age) = match secret {
        Some(secret) => (secret, LONGEST.0 / 1_000),
        None => ("", 0),
    };
    format!("{name}={value}; Path=/console; Max-Age={age}; HttpOnly; SameSite=Strict{secure}")
}

fn secret_of(request: &Request<()>) -> Option<&str> {
    let name = match headers::came_by_tls(request) {
        true => COOKIE_NAME_BY_TLS,
        false => COOKIE_NAME,
    };
    named(request.headers(), name)
}

/// The value of a cookie.
pub(super) fn named<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let headers = headers.get_all(COOKIE).into_iter();
    let pairs = headers.filter_map(|header| header.to_str().ok());
    let mut pairs = pairs.flat_map(|header| header.split(';'));
    pairs.find_map(|pair| {
        let (key, value) = pair.trim().split_once('=')?;
        (key == name).then_some(value)
    })
}

fn digest(secret: &str) -> Digest {
    Sha256::digest(secret.as_bytes()).into()
}

fn random() -> Option<String> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).ok()?;
    Some(URL_SAFE_NO_PAD.encode(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::DataFolder;
    use crate::token::{NewToken, Role, TokenFile};

    fn at(minutes: u64) -> Timestamp {
        Timestamp::MIN.plus(Milliseconds::from_minutes(minutes))
    }

    fn with(cookie: &str) -> Request<()> {
        let request = Request::builder().header(COOKIE, cookie);
        request.body(()).unwrap()
    }

    #[test]
    fn sessions_begin_and_end() {
        let folder = tempfile::tempdir().unwrap();
        let data = DataFolder::open(folder.path()).unwrap();
        let (tokens, _) = Tokens::of(&data).unwrap();
        let file = TokenFile::of(folder.path());
        let new = NewToken {
            name: "Anna".to_owned(),
            role: Role::Read,
            site: None,
            expires: None,
        };
        let (token, kept) = file.create(new, at(0)).unwrap();
        let access = tokens.access(&token, at(0)).unwrap();
        let sessions = Sessions::new();
        let begun = sessions.begin(&access, at(0)).unwrap();
        let begin = || sessions.begin(&access, at(0)).unwrap().secret;
        let one = begun.secret;
        let cookie = format!("a=b; fg-console={one}; c=d");
        let of = |cookie: &str, minutes| sessions.of(&with(cookie), &tokens, at(minutes));

        let session = of(&cookie, 1).unwrap();
        assert_eq!(session.access, access);
        assert_eq!(session.csrf, begun.csrf);
        assert!(session.has_sent(&session.csrf) && !session.has_sent(&one));
        assert!(!session.has_sent(""));
        for wrong in ["", "fg-console=", "fg-console=x", &format!("x={one}")] {
            assert!(of(wrong, 1).is_none(), "{wrong}");
        }
        // As long as it is used, for a week; and by nobody who was away for half a day.
        assert!(of(&cookie, 700).is_some() && of(&cookie, 1_400).is_some());
        assert!(of(&cookie, 1_400 + 720).is_none());
        assert!(of(&cookie, 1_401).is_none());

        let cookie = format!("fg-console={}", begin());
        let mut minutes = 0;
        while of(&cookie, minutes).is_some() {
            minutes += 600;
        }
        assert_eq!(minutes, 10_200, "the first look after seven days");

        let cookie = format!("fg-console={}", begin());
        sessions.end(&with(&cookie));
        assert!(of(&cookie, 1).is_none());

        let cookie = format!("fg-console={}", begin());
        file.revoke(&kept.id).unwrap();
        assert!(of(&cookie, 1).is_none());
    }

    #[test]
    fn they_are_bounded_and_the_cookie_is_strict() {
        let sessions = Sessions::new();
        let access = Access {
            id: "x".into(),
            name: "x".into(),
            role: Role::Read,
            site: None,
        };
        for minute in 0..MOST as u64 + 5 {
            sessions.begin(&access, at(minute / 100)).unwrap();
        }
        assert_eq!(sessions.lock().len(), MOST);
        let text = cookie(&with(""), Some("s"));
        assert!(text.contains("HttpOnly; SameSite=Strict") && text.starts_with("fg-console=s;"));
        assert!(cookie(&with(""), None).contains("Max-Age=0"));
    }

    #[test]
    fn an_address_may_try_ten_times_a_minute() {
        let sessions = Sessions::new();
        let address = "203.0.113.7".parse().ok();
        let tries = (0..11).filter(|_| sessions.attempt(address).is_ok());
        assert_eq!(tries.count(), 10);
        assert!(sessions.attempt("203.0.113.8".parse().ok()).is_ok());
    }
}
