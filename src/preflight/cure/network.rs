//! Cures for the way to TeamCity: names, certificates, TLS, proxies.

use url::Url;

use crate::http::{CertificateFault, ProtocolFault, ProxyFault};
use crate::teamcity::ErrorKind;

/// What to do about a fault on the way to the server at `base`.
pub(super) fn cure(kind: &ErrorKind, base: &Url) -> String {
    let host = base.host_str().unwrap_or_default();
    match kind {
        ErrorKind::Certificate(fault, _) => certificate(*fault, host),
        ErrorKind::Protocol(fault, _) => protocol(*fault, base),
        ErrorKind::Proxy(fault, _) => proxy(*fault, base),
        _ => format!(
            "Check the host in TEAMCITY_URL. A name that only a company's network knows needs a self-hosted runner there, or a proxy \
             (HTTPS_PROXY, HTTP_PROXY) that knows {host}."
        ),
    }
}

fn certificate(fault: CertificateFault, host: &str) -> String {
    match fault {
        CertificateFault::Expired => {
            "The server's administrator must renew it; nothing in this step can make up for that.".to_owned()
        }
        CertificateFault::NotYetValid => {
            "Check the clocks of the server and of this runner, or wait until it is valid.".to_owned()
        }
        CertificateFault::WrongName => format!(
            "Put a host for which the certificate is into TEAMCITY_URL, or have one made for {host}."
        ),
        CertificateFault::UnknownIssuer { given: false } => {
            "If the server uses a private authority, or its own certificate, give that (PEM) in TEAMCITY_CA_CERTIFICATE. If its authority \
             is a public one, the server does not send the certificates between."
                .to_owned()
        }
        CertificateFault::UnknownIssuer { given: true } => {
            "TEAMCITY_CA_CERTIFICATE is read, but holds another authority: give the one that signed the server's certificate, with those \
             between, or the server's certificate itself."
                .to_owned()
        }
        CertificateFault::Weak => {
            "The server's administrator must renew it with a signature of today (SHA-256 or better).".to_owned()
        }
        CertificateFault::Broken => {
            "The server's administrator must replace it; 'openssl s_client -connect' shows it.".to_owned()
        }
    }
}

fn protocol(fault: ProtocolFault, base: &Url) -> String {
    match fault {
        ProtocolFault::NoTls => {
            "Check scheme and port in TEAMCITY_URL: if the server speaks plain http there, write 'http://'.".to_owned()
        }
        ProtocolFault::WantsTls => "Write 'https://' in TEAMCITY_URL.".to_owned(),
        ProtocolFault::NoHttp => {
            "Check scheme and port in TEAMCITY_URL: it may be a port for https, or another service's.".to_owned()
        }
        ProtocolFault::TooOld => {
            "The server, or what stands before it, must be set up for TLS 1.2 or later.".to_owned()
        }
        ProtocolFault::ClientCertificate => {
            "The pipe has no certificate of its own to show. Use an address of the server that asks for none, or have what stands before \
             it take a header instead (TEAMCITY_HEADER_<NAME>)."
                .to_owned()
        }
        ProtocolFault::Handshake => format!("Check that {base} (TEAMCITY_URL) opens in a browser."),
    }
}

fn proxy(fault: ProxyFault, base: &Url) -> String {
    let host = base.host_str().unwrap_or_default();
    let variable = if base.scheme() == "https" {
        "HTTPS_PROXY"
    } else {
        "HTTP_PROXY"
    };
    match fault {
        ProxyFault::Password => {
            format!(
                "Put user and password before the proxy's host: {variable}='http://user:password@host:port', as a secured variable."
            )
        }
        ProxyFault::Refused => format!(
            "The proxy's administrator must let {host} through; if it can be reached without the proxy, name it in NO_PROXY."
        ),
        ProxyFault::NoProxy => format!(
            "Check host and port in {variable}; if {host} can be reached without a proxy, name it in NO_PROXY."
        ),
        ProxyFault::Unreachable => format!(
            "Check {variable}, and that the proxy can reach {host}; if {host} can be reached without a proxy, name it in NO_PROXY."
        ),
    }
}
