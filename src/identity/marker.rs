//! The marker by which a build is found again when nobody knows whether it was queued.
//!
//! It is a pair of tags. Not a comment: no locator searches comments. Not a parameter: builds with parameters of
//! their own are not reused by chains, finding one needs a permission that run tokens often lack, and queued builds can't
//! be found by one from 2023.05 to 2023.09 (TeamCity's source: `BuildParametersUtil.java`). A tag is set in
//! the queue request itself, is searched exactly, in every state, with no more than the right to see the build.
//!
//! The pipeline's tag is the same for all builds of a pipeline, so that `cancel` and `SUPERSEDE` find them; the
//! build's own tag is unique for pipeline, step, run of the step and request.

use crate::types::hash;

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
    pub run: Option<&'a str>,
    /// Used where the pipeline's facts are missing.
    pub random: u64,
}

/// The tags of one run of the pipe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marker {
    repository: String,
    pipeline_tag: String,
    seed: String,
    stable: bool,
}

impl Marker {
    /// From what is known of the pipeline.
    #[must_use]
    pub fn new(identity: &Identity<'_>) -> Self {
        let random = format!("{:016x}", identity.random);
        let stable = identity.pipeline.is_some() && identity.step.is_some();
        let repository = digest(&[identity.repository.unwrap_or(&random)]);
        let number = identity
            .pipeline
            .filter(|number| number.chars().all(|c| c.is_ascii_alphanumeric()));
        let pipeline_tag = format!("bitbucket-{repository}-{}", number.unwrap_or(&random));
        let seed = if stable {
            format!(
                "{}\n{}",
                identity.step.unwrap_or_default(),
                identity.run.unwrap_or("1")
            )
        } else {
            random
        };
        Self {
            repository,
            pipeline_tag,
            seed,
            stable,
        }
    }

    /// The tag on every build of this pipeline.
    #[must_use]
    pub fn pipeline_tag(&self) -> &str {
        &self.pipeline_tag
    }

    /// The tag on this one build: `request` is what is asked for, `position` its place in `BUILD_TYPE_ID`.
    #[must_use]
    pub fn build_tag(&self, position: usize, request: &str) -> String {
        format!(
            "{}-{}",
            self.pipeline_tag,
            digest(&[&self.seed, &position.to_string(), request])
        )
    }

    /// Whether the same step asking again would come to the same tags.
    #[must_use]
    pub fn is_stable(&self) -> bool {
        self.stable
    }

    /// The number of the pipeline whose tag this is, if it is one of this repository.
    #[must_use]
    pub fn pipeline_of(&self, tag: &str) -> Option<u64> {
        let rest = tag
            .strip_prefix("bitbucket-")?
            .strip_prefix(self.repository.as_str())?
            .strip_prefix('-')?;
        rest.parse().ok()
    }
}

/// Eight hexadecimal digits.
fn digest(parts: &[&str]) -> String {
    hash::hex(parts, 8)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity() -> Identity<'static> {
        Identity {
            repository: Some("{r}"),
            pipeline: Some("12"),
            step: Some("{s}"),
            run: Some("1"),
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
            run: Some("2"),
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
        assert!(!marker(1).is_stable());
    }

    #[test]
    fn tells_the_pipelines_of_its_repository() {
        let marker = Marker::new(&identity());
        assert_eq!(marker.pipeline_of(marker.pipeline_tag()), Some(12));
        assert_eq!(marker.pipeline_of(&marker.build_tag(0, "x")), None);
        assert_eq!(marker.pipeline_of("bitbucket-00000000-12"), None);
        assert_eq!(marker.pipeline_of("release"), None);
    }
}
