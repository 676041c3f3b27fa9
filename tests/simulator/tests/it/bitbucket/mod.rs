//! Bitbucket's side, as its clients see it.

mod credentials;
mod faults;
mod insights;
mod pipelines;
mod pull_requests;
mod statuses;

use bytes::Bytes;
use http::{HeaderMap, Request};
use serde_json::Value;
use teamcity_simulator::bitbucket::{Bitbucket, Scope};

const ACME: &str = "acme/app";
const COMMIT: &str = "0a1b2c3d4e5f60718293a4b5c6d7e8f901234567";
const TOKEN: &str = "Bearer access-token";

/// With a repository, its commit, and a token that may everything but write to repositories.
fn bitbucket() -> Bitbucket {
    Bitbucket::new()
        .with_repository(ACME, &[COMMIT])
        .with_credential(
            TOKEN,
            &[Scope::Repository, Scope::PullRequest, Scope::Pipeline],
        )
}

struct Answer {
    status: u16,
    headers: HeaderMap,
    json: Value,
}

impl Answer {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
    /// The values of a list's page.
    fn values(&self) -> &[Value] {
        self.json["values"].as_array().unwrap()
    }
}

fn request(method: &str, url: &str, authorization: Option<&str>, body: &Value) -> Request<Bytes> {
    let mut request = Request::builder().method(method).uri(url);
    if let Some(authorization) = authorization {
        request = request.header("authorization", authorization);
    }
    let body = match body {
        Value::Null => Bytes::new(),
        body => body.to_string().into(),
    };
    request.body(body).unwrap()
}

async fn send(bitbucket: &Bitbucket, request: Request<Bytes>) -> Answer {
    let (head, body) = bitbucket.handle(request).await.unwrap().into_parts();
    Answer {
        status: head.status.as_u16(),
        headers: head.headers,
        json: serde_json::from_slice(&body).unwrap_or_default(),
    }
}

/// With the token, below the repository.
async fn call(bitbucket: &Bitbucket, method: &str, path: &str, body: Value) -> Answer {
    let url = format!("https://api.bitbucket.org/2.0/repositories/{ACME}/{path}");
    send(bitbucket, request(method, &url, Some(TOKEN), &body)).await
}

async fn get(bitbucket: &Bitbucket, path: &str) -> Answer {
    call(bitbucket, "GET", path, Value::Null).await
}

/// By the step's proxy.
async fn by_proxy(bitbucket: &Bitbucket, path: &str) -> Answer {
    let url = format!("http://api.bitbucket.org/2.0/repositories/{ACME}/{path}");
    send(bitbucket, request("GET", &url, None, &Value::Null)).await
}
