//! All that must not be shown, of the variables.

use std::ffi::OsString;

use percent_encoding::percent_decode_str;

use super::environment::is_secured;
use super::secret_parameters;
use crate::types::Secrets;

/// Words of letters alone that are shorter say nothing secret, and are found in anything: a header may hold `https`.
const SHORTEST_WORD: usize = 8;

/// The secrets in an environment: tokens, headers, credentials, and the passwords in addresses.
pub fn secrets(environment: &[(OsString, OsString)]) -> Secrets {
    let secrets = Secrets::default();
    let text = |wanted: &str| {
        let (_, value) = environment.iter().find(|(name, _)| name == wanted)?;
        value.to_str().map(str::trim)
    };
    for (name, value) in environment {
        let (Some(name), Some(value)) = (name.to_str(), value.to_str()) else {
            continue;
        };
        for secret in secret_parameters::values(name, value) {
            // What is too short to be hidden is warned of where it is read.
            _ = secrets.add(&secret);
        }
        if let Some((user, password)) = login(value) {
            let plain = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
            secrets.add_login(user, password);
            secrets.add_login(&plain(user), &plain(password));
        }
        let value = value.trim();
        if is_secured(name) && !is_word(value) && !is_reference(value) {
            secrets.add(value);
        }
    }
    if let (Some(email), Some(token)) =
        (text("ATLASSIAN_ACCOUNT_EMAIL"), text("ATLASSIAN_API_TOKEN"))
    {
        secrets.add_login(email, token);
    }
    secrets
}

/// User and password of an address.
fn login(value: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = value.trim().split_once("://")?;
    if !matches!(scheme, "http" | "https") || rest.contains(char::is_whitespace) {
        return None;
    }
    let (login, _) = rest.rsplit_once('@')?;
    Some(login.split_once(':').unwrap_or((login, login)))
}

fn is_word(value: &str) -> bool {
    value.len() < SHORTEST_WORD && value.bytes().all(|byte| byte.is_ascii_alphabetic())
}

/// `$NAME` that nobody replaced.
fn is_reference(value: &str) -> bool {
    value.strip_prefix('$').is_some_and(|name| {
        name.chars()
            .all(|c| c.is_ascii_alphanumeric() || "_{}".contains(c))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_headers_credentials_and_passwords_in_addresses_are_secrets() {
        let pairs = [
            ("TEAMCITY_TOKEN", "eyJ-token"),
            ("TEAMCITY_HEADER_X_KEY", "k3y-of-gate"),
            ("TEAMCITY_HEADER_X_PROTO", "https"),
            ("TEAMCITY_URL", "https://jane:url-word@tc.example.com"),
            ("HTTPS_PROXY", "http://joe:p%40ss-word@proxy:1"),
            ("ATLASSIAN_ACCOUNT_EMAIL", "jane@example.com"),
            ("ATLASSIAN_API_TOKEN", "ATATT-token"),
            ("BRANCH", "main"),
        ];
        let environment = pairs.map(|(name, value)| (name.into(), value.into()));
        let secrets = secrets(&environment);
        // jane@example.com:ATATT-token
        let pair = "amFuZUBleGFtcGxlLmNvbTpBVEFUVC10b2tlbg==";
        let text =
            format!("eyJ-token k3y-of-gate url-word p%40ss-word p@ss-word ATATT-token {pair}");
        assert_eq!(secrets.blot(&text), "*** *** *** *** *** *** ***");
        let rest = "https://tc.example.com main jane joe proxy";
        assert_eq!(secrets.blot(rest), rest);
    }
}
