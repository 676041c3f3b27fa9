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
            "Check the host in TEAMCITY_URL. If only your company's network knows the name, use a self-hosted runner there, or a proxy (HTTPS_PROXY, HTTP_PROXY) that can resolve {host}."
        ),
    }
}

fn certificate(fault: CertificateFault, host: &str) -> String {
    match fault {
        CertificateFault::Expired => {
            "Ask the server's administrator to renew it. The step can't work around this.".to_owned()
        }
        CertificateFault::NotYetValid => {
            "Check the clocks of the server and of this runner, or wait until it is valid.".to_owned()
        }
        CertificateFault::WrongName => format!(
            "Set TEAMCITY_URL to a host that the certificate is for, or have a certificate issued for {host}."
        ),
        CertificateFault::UnknownIssuer { given: false } => {
            "If the server uses a private authority or its own certificate, pass that certificate (PEM) in TEAMCITY_CA_CERTIFICATE. If the authority is public, the server must be set up to send its intermediate certificates."
                .to_owned()
        }
        CertificateFault::UnknownIssuer { given: true } => {
            "TEAMCITY_CA_CERTIFICATE contains another authority. Pass the one that signed the server's certificate, with its intermediate certificates, or the server's certificate itself."
                .to_owned()
        }
        CertificateFault::Weak => {
            "Ask the server's administrator to renew it with a current signature (SHA-256 or better).".to_owned()
        }
        CertificateFault::Broken => {
            "Ask the server's administrator to replace it. 'openssl s_client -connect' shows it.".to_owned()
        }
    }
}

fn protocol(fault: ProtocolFault, base: &Url) -> String {
    match fault {
        ProtocolFault::NoTls => {
            "Check the scheme and the port in TEAMCITY_URL. For plain http, write 'http://'.".to_owned()
        }
        ProtocolFault::WantsTls => "Write 'https://' in TEAMCITY_URL.".to_owned(),
        ProtocolFault::NoHttp => {
            "Check the scheme and the port in TEAMCITY_URL. It may be an https port, or the port of another service.".to_owned()
        }
        ProtocolFault::TooOld => {
            "Enable TLS 1.2 or later on the server, or on the proxy in front of it.".to_owned()
        }
        ProtocolFault::ClientCertificate => {
            "The pipe does not support client certificates. Use an address of the server that requires none, or let the proxy in front of it accept a header instead (TEAMCITY_HEADER_<NAME>)."
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
                "Add user name and password to the proxy's address, in a secured variable: {variable}='http://user:password@host:port'."
            )
        }
        ProxyFault::Refused => format!(
            "Ask the proxy's administrator to allow {host}. If it can be reached without the proxy, add it to NO_PROXY."
        ),
        ProxyFault::NoProxy => format!(
            "Check the host and the port in {variable}. If {host} can be reached without a proxy, add it to NO_PROXY."
        ),
        ProxyFault::Unreachable => format!(
            "Check {variable}, and that the proxy can reach {host}. If {host} can be reached without a proxy, add it to NO_PROXY."
        ),
    }
}
