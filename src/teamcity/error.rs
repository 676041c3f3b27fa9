//! What went wrong with a request to TeamCity.

use std::time::Duration;

use crate::http::{
    CertificateFault, GaveUp, ProtocolFault, ProxyFault, TransportError, TransportErrorKind,
    Trouble,
};

/// A request that failed for good.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{kind}{}", self.lasting())]
pub struct Error {
    /// What is wrong.
    pub kind: ErrorKind,
    /// How long it was tried.
    pub waited: Duration,
}

/// The same, with what it was sent for: the words before the cause (`reading the branches: …`).
#[derive(Debug, Clone)]
pub struct Failed {
    /// What was being done.
    pub doing: String,
    /// What is wrong.
    pub error: Error,
}

impl Error {
    /// How long it was tried, in words after the cause; empty where that was short.
    pub fn lasting(&self) -> String {
        if self.waited < Duration::from_secs(10) {
            return String::new();
        }
        format!(
            " (tried for {})",
            humantime::format_duration(Duration::from_secs(self.waited.as_secs()))
        )
    }

    /// Says what the request was sent for.
    pub fn while_doing(self, doing: impl Into<String>) -> Failed {
        Failed {
            doing: doing.into(),
            error: self,
        }
    }
}

impl From<GaveUp<ErrorKind>> for Error {
    fn from(gave_up: GaveUp<ErrorKind>) -> Self {
        Self {
            kind: gave_up.error,
            waited: gave_up.waited,
        }
    }
}

impl From<ErrorKind> for Error {
    fn from(kind: ErrorKind) -> Self {
        Self {
            kind,
            waited: Duration::ZERO,
        }
    }
}

/// What is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ErrorKind {
    /// No connection could be made, so that nothing was sent.
    #[error("TeamCity can't be reached: {0}")]
    NotConnected(String),
    /// The server starts, so that it has not looked at the request.
    #[error("TeamCity is starting ({0})")]
    Starting(String),
    /// The connection broke, or nothing came in time.
    #[error("TeamCity can't be reached: {0}")]
    Unreachable(String),
    /// No name server knows the host.
    #[error("TeamCity can't be reached: {0}")]
    UnknownName(String),
    /// The certificate is not accepted: why, and the same in words.
    #[error("TeamCity can't be reached safely: {1}")]
    Certificate(CertificateFault, String),
    /// Both sides can't agree on how to speak: why, and the same in words.
    #[error("TeamCity can't be reached: {1}")]
    Protocol(ProtocolFault, String),
    /// A proxy does not lead to TeamCity: why, and the same in words.
    #[error("{1}")]
    Proxy(ProxyFault, String),
    /// It starts, or a proxy before it says so.
    #[error("TeamCity is not available at the moment ({0})")]
    Unavailable(String),
    /// It waits for an administrator.
    #[error("TeamCity is in maintenance and waits for its administrator ({0})")]
    Maintenance(String),
    /// The answer is a redirect.
    #[error("TEAMCITY_URL answers with a redirect to {0}")]
    Redirected(String),
    /// A single sign-on, or another gateway, wants a login of its own.
    #[error("a proxy in front of TeamCity requires its own login: {0}")]
    SignOn(String),
    /// The answer is a page for people.
    #[error("the answer is a web page, not TeamCity's REST API ({0})")]
    WebPage(String),
    /// The answer can't be read.
    #[error("TeamCity's answer can't be understood: {0}")]
    Unreadable(String),
    /// The answer is larger than what is read, in bytes.
    #[error("TeamCity's answer is larger than {0} bytes")]
    TooLarge(usize),
    /// A page has more entries than were asked for.
    #[error("TeamCity's answer lists more than {0} entries")]
    TooMany(usize),
    /// 401.
    #[error("TeamCity does not accept the token")]
    Unauthorized,
    /// 403.
    #[error("TeamCity refuses: {0}")]
    Forbidden(String),
    /// 404.
    #[error("TeamCity cannot find it: {0}")]
    NotFound(String),
    /// 400, 409, and other refusals.
    #[error("TeamCity refuses the request ({status}): {message}")]
    Rejected {
        /// HTTP status.
        status: u16,
        /// The server's words.
        message: String,
    },
}

impl ErrorKind {
    /// Whether TeamCity said no, as opposed to saying nothing sensible.
    pub fn is_refusal(&self) -> bool {
        matches!(
            self,
            Self::Unauthorized | Self::Forbidden(_) | Self::NotFound(_) | Self::Rejected { .. }
        )
    }

    /// Whether the server may have acted on the request all the same.
    pub fn may_have_acted(&self) -> bool {
        !self.is_refusal()
            && !matches!(
                self,
                Self::NotConnected(_)
                    | Self::Starting(_)
                    | Self::Maintenance(_)
                    | Self::UnknownName(_)
                    | Self::Certificate(..)
                    | Self::Protocol(..)
                    | Self::SignOn(_)
                    | Self::Proxy(ProxyFault::Password | ProxyFault::Refused, _)
            )
    }

    /// What it tells about the server. The one place where faults are told apart: those that pass, those that don't, and
    /// refusals.
    pub fn trouble(&self, retry_after: Option<Duration>) -> Trouble {
        match self {
            Self::NotConnected(_)
            | Self::Starting(_)
            | Self::Unreachable(_)
            | Self::Unavailable(_)
            | Self::Maintenance(_)
            | Self::Proxy(ProxyFault::Unreachable, _) => Trouble::Outage(retry_after),
            Self::UnknownName(_)
            | Self::Certificate(..)
            | Self::Protocol(..)
            | Self::Proxy(ProxyFault::NoProxy, _)
            | Self::Redirected(_)
            | Self::SignOn(_)
            | Self::WebPage(_)
            | Self::Unreadable(_)
            | Self::TooLarge(_)
            | Self::TooMany(_) => Trouble::Lasting,
            Self::Proxy(ProxyFault::Password | ProxyFault::Refused, _) => Trouble::Final,
            Self::Unauthorized => Trouble::Unauthorized,
            Self::Forbidden(_) | Self::NotFound(_) | Self::Rejected { .. } => Trouble::Refusal,
        }
    }
}

impl From<TransportError> for ErrorKind {
    fn from(error: TransportError) -> Self {
        match error.kind {
            TransportErrorKind::Name => Self::UnknownName(error.detail),
            TransportErrorKind::Certificate(fault) => Self::Certificate(fault, error.detail),
            TransportErrorKind::Protocol(fault) => Self::Protocol(fault, error.detail),
            TransportErrorKind::Proxy(fault) => Self::Proxy(fault, error.detail),
            TransportErrorKind::Connect => Self::NotConnected(error.detail),
            TransportErrorKind::Interrupted => Self::Unreachable(error.detail),
        }
    }
}
