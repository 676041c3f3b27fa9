//! Every client, made in one way: the same certificates, retries, limits and trace for all commands.

use std::cell::OnceCell;
use std::rc::Rc;

use url::Url;

use crate::bitbucket::{self, Patience};
use crate::config::{Bitbucket, Network, Pipeline};
use crate::http::{Connection, Gated, Retry, Traced, Transport, Watch};
use crate::teamcity::{self, Requests};
use crate::types::{Credential, Diagnostic, Proxies, ProxyAddress, Secret, Secrets};
use crate::world::Connect;

/// Is told of each request, as one line.
pub type Trace = Rc<dyn Fn(&str)>;

/// Who logs in to TeamCity.
#[derive(Clone)]
pub enum Login {
    /// Nobody: for what a server tells everybody.
    Stranger,
    /// The bearer of a token.
    Token(Secret),
    /// A user with a password.
    Password(String, Secret),
}

impl Login {
    /// What was sent, for a refusal.
    pub fn described(&self) -> String {
        match self {
            Self::Stranger => "a request without a token".to_owned(),
            Self::Token(_) => "the token".to_owned(),
            Self::Password(user, _) => format!("the password of {user}"),
        }
    }
}

/// Makes clients.
pub struct Clients {
    connect: Connect,
    network: Network,
    secrets: Secrets,
    trace: Option<Trace>,
    watch: Rc<dyn Watch>,
    /// One for all clients, so that they share connections.
    direct: OnceCell<Rc<dyn Transport>>,
    /// One for all clients of Bitbucket, so that it is away once.
    patience: Rc<Patience>,
}

impl Clients {
    /// `secrets` are told to nobody who would show them, `trace` is told of each request, `watch` of outages of TeamCity.
    pub fn new(
        connect: &Connect,
        network: Network,
        secrets: &Secrets,
        trace: Option<Trace>,
        watch: Rc<dyn Watch>,
    ) -> Self {
        Self {
            connect: Rc::clone(connect),
            network,
            secrets: secrets.clone(),
            trace,
            watch,
            direct: OnceCell::new(),
            patience: Rc::new(Patience::of_a_person()),
        }
    }

    /// The same for a step, which does not wait long for a Bitbucket that is away.
    #[must_use]
    pub fn for_a_step(mut self) -> Self {
        self.patience = Rc::new(Patience::of_a_step());
        self
    }

    /// What must not be shown.
    pub fn secrets(&self) -> &Secrets {
        &self.secrets
    }

    /// A client of the TeamCity server at `base`.
    ///
    /// # Errors
    /// When the certificates or the credential can't be used.
    pub fn teamcity(&self, base: &Url, login: &Login) -> Result<teamcity::Client, Diagnostic> {
        let (transport, base, headers) = (self.direct()?, base.clone(), &self.network.headers);
        let (retry, watch) = (Retry::new(self.network.retry_for), Rc::clone(&self.watch));
        match login {
            Login::Stranger => {}
            Login::Token(token) => _ = self.secrets.add(token.expose()),
            Login::Password(user, password) => {
                self.secrets.add_login(user, password.expose());
            }
        }
        let requests = match login {
            Login::Stranger => Ok(Requests::anonymous(transport, base, headers, retry, watch)),
            Login::Token(token) => Requests::new(transport, base, token, headers, retry, watch),
            Login::Password(user, password) => {
                let pair = (user.as_str(), password);
                Requests::with_password(transport, base, pair, headers, retry, watch)
            }
        };
        requests.map(teamcity::Client::new).map_err(|_| {
            Diagnostic::usage(
                format!(
                    "{} contains characters that an HTTP header may not have",
                    login.described()
                ),
                "Store only the token, exactly as TeamCity showed it.",
            )
        })
    }

    /// A client of Bitbucket's API that logs in with a credential.
    ///
    /// # Errors
    /// When the certificates or the credential can't be used.
    pub fn bitbucket(
        &self,
        api: &Url,
        credential: &Credential,
    ) -> Result<bitbucket::Client, Diagnostic> {
        let transport = self.named("Bitbucket", self.connected(None)?);
        let patience = Rc::clone(&self.patience);
        bitbucket::Client::new(transport, api.clone(), Some(credential), patience).map_err(|_| {
            Diagnostic::usage(
                "the Bitbucket credential contains characters that an HTTP header may not have",
                "Store only the e-mail address and the token.",
            )
        })
    }

    /// A client of Bitbucket's API through the step's own proxy, which logs in by itself.
    ///
    /// # Errors
    /// When the proxy's address can't be used.
    pub fn bitbucket_by_proxy(
        &self,
        api: &Url,
        proxy: &Url,
    ) -> Result<bitbucket::Client, Diagnostic> {
        let transport = self.named("Bitbucket", self.connected(Some(proxy))?);
        let patience = Rc::clone(&self.patience);
        bitbucket::Client::new(transport, bitbucket::proxied(api), None, patience).map_err(
            |error| {
                Diagnostic::usage(
                    format!("BITBUCKET_PROXY_URL can't be used: {error}"),
                    "Set it to an address such as 'http://host.docker.internal:29418', or remove it.",
                )
            },
        )
    }

    /// Every way to Bitbucket that there is: the step's proxy, where this is a step, then the credential, if there is one.
    pub fn ways_to_bitbucket(
        &self,
        bitbucket: &Bitbucket,
        pipeline: &Pipeline,
    ) -> Vec<bitbucket::Client> {
        let proxy = pipeline
            .is_pipelines()
            .then(|| self.bitbucket_by_proxy(&bitbucket.api_url, &bitbucket.proxy_url));
        let credential = bitbucket.credential.as_ref();
        let direct = credential.map(|credential| self.bitbucket(&bitbucket.api_url, credential));
        [proxy, direct]
            .into_iter()
            .flatten()
            .filter_map(Result::ok)
            .collect()
    }

    fn direct(&self) -> Result<Rc<dyn Transport>, Diagnostic> {
        if let Some(transport) = self.direct.get() {
            return Ok(Rc::clone(transport));
        }
        let transport = self.connected(None)?;
        let transport = match &self.trace {
            Some(trace) => {
                let trace = Rc::clone(trace);
                Rc::new(Traced::new(transport, move |line| trace(line)))
            }
            None => transport,
        };
        Ok(Rc::clone(self.direct.get_or_init(|| transport)))
    }

    /// The same, behind the gate for secrets, with a server's name before each line of the trace.
    fn named(&self, name: &'static str, transport: Rc<dyn Transport>) -> Rc<dyn Transport> {
        let transport = Rc::new(Gated::new(transport, &self.secrets)) as Rc<dyn Transport>;
        match &self.trace {
            Some(trace) => {
                let trace = Rc::clone(trace);
                Rc::new(Traced::new(transport, move |line| {
                    trace(&format!("{name}: {line}"));
                }))
            }
            None => transport,
        }
    }

    fn connected(&self, proxy: Option<&Url>) -> Result<Rc<dyn Transport>, Diagnostic> {
        let own = |url: &Url| ProxyAddress {
            url: url.clone(),
            login: None,
            variable: "BITBUCKET_PROXY_URL",
        };
        let proxies = match proxy {
            Some(proxy) => Proxies {
                http: Some(own(proxy)),
                ..Proxies::default()
            },
            None => self.network.proxies.clone(),
        };
        let how = Connection {
            extra_roots: self.network.ca_certificate.clone(),
            proxies,
            ..Connection::default()
        };
        (self.connect)(&how).map_err(|error| {
            Diagnostic::usage(
                format!("TEAMCITY_CA_CERTIFICATE can't be used: {error}"),
                "Pass PEM text, its base64, or the path of a PEM file.",
            )
        })
    }
}
