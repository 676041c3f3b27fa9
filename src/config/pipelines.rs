//! The facts that Bitbucket Pipelines tells each step. All may be missing: outside Pipelines, in older runners, in tests.

use std::path::PathBuf;

use serde::Deserialize;
use url::Url;

/// The pipeline and step that run this, from the `BITBUCKET_…` variables.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pipeline {
    /// The workspace's slug.
    pub workspace: Option<String>,
    /// The repository's slug.
    pub repository_slug: Option<String>,
    /// `workspace/repository`.
    pub repository_full_name: Option<String>,
    /// The repository's UUID, in braces.
    pub repository_uuid: Option<String>,
    /// The key of the repository's project.
    pub project_key: Option<String>,
    /// The pipeline's number. A re-run of failed steps keeps it.
    pub build_number: Option<u64>,
    /// The pipeline's UUID, in braces.
    pub pipeline_uuid: Option<String>,
    /// The step's UUID, in braces.
    pub step_uuid: Option<String>,
    /// 1, and one more with each re-run of the step.
    pub step_run_number: Option<u64>,
    /// The step's place in a parallel group, from 0.
    pub parallel_step: Option<u64>,
    /// How the step's script ended; only in an after-script.
    pub exit_code: Option<String>,
    /// Who started the step: a UUID in braces.
    pub triggerer_uuid: Option<String>,
    /// The commit. In a pull-request pipeline it has 12 digits only.
    pub commit: Option<String>,
    /// The branch; in a pull-request pipeline its source branch; none for a tag.
    pub branch: Option<String>,
    /// The tag, in a tag pipeline.
    pub tag: Option<String>,
    /// The pull request's number, in a pull-request pipeline.
    pub pull_request_id: Option<String>,
    /// The branch that the pull request is for.
    pub pull_request_destination_branch: Option<String>,
    /// The deployment environment's name, in a deployment step.
    pub deployment_environment: Option<String>,
    /// The clone directory.
    pub clone_dir: Option<PathBuf>,
    /// The repository's address over http.
    pub git_http_origin: Option<String>,
    /// The repository's address over SSH.
    pub git_ssh_origin: Option<String>,
    /// The pipe's own directory, kept for the whole pipeline.
    pub pipe_storage_dir: Option<PathBuf>,
    /// The directory of all pipes.
    pub pipe_shared_storage_dir: Option<PathBuf>,
    /// The file for output variables.
    pub variables_path: Option<PathBuf>,
}

impl Pipeline {
    /// Whether this runs in Bitbucket Pipelines. A build number alone proves nothing: other tools set one too.
    #[must_use]
    pub fn is_pipelines(&self) -> bool {
        self.pipeline_uuid.is_some()
    }

    /// The pipeline's page on Bitbucket.
    #[must_use]
    pub fn link(&self) -> Option<Url> {
        self.link_to(self.build_number?)
    }

    /// The page of a pipeline of the same repository.
    #[must_use]
    pub fn link_to(&self, number: u64) -> Option<Url> {
        let mut url = Url::parse("https://bitbucket.org/").ok()?;
        url.path_segments_mut()
            .ok()?
            .pop_if_empty()
            .push(self.workspace.as_deref()?)
            .push(self.repository_slug.as_deref()?)
            .extend(["pipelines", "results"])
            .push(&number.to_string());
        Some(url)
    }

    /// Workspace and repository, by the names that addresses have.
    #[must_use]
    pub fn repository(&self) -> Option<(String, String)> {
        self.workspace.clone().zip(self.repository_slug.clone())
    }

    /// Whether the pipeline can be told from all others, so that its builds can be found again.
    #[must_use]
    pub fn has_identity(&self) -> bool {
        self.pipeline_uuid.is_some()
            || (self.repository_full_name.is_some() && self.build_number.is_some())
    }

    /// Reads the facts. Numbers that are none are taken as absent: no run should fail for them.
    pub(super) fn read(variables: &[(String, String)]) -> Self {
        let raw: Raw = envy::prefixed("BITBUCKET_")
            .from_iter(variables.iter().cloned())
            .unwrap_or_default();
        let named = raw
            .repo_full_name
            .as_deref()
            .and_then(|name| name.split_once('/'))
            .map(|(workspace, slug)| (workspace.to_owned(), slug.to_owned()));
        let (named_workspace, named_slug) = named.unzip();
        let workspace = raw.workspace.or(named_workspace).or(raw.repo_owner);
        let repository_slug = raw.repo_slug.or(named_slug);
        let repository_full_name = raw.repo_full_name.or_else(|| {
            Some(format!(
                "{}/{}",
                workspace.as_deref()?,
                repository_slug.as_deref()?
            ))
        });
        Self {
            workspace,
            repository_slug,
            repository_full_name,
            repository_uuid: raw.repo_uuid,
            project_key: raw.project_key,
            build_number: number(raw.build_number),
            pipeline_uuid: raw.pipeline_uuid,
            step_uuid: raw.step_uuid,
            step_run_number: number(raw.step_run_number),
            parallel_step: number(raw.parallel_step),
            exit_code: raw.exit_code,
            triggerer_uuid: raw.step_triggerer_uuid,
            commit: raw.commit,
            branch: raw.branch,
            tag: raw.tag,
            pull_request_id: raw.pr_id,
            pull_request_destination_branch: raw.pr_destination_branch,
            deployment_environment: raw.deployment_environment,
            clone_dir: raw.clone_dir.map(PathBuf::from),
            git_http_origin: raw.git_http_origin,
            git_ssh_origin: raw.git_ssh_origin,
            pipe_storage_dir: raw.pipe_storage_dir.map(PathBuf::from),
            pipe_shared_storage_dir: raw.pipe_shared_storage_dir.map(PathBuf::from),
            variables_path: raw.pipelines_variables_path.map(PathBuf::from),
        }
    }
}

fn number(text: Option<String>) -> Option<u64> {
    text?.trim().parse().ok()
}

#[derive(Default, Deserialize)]
struct Raw {
    workspace: Option<String>,
    repo_owner: Option<String>,
    repo_slug: Option<String>,
    repo_full_name: Option<String>,
    repo_uuid: Option<String>,
    project_key: Option<String>,
    build_number: Option<String>,
    pipeline_uuid: Option<String>,
    step_uuid: Option<String>,
    step_run_number: Option<String>,
    parallel_step: Option<String>,
    exit_code: Option<String>,
    step_triggerer_uuid: Option<String>,
    commit: Option<String>,
    branch: Option<String>,
    tag: Option<String>,
    pr_id: Option<String>,
    pr_destination_branch: Option<String>,
    deployment_environment: Option<String>,
    clone_dir: Option<String>,
    git_http_origin: Option<String>,
    git_ssh_origin: Option<String>,
    pipe_storage_dir: Option<String>,
    pipe_shared_storage_dir: Option<String>,
    pipelines_variables_path: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pipeline(pairs: &[(&str, &str)]) -> Pipeline {
        let pairs: Vec<_> = pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        Pipeline::read(&pairs)
    }

    #[test]
    fn works_with_nothing_at_all() {
        let nothing = pipeline(&[]);
        assert_eq!(nothing, Pipeline::default());
        assert!(!nothing.is_pipelines() && !nothing.has_identity());
        assert_eq!(nothing.link(), None);
    }

    #[test]
    fn links_to_its_own_page() {
        let pipeline = pipeline(&[
            ("BITBUCKET_REPO_FULL_NAME", "acme/web shop"),
            ("BITBUCKET_BUILD_NUMBER", "12"),
        ]);
        assert_eq!(
            pipeline.link().unwrap().as_str(),
            "https://bitbucket.org/acme/web%20shop/pipelines/results/12"
        );
        assert!(pipeline.has_identity());
    }

    #[test]
    fn puts_the_full_name_together_from_its_parts() {
        let pipeline = pipeline(&[
            ("BITBUCKET_WORKSPACE", "acme"),
            ("BITBUCKET_REPO_SLUG", "shop"),
            ("BITBUCKET_BUILD_NUMBER", "twelve"),
        ]);
        assert_eq!(pipeline.repository_full_name.as_deref(), Some("acme/shop"));
        assert_eq!(pipeline.build_number, None);
    }
}
