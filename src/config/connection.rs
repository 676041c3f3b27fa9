//! How to reach TeamCity: address, token, certificates, headers.

use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderName, HeaderValue};
use url::{Host, Url};

use super::reader::{Reader, looks_like_token};
use super::variables::HEADER_PREFIX;
use crate::types::Secret;
use crate::types::text::one_line;

const URL: &str = "TEAMCITY_URL";
const TOKEN: &str = "TEAMCITY_TOKEN";
const CA: &str = "TEAMCITY_CA_CERTIFICATE";
const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";
/// A file of certificates is smaller. Guards against a path to something else.
const LARGEST_FILE: u64 = 4_000_000;
/// Headers that the pipe itself or HTTP decides.
const RESERVED: &[&str] = &[
    "authorization",
    "host",
    "content-length",
    "content-type",
    "transfer-encoding",
    "connection",
    "accept",
];

/// The server's base address.
pub(super) fn url(reader: &mut Reader, value: Option<String>) -> Option<Url> {
    let Some(value) = value else {
        reader.missing(
            URL,
            "Set it to the server's address, such as 'https://teamcity.example.com'.",
        );
        return None;
    };
    let url = base_url(reader, URL, &value)?;
    if url.path().contains("/app/rest") || url.path().trim_end_matches('/').ends_with(".html") {
        reader.problem(
            URL,
            "is the address of a page or of the REST API, not of the server",
            "Write the server's base address, such as 'https://teamcity.example.com', with its context path if it has one.",
        );
        return None;
    }
    if url.scheme() == "http" && !is_local(&url) {
        reader.warn(
            URL,
            "begins with http: the token and the log are sent unencrypted. Use https if the server supports it",
        );
    }
    Some(url)
}

/// An address to append paths to: http or https, the path ends in `/`, no user, query or fragment. For `TEAMCITY_URL`,
/// Bitbucket's addresses, and `--server`. Never shows a part that could be a secret.
pub(super) fn base_url(reader: &mut Reader, variable: &str, value: &str) -> Option<Url> {
    match parse_base_url(value) {
        Ok(url) => Some(url),
        Err((what, how)) => {
            reader.problem(variable, what, how);
            None
        }
    }
}

/// An address to append paths to, as from `TEAMCITY_URL` or `--server`.
///
/// # Errors
/// With what is wrong, and how to write it. Neither shows a part that could be a secret.
pub fn parse_base_url(value: &str) -> Result<Url, (String, String)> {
    let value = value.trim();
    let fail = |what: &str, how: &str| Err((what.to_owned(), how.to_owned()));
    if !value.contains("://") {
        let example = if value.contains(['@', '?', '#'])
            || value.contains(char::is_whitespace)
            || looks_like_token(value)
        {
            "teamcity.example.com".to_owned()
        } else {
            one_line(value, 60)
        };
        return Err((
            "does not begin with 'https://'".to_owned(),
            format!("Write 'https://{example}'."),
        ));
    }
    let Ok(mut url) = Url::parse(value) else {
        return fail(
            "is not a valid address",
            "Write it as 'https://teamcity.example.com'.",
        );
    };
    if !matches!(url.scheme(), "http" | "https") {
        return fail(
            "is neither https nor http",
            "Write it as 'https://teamcity.example.com'.",
        );
    }
    if !url.username().is_empty() || url.password().is_some() {
        return fail(
            "contains a user name, password or token, which would show in logs",
            "Remove it, and store the token in its own secured variable. If it was a real one, replace it.",
        );
    }
    if url.query().is_some() || url.fragment().is_some() {
        return fail(
            "has a part after '?' or '#'",
            "Write only the server's base address, such as 'https://teamcity.example.com'.",
        );
    }
    if !url.path().ends_with('/') {
        url.set_path(&format!("{}/", url.path()));
    }
    Ok(url)
}

fn is_local(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => {
            name == "localhost" || name.ends_with(".localhost") || name == "host.docker.internal"
        }
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// The access token.
pub(super) fn token(reader: &mut Reader, value: Option<String>) -> Option<Secret> {
    let Some(value) = value else {
        reader.missing(
            TOKEN,
            "Create an access token in TeamCity (your profile, Access Tokens), and store it in a secured variable of that name.",
        );
        return None;
    };
    match token_mistake(&value) {
        None => Some(Secret::new(value)),
        Some((what, how)) => {
            reader.problem(TOKEN, what, how);
            None
        }
    }
}

/// What is wrong with the form of a token, and how to mend it. For the variable and for a token that was typed.
pub fn token_mistake(token: &str) -> Option<(&'static str, &'static str)> {
    let again = "Store only the token, exactly as TeamCity showed it.";
    if token.to_ascii_lowercase().starts_with("bearer ") {
        return Some(("begins with 'Bearer', which the pipe adds itself", again));
    }
    if token.contains(char::is_whitespace) {
        return Some(("contains a space or a line break", again));
    }
    if token.contains(['"', '\'', '`']) {
        return Some(("contains a quotation mark", again));
    }
    if token.contains("://") {
        return Some(("is an address, not a token", again));
    }
    if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Some(("contains characters that tokens do not have", again));
    }
    None
}

/// Extra headers, marked sensitive.
pub(super) fn headers(
    reader: &mut Reader,
    variables: Vec<(String, String)>,
) -> Vec<(HeaderName, HeaderValue)> {
    let mut headers = Vec::new();
    for (variable, value) in variables {
        let shown = one_line(&variable, 60);
        let name = variable
            .strip_prefix(HEADER_PREFIX)
            .unwrap_or_default()
            .replace('_', "-");
        let Ok(name) = HeaderName::from_bytes(name.as_bytes()) else {
            reader.problem(
                &shown,
                "is not the name of a header",
                "Write the header's name after TEAMCITY_HEADER_, with _ instead of -.",
            );
            continue;
        };
        if RESERVED.contains(&name.as_str()) {
            reader.problem(
                &shown,
                format!("would replace the header {name}, which the pipe sets itself"),
                "Remove it.",
            );
            continue;
        }
        let Ok(mut value) = HeaderValue::from_str(value.trim()) else {
            reader.problem(
                &shown,
                "contains characters that an HTTP header may not have",
                "Write one line of plain ASCII text.",
            );
            continue;
        };
        value.set_sensitive(true);
        headers.push((name, value));
    }
    headers
}

/// Certificates: PEM text, base64 of it (or of one binary certificate), or a path.
pub(super) fn certificate(reader: &mut Reader, value: Option<String>) -> Option<String> {
    let value = value?;
    if value.contains("-----BEGIN") {
        return complete(reader, unfold(&value));
    }
    let packed: String = value.split_whitespace().collect();
    if let Ok(bytes) = STANDARD.decode(&packed) {
        match String::from_utf8(bytes) {
            Ok(text) if text.contains("-----BEGIN") => return complete(reader, text),
            // ASN.1's SEQUENCE with a length of two bytes: a certificate in its binary form.
            Err(error) if error.as_bytes().starts_with(&[0x30, 0x82]) => {
                return Some(format!(
                    "{BEGIN}\n{}\n{END}\n",
                    STANDARD.encode(error.as_bytes())
                ));
            }
            _ => {}
        }
    }
    if value.trim().contains('\n') || value.len() > 4096 {
        reader.problem(
            CA,
            "is neither PEM text, nor its base64, nor a path",
            format!("Pass the certificate's text from '{BEGIN}' to '{END}'."),
        );
        return None;
    }
    let path = Path::new(value.trim());
    match read_file(path) {
        Ok(text) => complete(reader, text),
        Err(error) => {
            reader.problem(
                CA,
                format!(
                    "is not PEM text, and can't be read as a path: {}",
                    one_line(&error, 80)
                ),
                "Pass PEM text, its base64, or the path of a file in the clone directory.",
            );
            None
        }
    }
}

fn read_file(path: &Path) -> Result<String, String> {
    let found = fs::metadata(path).map_err(|error| error.to_string())?;
    if !found.is_file() || found.len() > LARGEST_FILE {
        return Err("it is not a certificate file".to_owned());
    }
    fs::read_to_string(path).map_err(|error| error.to_string())
}

/// A variable often loses its line breaks on the way: they come as `\n`, or as spaces.
fn unfold(text: &str) -> String {
    let text = text.replace("\\r", "").replace("\\n", "\n");
    if text.trim().contains('\n') {
        return text;
    }
    let mut unfolded = String::new();
    for part in text.split(BEGIN).skip(1) {
        let body: String = part
            .split(END)
            .next()
            .unwrap_or_default()
            .split_whitespace()
            .collect();
        unfolded.push_str(&format!("{BEGIN}\n{body}\n{END}\n"));
    }
    if unfolded.is_empty() { text } else { unfolded }
}

fn complete(reader: &mut Reader, text: String) -> Option<String> {
    if text.contains("PRIVATE KEY-----") {
        reader.problem(
            CA,
            "contains a private key",
            "Pass only certificates, and replace that key.",
        );
        return None;
    }
    if text.contains(BEGIN) && text.contains(END) {
        return Some(text);
    }
    reader.problem(
        CA,
        "contains no complete PEM certificate",
        format!("Pass the certificate's text from '{BEGIN}' to '{END}'."),
    );
    None
}
