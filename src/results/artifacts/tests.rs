//! Against a server of one function: what lands where, and what never does.

use std::fs;

use bytes::Bytes;
use http::HeaderMap;
use proptest::prelude::*;
use teamcity_simulator::{self as simulated, Fault, FaultKind, Matcher, Plan, Scenario, Simulator};

use std::path::Path;
use std::time::Duration;

use tokio::time::Instant;

use super::download::MOST_WARNINGS;
use super::places::safe_parts;
use super::*;
use crate::results::budget::Budget;
use crate::results::files::Folder;
use crate::teamcity::Client;
use crate::teamcity::stub::{self, Stub, client};
use crate::types::{BuildId, BuildTypeId};

/// A build whose artifacts are these paths; the content of each is its path.
fn server(paths: &'static [&'static str]) -> Stub {
    Stub::with_headers(move |request| {
        let path = request.url.path();
        let body = if let Some((_, path)) = path.split_once("/artifacts/content/") {
            let decoded = path.replace("%20", " ");
            Bytes::from(decoded)
        } else {
            let files: Vec<_> = paths
                .iter()
                .map(|path| serde_json::json!({ "fullName": path, "size": path.len(), "content": { "href": "x" } }))
                .collect();
            Bytes::from(serde_json::json!({ "file": files }).to_string())
        };
        (200, HeaderMap::new(), vec![body])
    })
}

async fn run(stub: &Stub, root: &Path, patterns: &[&str]) -> ArtifactReport {
    download(&client(stub), &[(BuildId(7), None)], root, patterns).await
}

async fn download(
    client: &Client,
    builds: &[(BuildId, Option<&str>)],
    root: &Path,
    patterns: &[&str],
) -> ArtifactReport {
    let patterns: Vec<String> = patterns.iter().map(ToString::to_string).collect();
    let budget = Budget::new(Instant::now() + Duration::from_secs(36_000));
    let downloads = Downloads::new(
        client,
        &budget,
        &patterns,
        Folder::new(root.join("out")),
        &|_| {},
    );
    for (id, folder) in builds {
        downloads.of_build(*id, *folder).await;
    }
    downloads.report()
}

fn tree(root: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && !path.is_symlink() {
                folders.push(path);
            } else {
                found.push(
                    path.strip_prefix(root)
                        .unwrap()
                        .to_str()
                        .unwrap()
                        .to_owned(),
                );
            }
        }
    }
    found.sort();
    found
}

#[tokio::test(start_paused = true)]
async fn patterns_choose_and_exclude() {
    let stub = server(&[
        "dist/app.zip",
        "dist/deep/er/lib.zip",
        "dist/app.txt",
        "logs/a.log",
        "logs/b b.log",
        ".teamcity/settings.zip",
    ]);
    let root = tempfile::tempdir().unwrap();
    let report = run(
        &stub,
        root.path(),
        &["dist/**/*.zip", "logs/", "!**/a.log", "none/*"],
    )
    .await;
    assert_eq!(
        tree(root.path()),
        [
            "out/dist/app.zip",
            "out/dist/deep/er/lib.zip",
            "out/logs/b b.log"
        ]
    );
    assert_eq!(report.files, 3);
    assert_eq!(report.warnings, ["no artifact matches `none/*`"]);
    assert_eq!(
        fs::read_to_string(root.path().join("out/logs/b b.log")).unwrap(),
        "logs/b b.log"
    );
}

#[tokio::test(start_paused = true)]
async fn only_exclusions_mean_all_the_others() {
    let stub = server(&["a.txt", "b.log"]);
    let root = tempfile::tempdir().unwrap();
    assert_eq!(run(&stub, root.path(), &["!*.log"]).await.files, 1);
    assert_eq!(tree(root.path()), ["out/a.txt"]);
}

#[tokio::test(start_paused = true)]
async fn nothing_lands_outside_the_folder() {
    let stub = server(&[
        "../up.txt",
        "a/../../up.txt",
        "/etc/abs.txt",
        "c:\\win.txt",
        "d\\e.txt",
        "nul\u{0}.txt",
        "con",
        "COM1.txt",
        "a//b.txt",
        "a/./c.txt",
        "Same.txt",
        "same.txt",
        "link/x.txt",
        "good.txt",
        "file/below.txt",
    ]);
    let root = tempfile::tempdir().unwrap();
    fs::create_dir_all(root.path().join("out")).unwrap();
    fs::create_dir_all(root.path().join("elsewhere")).unwrap();
    fs::write(root.path().join("out/file"), "").unwrap();
    std::os::unix::fs::symlink(root.path().join("elsewhere"), root.path().join("out/link"))
        .unwrap();
    let report = run(&stub, root.path(), &["**"]).await;
    assert_eq!(
        tree(root.path()),
        ["out/Same.txt", "out/file", "out/good.txt", "out/link"]
    );
    assert_eq!(tree(&root.path().join("elsewhere")), Vec::<String>::new());
    assert_eq!(report.files, 2);
    assert_eq!(report.warnings.len(), MOST_WARNINGS + 1);
}

#[tokio::test(start_paused = true)]
async fn a_link_in_place_of_a_file_is_replaced_and_one_in_place_of_the_folder_refused() {
    let stub = server(&["a.txt"]);
    let root = tempfile::tempdir().unwrap();
    let target = root.path().join("target");
    fs::write(&target, "mine").unwrap();
    fs::create_dir(root.path().join("out")).unwrap();
    std::os::unix::fs::symlink(&target, root.path().join("out/a.txt")).unwrap();
    assert_eq!(run(&stub, root.path(), &["**"]).await.files, 1);
    assert_eq!(fs::read_to_string(&target).unwrap(), "mine");

    let other = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(root.path(), other.path().join("out")).unwrap();
    let report = run(&stub, other.path(), &["**"]).await;
    assert!(
        report.warnings[0].ends_with("is a link"),
        "{:?}",
        report.warnings
    );
}

#[tokio::test(start_paused = true)]
async fn a_file_of_another_size_is_not_kept() {
    let stub = Stub::new(|request| {
        if request.url.path().contains("/content/") {
            (200, "short".to_owned())
        } else {
            (
                200,
                r#"{"file":[{"fullName":"a.bin","size":9,"content":{"href":"x"}}]}"#.to_owned(),
            )
        }
    });
    let root = tempfile::tempdir().unwrap();
    let report = run(&stub, root.path(), &["*.bin"]).await;
    assert_eq!((report.files, report.bytes), (0, 0));
    assert!(
        report.warnings[0].contains("`a.bin` is not downloaded"),
        "{:?}",
        report.warnings
    );
    assert!(tree(root.path()).is_empty());
}

#[tokio::test(start_paused = true)]
async fn several_builds_have_a_folder_each() {
    let stub = server(&["a.txt"]);
    let root = tempfile::tempdir().unwrap();
    let types = ["App", "Web", "app"].map(BuildTypeId::from);
    let folders: Vec<_> = [7, 8, 9]
        .into_iter()
        .enumerate()
        .map(|(at, id)| (BuildId(id), folder_name(&types, at, BuildId(id))))
        .collect();
    let builds: Vec<_> = folders
        .iter()
        .map(|(id, folder)| (*id, folder.as_deref()))
        .collect();
    let report = download(&client(&stub), &builds, root.path(), &["*"]).await;
    assert_eq!(report.files, 3);
    assert_eq!(
        tree(root.path()),
        ["out/App/a.txt", "out/Web/a.txt", "out/app-9/a.txt"]
    );
}

proptest! {
    #[test]
    fn a_safe_path_stays_below_its_folder(path in "[a-z./\\\\:\\x00]{0,20}") {
        if let Ok(parts) = safe_parts(&path) {
            for part in parts {
                let components: Vec<_> = Path::new(part).components().collect();
                prop_assert_eq!(components.len(), 1);
                prop_assert!(matches!(components[0], std::path::Component::Normal(_)));
            }
        }
    }
}

fn zips() -> Scenario {
    let artifacts = [
        simulated::Artifact::generated("dist/app.zip", 400_000),
        simulated::Artifact::generated("dist/lib.zip", 100_000),
        simulated::Artifact::hostile("../up.zip", "x"),
        simulated::Artifact::new(".teamcity/settings.zip", "x"),
        simulated::Artifact::new("empty.zip", ""),
    ];
    Scenario::new().plan("App_Build", Plan::new().artifacts(artifacts))
}

async fn run_simulated(simulator: &Simulator, root: &Path) -> ArtifactReport {
    let client = stub::simulated(simulator);
    let id = stub::finished_build(&client).await;
    download(&client, &[(id, None)], root, &["**/*.zip"]).await
}

#[tokio::test(start_paused = true)]
async fn a_simulated_server_gives_all_and_nothing_hostile() {
    let simulator = Simulator::start(zips());
    let root = tempfile::tempdir().unwrap();
    let report = run_simulated(&simulator, root.path()).await;
    assert_eq!(
        tree(root.path()),
        ["out/dist/app.zip", "out/dist/lib.zip", "out/empty.zip"]
    );
    assert_eq!((report.files, report.bytes), (3, 500_000));
    assert_eq!(report.warnings.len(), 1, "{:?}", report.warnings);
    assert_eq!(simulator.violations(), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn whatever_breaks_once_is_whole_in_the_end() {
    for kind in FaultKind::all() {
        // These are answers of another server, or say that there is no such artifact; they are taken at their word.
        if matches!(
            kind,
            FaultKind::NotFound404 | FaultKind::RedirectToHost(_) | FaultKind::Unauthorized401
        ) {
            continue;
        }
        let simulator = Simulator::start(zips());
        let place = Matcher::path_contains("/artifacts/content/dist/app.zip");
        simulator.fault(Fault::new(kind.clone()).on(place).times(1));
        let root = tempfile::tempdir().unwrap();
        let report = run_simulated(&simulator, root.path()).await;
        let file = fs::read(root.path().join("out/dist/app.zip")).unwrap_or_default();
        let right = file
            .iter()
            .enumerate()
            .all(|(at, byte)| u8::try_from(at % 251) == Ok(*byte));
        assert!(
            file.len() == 400_000 && right,
            "{kind:?}: {} bytes, {:?}",
            file.len(),
            report.warnings
        );
    }
}
