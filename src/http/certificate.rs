//! Which certificates are accepted, and why one is not, in words.

use std::fmt;
use std::sync::Arc;

use chrono::DateTime;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{
    CertificateError, DigitallySignedStruct, Error, OtherError, RootCertStore, SignatureScheme,
};

use crate::types::text::one_line;
use crate::world::{CertificateFault, ConnectError};

/// Certificates of a chain that are named to the user, at most.
const SHOWN: usize = 4;
/// Names of a certificate that are shown, at most.
const MOST_NAMES: usize = 6;

/// Accepts what the public authorities and the user's own have issued, and a certificate that the user has handed over
/// itself, whatever it may be used for: `openssl req -x509` makes servers' own ones that are authorities by form.
#[derive(Debug)]
pub(super) struct Verifier {
    inner: Arc<WebPkiServerVerifier>,
    own: Vec<CertificateDer<'static>>,
}

impl Verifier {
    /// # Errors
    /// When what was handed over holds no certificate.
    pub(super) fn new(
        provider: Arc<CryptoProvider>,
        extra: Option<&str>,
    ) -> Result<Self, ConnectError> {
        let mut roots = RootCertStore {
            roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
        };
        let mut own = Vec::new();
        for der in CertificateDer::pem_slice_iter(extra.unwrap_or_default().as_bytes()) {
            let unreadable =
                || ConnectError::Certificate("a part between BEGIN and END is damaged".to_owned());
            let der = der.map_err(|_| unreadable())?;
            roots.add(der.clone()).map_err(|_| unreadable())?;
            own.push(der);
        }
        if extra.is_some() && own.is_empty() {
            return Err(ConnectError::Certificate(
                "there is no BEGIN CERTIFICATE line".to_owned(),
            ));
        }
        let inner = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider)
            .build()
            .map_err(|error| ConnectError::Client(error.to_string()))?;
        Ok(Self { inner, own })
    }

    /// A certificate that was handed over itself needs no issuer; its time and its names count all the same.
    fn verify_own(
        &self,
        end: &CertificateDer<'_>,
        host: &ServerName<'_>,
        why: Error,
    ) -> Result<(), Error> {
        use CertificateError::{Expired, ExpiredContext, NotValidYet, NotValidYetContext};
        let is_out_of_time = matches!(
            why,
            Error::InvalidCertificate(
                Expired | ExpiredContext { .. } | NotValidYet | NotValidYetContext { .. }
            )
        );
        if is_out_of_time || !self.own.iter().any(|own| own == end) {
            return Err(why);
        }
        verify_server_name(&ParsedCertificate::try_from(end)?, host)
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        host: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        self.inner
            .verify_server_cert(end, between, host, ocsp, now)
            .map(drop)
            .or_else(|why| self.verify_own(end, host, why))
            .map(|()| ServerCertVerified::assertion())
            .map_err(|why| {
                let refusal = Refusal::new(&why, end, between, host, !self.own.is_empty());
                CertificateError::Other(OtherError(Arc::new(refusal))).into()
            })
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner
            .verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner
            .verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}

/// Why a certificate was refused, with what the server showed.
#[derive(Debug, Clone)]
pub(super) struct Refusal {
    pub(super) fault: CertificateFault,
    words: String,
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.words)
    }
}

impl std::error::Error for Refusal {}

impl Refusal {
    fn new(
        why: &Error,
        end: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        host: &ServerName<'_>,
        given: bool,
    ) -> Self {
        let Error::InvalidCertificate(why) = why else {
            return Self::of_error(why);
        };
        let (fault, words) = words(why, &host.to_str(), given);
        let chain = chain(end, between);
        let seen = if chain.is_empty() {
            String::new()
        } else {
            format!(" (seen: {chain})")
        };
        Self {
            fault,
            words: format!("{words}{seen}"),
        }
    }

    /// What the library says of a certificate where no more is known.
    pub(super) fn of_error(why: &Error) -> Self {
        let (fault, words) = match why {
            Error::InvalidCertificate(why) => words(why, "this host", false),
            _ => (CertificateFault::Broken, "is damaged".to_owned()),
        };
        Self { fault, words }
    }
}

fn words(why: &CertificateError, host: &str, given: bool) -> (CertificateFault, String) {
    use CertificateError as Why;
    let date = |time: &UnixTime| {
        let seconds = i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
        DateTime::from_timestamp(seconds, 0)
            .map_or_else(String::new, |at| at.format("%Y-%m-%d (UTC)").to_string())
    };
    match why {
        Why::Expired => (CertificateFault::Expired, "has expired".to_owned()),
        Why::ExpiredContext { not_after, .. } => (
            CertificateFault::Expired,
            format!("expired on {}", date(not_after)),
        ),
        Why::NotValidYet => (CertificateFault::NotYetValid, "is not valid yet".to_owned()),
        Why::NotValidYetContext { not_before, .. } => (
            CertificateFault::NotYetValid,
            format!("is not valid before {}", date(not_before)),
        ),
        Why::NotValidForName => (
            CertificateFault::WrongName,
            format!("is for other hosts than {host}"),
        ),
        Why::NotValidForNameContext { presented, .. } => {
            // `DnsName("tc.example.com")`
            let name = |name: &String| {
                let inner = name.split('"').nth(1).unwrap_or(name);
                one_line(inner, 80)
            };
            let mut names: Vec<String> = presented.iter().take(MOST_NAMES).map(name).collect();
            if presented.len() > MOST_NAMES {
                names.push("…".to_owned());
            }
            let names = if names.is_empty() {
                "no host at all".to_owned()
            } else {
                format!("{}, not for {host}", names.join(", "))
            };
            (CertificateFault::WrongName, format!("is for {names}"))
        }
        Why::UnknownIssuer | Why::BadSignature => (
            CertificateFault::UnknownIssuer { given },
            if given {
                "is signed by an authority that is neither public nor in TEAMCITY_CA_CERTIFICATE"
                    .to_owned()
            } else {
                "is signed by an authority that is not public".to_owned()
            },
        ),
        Why::UnsupportedSignatureAlgorithmContext { .. }
        | Why::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => (
            CertificateFault::Weak,
            "is signed with an algorithm that is too weak or not supported".to_owned(),
        ),
        Why::Revoked => (CertificateFault::Broken, "was revoked".to_owned()),
        Why::InvalidPurpose | Why::InvalidPurposeContext { .. } => (
            CertificateFault::Broken,
            "is not a server certificate".to_owned(),
        ),
        Why::BadEncoding => (CertificateFault::Broken, "is damaged".to_owned()),
        Why::UnhandledCriticalExtension => (
            CertificateFault::Broken,
            "has a required extension that is not supported".to_owned(),
        ),
        Why::Other(other) if format!("{other:?}").contains("CaUsedAsEndEntity") => (
            CertificateFault::UnknownIssuer { given },
            "is the certificate of an authority, not of a server, and is not trusted".to_owned(),
        ),
        _ => (
            CertificateFault::Broken,
            "does not follow the rules for certificates".to_owned(),
        ),
    }
}

/// The certificates that the server showed, each with its issuer: `tc.example.com by Example CA`.
fn chain(end: &CertificateDer<'_>, between: &[CertificateDer<'_>]) -> String {
    let one = |der: &CertificateDer<'_>| {
        let certificate = webpki::EndEntityCert::try_from(der).ok()?;
        let subject = certificate
            .valid_dns_names()
            .next()
            .map(|name| one_line(name, 80))
            .or_else(|| name_in(certificate.subject()))?;
        let issuer = if certificate.issuer() == certificate.subject() {
            "itself".to_owned()
        } else {
            name_in(certificate.issuer()).unwrap_or_else(|| "an unnamed authority".to_owned())
        };
        Some(format!("{subject} by {issuer}"))
    };
    let all: Vec<String> = std::iter::once(end)
        .chain(between)
        .filter_map(one)
        .take(SHOWN)
        .collect();
    all.join(", ")
}

/// The common name in a distinguished name (X.501 in DER), or else the organization.
fn name_in(distinguished: &[u8]) -> Option<String> {
    // The attribute types 2.5.4.3 and 2.5.4.10; behind each the tag of a text, its length, and the text.
    [[6, 3, 85, 4, 3], [6, 3, 85, 4, 10]]
        .iter()
        .find_map(|kind| {
            let at = distinguished
                .windows(kind.len())
                .position(|part| part == kind)?;
            let (_, text) = distinguished.split_at_checked(at.saturating_add(kind.len()))?;
            let [_, length, text @ ..] = text else {
                return None;
            };
            let text = text.get(..usize::from(*length))?;
            let name = one_line(&String::from_utf8_lossy(text), 80);
            (!name.is_empty()).then_some(name)
        })
}
