//! The marker by which a build is found again when nobody knows whether it was queued, and by which later steps and pipelines
//! know whose it is.
//!
//! It is three tags. Not a comment: no locator searches comments. Not a parameter: builds with parameters of
//! their own are not reused by chains, finding one needs a permission that run tokens often lack, and queued builds can't
//! be found by one from 2023.05 to 2023.09 (TeamCity's source: `BuildParametersUtil.java`). A tag is set in
//! the queue request itself, is searched exactly, in every state, with no more than the right to see the build. All are short and
//! without blanks or commas, at which pages of older servers part what is typed.
//!
//! - the pipeline's (`bitbucket-<repository>-<number>`), the same as in version 0.1.0;
//! - the manner's (`bitbucket-<repository>-waited`): whether a step waits for the build, and whether it may be canceled; one search finds
//!   all builds of a repository that were left behind;
//! - the build's own (`bitbucket-<commit>-<step>.<run>-<request>`): unique for pipeline, step, run of the step and request.

use super::origin::{Manner, Origin, StepRun};
use crate::config::Pipeline;
use crate::types::hash;

const PREFIX: &str = "bitbucket-";
/// Of a commit, as pull requests have it.
const COMMIT_DIGITS: usize = 12;
/// Stands for a commit that is not known.
const NO_COMMIT: &str = "0";

/// What tells one request of one step from every other.
#[derive(Debug, Clone, Default)]
pub struct Identity<'a> {
    /// The repository's UUID, or its full name.
    pub repository: Option<&'a str>,
    /// The pipeline's number.
    pub pipeline: Option<&'a str>,
    /// The step's UUID.
    pub step: Option<&'a str>,
    /// Which run of the step it is.
    pub run: Option<u64>,
    /// The pipeline's commit.
    pub commit: Option<&'a str>,
    /// Used where the pipeline's facts are missing.
    pub random: u64,
}

/// The tags of one run of the pipe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marker {
    /// Eight digits, as version 0.1.0 had them.
    repository: String,
    /// Sixteen, since what bears this tag may be canceled from afar.
    repository_in_full: String,
    pipeline_tag: String,
    commit: String,
    step: StepRun,
    stable: bool,
}

impl Marker {
    /// That of a step of this pipeline.
    #[must_use]
    pub fn of(pipeline: &Pipeline, random: u64) -> Self {
        let number = pipeline.build_number.map(|number| number.to_string());
        Self::new(&Identity {
            repository: pipeline
                .repository_uuid
                .as_deref()
                .or(pipeline.repository_full_name.as_deref()),
            pipeline: number.as_deref(),
            step: pipeline.step_uuid.as_deref(),
            run: pipeline.step_run_number,
            commit: pipeline.commit.as_deref(),
            random,
        })
    }

    /// From what is known of the pipeline.
    #[must_use]
    pub fn new(identity: &Identity<'_>) -> Self {
        let random = format!("{:016x}", identity.random);
        let stable = identity.pipeline.is_some() && identity.step.is_some();
        let repository_in_full = hash::hex(&[identity.repository.unwrap_or(&random)], 16);
        let repository = repository_in_full.chars().take(8).collect();
        let number = identity
            .pipeline
            .filter(|number| number.chars().all(|c| c.is_ascii_alphanumeric()));
        let pipeline_tag = format!("{PREFIX}{repository}-{}", number.unwrap_or(&random));
        let step = if stable {
            identity.step.unwrap_or_default()
        } else {
            &random
        };
        let commit: String = identity
            .commit
            .unwrap_or_default()
            .chars()
            .filter(char::is_ascii_hexdigit)
            .take(COMMIT_DIGITS)
            .collect();
        Self {
            repository,
            repository_in_full,
            pipeline_tag,
            commit: if commit.len() == COMMIT_DIGITS {
                commit.to_ascii_lowercase()
            } else {
                NO_COMMIT.to_owned()
            },
            step: StepRun {
                step: hash::hex(&[step], 8),
                run: identity.run.unwrap_or(1),
            },
            stable,
        }
    }

    /// The tag on every build of this pipeline.
    #[must_use]
    pub fn pipeline_tag(&self) -> &str {
        &self.pipeline_tag
    }

    /// The tag on every build of this repository that steps treat in this manner.
    #[must_use]
    pub fn manner_tag(&self, manner: Manner) -> String {
        format!("{PREFIX}{}-{}", self.repository_in_full, manner.word())
    }

    /// The tag on this one build: `request` is what is asked for, `position` its place in `BUILD_TYPE_ID`.
    #[must_use]
    pub fn build_tag(&self, position: usize, request: &str) -> String {
        let StepRun { step, run } = &self.step;
        let parts = [
            &self.pipeline_tag,
            step,
            &run.to_string(),
            &position.to_string(),
            request,
        ];
        format!(
            "{PREFIX}{}-{step}.{run}-{}",
            self.commit,
            hash::hex(&parts, 8)
        )
    }

    /// Whether the same step asking again would come to the same tags.
    #[must_use]
    pub fn is_stable(&self) -> bool {
        self.stable
    }

    /// This step, and which run of it this is.
    #[must_use]
    pub fn step(&self) -> &StepRun {
        &self.step
    }

    /// This pipeline's number, if it has one.
    #[must_use]
    pub fn pipeline(&self) -> Option<u64> {
        self.pipeline_of(&self.pipeline_tag)
    }

    /// What the tags of a build tell of it; nothing if it is not this repository's, or if they contradict each other, as those of
    /// merged requests may.
    #[must_use]
    pub fn origin<'t>(&self, tags: impl IntoIterator<Item = &'t str>) -> Option<Origin> {
        let mut pipeline = None;
        let (mut manner, mut own) = (Vec::new(), Vec::new());
        for tag in tags {
            if let Some(number) = self.pipeline_of(tag) {
                if pipeline.is_some_and(|known| known != number) {
                    return None;
                }
                pipeline = Some(number);
            } else if let Some(found) = self.manner_of(tag) {
                manner.push(found);
            } else if let Some(found) = own_of(tag) {
                own.push(found);
            }
        }
        let one_manner = match manner.as_slice() {
            [one] => Some(*one),
            _ => None,
        };
        own.dedup();
        let (step, commit) = match own.as_slice() {
            [(step, commit)] => (Some(step.clone()), commit.clone()),
            _ => (None, None),
        };
        Some(Origin {
            pipeline: pipeline?,
            manner: one_manner,
            step,
            commit,
        })
    }

    fn pipeline_of(&self, tag: &str) -> Option<u64> {
        let rest = tag.strip_prefix(PREFIX)?;
        let rest = rest.strip_prefix(self.repository.as_str())?;
        rest.strip_prefix('-')?.parse().ok()
    }

    fn manner_of(&self, tag: &str) -> Option<Manner> {
        let rest = tag.strip_prefix(PREFIX)?;
        let rest = rest.strip_prefix(self.repository_in_full.as_str())?;
        Manner::of_word(rest.strip_prefix('-')?)
    }
}

/// The step, and the commit if it is known, of a build's own tag.
fn own_of(tag: &str) -> Option<(StepRun, Option<String>)> {
    let rest = tag.strip_prefix(PREFIX)?;
    let (commit, rest) = rest.split_once('-')?;
    let (step, _) = rest.split_once('-')?;
    let (step, run) = step.split_once('.')?;
    let is_commit = commit.len() == COMMIT_DIGITS && commit.chars().all(|c| c.is_ascii_hexdigit());
    let step = StepRun {
        step: step.to_owned(),
        run: run.parse().ok()?,
    };
    (is_commit || commit == NO_COMMIT).then(|| (step, is_commit.then(|| commit.to_owned())))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANNER: Manner = Manner {
        waits: true,
        cancels: true,
    };

    fn identity() -> Identity<'static> {
        Identity {
            repository: Some("{r}"),
            pipeline: Some("12"),
            step: Some("{s}"),
            run: Some(1),
            commit: Some("4F2A9c01d3b7e8f6a5c4b3d2e1f00918273645ab"),
            random: 7,
        }
    }

    #[test]
    fn the_same_step_comes_to_the_same_tags_and_another_run_to_others() {
        let marker = Marker::new(&identity());
        assert_eq!(
            marker,
            Marker::new(&Identity {
                random: 8,
                ..identity()
            })
        );
        let again = Marker::new(&Identity {
            run: Some(2),
            ..identity()
        });
        assert_eq!(marker.pipeline_tag(), again.pipeline_tag());
        assert_ne!(marker.build_tag(0, "x"), again.build_tag(0, "x"));
        assert_ne!(marker.build_tag(0, "x"), marker.build_tag(1, "x"));
        assert_ne!(marker.build_tag(0, "x"), marker.build_tag(0, "y"));
        assert!(marker.is_stable());
    }

    #[test]
    fn outside_pipelines_tags_are_random() {
        let marker = |random| {
            Marker::new(&Identity {
                random,
                ..Identity::default()
            })
        };
        assert_ne!(marker(1).pipeline_tag(), marker(2).pipeline_tag());
        assert_ne!(marker(1).build_tag(0, "x"), marker(2).build_tag(0, "x"));
        assert!(!marker(1).is_stable());
    }

    #[test]
    fn the_tags_tell_pipeline_manner_step_run_and_commit() {
        let marker = Marker::new(&identity());
        let tags = [
            marker.pipeline_tag().to_owned(),
            marker.manner_tag(MANNER),
            marker.build_tag(3, "x"),
            "release".to_owned(),
        ];
        assert!(tags.iter().all(|tag| tag.len() <= 60), "{tags:?}");
        let origin = marker.origin(tags.iter().map(String::as_str)).unwrap();
        assert_eq!(origin.pipeline, 12);
        assert_eq!(origin.manner, Some(MANNER));
        assert_eq!(origin.step.as_ref(), Some(marker.step()));
        assert_eq!(origin.commit.as_deref(), Some("4f2a9c01d3b7"));
    }

    #[test]
    fn the_tags_of_version_0_1_0_tell_the_pipeline_alone() {
        let marker = Marker::new(&identity());
        let own = format!("{}-0badcafe", marker.pipeline_tag());
        let origin = marker.origin([marker.pipeline_tag(), own.as_str()]);
        let expected = Origin {
            pipeline: 12,
            manner: None,
            step: None,
            commit: None,
        };
        assert_eq!(origin, Some(expected));
    }

    #[test]
    fn tags_of_other_repositories_and_of_two_pipelines_tell_nothing() {
        let marker = Marker::new(&identity());
        let other = Marker::new(&Identity {
            repository: Some("{other}"),
            ..identity()
        });
        let later = Marker::new(&Identity {
            pipeline: Some("13"),
            ..identity()
        });
        assert_eq!(marker.origin(["bitbucket-00000000-12", "release"]), None);
        assert_eq!(marker.origin([other.pipeline_tag()]), None);
        assert_eq!(
            marker.origin([marker.pipeline_tag(), later.pipeline_tag()]),
            None
        );
        let manner = other.manner_tag(MANNER);
        let origin = marker.origin([marker.pipeline_tag(), manner.as_str()]);
        assert_eq!(origin.unwrap().manner, None);
    }
}
