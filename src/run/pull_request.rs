//! Says which branch is built where that is not plain: in pull requests, and where `BRANCH` is not the pipeline's.

use super::context::Context;
use crate::config::{BranchChoice, Build, Pipeline, RevisionChoice};
use crate::outcome::Event;
use crate::types::short;

/// Says it.
pub fn say(context: &Context<'_>, build: &Build) {
    for line in lines(&context.settings.pipeline, build) {
        context.events.event(&Event::Note(line));
    }
}

fn lines(pipeline: &Pipeline, build: &Build) -> Vec<String> {
    let mut lines = Vec::new();
    let branch = match &build.branch {
        BranchChoice::Given(name) | BranchChoice::Pipeline(name) => format!("the branch {name}"),
        BranchChoice::Tag(name) => format!("the tag {name}"),
        BranchChoice::Default => "its default branch".to_owned(),
        BranchChoice::Unknown => return lines,
    };
    if let Some(number) = &pipeline.pull_request_id {
        let side = |word: &str, name: &Option<String>| {
            let name = name.as_ref();
            name.map_or_else(String::new, |name| format!(" {word} {name}"))
        };
        let from = side("from", &pipeline.branch);
        let into = side("into", &pipeline.pull_request_destination_branch);
        lines.push(format!(
            "Pull request {number}{from}{into}: TeamCity builds {branch}"
        ));
    }
    if let (BranchChoice::Given(name), RevisionChoice::Latest { given: false }, Some(own)) =
        (&build.branch, &build.revision, &pipeline.commit)
    {
        lines.push(format!(
            "BRANCH is not the pipeline's branch: TeamCity builds the latest revision of {name}, not the pipeline's commit {}",
            short(own)
        ));
    }
    lines
}
