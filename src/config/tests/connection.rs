//! How to reach the servers.

use super::*;

#[test]
fn a_token_is_taken_as_it_is_or_not_at_all() {
    for wrong in [
        "Bearer abc",
        "abc def",
        "abc\n",
        "\"abc\"",
        "https://tc.example.com",
        "zażółć",
    ] {
        let pairs = os(&[LEAST[0], ("TEAMCITY_TOKEN", wrong), LEAST[2]]);
        let problems = read(pairs, CommandKind::Run).map(drop).unwrap_err();
        assert_eq!(problems.0.len(), 1);
        assert!(!problems.to_string().contains(wrong.trim()), "{problems}");
    }
}

#[test]
fn an_address_that_cannot_work_is_refused_without_showing_secrets() {
    let wrong = |url: &str| {
        let pairs = os(&[("TEAMCITY_URL", url), LEAST[1], LEAST[2]]);
        read(pairs, CommandKind::Run)
            .map(drop)
            .unwrap_err()
            .to_string()
    };
    assert!(wrong("tc.example.com:8111").contains("Write 'https://tc.example.com:8111'"));
    for secret in [
        "https://user:s3cret@tc.example.com",
        "https://s3cret@tc.example.com",
        "https://tc.example.com/?token=s3cret",
        "s3cret@tc.example.com",
    ] {
        assert!(!wrong(secret).contains("s3cret"), "{}", wrong(secret));
    }
    assert!(wrong("ftp://tc.example.com").contains("neither https nor http"));
    assert!(wrong("https://tc.example.com/app/rest").contains("REST API"));
    assert!(wrong("https://tc.example.com/login.html").contains("page"));
    assert!(wrong("https://").contains("not a valid address"));
}

#[test]
fn plain_http_is_warned_of_except_on_this_machine() {
    let warnings = |url: &str| {
        let pairs = os(&[("TEAMCITY_URL", url), LEAST[1], LEAST[2]]);
        read(pairs, CommandKind::Run).unwrap().1.len()
    };
    assert_eq!(warnings("http://tc.example.com"), 1);
    for local in [
        "http://localhost:8111",
        "http://127.0.0.1",
        "http://[::1]:8111",
        "http://host.docker.internal:8111",
    ] {
        assert_eq!(warnings(local), 0, "{local}");
    }
}

#[test]
fn the_alias_of_the_address_works() {
    let (settings, warnings) = read(
        os(&[("TEAMCITY_SERVER", "https://a.example"), LEAST[1], LEAST[2]]),
        CommandKind::Run,
    )
    .unwrap();
    assert_eq!(settings.connection.url.as_str(), "https://a.example/");
    assert_eq!(warnings, []);
    assert!(warned(&[("TEAMCITY_SERVER", "https://a.example")]).contains("is ignored"));
}

#[test]
fn headers_are_sensitive_and_cannot_replace_the_token() {
    let settings = good(&[("TEAMCITY_HEADER_CF_Access_Client_Id", "abcd")]);
    let (name, value) = &settings.connection.network.headers[0];
    assert_eq!(name.as_str(), "cf-access-client-id");
    assert!(value.is_sensitive());
    let text = bad(&[
        ("TEAMCITY_HEADER_AUTHORIZATION", "s3cret"),
        ("TEAMCITY_HEADER_B", "s3\ncret"),
        ("TEAMCITY_HEADER_", "s3cret"),
    ]);
    assert!(!text.contains("s3"), "{text}");
    assert!(text.starts_with("3 problems"), "{text}");
}

#[test]
fn certificates_come_as_text_base64_or_path() {
    use base64::Engine as _;
    let pem = "-----BEGIN CERTIFICATE-----\nMIIBAA==\n-----END CERTIFICATE-----\n";
    let base64 = |bytes: &[u8]| base64::engine::general_purpose::STANDARD.encode(bytes);
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), pem).unwrap();
    for value in [
        pem.to_owned(),
        pem.replace('\n', "\\n"),
        "-----BEGIN CERTIFICATE----- MIIBAA== -----END CERTIFICATE-----".to_owned(),
        base64(pem.as_bytes()),
        file.path().to_str().unwrap().to_owned(),
    ] {
        let settings = good(&[("TEAMCITY_CA_CERTIFICATE", &value)]);
        assert_eq!(
            settings.connection.network.ca_certificate.unwrap().trim(),
            pem.trim()
        );
    }
    let der = good(&[(
        "TEAMCITY_CA_CERTIFICATE",
        &base64(&[0x30, 0x82, 1, 0, 0xff]),
    )]);
    assert!(
        der.connection
            .network
            .ca_certificate
            .unwrap()
            .starts_with("-----BEGIN CERTIFICATE-----\nMIIB")
    );
    assert!(bad(&[("TEAMCITY_CA_CERTIFICATE", "no/such.pem")]).contains("can't be read"));
    assert!(bad(&[("TEAMCITY_CA_CERTIFICATE", "/dev/zero")]).contains("not a certificate file"));
    assert!(
        bad(&[("TEAMCITY_CA_CERTIFICATE", "-----BEGIN PRIVATE KEY-----")]).contains("private key")
    );
}

#[test]
fn the_names_of_atlassians_pipes_give_a_credential() {
    let basic = good(&[
        ("ATLASSIAN_ACCOUNT_EMAIL", "a@b.example"),
        ("ATLASSIAN_API_TOKEN", "t"),
    ]);
    assert!(matches!(
        basic.bitbucket.credential,
        Some(crate::types::Credential::Basic { .. })
    ));
    assert!(basic.results.build_status);
    let bearer = good(&[("BITBUCKET_ACCESS_TOKEN", "t"), ("BUILD_STATUS", "off")]);
    assert!(matches!(
        bearer.bitbucket.credential,
        Some(crate::types::Credential::Bearer(_))
    ));
    assert!(!bearer.results.build_status);
    assert!(bad(&[("ATLASSIAN_API_TOKEN", "t")]).contains("ATLASSIAN_ACCOUNT_EMAIL is missing"));
    assert!(bad(&[("BUILD_STATUS", "true")]).contains("needs a Bitbucket credential"));
}
