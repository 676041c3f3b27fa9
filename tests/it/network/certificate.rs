//! Certificates as servers have them, good and bad, made anew each time.

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

/// A server's certificate with its key, and what a user hands over to have it trusted.
pub struct Certificate {
    pub(super) chain: Vec<CertificateDer<'static>>,
    key: Vec<u8>,
    authority: String,
}

fn names(names: &[&str]) -> CertificateParams {
    let names: Vec<String> = names.iter().map(ToString::to_string).collect();
    let mut params = CertificateParams::new(names).unwrap();
    params
        .distinguished_name
        .push(DnType::CommonName, "A fixture's server");
    params
}

fn authority(name: &str) -> CertificateParams {
    let mut params = CertificateParams::new([]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, name);
    params
}

impl Certificate {
    fn issued(params: CertificateParams) -> Self {
        let issuer_key = KeyPair::generate().unwrap();
        let issuer = authority("A fixture's authority");
        let root = issuer.self_signed(&issuer_key).unwrap();
        let key = KeyPair::generate().unwrap();
        let issuer = Issuer::new(issuer, issuer_key);
        let certificate = params.signed_by(&key, &issuer).unwrap();
        Self {
            chain: vec![certificate.der().clone()],
            key: key.serialize_der(),
            authority: root.pem(),
        }
    }

    fn self_signed(params: CertificateParams) -> Self {
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        Self {
            chain: vec![certificate.der().clone()],
            key: key.serialize_der(),
            authority: certificate.pem(),
        }
    }

    /// For `localhost`, by an authority that nobody knows.
    pub fn good() -> Self {
        Self::for_names(&["localhost"])
    }

    /// For these hosts, by an authority that nobody knows.
    pub fn for_names(hosts: &[&str]) -> Self {
        Self::issued(names(hosts))
    }

    /// It ended in 2020.
    pub fn expired() -> Self {
        let mut params = names(&["localhost"]);
        params.not_before = date_time_ymd(2019, 1, 1);
        params.not_after = date_time_ymd(2020, 1, 1);
        Self::issued(params)
    }

    /// It begins in 2100.
    pub fn not_yet_valid() -> Self {
        let mut params = names(&["localhost"]);
        params.not_before = date_time_ymd(2100, 1, 1);
        params.not_after = date_time_ymd(2101, 1, 1);
        Self::issued(params)
    }

    /// Signs itself and may sign others, as `openssl req -x509` makes it: a server's own, to be handed over as it is.
    pub fn own() -> Self {
        let mut params = names(&["localhost"]);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self::self_signed(params)
    }

    /// Signs itself, and may not sign others.
    pub fn own_for_a_server_alone() -> Self {
        let mut params = names(&["localhost"]);
        params.is_ca = IsCa::ExplicitNoCa;
        Self::self_signed(params)
    }

    /// Its signature is by an algorithm that nobody accepts any more. The signature itself is not made: whoever checks refuses before.
    pub fn weakly_signed() -> Self {
        // ecdsa-with-SHA256 is 1.2.840.10045.4.3.2, ecdsa-with-SHA224 is the one before.
        let (strong, weak) = (
            [42, 134, 72, 206, 61, 4, 3, 2],
            [42, 134, 72, 206, 61, 4, 3, 1],
        );
        let mut good = Self::good();
        let mut der = good.chain[0].to_vec();
        while let Some(at) = der.windows(strong.len()).position(|part| part == strong) {
            der[at..at + weak.len()].copy_from_slice(&weak);
        }
        good.chain[0] = der.into();
        good
    }

    /// An intermediate authority stands between, and the server forgets to send it.
    pub fn without_its_intermediate() -> Self {
        let root_key = KeyPair::generate().unwrap();
        let root = authority("A fixture's authority");
        let pem = root.self_signed(&root_key).unwrap().pem();
        let root = Issuer::new(root, root_key);
        let middle_key = KeyPair::generate().unwrap();
        let middle = authority("A fixture's intermediate");
        middle.signed_by(&middle_key, &root).unwrap();
        let middle = Issuer::new(middle, middle_key);
        let key = KeyPair::generate().unwrap();
        let certificate = names(&["localhost"]).signed_by(&key, &middle).unwrap();
        Self {
            chain: vec![certificate.der().clone()],
            key: key.serialize_der(),
            authority: pem,
        }
    }

    /// PEM to hand over, as `TEAMCITY_CA_CERTIFICATE`: the authority's, or the certificate itself if it is its own.
    pub fn authority(&self) -> &str {
        &self.authority
    }

    pub(super) fn key(&self) -> PrivateKeyDer<'static> {
        PrivatePkcs8KeyDer::from(self.key.clone()).into()
    }
}
