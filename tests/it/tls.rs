//! TLS in front of a plain server, with a certificate of an authority that nobody knows.

use crate::network::{self, Certificate, Https};

#[test]
fn an_authority_that_nobody_knows_is_refused_with_the_cure_and_accepted_once_given() {
    use base64::Engine as _;
    use teamcity_simulator::{Plan, Scenario, Simulator};

    let plan = Plan::new()
        .queued_for(std::time::Duration::from_millis(100))
        .runs_for(std::time::Duration::from_secs(1));
    let (simulator, address) =
        Simulator::spawn_thread(Scenario::new().plan("App_Build", plan)).unwrap();
    let certificate = Certificate::good();
    let authority = certificate.authority().to_owned();
    let front = Https::new(certificate).before(address);
    let wrong_host = front.url().replace("localhost", "127.0.0.1");
    let run = |url: &str, authority: Option<&str>| {
        let mut step = crate::pipe::Step::new().set("TEAMCITY_URL", url);
        if let Some(authority) = authority {
            step = step.set("TEAMCITY_CA_CERTIFICATE", authority);
        }
        network::run(&step)
    };
    let (status, text) = run(&front.url(), None);
    assert_eq!(status, 5, "{text}");
    assert!(text.contains("TEAMCITY_CA_CERTIFICATE"), "{text}");
    let (status, text) = run(&wrong_host, Some(&authority));
    assert_eq!(status, 5, "a certificate of another host: {text}");
    assert!(simulator.requests().is_empty(), "nothing was sent");

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ca.pem");
    std::fs::write(&path, &authority).unwrap();
    let folded = authority.replace('\n', " ");
    let packed = base64::engine::general_purpose::STANDARD.encode(&authority);
    for form in [&authority, &folded, &packed, path.to_str().unwrap()] {
        let (status, text) = run(&front.url(), Some(form));
        assert_eq!(status, 0, "{text}");
    }
}
