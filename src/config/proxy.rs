//! The proxies on the way to TeamCity. Their addresses may hold a password, so that no part of one is ever shown.

use percent_encoding::percent_decode_str;
use url::Url;

use super::raw::Raw;
use super::reader::Reader;
use crate::types::{Exception, Proxies, ProxyAddress, Secret};

const HOW: &str = "Write it as 'http://proxy.example.com:3128', with 'user:password@' before the host if the proxy requires a login.";

pub(super) fn proxies(reader: &mut Reader, raw: &mut Raw) -> Proxies {
    Proxies {
        https: proxy(reader, "HTTPS_PROXY", raw.https_proxy.take()),
        http: proxy(reader, "HTTP_PROXY", raw.http_proxy.take()),
        except: exceptions(reader, raw.no_proxy.take()),
    }
}

fn proxy(
    reader: &mut Reader,
    variable: &'static str,
    value: Option<String>,
) -> Option<ProxyAddress> {
    let value = value?;
    match parse(value.trim(), variable) {
        Ok(proxy) => Some(proxy),
        Err(what) => {
            reader.problem(variable, what, HOW);
            None
        }
    }
}

/// User and password go up to the last `@`: people write them as they are, and a `#` or `@` may be among them.
fn parse(value: &str, variable: &'static str) -> Result<ProxyAddress, &'static str> {
    let (scheme, rest) = value.split_once("://").unwrap_or(("http", value));
    if !matches!(scheme.to_ascii_lowercase().as_str(), "http" | "https") {
        return Err("is not an http or https proxy");
    }
    let (login, host) = match rest.rsplit_once('@') {
        Some((login, host)) => (Some(login), host),
        None => (None, rest),
    };
    let host = host.strip_suffix('/').unwrap_or(host);
    let is_host = !host.is_empty()
        && !host.contains(|c: char| "/?#\\".contains(c) || c.is_whitespace() || c.is_control());
    let url = is_host
        .then(|| Url::parse(&format!("{scheme}://{host}/")).ok())
        .flatten()
        .filter(|url| url.has_host() && url.port() != Some(0))
        .ok_or("is not a valid address of a proxy")?;
    let login = login.filter(|login| !login.is_empty()).map(|login| {
        let (user, password) = login.split_once(':').unwrap_or((login, ""));
        let plain = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
        (plain(user), Secret::new(plain(password)))
    });
    if login.as_ref().is_some_and(|(user, password)| {
        user.contains(char::is_control) || password.expose().contains(char::is_control)
    }) {
        return Err("contains a line break or another control character");
    }
    Ok(ProxyAddress {
        url,
        login,
        variable,
    })
}

fn exceptions(reader: &mut Reader, value: Option<String>) -> Vec<Exception> {
    let value = value.unwrap_or_default();
    let entries = value.split(|c: char| c == ',' || c.is_whitespace());
    let mut known = Vec::new();
    for entry in entries.filter(|entry| !entry.is_empty()) {
        match Exception::parse(entry) {
            Some(exception) => known.push(exception),
            None => {
                let shown = reader
                    .shown(entry)
                    .map_or_else(String::new, |shown| format!(" '{shown}'"));
                reader.warn(
                    "NO_PROXY",
                    format!(
                        "has an entry{shown} that is ignored. Write hosts, '.suffix', '*', addresses or networks such as '10.0.0.0/8', each with or \
                         without ':port'"
                    ),
                );
            }
        }
    }
    known
}

#[cfg(test)]
mod tests {
    use super::*;

    fn login(value: &str) -> (String, Option<(String, String)>) {
        let proxy = parse(value, "HTTPS_PROXY").unwrap();
        let login = proxy
            .login
            .as_ref()
            .map(|(user, password)| (user.clone(), password.expose().to_owned()));
        (proxy.shown(), login)
    }

    #[test]
    fn a_password_is_taken_as_it_is_written() {
        let pair = |user: &str, password: &str| Some((user.to_owned(), password.to_owned()));
        for (value, shown, wanted) in [
            ("http://proxy:3128", "http://proxy:3128", None),
            ("proxy.corp:3128/", "http://proxy.corp:3128", None),
            ("HTTPS://proxy", "https://proxy", None),
            ("http://[::1]:8080", "http://[::1]:8080", None),
            (
                "http://jane:p#ss@word@proxy:1",
                "http://proxy:1",
                pair("jane", "p#ss@word"),
            ),
            (
                "http://jane:a/b?c@proxy:1",
                "http://proxy:1",
                pair("jane", "a/b?c"),
            ),
            (
                "jane:p%40ss%23@proxy:1",
                "http://proxy:1",
                pair("jane", "p@ss#"),
            ),
            (
                "http://jane:100%@proxy:1",
                "http://proxy:1",
                pair("jane", "100%"),
            ),
            (
                "http://corp\\jane:x:y@proxy:1",
                "http://proxy:1",
                pair("corp\\jane", "x:y"),
            ),
            ("http://@proxy:1", "http://proxy:1", None),
        ] {
            assert_eq!(login(value), (shown.to_owned(), wanted), "{value}");
        }
    }

    #[test]
    fn what_no_proxy_can_have_is_a_mistake() {
        for value in [
            "socks5://proxy:1080",
            "http://",
            "http://proxy:99999",
            "http://proxy:0",
            "http://proxy/path",
            "http://proxy#x",
            "http://jane:p@",
            "not a proxy",
            "proxy:port",
            "http://ja\nne:x@proxy",
        ] {
            assert!(parse(value, "HTTPS_PROXY").is_err(), "{value}");
        }
    }
}
