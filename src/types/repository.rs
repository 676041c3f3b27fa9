//! Addresses of a repository: which of a server's many spellings mean the pipeline's own.

use url::Url;

/// A repository's address, without what makes spellings differ: user, scheme, port, `.git`, case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepositoryAddress {
    host: String,
    path: String,
}

/// Bitbucket's second host, for networks that let only port 443 through.
const ALTERNATIVE_SSH: &str = "altssh.bitbucket.org";
const BITBUCKET: &str = "bitbucket.org";

impl RepositoryAddress {
    /// Bitbucket Cloud's repository of this full name (`workspace/slug`).
    #[must_use]
    pub fn on_bitbucket(full_name: &str) -> Self {
        Self {
            host: BITBUCKET.to_owned(),
            path: clean_path(full_name),
        }
    }

    /// Reads an address as git does: a URL, or `user@host:path`.
    #[must_use]
    pub fn parse(address: &str) -> Option<Self> {
        let address = address.trim();
        let (host, path) = if address.contains("://") {
            let url = Url::parse(address).ok()?;
            (url.host_str()?.to_owned(), url.path().to_owned())
        } else {
            let (host, path) = address.split_once(':')?;
            let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
            (host.to_owned(), path.to_owned())
        };
        let host = host.to_ascii_lowercase();
        let host = host.strip_prefix("www.").unwrap_or(&host);
        let host = if host == ALTERNATIVE_SSH {
            BITBUCKET
        } else {
            host
        };
        let path = clean_path(&path);
        (!host.is_empty() && !path.is_empty()).then(|| Self {
            host: host.to_owned(),
            path,
        })
    }
}

fn clean_path(path: &str) -> String {
    let path = path.trim_matches('/').to_lowercase();
    path.strip_suffix(".git").unwrap_or(&path).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_is_the_same_repository() {
        let own = RepositoryAddress::on_bitbucket("acme/app");
        for spelling in [
            "git@bitbucket.org:acme/app.git",
            "git@bitbucket.org:Acme/App",
            "ssh://git@bitbucket.org/acme/app.git",
            "ssh://git@altssh.bitbucket.org:443/acme/app.git",
            "git@altssh.bitbucket.org:acme/app.git",
            "https://bitbucket.org/acme/app",
            "https://someone@bitbucket.org/acme/app.git/",
            "https://x-token-auth:abc@bitbucket.org/acme/app.git",
            "http://bitbucket.org/acme/app",
        ] {
            assert_eq!(
                RepositoryAddress::parse(spelling).as_ref(),
                Some(&own),
                "{spelling}"
            );
        }
    }

    #[test]
    fn another_repository_is_another() {
        let own = Some(RepositoryAddress::on_bitbucket("acme/app"));
        for other in [
            "git@bitbucket.org:acme/app2.git",
            "git@bitbucket.org:acme/lib/app.git",
            "git@github.com:acme/app.git",
            "https://bitbucket.org.evil.example/acme/app.git",
            "%vcs.url%",
            "",
        ] {
            assert_ne!(RepositoryAddress::parse(other), own, "{other}");
        }
    }
}
