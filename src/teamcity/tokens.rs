//! Access tokens: listed, made and deleted; and what a server tells of itself to everybody.

use chrono::{DateTime, Utc};
use http::Method;
use secrecy::zeroize::Zeroizing;
use serde_json::{Map, Value, json};

use super::client::Client;
use super::error::{Error, ErrorKind};
use super::fields;
use super::model::{Restrictions, Token, Tokens};
use super::request::{JSON, LARGEST_ANSWER, Need, json as read_json};

/// A token to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewToken {
    /// Its name, which no other token of the user has.
    pub name: String,
    /// When it expires; needs TeamCity 2020.2, and 2021.1 to be asked for here.
    pub expires: Option<DateTime<Utc>>,
    /// What it is limited to; needs TeamCity 2021.1.
    pub limits: Option<Restrictions>,
}

impl NewToken {
    fn body(&self) -> Value {
        let mut body = Map::new();
        body.insert("name".to_owned(), json!(self.name));
        if let Some(expires) = self.expires {
            let time = expires.format("%Y%m%dT%H%M%S+0000").to_string();
            body.insert("expirationTime".to_owned(), json!(time));
        }
        if let Some(limits) = &self.limits {
            let all: Vec<Value> = limits
                .permission_restriction
                .iter()
                .map(|one| {
                    let id = |of: &Option<super::model::Reference>| {
                        of.as_ref().and_then(|one| one.id.clone())
                    };
                    let (global, permission) = (one.is_global_scope, id(&one.permission));
                    match id(&one.project) {
                        Some(project) => json!({
                            "isGlobalScope": global,
                            "permission": { "id": permission },
                            "project": { "id": project },
                        }),
                        None => {
                            json!({ "isGlobalScope": global, "permission": { "id": permission } })
                        }
                    }
                })
                .collect();
            let all = json!({ "count": all.len(), "permissionRestriction": all });
            body.insert("permissionRestrictions".to_owned(), all);
        }
        Value::Object(body)
    }
}

impl Client {
    /// The tokens of the token's user. They do not say which of them is in use.
    ///
    /// # Errors
    /// See [`Self::server`].
    pub async fn tokens(&self) -> Result<Tokens, Error> {
        let url = self.rest(
            &["users", "current", "tokens"],
            &[("fields", fields::TOKENS)],
        );
        self.requests.get(url, Need::May).await
    }

    /// Makes a token for the user. `by_name`: in the way of servers before 2021.1, which know neither expiry nor limits here.
    ///
    /// A token whose answer was lost can't be had again. So a second try deletes what the first may have made; no
    /// other token can have the name, which the caller has made sure of.
    ///
    /// # Errors
    /// See [`Self::server`].
    pub async fn create_token(&self, token: &NewToken, by_name: bool) -> Result<Token, Error> {
        let body = token.body();
        self.requests
            .repeat(Need::May, |attempt| {
                let body = &body;
                async move {
                    if attempt > 1 {
                        let url = self.token_url(&token.name, &[]);
                        let delete =
                            self.requests
                                .request(Method::DELETE, url, JSON, None, attempt);
                        match self.requests.answer(delete, LARGEST_ANSWER).await {
                            Err(failure) if !matches!(failure.error, ErrorKind::NotFound(_)) => {
                                return Err(failure);
                            }
                            _ => {}
                        }
                    }
                    let query = [("fields", fields::NEW_TOKEN)];
                    let (url, body) = if by_name {
                        (self.token_url(&token.name, &query), None)
                    } else {
                        (
                            self.rest(&["users", "current", "tokens"], &query),
                            Some(body),
                        )
                    };
                    let request = self
                        .requests
                        .request(Method::POST, url, JSON, body, attempt);
                    let answer =
                        Zeroizing::new(self.requests.answer(request, LARGEST_ANSWER).await?);
                    // What is wrong with it must not be said: the message might quote the new token.
                    let made = read_json::<Token>(&answer).ok();
                    made.filter(|made| made.value.is_some()).ok_or_else(|| {
                        let error = ErrorKind::Unreadable("it contains no token".to_owned());
                        let trouble = error.trouble(None);
                        crate::http::Failure { error, trouble }
                    })
                }
            })
            .await
    }

    /// Deletes a token of the user; one that is gone already is deleted. Tells whether it was there.
    ///
    /// # Errors
    /// See [`Self::server`].
    pub async fn delete_token(&self, name: &str) -> Result<bool, Error> {
        let url = self.token_url(name, &[]);
        let accept = "application/json, application/xml;q=0.9, */*;q=0.5";
        match self
            .requests
            .send(Method::DELETE, url, accept, None, Need::May)
            .await
        {
            Ok(_) => Ok(true),
            Err(Error {
                kind: ErrorKind::NotFound(_),
                ..
            }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn token_url(&self, name: &str, query: &[(&str, &str)]) -> url::Url {
        self.rest(&["users", "current", "tokens", name], query)
    }

    /// The server's version as text. Needs no credential.
    ///
    /// # Errors
    /// See [`Self::server`].
    pub async fn version_text(&self) -> Result<String, Error> {
        let url = self.rest(&["server", "version"], &[]);
        let answer = self
            .requests
            .send(Method::GET, url, "text/plain", None, Need::May)
            .await?;
        Ok(String::from_utf8_lossy(&answer).trim().to_owned())
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::teamcity::stub::{Stub, client};

    #[tokio::test(start_paused = true)]
    async fn a_lost_answer_is_followed_by_a_deletion_before_the_second_try() {
        let tries = Cell::new(0);
        let stub = Stub::new(move |request| {
            if request.method == Method::DELETE {
                return (204, " ".to_owned());
            }
            tries.set(tries.get() + 1);
            match tries.get() {
                1 => (502, "<html>proxy</html>".to_owned()),
                _ => (200, r#"{"name":"ci","value":"v4lue"}"#.to_owned()),
            }
        });
        let wanted = NewToken {
            name: "ci".to_owned(),
            expires: None,
            limits: None,
        };
        let made = client(&stub).create_token(&wanted, false).await.unwrap();
        assert_eq!(made.value.unwrap().expose(), "v4lue");
        let sent: Vec<_> = stub
            .all()
            .iter()
            .map(|request| format!("{} {}", request.method, request.url.path()))
            .collect();
        assert_eq!(
            sent,
            [
                "POST /tc/app/rest/users/current/tokens",
                "DELETE /tc/app/rest/users/current/tokens/ci",
                "POST /tc/app/rest/users/current/tokens",
            ]
        );
    }

    #[test]
    fn a_body_says_expiry_and_limits() {
        let expires = DateTime::from_timestamp(1_800_000_000, 0);
        let wanted = NewToken {
            name: "ci".to_owned(),
            expires,
            limits: Some(Restrictions::in_project("App", &["run_build"])),
        };
        assert_eq!(
            wanted.body(),
            json!({
                "name": "ci",
                "expirationTime": "20270115T080000+0000",
                "permissionRestrictions": { "count": 1, "permissionRestriction": [
                    { "isGlobalScope": false, "project": { "id": "App" }, "permission": { "id": "run_build" } }
                ] },
            })
        );
    }
}
