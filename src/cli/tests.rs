use std::time::Duration;

use url::Url;

use super::*;
use crate::token::{Scope, TokenCommand};

fn args(words: &[&str]) -> Result<Command, CliError> {
    with(words, None)
}

fn with(words: &[&str], variable: Option<&str>) -> Result<Command, CliError> {
    let program = ["/pipe"].iter().chain(words).map(OsString::from);
    parse(program, variable)
}

fn token(words: &[&str]) -> TokenCommand {
    match args(&[&["token"], words].concat()) {
        Ok(Command::Token(command)) => command,
        other => panic!("{other:?}"),
    }
}

fn error(words: &[&str]) -> String {
    let error = args(words).unwrap_err();
    assert_eq!(error.exit_status().code(), 3);
    error.to_string()
}

#[test]
fn without_arguments_the_variable_decides() {
    assert_eq!(with(&[], None), Ok(Command::Run));
    assert_eq!(with(&[], Some("")), Ok(Command::Run));
    assert_eq!(
        with(&[], Some(" Check ")),
        Ok(Command::Check { json: false })
    );
    assert_eq!(with(&[], Some("cancel")), Ok(Command::Cancel));
    assert!(
        with(&[], Some("stop"))
            .unwrap_err()
            .to_string()
            .contains("COMMAND has the invalid value 'stop'")
    );
}

#[test]
fn an_argument_beats_the_variable() {
    assert_eq!(with(&["run"], Some("cancel")), Ok(Command::Run));
    assert_eq!(
        with(&["check", "--json"], Some("nonsense")),
        Ok(Command::Check { json: true })
    );
}

#[test]
fn a_token_is_added_to_a_scope() {
    assert_eq!(
        token(&[
            "add",
            "--server",
            "https://tc.example.com/ci",
            "--repository",
            "acme/shop",
            "--environment",
            "Production EU"
        ]),
        TokenCommand::Add {
            server: Some(Url::parse("https://tc.example.com/ci/").unwrap()),
            scope: Scope::Environment("acme".into(), "shop".into(), "Production EU".into()),
            variable: "TEAMCITY_TOKEN".into(),
            yes: false,
        }
    );
}

#[test]
fn a_list_takes_several_scopes_and_an_environment_belongs_to_the_repository_before_it() {
    assert_eq!(
        token(&[
            "list",
            "--repository",
            "acme/shop",
            "--repository",
            "acme/shop",
            "--environment",
            "test",
            "--workspace",
            "acme",
            "--repository",
            "acme/app",
            "--json",
        ]),
        TokenCommand::List {
            scopes: vec![
                Scope::Repository("acme".into(), "shop".into()),
                Scope::Environment("acme".into(), "shop".into(), "test".into()),
                Scope::Workspace("acme".into()),
                Scope::Repository("acme".into(), "app".into()),
            ],
            json: true,
        }
    );
}

#[test]
fn create_rotate_and_remove_read_their_options() {
    let TokenCommand::Create(create) = token(&[
        "create",
        "--workspace",
        "w",
        "--expires-in",
        "90days",
        "--project",
        "Shop",
        "--user",
        "eve",
        "--yes",
    ]) else {
        panic!()
    };
    assert_eq!(create.expires_in, Some(Duration::from_secs(90 * 86400)));
    assert_eq!(
        (
            create.project.as_deref(),
            create.user.as_deref(),
            create.yes
        ),
        (Some("Shop"), Some("eve"), true)
    );
    let TokenCommand::Rotate(rotate) = token(&["rotate", "--workspace", "w", "--variable", "TC"])
    else {
        panic!()
    };
    assert_eq!((rotate.variable.as_str(), rotate.server), ("TC", None));
    assert_eq!(
        token(&["remove", "--workspace", "w", "--revoke", "-y"]),
        TokenCommand::Remove {
            scope: Scope::Workspace("w".into()),
            variable: "TEAMCITY_TOKEN".into(),
            revoke: true,
            yes: true
        }
    );
}

#[test]
fn scopes_that_make_no_sense_are_told() {
    assert!(error(&["token", "list"]).contains("no workspace or repository"));
    assert!(error(&["token", "list", "--environment", "e"]).contains("has no repository"));
    assert!(
        error(&["token", "list", "--workspace", "w", "--environment", "e"])
            .contains("has no repository")
    );
    assert!(error(&["token", "list", "--repository", "shop"]).contains("workspace/repository"));
    assert!(
        error(&["token", "list", "--repository", "a/b/c"]).contains("has the invalid value 'b/c'")
    );
    assert!(
        error(&["token", "remove", "--workspace", "a", "--workspace", "b"])
            .contains("several workspaces")
    );
    assert!(
        error(&["token", "remove", "--workspace", "a", "--variable", "a-b"])
            .contains("letters, digits")
    );
}

#[test]
fn what_might_be_a_token_is_never_repeated() {
    for words in [
        &["token", "add", "eyJs3cret", "--workspace", "w"][..],
        &["token", "add", "--workspace", "w", "--token=eyJs3cret"],
        &[
            "token",
            "add",
            "--workspace",
            "w",
            "--eyJs3creteyJs3creteyJs3creteyJs3cret",
        ],
        &["token", "eyJs3cret"],
        &["eyJs3cret"],
        &["run", "eyJs3cret"],
        &[
            "token",
            "add",
            "--workspace",
            "w",
            "--server",
            "https://x:eyJs3cret@tc.example.com",
        ],
    ] {
        assert!(!error(words).contains("s3cret"), "{}", error(words));
    }
}

#[test]
fn help_of_the_token_commands_says_what_they_need() {
    let Ok(Command::Help(text)) = args(&["token", "--help"]) else {
        panic!()
    };
    for needed in [
        "ATLASSIAN_API_TOKEN",
        "admin:pipeline:bitbucket",
        "pipeline:variable",
        "docker run --rm -it -e",
    ] {
        assert!(text.contains(needed), "{needed}: {text}");
    }
    assert!(
        text.lines().all(|line| line.chars().count() <= 100),
        "{text}"
    );
}

#[test]
fn help_names_every_variable() {
    let Ok(Command::Help(long)) = args(&["--help"]) else {
        panic!()
    };
    let Ok(Command::Help(short)) = args(&["-h"]) else {
        panic!()
    };
    for variable in crate::config::variables::ALL {
        assert!(
            long.contains(variable.name) && short.contains(variable.name),
            "{}",
            variable.name
        );
    }
    assert!(
        long.lines().all(|line| line.chars().count() <= 100),
        "{long}"
    );
    assert!(long.contains("128+n"));
    assert!(short.lines().count() < 45, "{short}");
}

#[test]
fn version_is_the_crates() {
    assert_eq!(
        args(&["--version"]),
        Ok(Command::Version(format!(
            "teamcity-pipe {}\n",
            env!("CARGO_PKG_VERSION")
        )))
    );
}
