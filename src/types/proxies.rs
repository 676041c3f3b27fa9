//! Through which proxy a request goes, if through any.

use std::net::IpAddr;

use url::{Host, Url};

use super::secret::Secret;

/// A proxy.
#[derive(Debug, Clone)]
pub struct ProxyAddress {
    /// Where it is, without user and password.
    pub url: Url,
    /// Who asks it, and the password.
    pub login: Option<(String, Secret)>,
    /// The variable that names it.
    pub variable: &'static str,
}

impl ProxyAddress {
    /// Its address as it may be shown.
    pub fn shown(&self) -> String {
        self.url.as_str().trim_end_matches('/').to_owned()
    }
}

/// All proxies of a run.
#[derive(Debug, Clone, Default)]
pub struct Proxies {
    /// For https.
    pub https: Option<ProxyAddress>,
    /// For http.
    pub http: Option<ProxyAddress>,
    /// Who is reached without one.
    pub except: Vec<Exception>,
}

impl Proxies {
    /// The proxy on the way to an address.
    pub fn to(&self, url: &Url) -> Option<&ProxyAddress> {
        let proxy = match url.scheme() {
            "https" => self.https.as_ref(),
            _ => self.http.as_ref(),
        }?;
        let is_excepted = self.except.iter().any(|exception| exception.holds(url));
        (!is_excepted).then_some(proxy)
    }
}

/// An entry of `NO_PROXY`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exception {
    who: Who,
    port: Option<u16>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Who {
    Everybody,
    /// A host and all below it; with `Below` not the host itself.
    Host(String),
    Below(String),
    /// Addresses whose first bits are these.
    Network(IpAddr, u8),
}

impl Exception {
    /// Reads an entry: a host, `.suffix`, `*.suffix`, `*`, an address or a network (CIDR), each with or without `:port`.
    /// Nothing if it is none of these.
    pub fn parse(entry: &str) -> Option<Self> {
        let entry = entry.trim().to_ascii_lowercase();
        if let Some(network) = network(&entry) {
            return Some(Self {
                who: network,
                port: None,
            });
        }
        let (who, port) = match entry.rsplit_once(':') {
            Some((who, port)) => (who, Some(port.parse().ok().filter(|port| *port > 0)?)),
            None => (entry.as_str(), None),
        };
        let who = match network(who) {
            Some(network) => network,
            None if who == "*" => Who::Everybody,
            None => {
                let below = who.strip_prefix("*.").or_else(|| who.strip_prefix('.'));
                let name = below.unwrap_or(who).trim_end_matches('.');
                if !is_name(name) {
                    return None;
                }
                match below {
                    Some(_) => Who::Below(name.to_owned()),
                    None => Who::Host(name.to_owned()),
                }
            }
        };
        Some(Self { who, port })
    }

    fn holds(&self, url: &Url) -> bool {
        if self.port.is_some() && self.port != url.port_or_known_default() {
            return false;
        }
        match (&self.who, url.host()) {
            (Who::Everybody, _) => true,
            (Who::Host(name), Some(Host::Domain(host))) => {
                let host = host.trim_end_matches('.');
                host == name || is_below(host, name)
            }
            (Who::Below(name), Some(Host::Domain(host))) => {
                is_below(host.trim_end_matches('.'), name)
            }
            (Who::Network(first, bits), Some(Host::Ipv4(host))) => {
                shares(*first, *bits, host.into())
            }
            (Who::Network(first, bits), Some(Host::Ipv6(host))) => {
                shares(*first, *bits, host.into())
            }
            _ => false,
        }
    }
}

fn is_below(host: &str, name: &str) -> bool {
    host.strip_suffix(name)
        .is_some_and(|rest| rest.ends_with('.'))
}

fn is_name(name: &str) -> bool {
    let part = |part: &str| {
        !part.is_empty()
            && part
                .chars()
                .all(|c| c.is_alphanumeric() || c == '-' || c == '_')
    };
    // Digits alone would be an address, which has been looked for already.
    let is_number = name
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b'.');
    !is_number && name.split('.').all(part)
}

/// `10.0.0.0/8`, `10.1.2.3`, `fd00::/8`, `[::1]`.
fn network(text: &str) -> Option<Who> {
    let (address, bits) = match text.split_once('/') {
        Some((address, bits)) => (address, Some(bits)),
        None => (text, None),
    };
    let address = address
        .strip_prefix('[')
        .and_then(|address| address.strip_suffix(']'))
        .unwrap_or(address);
    let address: IpAddr = address.parse().ok()?;
    let most = if address.is_ipv4() { 32 } else { 128 };
    let bits = match bits {
        Some(bits) => bits.parse().ok().filter(|bits| *bits <= most)?,
        None => most,
    };
    Some(Who::Network(address, bits))
}

fn shares(first: IpAddr, bits: u8, host: IpAddr) -> bool {
    let (first, host, all) = match (first, host) {
        (IpAddr::V4(first), IpAddr::V4(host)) => (
            u128::from(first.to_bits()),
            u128::from(host.to_bits()),
            32_u8,
        ),
        (IpAddr::V6(first), IpAddr::V6(host)) => (first.to_bits(), host.to_bits(), 128),
        _ => return false,
    };
    let behind = u32::from(all.saturating_sub(bits));
    (first ^ host).checked_shr(behind).unwrap_or_default() == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_excepted(list: &[&str], url: &str) -> bool {
        let url = Url::parse(url).unwrap();
        list.iter()
            .any(|entry| Exception::parse(entry).unwrap().holds(&url))
    }

    #[test]
    fn each_form_of_an_entry_holds_for_its_hosts_alone() {
        for (entry, yes, no) in [
            (
                "tc.example.com",
                "https://tc.example.com/",
                "https://xtc.example.com/",
            ),
            (
                "example.com",
                "https://tc.example.com/",
                "https://example.org/",
            ),
            (
                ".example.com",
                "https://tc.example.com/",
                "https://example.com/",
            ),
            (
                "*.example.com",
                "https://a.b.example.com/",
                "https://example.com/",
            ),
            ("TC.Example.com.", "https://tc.example.com/", "https://tc/"),
            ("*", "https://anything/", "ftp:nobody"),
            ("tc:8443", "https://tc:8443/", "https://tc/"),
            ("tc:443", "https://tc/", "http://tc/"),
            ("*.corp:80", "http://tc.corp/", "https://tc.corp/"),
            ("10.0.0.0/8", "http://10.200.1.1/", "http://11.0.0.1/"),
            (
                "10.0.0.0/8:8111",
                "http://10.1.1.1:8111/",
                "http://10.1.1.1/",
            ),
            ("10.1.2.3", "http://10.1.2.3:8111/", "http://10.1.2.4/"),
            (
                "192.168.1.77/31",
                "http://192.168.1.76/",
                "http://192.168.1.78/",
            ),
            ("0.0.0.0/0", "http://1.2.3.4/", "http://[::1]/"),
            ("::1", "http://[::1]:8111/", "http://[::2]/"),
            (
                "[fd00::1]:8111",
                "http://[fd00::1]:8111/",
                "http://[fd00::1]/",
            ),
            ("fd00::/8", "http://[fd12::1]/", "http://[fe80::1]/"),
        ] {
            assert!(is_excepted(&[entry], yes), "{entry} {yes}");
            if entry != "*" {
                assert!(!is_excepted(&[entry], no), "{entry} {no}");
            }
        }
    }

    #[test]
    fn what_is_no_entry_is_none() {
        for entry in [
            "",
            "http://tc",
            "a b",
            "*tc",
            "t*c",
            "tc:",
            "tc:http",
            "10.0.0.0/33",
            "10.0.0",
            "::1/200",
            "/8",
            "..",
            "tc/8",
        ] {
            assert_eq!(Exception::parse(entry), None, "{entry}");
        }
    }
}
