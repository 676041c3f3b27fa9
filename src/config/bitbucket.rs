//! How to reach Bitbucket.

use super::connection::base_url;
use super::defaults::default_text;
use super::raw::Raw;
use super::reader::Reader;
use super::settings::Bitbucket;
use crate::types::{Credential, Secret};

/// How to reach Bitbucket.
pub(super) fn bitbucket(reader: &mut Reader, raw: &mut Raw) -> Option<Bitbucket> {
    let credential = credential(reader, raw);
    let mut url = |variable: &'static str, value: Option<String>| {
        let value = value.unwrap_or_else(|| default_text(variable).to_owned());
        base_url(reader, variable, &value)
    };
    let api_url = url("BITBUCKET_API_URL", raw.bitbucket_api_url.take());
    let proxy_url = url("BITBUCKET_PROXY_URL", raw.bitbucket_proxy_url.take());
    Some(Bitbucket {
        credential,
        api_url: api_url?,
        proxy_url: proxy_url?,
    })
}

fn credential(reader: &mut Reader, raw: &mut Raw) -> Option<Credential> {
    const EMAIL: &str = "ATLASSIAN_ACCOUNT_EMAIL";
    const API_TOKEN: &str = "ATLASSIAN_API_TOKEN";
    let mut secret = |variable: &str, value: Option<String>| {
        let value = value?;
        let value = value.trim();
        if value.contains(char::is_whitespace) || !value.is_ascii() {
            reader.problem(
                variable,
                "contains a space or a line break",
                "Store only the token.",
            );
            return None;
        }
        Some(Secret::new(value))
    };
    let (has_email, has_token) = (
        raw.atlassian_account_email.is_some(),
        raw.atlassian_api_token.is_some(),
    );
    let api_token = secret(API_TOKEN, raw.atlassian_api_token.take());
    let bearer = secret("BITBUCKET_ACCESS_TOKEN", raw.bitbucket_access_token.take());
    let email = raw.atlassian_account_email.take();
    if bearer.is_none() && has_email != has_token {
        let (given, lacking) = if has_email {
            (EMAIL, API_TOKEN)
        } else {
            (API_TOKEN, EMAIL)
        };
        reader.problem(
            lacking,
            format!("is missing, but {given} is set"),
            "Pass both or neither.",
        );
    }
    // Not shown: a token may stand here by mistake.
    let is_address =
        |text: &String| text.contains('@') && !text.trim().contains(char::is_whitespace);
    if email.as_ref().is_some_and(|text| !is_address(text)) {
        reader.problem(
            EMAIL,
            "is not an e-mail address",
            "Write the e-mail address of the Atlassian account.",
        );
    }
    match (email, api_token, bearer) {
        (Some(email), Some(token), _) => Some(Credential::Basic {
            email: email.trim().to_owned(),
            token,
        }),
        (_, _, Some(token)) => Some(Credential::Bearer(token)),
        _ => None,
    }
}
