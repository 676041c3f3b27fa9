//! Pages of TeamCity's: which address links have, and to which build one leads.

use url::Url;

use super::client::Client;
use super::error::Error;
use super::fields;
use super::model::Server;
use super::request::Need;
use crate::types::BuildId;

/// A page of a build, in any form that TeamCity's links have had: of the queue, classic, of today's interface, of REST.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildPage {
    /// The server: host, port and context path.
    pub server: String,
    /// The build.
    pub build: BuildId,
}

impl BuildPage {
    /// Reads a link.
    #[must_use]
    pub fn of(link: &str) -> Option<Self> {
        let url = Url::parse(link).ok()?;
        let segments: Vec<&str> = url
            .path_segments()?
            .filter(|part| !part.is_empty())
            .collect();
        let number = |text: &str| -> Option<BuildId> {
            let id: BuildId = text.strip_prefix("id:").unwrap_or(text).parse().ok()?;
            (id.0 > 0).then_some(id)
        };
        for (at, segment) in segments.iter().enumerate() {
            let build = match *segment {
                "viewLog.html" | "viewQueued.html" => url
                    .query_pairs()
                    .find(|(name, _)| name == "buildId" || name == "itemId")
                    .and_then(|(_, value)| number(&value)),
                "buildConfiguration" | "pipeline" => {
                    segments.get(at.saturating_add(2)).and_then(|id| number(id))
                }
                "build" | "builds" | "buildQueue" => {
                    segments.get(at.saturating_add(1)).and_then(|id| number(id))
                }
                _ => None,
            };
            if let Some(build) = build {
                // `…/app/rest/builds/id:1` and `…/app/rest/2018.1/builds/id:1`.
                let base = segments.get(..at).unwrap_or_default();
                let rest = base.iter().position(|part| *part == "app");
                let base = rest.and_then(|end| base.get(..end)).unwrap_or(base);
                return Some(Self {
                    server: named(&url, base)?,
                    build,
                });
            }
        }
        None
    }
}

/// How [`BuildPage::server`] names the server at this address.
#[must_use]
pub fn server(base: &str) -> Option<String> {
    let url = Url::parse(base).ok()?;
    let segments: Vec<&str> = url
        .path_segments()?
        .filter(|part| !part.is_empty())
        .collect();
    named(&url, &segments)
}

fn named(url: &Url, context: &[&str]) -> Option<String> {
    let host = url.host_str()?;
    let port = url.port_or_known_default()?;
    Some(format!("{host}:{port}/{}", context.join("/")))
}

impl Client {
    /// The server's own address, of which links to it are made.
    ///
    /// # Errors
    /// When this one try fails.
    pub async fn root_url(&self) -> Result<Option<String>, Error> {
        let url = self.rest(&["server"], &[("fields", fields::ROOT_URL)]);
        let server: Server = self.requests.get(url, Need::Now).await?;
        Ok(server.web_url)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_form_names_the_build_and_the_server() {
        for path in [
            "viewQueued.html?itemId=4711",
            "viewLog.html?buildId=4711&buildTypeId=App_Build",
            "viewLog.html?tab=buildLog&buildId=4711",
            "buildConfiguration/App_Build/4711",
            "buildConfiguration/App_Build/4711?buildTab=log",
            "buildConfiguration/App_Build/4711/",
            "build/4711",
            "app/rest/builds/id:4711",
            "app/rest/2018.1/buildQueue/id:4711",
        ] {
            let page = BuildPage::of(&format!("https://ci.example.com/tc/{path}"));
            let page = page.unwrap_or_else(|| panic!("{path}"));
            assert_eq!(page.build, BuildId(4711), "{path}");
            assert_eq!(
                Some(page.server),
                server("https://ci.example.com/tc/"),
                "{path}"
            );
        }
    }

    #[test]
    fn other_pages_name_none() {
        for link in [
            "https://ci.example.com/",
            "https://ci.example.com/project/4711",
            "https://ci.example.com/buildConfiguration/App_Build",
            "https://ci.example.com/viewLog.html?buildId=x",
            "https://ci.example.com/agent/4711",
            "mailto:4711",
            "",
        ] {
            assert_eq!(BuildPage::of(link), None, "{link}");
        }
        assert_ne!(
            server("https://ci.example.com/tc1"),
            server("https://ci.example.com/tc2")
        );
    }

    proptest! {
        #[test]
        fn no_link_makes_it_panic(link in ".{0,60}") {
            let _ = (BuildPage::of(&link), BuildPage::of(&format!("https://x/{link}")), server(&link));
        }
    }
}
