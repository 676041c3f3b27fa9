//! Servers that can't be reached, and what stands between: each in the user's words, with the cure that fits, and `check`
//! says the same as a run.

use std::net::SocketAddr;
use std::time::Duration;

use teamcity_simulator::{Plan, Scenario, Simulator};

use crate::network::silence::{self, UNKNOWN_HOST};
use crate::network::{Certificate, Gateway, Https, Proxy, at_once, run, tls};
use crate::pipe::Step;

fn server() -> (Simulator, SocketAddr) {
    let plan = Plan::new()
        .queued_for(Duration::from_millis(100))
        .runs_for(Duration::from_millis(500));
    Simulator::spawn_thread(Scenario::new().plan("App_Build", plan)).unwrap()
}

fn step(url: &str) -> Step {
    Step::new().set("TEAMCITY_URL", url).set("RETRY_FOR", "1s")
}

fn with(step: Step, settings: &[(&str, &str)]) -> Step {
    let set = |step: Step, (name, value): &(&str, &str)| step.set(name, value);
    settings.iter().fold(step, set)
}

/// Words of libraries that say nothing to a user.
const DEBUG_WORDS: &[&str] = &[
    "InvalidCertificate",
    "UnknownIssuer",
    "CaUsedAsEndEntity",
    "InvalidContentType",
    "corrupt message",
    "NotValidFor",
    "ExpiredContext",
    "UnixTime",
    "AlertReceived",
    "CertificateRequired",
    "peer is incompatible",
    "os error",
    "tunnel",
    "dns error",
    "hyper",
    "reqwest",
    "client error",
    "UnsupportedSignature",
    "{",
    "invalid HTTP",
];

/// A run and a check of the same end with 5, and say both of these.
#[track_caller]
fn both_say(url: &str, settings: &[(&str, &str)], what: &str, cure: &str) -> String {
    let ((status, text), (checked, check)) = std::thread::scope(|scope| {
        let check = scope.spawn(|| run(&with(step(url), settings).argument("check")));
        let ran = run(&with(step(url), settings));
        (ran, check.join().unwrap())
    });
    assert_eq!(status, 5, "{text}");
    assert_eq!(checked, 5, "{check}");
    for said in [&text, &check] {
        // Lines are broken for the log's width.
        let flat = said.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(flat.contains(what), "{what:?} is not in\n{said}");
        assert!(flat.contains(cure), "{cure:?} is not in\n{said}");
        for word in DEBUG_WORDS {
            assert!(!flat.contains(word), "{word:?} is in\n{said}");
        }
    }
    text
}

#[test]
fn each_refused_certificate_has_a_sentence_of_its_own() {
    let (simulator, address) = server();
    let ca = "TEAMCITY_CA_CERTIFICATE";
    let refused = [
        (
            Certificate::expired(),
            true,
            "expired on 2020-01-01",
            "to renew it",
        ),
        (
            Certificate::not_yet_valid(),
            true,
            "is not valid before 2100-01-01",
            "clocks",
        ),
        (
            Certificate::for_names(&["other.example.com", "*.corp"]),
            true,
            "is for other.example.com, *.corp, not for localhost",
            "TEAMCITY_URL",
        ),
        (
            Certificate::good(),
            false,
            "(seen: localhost by A fixture's authority)",
            ca,
        ),
        (
            Certificate::without_its_intermediate(),
            true,
            "is signed by an authority that is neither public nor in TEAMCITY_CA_CERTIFICATE (seen: localhost by A fixture's intermediate)",
            "TEAMCITY_CA_CERTIFICATE contains another authority",
        ),
        (Certificate::weakly_signed(), true, "too weak", "SHA-256"),
    ];
    at_once(refused, |(certificate, given, what, cure)| {
        let authority = certificate.authority().to_owned();
        let place = Https::new(certificate).before(address);
        let settings = [(ca, authority.as_str())];
        both_say(
            &place.url(),
            if given { &settings } else { &[] },
            what,
            cure,
        );
    });
    assert!(simulator.requests().is_empty(), "nothing was sent");
}

#[test]
fn a_servers_own_certificate_is_trusted_once_handed_over_and_for_its_names_alone() {
    let own = [Certificate::own(), Certificate::own_for_a_server_alone()];
    at_once(own, |certificate| {
        let (_simulator, address) = server();
        let own = certificate.authority().to_owned();
        let place = Https::new(certificate).before(address);
        let given = [("TEAMCITY_CA_CERTIFICATE", own.as_str())];
        let (status, text) = run(&with(step(&place.url()), &given));
        assert_eq!(status, 0, "{text}");
        let elsewhere = place.url().replace("localhost", "127.0.0.1");
        both_say(&elsewhere, &given, "127.0.0.1", "TEAMCITY_URL");
        both_say(&place.url(), &[], "by itself", "TEAMCITY_CA_CERTIFICATE");
    });
}

#[test]
fn the_wrong_protocol_is_named_either_way() {
    let (_simulator, address) = server();
    let plain = format!("https://localhost:{}", address.port());
    both_say(&plain, &[], "does not speak TLS", "'http://'");
    let bare = Https::new(Certificate::good()).before(address);
    both_say(&bare.url_with("http"), &[], "does not speak HTTP", "https");
    let nginx = Https::new(Certificate::good())
        .page_for_plain_http()
        .before(address);
    both_say(&nginx.url_with("http"), &[], "requires TLS", "'https://'");
}

#[test]
fn a_server_of_old_and_one_that_wants_a_certificate_are_named() {
    both_say(
        &tls::tls_1_0().url(),
        &[],
        "no TLS version or cipher in common",
        "TLS 1.2",
    );
    both_say(
        &tls::tls_alert().url(),
        &[],
        "no TLS version or cipher in common",
        "TLS 1.2",
    );
    let (_simulator, address) = server();
    let certificate = Certificate::good();
    let authority = certificate.authority().to_owned();
    let place = Https::new(certificate)
        .wants_client_certificate()
        .before(address);
    let given = [("TEAMCITY_CA_CERTIFICATE", authority.as_str())];
    both_say(
        &place.url(),
        &given,
        "requires a client certificate",
        "does not support client certificates",
    );
}

#[test]
fn a_host_that_is_not_there_is_told_from_one_that_refuses() {
    both_say(
        &format!("https://{UNKNOWN_HOST}"),
        &[],
        "the name teamcity.invalid can't be resolved",
        "self-hosted runner",
    );
    let closed = silence::closed_port();
    both_say(
        &format!("http://{closed}"),
        &[],
        "nothing listens there",
        "TEAMCITY_URL",
    );
    both_say(
        &silence::reset().url(),
        &[],
        "closed the connection",
        "TEAMCITY_URL",
    );
}

#[test]
fn a_single_sign_on_wants_a_header() {
    let sso = Gateway::redirecting("https://sso.example.com/login?state=s3cr3t-state");
    let text = both_say(
        &sso.url(),
        &[],
        "redirects every request to another host, https://sso.example.com/login",
        "TEAMCITY_HEADER_",
    );
    assert!(!text.contains("s3cr3t-state"), "{text}");
    both_say(
        &Gateway::negotiating().url(),
        &[],
        "requires its own login",
        "TEAMCITY_HEADER_",
    );
    let (_simulator, address) = server();
    let gateway = Gateway::wanting_header("CF-Access-Client-Secret", "s3cr3t-header", address);
    both_say(
        &gateway.url(),
        &[],
        "requires its own login",
        "TEAMCITY_HEADER_",
    );
    let key = [("TEAMCITY_HEADER_CF_ACCESS_CLIENT_SECRET", "s3cr3t-header")];
    let (status, text) = run(&with(step(&gateway.url()), &key));
    assert_eq!(status, 0, "{text}");
}

#[test]
fn a_page_for_everything_is_one_plain_sentence() {
    both_say(
        &Gateway::captive().url(),
        &[],
        "a web page, not TeamCity's REST API (HTTP 200, \"Welcome to the network\")",
        "TEAMCITY_URL",
    );
}

#[test]
fn a_proxy_leads_to_the_server_with_any_password() {
    let ways = [
        ("http://tc.example.com", "HTTP_PROXY"),
        ("https://tc.example.com", "HTTPS_PROXY"),
    ];
    let written = ["p#ss@w%rd", "p%23ss%40w%25rd"];
    let cases = ways
        .into_iter()
        .flat_map(|way| written.map(|written| (way, written)));
    // Each on a server of its own: a step does not run twice at once.
    at_once(cases, |((url, variable), written)| {
        let (simulator, address) = server();
        let proxy = Proxy::with_password("jane", "p#ss@w%rd");
        proxy.leads("tc.example.com:80", address);
        let certificate = Certificate::for_names(&["tc.example.com"]);
        let authority = certificate.authority().to_owned();
        let https = Https::new(certificate).before(address);
        proxy.leads("tc.example.com:443", https.address());
        let address = proxy.url_as("jane", written);
        let settings = [
            (variable, address.as_str()),
            ("TEAMCITY_CA_CERTIFICATE", &authority),
            ("DEBUG", "true"),
        ];
        let (status, text) = run(&with(step(url), &settings));
        assert_eq!(status, 0, "{text}");
        assert!(!text.contains("p#ss") && !text.contains("p%23ss"), "{text}");
        assert!(!simulator.requests().is_empty());
    });
}

#[test]
fn what_a_proxy_refuses_is_said_of_the_proxy() {
    let (simulator, address) = server();
    let plain = format!("http://localhost:{}", address.port());
    let tunneled = format!("https://localhost:{}", address.port());
    for (proxy, what, cure) in [
        (
            Proxy::with_password("jane", "right"),
            "does not accept its user and password (HTTP 407)",
            "user:password@",
        ),
        (
            Proxy::answering(403),
            "refuses to connect to the server (HTTP 403)",
            "NO_PROXY",
        ),
        (Proxy::answering(502), "(HTTP 502)", "NO_PROXY"),
    ] {
        let refuses = !what.contains("502");
        for (url, variable) in [(&plain, "HTTP_PROXY"), (&tunneled, "HTTPS_PROXY")] {
            let before = proxy.heard().len();
            let address = proxy.url_as("jane", "wr0ng-word");
            let text = both_say(url, &[(variable, &address)], what, cure);
            assert!(
                text.contains(&format!("the proxy {}", proxy.url())),
                "{text}"
            );
            assert!(!text.contains("wr0ng-word"), "{text}");
            if refuses {
                // A tunnel is asked for twice, the second time for the reason.
                assert!(proxy.heard().len() - before <= 4, "asked at once, once");
            }
        }
    }
    assert!(simulator.requests().is_empty(), "nothing came through");
}

#[test]
fn what_is_no_proxy_is_named() {
    let (_simulator, address) = server();
    let no_proxy = Gateway::answering(404);
    let url = format!("https://localhost:{}", address.port());
    both_say(
        &url,
        &[("HTTPS_PROXY", &no_proxy.url())],
        "does not answer like a proxy",
        "HTTPS_PROXY",
    );
    let closed = format!("http://{}", silence::closed_port());
    both_say(
        &url,
        &[("HTTPS_PROXY", &closed)],
        &format!("the proxy {closed} can't be reached: nothing listens there"),
        "NO_PROXY",
    );
    let unknown = format!("http://{UNKNOWN_HOST}:3128");
    both_say(
        &url,
        &[("HTTPS_PROXY", &unknown)],
        "its name can't be resolved",
        "HTTPS_PROXY",
    );
}

#[test]
fn an_address_that_no_proxy_can_have_is_a_mistake() {
    for value in [
        "socks5://proxy:1080",
        "http://user:s3cr3t-word@",
        "http://proxy:port",
    ] {
        let (status, text) = run(&step("https://tc.example.com").set("HTTPS_PROXY", value));
        assert_eq!(status, 3, "{text}");
        assert!(
            text.contains("HTTPS_PROXY") && !text.contains("s3cr3t"),
            "{text}"
        );
    }
}

#[test]
fn no_proxy_takes_each_form_and_warns_of_others() {
    let proxy = Proxy::answering(403);
    // Each on a server of its own: a step does not run twice at once.
    let run_with = |host: &str, list: &str| {
        let (_simulator, address) = server();
        let port = address.port().to_string();
        let step = step(&format!("http://{host}:{port}"))
            .set("HTTP_PROXY", &proxy.url())
            .set("NO_PROXY", &list.replace("PORT", &port));
        run(&step)
    };
    let lists = [
        ("localhost", "localhost"),
        ("localhost", "other, localhost"),
        ("localhost", "other localhost"),
        ("localhost", "*"),
        ("localhost", "localhost:PORT"),
        ("127.0.0.1", "10.0.0.0/8,127.0.0.0/8"),
    ];
    at_once(lists, |(host, list)| {
        let (status, text) = run_with(host, list);
        assert_eq!(status, 0, "{list}: {text}");
    });
    let (status, text) = run_with("localhost", "http://localhost");
    assert_eq!(status, 5, "{text}");
    assert!(
        text.contains("NO_PROXY has an entry 'http://localhost' that is ignored"),
        "{text}"
    );
    assert!(proxy.heard().len() < 4);
}
