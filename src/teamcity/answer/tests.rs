//! Bodies of every generation, and of those who stand before the server.

use proptest::prelude::*;

use super::*;
use crate::http::{TransportError, Trouble};

#[test]
fn finds_the_words_in_every_generation() {
    let text = "Responding with error, status code: 404 (Not Found).\nDetails: jetbrains.buildServer.server.rest.errors.NotFoundException: No build found by id '999'.\nCould not find the entity requested. Check the reference is correct and the user has permissions to access the entity.";
    let json = r#"{"errors":[{"message":"No build found by id '999'.","additionalMessage":"x","stackTrace":null}]}"#;
    let xml = "<errors><error><message>No build found by id '999'.</message></error></errors>";
    for body in [text, json, xml] {
        assert_eq!(message(body), "No build found by id '999'.");
    }
    assert_eq!(
        message("<html><body>nginx</body></html>"),
        "no reason given"
    );
}

#[test]
fn an_error_without_words_or_with_too_many_is_one_plain_sentence() {
    for body in [
        r#"{"errors":[{"message":null,"additionalMessage":null}]}"#,
        r#"{"errors":[]}"#,
        r#"{"timestamp":1,"path":"/x"}"#,
        "null",
        "",
        "<errors><error><message/></error></errors>",
    ] {
        assert_eq!(message(body), "no reason given", "{body}");
    }
    let calls = "\n\tat jetbrains.buildServer.X.y(X.java:12)".repeat(90);
    let text = format!("Details: java.lang.NullPointerException: no id{calls}");
    let json = serde_json::json!({"errors": [{"message": format!("no id{calls}")}]}).to_string();
    let xml = format!("<errors><error><message>no id{calls}</message></error></errors>");
    for body in [text, json, xml] {
        assert_eq!(message(&body), "no id");
    }
    let null = r#"{"errors":[{"message":null,"statusText":"Bad Request"}]}"#;
    assert_eq!(message(null), "Bad Request");
}

fn answered(url: &str, status: u16, headers: &[(&str, &str)], body: &str) -> ErrorKind {
    struct Nothing;
    impl crate::http::Chunks for Nothing {
        fn chunk(
            &mut self,
        ) -> crate::http::BoxFuture<'_, Result<Option<bytes::Bytes>, TransportError>> {
            Box::pin(async { Ok(None) })
        }
    }
    let mut map = http::HeaderMap::new();
    for (name, value) in headers {
        let name = http::HeaderName::from_bytes(name.as_bytes()).unwrap();
        map.append(name, value.parse().unwrap());
    }
    let response = Response {
        status,
        headers: map,
        body: Box::new(Nothing),
    };
    of_answer(&Url::parse(url).unwrap(), &response, body.as_bytes())
}

#[test]
fn what_passes_what_does_not_and_what_is_a_refusal() {
    let of =
        |status, body: &str| answered("https://tc.example.com/", status, &[], body).trouble(None);
    for status in [408, 425, 429, 500, 502, 503, 504, 520, 525, 530] {
        assert_eq!(of(status, ""), Trouble::Outage(None), "{status}");
    }
    let node = "Details: This TeamCity node is not allowed to perform this action.";
    assert_eq!(of(400, node), Trouble::Outage(None));
    for status in [400, 403, 404, 409] {
        assert_eq!(of(status, "no"), Trouble::Refusal, "{status}");
    }
    assert_eq!(of(403, "<html>no</html>"), Trouble::Lasting);
    assert_eq!(of(401, "no"), Trouble::Unauthorized);
}

#[test]
fn a_gateway_is_told_from_the_server() {
    let url = "http://tc.example.com/";
    let elsewhere = [("location", "https://sso.example.com/login")];
    assert!(matches!(
        answered(url, 302, &elsewhere, ""),
        ErrorKind::SignOn(_)
    ));
    let here = [("location", "https://tc.example.com/")];
    assert!(matches!(
        answered(url, 301, &here, ""),
        ErrorKind::Redirected(_)
    ));
    let html = ("content-type", "text/html");
    let windows = [html, ("www-authenticate", "Negotiate")];
    assert!(matches!(
        answered(url, 401, &windows, "<html>"),
        ErrorKind::SignOn(_)
    ));
    let own = [html, ("www-authenticate", "Bearer realm=\"TeamCity\"")];
    assert_eq!(answered(url, 401, &own, "<html>"), ErrorKind::Unauthorized);
    let tls = "<html><title>400 The plain HTTP request was sent to HTTPS port</title></html>";
    assert!(matches!(
        answered(url, 400, &[html], tls),
        ErrorKind::Protocol(ProtocolFault::WantsTls, _)
    ));
    let page = "<html><title>Welcome &amp; more</title></html>";
    assert_eq!(
        answered(url, 404, &[html], page),
        ErrorKind::WebPage("HTTP 404, \"Welcome & more\"".to_owned())
    );
}

#[test]
fn tells_a_starting_server_from_one_that_waits_for_its_administrator() {
    let page = |stage: &str| {
        format!("<!--\nPage: maintenance-welcome\nStage: {stage}\n-->\n<!DOCTYPE html>")
    };
    assert!(matches!(
        maintenance(&page("APPLICATION_STARTING")),
        ErrorKind::Starting(_)
    ));
    assert!(matches!(
        maintenance(&page("UPGRADE_DATA_DIRECTORY")),
        ErrorKind::Maintenance(_)
    ));
}

proptest! {
    #[test]
    fn no_body_makes_it_panic_or_print_controls(body in "(?s).{0,200}") {
        prop_assert!(!message(&body).chars().any(char::is_control));
    }
}
