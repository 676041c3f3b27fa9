//! How far a request gets: name, connection, certificate, proxy. And through which proxy it goes.

use url::Url;

use crate::teamcity::ErrorKind;

/// The stage at which no TeamCity was reached, in words: what, and what to do.
pub fn explain(kind: &ErrorKind, url: &Url, proxy: Option<&str>) -> Option<(String, String)> {
    let host = url.host_str().unwrap_or_default();
    let port = url.port_or_known_default().unwrap_or_default();
    let detail = match kind {
        ErrorKind::NotConnected(detail)
        | ErrorKind::Unreachable(detail)
        | ErrorKind::Certificate(detail) => detail,
        _ => return None,
    };
    let lower = detail.to_ascii_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    if let Some(proxy) = proxy
        && !matches!(kind, ErrorKind::Certificate(_))
    {
        return Some((
            format!("{host} can't be reached through the proxy {proxy}: {detail}"),
            format!(
                "Check HTTPS_PROXY and HTTP_PROXY, and that the proxy lets {host}:{port} through; NO_PROXY names hosts that need none."
            ),
        ));
    }
    let (what, cure) = if matches!(kind, ErrorKind::Certificate(_)) {
        (
            format!("TLS: the certificate of {host} is not trusted: {detail}"),
            "If the server uses a private authority, give its certificate (PEM) in TEAMCITY_CA_CERTIFICATE; if it has expired or names another host, it \
             must be renewed."
                .to_owned(),
        )
    } else if says(&["lookup address", "name or service", "dns", "no such host"]) {
        (
            format!("DNS: the name {host} is not known here: {detail}"),
            "Check TEAMCITY_URL. A name that is known inside a company's network alone needs a self-hosted runner there, or a proxy.".to_owned(),
        )
    } else if says(&["refused"]) {
        (
            format!("TCP: nothing listens on port {port} of {host}: {detail}"),
            "Check the port in TEAMCITY_URL, and that the server runs.".to_owned(),
        )
    } else if says(&[
        "invalidcontenttype",
        "corrupt message",
        "handshake",
        "alert",
    ]) {
        (
            format!("TLS: port {port} of {host} does not speak it as expected: {detail}"),
            "Check whether that port is one for http, and TEAMCITY_URL should begin with http."
                .to_owned(),
        )
    } else if says(&[
        "timed out",
        "no answer",
        "elapsed",
        "unreachable",
        "no route",
    ]) {
        (
            format!("TCP: {host} does not answer on port {port}: {detail}"),
            "A firewall may be in the way: let Bitbucket's addresses in (https://ip-ranges.atlassian.com), or use a self-hosted runner or a proxy."
                .to_owned(),
        )
    } else {
        (
            format!("{host} can't be reached on port {port}: {detail}"),
            "Check TEAMCITY_URL, and that the server can be reached from Bitbucket's network."
                .to_owned(),
        )
    };
    Some((what, cure))
}

/// The proxy that requests to `url` go through, without its credential.
pub fn proxy(url: &Url, variable: &dyn Fn(&str) -> Option<String>) -> Option<String> {
    let either = |name: &str| {
        variable(name)
            .or_else(|| variable(&name.to_ascii_lowercase()))
            .filter(|value| !value.trim().is_empty())
    };
    let host = url.host_str()?;
    let is_exempt = either("NO_PROXY").is_some_and(|list| {
        list.split(',').map(str::trim).any(|one| {
            let one = one.trim_start_matches('.');
            one == "*" || (!one.is_empty() && (host == one || host.ends_with(&format!(".{one}"))))
        })
    });
    if is_exempt {
        return None;
    }
    let name = if url.scheme() == "https" {
        "HTTPS_PROXY"
    } else {
        "HTTP_PROXY"
    };
    let value = either(name).or_else(|| either("ALL_PROXY"))?;
    let value = value.trim();
    let full = if value.contains("://") {
        value.to_owned()
    } else {
        format!("http://{value}")
    };
    // An address that can't be read is not shown, since it may hold a password.
    let Some(url) = Url::parse(&full).ok().filter(Url::has_host) else {
        return Some(format!("in {name}"));
    };
    let port = url
        .port()
        .map_or_else(String::new, |port| format!(":{port}"));
    Some(format!(
        "{}://{}{port}",
        url.scheme(),
        url.host_str().unwrap_or_default()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_stage_has_its_own_words() {
        let url = Url::parse("https://tc.example.com/").unwrap();
        let none = [
            ErrorKind::NotConnected(
                "failed to lookup address information: Name or service not known".into(),
            ),
            ErrorKind::NotConnected("Connection refused (os error 111)".into()),
            ErrorKind::NotConnected("deadline has elapsed".into()),
            ErrorKind::NotConnected("received corrupt message of type InvalidContentType".into()),
            ErrorKind::Certificate("invalid peer certificate: UnknownIssuer".into()),
            ErrorKind::Unreachable("connection reset by peer".into()),
        ];
        let mut all: Vec<String> = none
            .iter()
            .filter_map(|kind| explain(kind, &url, None))
            .map(|(what, cure)| format!("{what}\n{cure}"))
            .collect();
        let proxied = explain(&none[1], &url, Some("http://proxy:3128")).unwrap();
        all.push(format!("{}\n{}", proxied.0, proxied.1));
        insta::assert_snapshot!(all.join("\n\n"));
        assert_eq!(explain(&ErrorKind::Unauthorized, &url, None), None);
    }

    #[test]
    fn a_proxy_is_named_without_its_password() {
        let of = |pairs: &'static [(&str, &str)], url: &str| {
            let url = Url::parse(url).unwrap();
            proxy(&url, &|name| {
                pairs
                    .iter()
                    .find(|(known, _)| *known == name)
                    .map(|(_, value)| (*value).to_owned())
            })
        };
        const ALL: &[(&str, &str)] = &[
            ("HTTPS_PROXY", "http://user:s3cr3t@proxy.example.com:3128"),
            ("http_proxy", "proxy:8080"),
            ("NO_PROXY", "localhost, .internal"),
        ];
        assert_eq!(
            of(ALL, "https://tc.example.com/").as_deref(),
            Some("http://proxy.example.com:3128")
        );
        assert_eq!(
            of(ALL, "http://tc.example.com/").as_deref(),
            Some("http://proxy:8080")
        );
        assert_eq!(of(ALL, "https://tc.internal/"), None);
        assert_eq!(of(&[], "https://tc.example.com/"), None);
        assert_eq!(
            of(&[("HTTPS_PROXY", "::s3cr3t")], "https://tc/").as_deref(),
            Some("in HTTPS_PROXY")
        );
    }
}
