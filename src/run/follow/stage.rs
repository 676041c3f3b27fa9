//! What TeamCity calls the stage of a running build, as far as it tells of the end.

use std::time::Duration;

use tokio::time::Instant;

/// How near its end a build is by its stage.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Stage {
    /// Its stage says nothing of that.
    #[default]
    Unknown,
    /// It has steps before it: "Step 1/3".
    Before,
    /// It has been in its last step, or in what comes after that, for so long.
    Last(Duration),
}

/// What was seen of the stages of one build.
#[derive(Debug, Default)]
pub struct Stages {
    last_since: Option<Instant>,
}

impl Stages {
    /// Takes what TeamCity says now.
    pub fn observe(&mut self, now: Instant, text: Option<&str>) -> Stage {
        match text.and_then(is_last) {
            Some(true) => {
                let since = *self.last_since.get_or_insert(now);
                Stage::Last(now.duration_since(since))
            }
            Some(false) => {
                self.last_since = None;
                Stage::Before
            }
            None => Stage::Unknown,
        }
    }
}

/// Whether a stage is the last one. It is free text: "Step 2/3: Test", "Publishing artifacts".
fn is_last(text: &str) -> Option<bool> {
    if let Some(rest) = text.strip_prefix("Step ") {
        let (step, rest) = rest.split_once('/')?;
        let digits = rest.find(|c: char| !c.is_ascii_digit());
        let steps = rest.get(..digits.unwrap_or(rest.len()))?;
        let (step, steps): (u32, u32) = (step.parse().ok()?, steps.parse().ok()?);
        // The only step begins with the build, and tells nothing of its end.
        return (steps > 1).then_some(step >= steps);
    }
    let text = text.to_ascii_lowercase();
    let ends = text.starts_with("publishing") || text.starts_with("finishing");
    ends.then_some(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_tells_whether_it_is_the_last() {
        let cases = [
            ("Step 2/3", Some(false)),
            ("Step 3/3: Test", Some(true)),
            ("Step 1/1: Command Line", None),
            ("Publishing artifacts", Some(true)),
            ("Updating sources: auto checkout (on agent)", None),
            ("Step a/b", None),
            ("Step 1", None),
            ("", None),
        ];
        for (text, last) in cases {
            assert_eq!(is_last(text), last, "{text}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_last_stage_is_as_old_as_it_was_first_seen() {
        let mut stages = Stages::default();
        let mut at = |text| stages.observe(Instant::now(), Some(text));
        assert_eq!(at("Step 1/2: Compile"), Stage::Before);
        assert_eq!(at("Step 2/2: Test"), Stage::Last(Duration::ZERO));
        tokio::time::advance(Duration::from_secs(7)).await;
        assert_eq!(
            at("Publishing artifacts"),
            Stage::Last(Duration::from_secs(7))
        );
    }
}
