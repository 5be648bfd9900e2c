//! A small blocking client of the collector, for the demo and the proofs.
//!
//! Speaks only what the collector's contract says and keeps its connections open. Never retries by
//! itself: whether a request is sent again is what the callers are about.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

/// The query parameter that continues a timeline where the previous page ended.
const CURSOR_PARAMETER: &str = "cursor";

/// Messages asked for at once when a timeline is read.
const PAGE: usize = 500;

/// One message of a batch.
#[derive(Clone)]
pub(crate) struct Message {
    pub(crate) id: String,
    pub(crate) visitor: String,
    pub(crate) timestamp: String,
}

impl Message {
    /// Pages about a few topics, so that profiles have something in them, and other events.
    fn to_json(&self) -> Value {
        let chosen = self.id.bytes().map(u64::from).sum::<u64>() % 7;
        let mut message = match chosen {
            0..3 => json!({"type": "track", "event": "Crash Tested"}),
            3 => json!({
                "type": "track",
                "event": "Site Searched",
                "properties": {"query": "wat is de prijs"},
            }),
            _ => json!({
                "type": "page",
                "properties": {
                    "path": format!("/prijzen/{chosen}/"),
                    "topics": [format!("Topic {chosen}")],
                },
            }),
        };
        message["messageId"] = self.id.as_str().into();
        message["anonymousId"] = self.visitor.as_str().into();
        message["timestamp"] = self.timestamp.as_str().into();
        message
    }
}

/// What became of a batch.
pub(crate) enum Sent {
    /// 2xx: on disk, but for the messages with these ids, which were refused.
    Acknowledged { refused: Vec<String> },
    /// The collector asked to try later; it has taken nothing.
    Later,
    /// The connection failed: nobody knows.
    InDoubt,
}

/// A client of one collector. Clones share their connections.
#[derive(Clone)]
pub(crate) struct Client {
    agent: ureq::Agent,
    base: String,
    token: Option<String>,
}

impl Client {
    pub(crate) fn new(address: &SocketAddr, token: Option<String>) -> Self {
        let agent = ureq::Agent::config_builder()
            .timeout_global(Some(Duration::from_secs(20)))
            .http_status_as_error(false)
            .proxy(None)
            .build()
            .new_agent();
        Self {
            agent,
            base: format!("http://{address}"),
            token,
        }
    }

    /// The same with another token.
    pub(crate) fn with_token(&self, token: &str) -> Self {
        Self {
            token: Some(token.to_owned()),
            ..self.clone()
        }
    }

    /// A text that everybody may read.
    pub(crate) fn text(&self, path: &str) -> Result<String> {
        let answer = self.agent.get(format!("{}{path}", self.base)).call();
        let mut answer = answer.with_context(|| format!("GET {path}"))?;
        if !answer.status().is_success() {
            bail!("GET {path} answered {}", answer.status());
        }
        Ok(answer.body_mut().read_to_string()?)
    }

    /// The status of an answer to a request without a body. The body of the answer is not waited for.
    pub(crate) fn status(&self, method: &str, path: &str) -> Result<u16> {
        let url = format!("{}{path}", self.base);
        let token = self.token.as_deref().unwrap_or_default();
        let token = format!("Bearer {token}");
        let answer = match method {
            "get" => self.agent.get(url).header("authorization", token).call(),
            "delete" => self.agent.delete(url).header("authorization", token).call(),
            "post" => {
                let request = self.agent.post(url).header("authorization", token);
                request.send_empty()
            }
            other => bail!("{other} {path} cannot be asked"),
        };
        let answer = answer.with_context(|| format!("{method} {path}"))?;
        Ok(answer.status().as_u16())
    }

    /// Whether the collector takes requests.
    pub(crate) fn is_ready(&self) -> bool {
        self.agent
            .get(format!("{}/readyz", self.base))
            .call()
            .is_ok_and(|answer| answer.status().is_success())
    }

    /// Posts a batch once. An answer that the contract does not foresee is an error.
    pub(crate) fn post(&self, write_key: &str, batch: &[Message]) -> Result<Sent> {
        let body = json!({
            "writeKey": write_key,
            "batch": batch.iter().map(Message::to_json).collect::<Vec<_>>(),
        });
        let answer = self
            .agent
            .post(format!("{}/v1/batch", self.base))
            .header("content-type", "application/json")
            .send(body.to_string());
        let Ok(mut answer) = answer else {
            return Ok(Sent::InDoubt);
        };
        let status = answer.status().as_u16();
        // The head of the answer is not enough: a kill may cut the body, which names the refused.
        let Ok(body) = answer.body_mut().read_to_string() else {
            return Ok(Sent::InDoubt);
        };
        match status {
            200..=299 => Ok(Sent::Acknowledged {
                refused: refused(&body, batch)?,
            }),
            429 | 503 => Ok(Sent::Later),
            _ => bail!("the collector answered {status} to a batch: {body}"),
        }
    }

    /// All stored messages of a visitor, as the timeline lists them: their ids, and as they came.
    /// Changes, which the collector puts beside the messages that caused them, are left out.
    pub(crate) fn timeline(&self, visitor: &str) -> Result<Vec<(String, Value)>> {
        let mut ids = Vec::new();
        let mut cursor: Option<String> = None;
        loop {
            let limit = PAGE.to_string();
            let mut query = vec![("limit", limit.as_str())];
            if let Some(cursor) = &cursor {
                query.push((CURSOR_PARAMETER, cursor));
            }
            let path = format!("/admin/v1/profiles/{visitor}/timeline");
            let Some(page) = self.admin(&path, &query)? else {
                return Ok(ids);
            };
            let events = page
                .get("events")
                .and_then(Value::as_array)
                .with_context(|| format!("no list of events in {path}: {page}"))?;
            for event in events {
                let id = event
                    .get("messageId")
                    .and_then(Value::as_str)
                    .with_context(|| format!("no messageId in {path}: {event}"))?;
                if !id.starts_with("fg-") {
                    let message = event.get("message").cloned().unwrap_or_default();
                    ids.push((id.to_owned(), message));
                }
            }
            let next = match page.get("next") {
                None | Some(Value::Null) => return Ok(ids),
                Some(Value::String(next)) => next.clone(),
                Some(next) => next.to_string(),
            };
            if events.is_empty() || cursor.as_ref() == Some(&next) {
                bail!("the pages of {path} do not come to an end at {next}");
            }
            cursor = Some(next);
        }
    }

    /// What the administrator's address answers.
    pub(crate) fn json(&self, path: &str) -> Result<Value> {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        let answer = self.admin(path, &pairs.collect::<Vec<_>>())?;
        answer.with_context(|| format!("there is nothing at {path}"))
    }

    /// The visitor's profile; nothing for an unknown visitor.
    pub(crate) fn profile(&self, visitor: &str) -> Result<Option<Value>> {
        self.admin(&format!("/admin/v1/profiles/{visitor}"), &[])
    }

    /// Has the store's data copied. Whether it was done; not where the connection failed.
    pub(crate) fn compact(&self) -> Result<bool> {
        let path = "/admin/v1/compact";
        let mut request = self.agent.post(format!("{}{path}", self.base));
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let Ok(mut answer) = request.send_empty() else {
            return Ok(false);
        };
        match answer.status().as_u16() {
            200 => Ok(true),
            503 => Ok(false),
            status => {
                let body = answer.body_mut().read_to_string().unwrap_or_default();
                bail!("POST {path} answered {status}: {body}")
            }
        }
    }

    /// An answer of the admin API; nothing for 404.
    fn admin(&self, path: &str, query: &[(&str, &str)]) -> Result<Option<Value>> {
        let mut request = self
            .agent
            .get(format!("{}{path}", self.base))
            .query_pairs(query.iter().copied());
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let mut answer = request.call().with_context(|| format!("GET {path}"))?;
        let status = answer.status().as_u16();
        let body = answer
            .body_mut()
            .with_config()
            .limit(64 << 20)
            .read_to_string()
            .with_context(|| format!("GET {path}"))?;
        match status {
            404 => Ok(None),
            200..=299 => serde_json::from_str(&body)
                .map(Some)
                .with_context(|| format!("GET {path} did not answer in JSON: {body}")),
            _ => bail!("GET {path} answered {status}: {body}"),
        }
    }
}

/// The ids of the refused messages: a list `refused` or `rejected` that names each by `messageId`
/// or by its place (`index`) in the batch.
fn refused(body: &str, batch: &[Message]) -> Result<Vec<String>> {
    if body.trim().is_empty() {
        return Ok(Vec::new());
    }
    let answer: Value = serde_json::from_str(body)
        .with_context(|| format!("the answer to a batch is not JSON: {body}"))?;
    let Some(list) = answer
        .get("refused")
        .or_else(|| answer.get("rejected"))
        .and_then(Value::as_array)
    else {
        return Ok(Vec::new());
    };
    list.iter()
        .map(|entry| {
            let by_id = entry.get("messageId").and_then(Value::as_str);
            let by_place = || {
                let place = usize::try_from(entry.get("index")?.as_u64()?).ok()?;
                batch.get(place).map(|message| message.id.as_str())
            };
            by_id
                .or_else(by_place)
                .map(str::to_owned)
                .with_context(|| format!("a refused message without messageId or index: {entry}"))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch() -> Vec<Message> {
        ["m0", "m1"]
            .map(|id| Message {
                id: id.to_owned(),
                visitor: String::new(),
                timestamp: String::new(),
            })
            .into()
    }

    #[test]
    fn refused_messages_are_found_by_id_and_by_place() -> Result<()> {
        assert!(refused("", &batch())?.is_empty());
        assert!(refused(r#"{"accepted":2}"#, &batch())?.is_empty());
        assert_eq!(
            refused(r#"{"refused":[{"messageId":"m0"},{"index":1}]}"#, &batch())?,
            ["m0", "m1"]
        );
        assert!(refused(r#"{"refused":[{"reason":"?"}]}"#, &batch()).is_err());
        Ok(())
    }
}
