//! TLS in front of a plain server, with a certificate of an authority that nobody knows.

use std::net::SocketAddr;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use teamcity_simulator::{Plan, Scenario, Simulator};

use crate::network::{self, Certificate, Https, at_once};
use crate::pipe::Step;

fn server() -> (Simulator, SocketAddr) {
    let plan = Plan::new()
        .queued_for(Duration::from_millis(100))
        .runs_for(Duration::from_secs(1));
    Simulator::spawn_thread(Scenario::new().plan("App_Build", plan)).unwrap()
}

fn run(url: &str, authority: Option<&str>) -> (i32, String) {
    let step = Step::new().set("TEAMCITY_URL", url).set("RETRY_FOR", "1s");
    network::run(&match authority {
        Some(authority) => step.set("TEAMCITY_CA_CERTIFICATE", authority),
        None => step,
    })
}

#[test]
fn an_authority_that_nobody_knows_is_refused_with_the_cure() {
    let (simulator, address) = server();
    let certificate = Certificate::good();
    let authority = certificate.authority().to_owned();
    let front = Https::new(certificate).before(address);
    let wrong_host = front.url().replace("localhost", "127.0.0.1");
    let cases = [(front.url(), None), (wrong_host, Some(authority.as_str()))];
    at_once(cases, |(url, authority)| {
        let (status, text) = run(&url, authority);
        assert_eq!(status, 5, "{text}");
        let is_named = text.contains("TEAMCITY_CA_CERTIFICATE");
        assert!(is_named || authority.is_some(), "{text}");
    });
    assert!(simulator.requests().is_empty(), "nothing was sent");
}

#[test]
fn an_authority_is_accepted_in_each_form() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ca.pem");
    let forms: [fn(&str) -> String; 3] = [
        ToOwned::to_owned,
        |pem| pem.replace('\n', " "),
        |pem| STANDARD.encode(pem),
    ];
    let file = |pem: &str| {
        std::fs::write(&path, pem).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let forms = forms
        .iter()
        .map(|form| form as &(dyn Fn(&str) -> String + Sync));
    let all = forms.chain([&file as &(dyn Fn(&str) -> String + Sync)]);
    // Each on a server of its own: a step does not run twice at once.
    at_once(all, |form| {
        let (_simulator, address) = server();
        let certificate = Certificate::good();
        let given = form(certificate.authority());
        let front = Https::new(certificate).before(address);
        let (status, text) = run(&front.url(), Some(&given));
        assert_eq!(status, 0, "{text}");
    });
}
