//! Somebody who is signed in to the console.

use crate::client::{Answer, Request, get, post};
use crate::server::Collector;

/// See the file.
pub(crate) struct Viewer<'a> {
    collector: &'a Collector,
    cookie: String,
    csrf: String,
    site: &'static str,
}

impl<'a> Viewer<'a> {
    /// Signs in with a token, to look at the only site.
    pub(crate) async fn sign_in(collector: &'a Collector, token: &str) -> Self {
        Self::sign_in_to(collector, token, "site").await
    }

    /// Signs in with a token, to look at a site.
    pub(crate) async fn sign_in_to(
        collector: &'a Collector,
        token: &str,
        site: &'static str,
    ) -> Self {
        let form = post("/console/-/sign-in", format!("token={token}"));
        let answer = collector.send(form.header("Content-Type", FORM)).await;
        assert_eq!(answer.status, 303, "{}", answer.text());
        let cookie = answer.cookie().unwrap();
        let asked = get("/console/-/session").header("Cookie", &cookie);
        let answer = collector.send(asked).await;
        let csrf = answer.header("x-csrf-token").unwrap().to_owned();
        Self {
            collector,
            cookie,
            csrf,
            site,
        }
    }

    /// A request to a path below the site's.
    pub(crate) fn request(&self, method: &str, path: &str) -> Request {
        let path = format!("/console/{}/{path}", self.site);
        Request::new(method, &path).header("Cookie", &self.cookie)
    }

    /// Looks at a path below the site's.
    pub(crate) async fn see(&self, path: &str) -> Answer {
        self.collector.send(self.request("GET", path)).await
    }

    /// Looks at a page that there is.
    pub(crate) async fn page(&self, path: &str) -> String {
        let answer = self.see(path).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        answer.text().to_owned()
    }

    /// Sends a form of a page of this session.
    pub(crate) async fn send(&self, path: &str, fields: &str) -> Answer {
        self.send_as(path, &format!("csrf={}&{fields}", self.csrf))
            .await
    }

    /// Sends a form as it stands.
    pub(crate) async fn send_as(&self, path: &str, form: &str) -> Answer {
        let path = format!("/console/{}/{path}", self.site);
        let form = post(&path, form).header("Content-Type", FORM);
        self.collector
            .send(form.header("Cookie", &self.cookie))
            .await
    }
}

const FORM: &str = "application/x-www-form-urlencoded";
