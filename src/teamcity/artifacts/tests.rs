//! Downloads that break, lie, or lead elsewhere.

use super::*;
use crate::teamcity::stub::{Stub, client};

fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
    pairs
        .iter()
        .map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_static(value)))
        .collect()
}

async fn read(stub: &Stub, size: Option<u64>) -> Result<String, Error> {
    let client = client(stub);
    let mut download = client.download(
        BuildId(7),
        &Artifact {
            path: "a b/c#.txt".into(),
            size,
        },
    );
    let mut all = Vec::new();
    loop {
        match download.next().await? {
            Piece::Bytes(bytes) => all.extend_from_slice(&bytes),
            Piece::Restart => all.clear(),
            Piece::End => return Ok(String::from_utf8(all).unwrap()),
        }
    }
}

fn broken() -> Bytes {
    Bytes::new()
}

#[tokio::test(start_paused = true)]
async fn a_broken_download_goes_on_where_it_broke() {
    let stub = Stub::with_headers(|request| {
        if let Some(range) = request.headers.get(RANGE) {
            assert_eq!(range, "bytes=4-");
            assert_eq!(request.headers[IF_RANGE], "\"x\"");
            (
                206,
                headers(&[("content-range", "bytes 4-5/6"), ("etag", "\"x\"")]),
                vec!["56".into()],
            )
        } else {
            (
                200,
                headers(&[("etag", "\"x\"")]),
                vec!["12".into(), "34".into(), broken()],
            )
        }
    });
    assert_eq!(read(&stub, Some(6)).await.unwrap(), "123456");
    assert_eq!(
        stub.requests()[0].path(),
        "/tc/app/rest/builds/id:7/artifacts/content/a%20b/c%23.txt"
    );
}

#[tokio::test(start_paused = true)]
async fn a_server_that_ignores_ranges_begins_anew() {
    let stub = Stub::with_headers(|request| {
        let again = request.headers.contains_key(RANGE);
        let end = if again { "34".into() } else { broken() };
        (200, headers(&[("etag", "\"x\"")]), vec!["12".into(), end])
    });
    assert_eq!(read(&stub, Some(4)).await.unwrap(), "1234");
}

#[tokio::test(start_paused = true)]
async fn what_never_gets_whole_is_given_up() {
    let short = Stub::with_headers(|_| (200, HeaderMap::new(), vec!["1".into()]));
    let error = read(&short, Some(4)).await;
    // Each try brings a byte, and begins anew: it must end all the same.
    assert!(error.is_err());
    let long = Stub::with_headers(|_| (200, HeaderMap::new(), vec!["12345".into()]));
    assert!(
        read(&long, Some(4))
            .await
            .unwrap_err()
            .to_string()
            .contains("larger than the 4 bytes")
    );
}

#[tokio::test(start_paused = true)]
async fn a_storage_elsewhere_gets_no_credential() {
    let stub = Stub::with_headers(|request| {
        if request.url.host_str() == Some("tc.example.com") {
            assert!(request.headers.contains_key("authorization"));
            (
                302,
                headers(&[("location", "https://s3.example.net/x?signature=1")]),
                vec![],
            )
        } else {
            (200, HeaderMap::new(), vec!["1234".into()])
        }
    });
    assert_eq!(read(&stub, Some(4)).await.unwrap(), "1234");
    let all = stub.all();
    assert_eq!(all[1].url.as_str(), "https://s3.example.net/x?signature=1");
    assert!(!all[1].headers.contains_key("authorization"));
}

#[tokio::test(start_paused = true)]
async fn other_redirects_are_not_followed() {
    for location in [
        "/login.html",
        "http://s3.example.net/x",
        "https://tc.example.com/other",
        "ftp://x/y",
    ] {
        let stub = Stub::with_headers(move |_| (302, headers(&[("location", location)]), vec![]));
        assert!(read(&stub, Some(4)).await.is_err());
        assert!(
            stub.requests()
                .iter()
                .all(|url| url.path().starts_with("/tc/app/rest/")),
            "{location}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn lists_folder_by_folder_where_all_at_once_is_too_much() {
    let stub = Stub::new(|request| {
        let path = request.url.path().to_owned();
        if path.ends_with("/children") && request.url.as_str().contains("recursive%3Atrue") {
            (200, "x".repeat(5_000_000))
        } else if path.ends_with("/children") {
            (200, r#"{"file":[{"name":"a.txt","size":1,"content":{"href":"x"}},{"name":"d","children":{"href":"x"}},{"name":".teamcity","children":{"href":"x"}}]}"#.to_owned())
        } else {
            assert!(path.ends_with("/children/d"), "{path}");
            (200, r#"{"file":[{"name":"b.txt","fullName":"d/b.txt","content":{"href":"x"}},{"fullName":"d/c.bin","size":2,"content":{"href":"x"}}]}"#.to_owned())
        }
    });
    let found = client(&stub)
        .artifacts(BuildId(7), &|path| path.ends_with(".txt"))
        .await
        .unwrap();
    let paths: Vec<_> = found
        .files
        .iter()
        .map(|file| (file.path.as_str(), file.size))
        .collect();
    assert_eq!(paths, [("a.txt", Some(1)), ("d/b.txt", None)]);
    assert!(!found.incomplete);
}

#[tokio::test(start_paused = true)]
async fn bytes_of_another_answer_are_not_put_behind_the_first_ones() {
    // The first answer is a page of a proxy's, which breaks; it has no tag.
    let first = std::cell::Cell::new(true);
    let stub = Stub::with_headers(move |request| {
        assert!(!request.headers.contains_key(RANGE));
        if first.take() {
            (200, HeaderMap::new(), vec!["<h".into(), broken()])
        } else {
            (
                200,
                headers(&[("etag", "\"x\""), ("content-length", "4")]),
                vec!["1234".into()],
            )
        }
    });
    assert_eq!(read(&stub, Some(4)).await.unwrap(), "1234");
}

#[tokio::test(start_paused = true)]
async fn an_answer_of_another_length_is_not_even_read() {
    let stub =
        Stub::with_headers(|_| (200, headers(&[("content-length", "3")]), vec!["<p>".into()]));
    let error = read(&stub, Some(4)).await.unwrap_err().to_string();
    assert!(error.contains("is not the file that was listed"), "{error}");
}
