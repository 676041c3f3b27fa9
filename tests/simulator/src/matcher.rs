//! Which requests a fault hits.

use std::sync::Arc;

use crate::rest::resource::Resource;

type Test = Arc<dyn Fn(&str, &str, &str) -> bool + Send + Sync>;

/// Which requests a fault hits. Paths are without the context path.
#[derive(Clone)]
pub struct Matcher(Test);

impl std::fmt::Debug for Matcher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Matcher")
    }
}

impl Matcher {
    fn of(test: impl Fn(&str, &str, &str) -> bool + Send + Sync + 'static) -> Self {
        Self(Arc::new(test))
    }
    /// Every request.
    pub fn any() -> Self {
        Self::of(|_, _, _| true)
    }
    /// Requests with a method.
    pub fn method(method: &str) -> Self {
        let method = method.to_owned();
        Self::of(move |with, _, _| with == method)
    }
    /// Requests whose path contains a text.
    pub fn path_contains(text: &str) -> Self {
        let text = text.to_owned();
        Self::of(move |_, path, _| path.contains(&text))
    }
    /// Requests whose query, decoded, contains a text.
    pub fn query_contains(text: &str) -> Self {
        let text = text.to_owned();
        Self::of(move |_, _, query| {
            let query = percent_encoding::percent_decode_str(query).decode_utf8_lossy();
            query.contains(&text)
        })
    }
    /// Requests whose path starts with a text.
    pub fn path_prefix(text: &str) -> Self {
        let text = text.to_owned();
        Self::of(move |_, path, _| path.starts_with(&text))
    }
    /// Requests to a resource.
    pub fn resource(resource: Resource) -> Self {
        Self::of(move |method, path, _| Resource::of(method, path) == Some(resource))
    }
    /// Requests that name a build, in the path or the query.
    pub fn build(id: u64) -> Self {
        Self::of(move |_, path, query| mentions(path, query, id))
    }
    /// Requests that both match.
    pub fn and(self, other: Self) -> Self {
        Self::of(move |method, path, query| {
            self.hits(method, path, query) && other.hits(method, path, query)
        })
    }
    /// Requests that this does not match.
    pub fn negate(self) -> Self {
        Self::of(move |method, path, query| !self.hits(method, path, query))
    }
    /// Whether a request is hit.
    pub fn hits(&self, method: &str, path: &str, query: &str) -> bool {
        (self.0)(method, path, query)
    }
}

/// Whether a request is about a build: `id:7`, `buildId=7`, with nothing behind the number that goes on with it.
pub(crate) fn mentions(path: &str, query: &str, id: u64) -> bool {
    let id = id.to_string();
    let query = percent_encoding::percent_decode_str(query).decode_utf8_lossy();
    let path = percent_encoding::percent_decode_str(path).decode_utf8_lossy();
    [path.as_ref(), query.as_ref()].iter().any(|text| {
        text.match_indices(id.as_str()).any(|(at, _)| {
            let (before, after) = (text.get(..at), text.get(at + id.len()..));
            let begins = before.is_some_and(|text| {
                ["id:", "buildId=", "builds/", "buildQueue/", "id=", "item:"]
                    .iter()
                    .any(|start| text.ends_with(start))
            });
            let ends = after.is_some_and(|text| !text.starts_with(|c: char| c.is_ascii_digit()));
            begins && ends
        })
    })
}
