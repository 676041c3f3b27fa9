//! Set-ups that are broken, or odd: `check` ends as `run` does, and names the same cause and cure in the same words.

use std::time::Duration;

use teamcity_simulator::{BuildType, Plan, Root, Scenario, Token, User};

use crate::desk::{Command, Net};
use crate::pipe::Ran;

/// A set-up, how both commands end in it, and what both say.
struct Setup {
    name: &'static str,
    scenario: Scenario,
    variables: Vec<(&'static str, String)>,
    without: &'static [&'static str],
    status: u8,
    cause: &'static str,
    cure: &'static str,
}

impl Setup {
    fn new(
        name: &'static str,
        status: u8,
        (cause, cure): (&'static str, &'static str),
        scenario: Scenario,
    ) -> Self {
        Self {
            name,
            scenario,
            variables: Vec::new(),
            without: &[],
            status,
            cause,
            cure,
        }
    }

    fn set(mut self, name: &'static str, value: &str) -> Self {
        self.variables.push((name, value.to_owned()));
        self
    }

    fn without(mut self, names: &'static [&'static str]) -> Self {
        self.without = names;
        self
    }

    async fn ran(&self, command: &str) -> Ran {
        let net = Net::new(self.scenario.clone());
        let mut step = step(&net, command);
        for (name, value) in &self.variables {
            step = step.set(name, value);
        }
        for name in self.without {
            step = step.unset(name);
        }
        let ran = step.run().await;
        if command == "check" {
            assert!(net.teamcity().builds().is_empty(), "{}", self.name);
        }
        ran
    }
}

/// A command in a step of `acme/app` on `main`.
fn step<'a>(net: &'a Net, command: &str) -> Command<'a> {
    net.command(command)
        .unset("BITBUCKET_ACCESS_TOKEN")
        .set("TEAMCITY_URL", "https://tc.example.com")
        .set("TEAMCITY_TOKEN", Scenario::TOKEN)
        .set("BUILD_TYPE_ID", "App_Build")
        .set("BITBUCKET_BUILD_NUMBER", "12")
        .set(
            "BITBUCKET_PIPELINE_UUID",
            "{8a5a42ac-94a6-4a45-9bff-9d5f7c8c8d10}",
        )
        .set(
            "BITBUCKET_STEP_UUID",
            "{e3c9bb5f-9a2b-45ab-93ae-04b0f5dfd6b5}",
        )
        .set("BITBUCKET_WORKSPACE", "acme")
        .set("BITBUCKET_REPO_SLUG", "app")
        .set("BITBUCKET_REPO_FULL_NAME", "acme/app")
        .set("BITBUCKET_BRANCH", "main")
        .set("BITBUCKET_COMMIT", Scenario::COMMIT)
}

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn setups() -> Vec<Setup> {
    let plain = Scenario::new;
    let bot = |expires| {
        plain()
            .user(User::new("bot"))
            .token(Token::new("eyJbot", "bot", "nightly").expires(expires))
    };
    let lib = Root::new("Lib_Git", "https://bitbucket.org/acme/lib.git");
    let token = (
        "does not accept the token in TEAMCITY_TOKEN",
        "It is wrong, has expired, or was revoked (TeamCity does not say which). Create a new one on https://tc.example.com/profile.html?item=accessTokens",
    );
    vec![
        Setup::new("a wrong token", 4, token, plain()).set("TEAMCITY_TOKEN", "eyJwrong"),
        Setup::new("an expired token", 4, token, bot(Duration::ZERO))
            .set("TEAMCITY_TOKEN", "eyJbot"),
        Setup::new(
            "a token that expires soon",
            0,
            (
                "the token \"nightly\" has all permissions of its user, and expires in 4 days",
                "Create a new one on https://tc.example.com/profile.html?item=accessTokens",
            ),
            bot(5 * DAY - Duration::from_secs(3600)),
        )
        .set("TEAMCITY_TOKEN", "eyJbot"),
        Setup::new(
            "an unknown configuration",
            4,
            (
                "there is no build configuration App_Nowhere, or the token's user may not view it",
                "The id is at the end of the address of the configuration's page",
            ),
            plain(),
        )
        .set("BUILD_TYPE_ID", "App_Nowhere"),
        Setup::new(
            "a template",
            4,
            (
                "App_Template is a template, which can't be run",
                "Use the id of a build configuration that is based on it.",
            ),
            plain().build_type(BuildType::new("App_Template").template()),
        )
        .set("BUILD_TYPE_ID", "App_Template"),
        Setup::new(
            "no permission to run",
            4,
            (
                "App_Build: the token's user may not run builds",
                "Give the user a role with the permission \"Run build\" in the project App, or add it to the token's scope.",
            ),
            plain().without_permission("ci", "run_build"),
        ),
        Setup::new(
            "no permission to set parameters",
            4,
            (
                "App_Build: the token's user may not set parameters",
                "Give the user a role with the permission \"Customize build parameters\" in the project App, or add it to the token's scope.",
            ),
            plain().without_permission("ci", "customize_build_parameters"),
        )
        .set("PARAMETERS", "a=b"),
        Setup::new(
            "no permission to cancel",
            0,
            (
                "App_Build: the token's user may not cancel builds",
                "Give the user a role with the permission \"Stop build / remove from queue\" in the project App",
            ),
            plain().without_permission("ci", "cancel_build"),
        ),
        Setup::new(
            "a commit, and a configuration of another repository",
            4,
            (
                "App_Deploy has no VCS root of this repository, so REVISION does not apply to it",
                "Attach a VCS root of this repository to it in TeamCity, or remove REVISION",
            ),
            plain()
                .root(lib.clone())
                .build_type(BuildType::new("App_Deploy").roots(["Lib_Git"])),
        )
        .set("BUILD_TYPE_ID", "App_Deploy")
        .set("REVISION", Scenario::COMMIT),
        Setup::new(
            "a host that does not exist",
            5,
            (
                "the name nowhere.example.com can't be resolved",
                "Check the host in TEAMCITY_URL.",
            ),
            plain(),
        )
        .set("TEAMCITY_URL", "https://nowhere.example.com"),
        Setup::new(
            "a paused configuration",
            0,
            (
                "App_Build is paused in TeamCity",
                "Pausing only turns off its triggers.",
            ),
            plain()
                .build_type(BuildType::new("App_Build").roots(["App_Git"]).paused()),
        ),
        Setup::new(
            "a server that is too old",
            4,
            (
                "the server is TeamCity 2018.2 (build 197398), which has no access tokens",
                "The pipe needs TeamCity 2019.1 or later.",
            ),
            plain().version("2018.2"),
        ),
        Setup::new(
            "missing variables",
            3,
            ("TEAMCITY_TOKEN is missing", "BUILD_TYPE_ID is missing"),
            plain(),
        )
        .without(&["TEAMCITY_TOKEN", "BUILD_TYPE_ID"]),
        Setup::new(
            "a variable that is no duration",
            3,
            ("TIMEOUT has the invalid value 'soon'", "90s"),
            plain(),
        )
        .set("TIMEOUT", "soon"),
    ]
}

#[tokio::test(start_paused = true)]
async fn check_ends_as_run_does_and_both_say_the_same() {
    let mut wrong = Vec::new();
    for setup in setups() {
        for command in ["run", "check"] {
            let ran = setup.ran(command).await;
            // A long cure goes over several lines.
            let text = ran.output.split_whitespace().collect::<Vec<_>>().join(" ");
            let said = [setup.cause, setup.cure]
                .into_iter()
                .filter(|words| !text.contains(words));
            let missing: Vec<&str> = said.collect();
            if ran.status != setup.status || !missing.is_empty() {
                wrong.push(format!(
                    "{} ({command}) ended with {} (expected {}), and did not say {missing:?}:\n{}",
                    setup.name, ran.status, setup.status, ran.output
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Whatever `check` calls a problem is what keeps `run` from running, word by word.
#[tokio::test(start_paused = true)]
async fn the_first_problem_of_check_is_the_reason_of_run() {
    for setup in setups().iter().filter(|setup| setup.status != 0) {
        let check = setup.ran("check").await;
        let run = setup.ran("run").await;
        let problem = check
            .output
            .lines()
            .find_map(|line| line.strip_prefix("✖ "))
            .unwrap_or_else(|| panic!("{}: {}", setup.name, check.output));
        // How long it was tried differs: a check is asked by somebody who waits.
        let problem = problem.split(" (tried for").next().unwrap_or_default();
        assert!(
            run.output.contains(problem),
            "{}: {problem:?} is not in\n{}",
            setup.name,
            run.output
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_misspelt_variable_is_the_same_to_both() {
    let setup = Setup::new("a misspelt variable", 0, ("", ""), Scenario::new())
        .set("TIMEOUTS", "5m")
        .set("QUEUE_TIME_OUT", "5m");
    let (run, check) = (setup.ran("run").await, setup.ran("check").await);
    assert_eq!(run.status, check.status, "{}\n{}", run.output, check.output);
    for name in ["TIMEOUTS", "QUEUE_TIME_OUT", "TIMEOUT", "QUEUE_TIMEOUT"] {
        run.says(name);
        check.says(name);
    }
}

#[tokio::test(start_paused = true)]
async fn all_configurations_that_are_not_there_are_named_at_once() {
    let net = Net::new(Scenario::new().plan("App_Build", Plan::new()));
    let ran = step(&net, "run")
        .set("BUILD_TYPE_ID", "Nowhere,App_Build,Elsewhere")
        .run()
        .await;
    ran.ends_with(4)
        .says("there is no build configuration Nowhere,")
        .says("there is no build configuration Elsewhere,");
    assert!(net.teamcity().builds().is_empty());
}
