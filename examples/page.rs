//! Renders the sample pages to `target/pages/`, for people and for `tests/page/check.py`.

#[path = "../tests/page/samples.rs"]
mod samples;

use anyhow::Context as _;
use teamcity_pipe::report::json::Pipeline;
use teamcity_pipe::report::page::{PageContext, html};

fn main() -> anyhow::Result<()> {
    let folder = std::path::Path::new("target/pages");
    std::fs::create_dir_all(folder).context("target/pages")?;
    let context = PageContext {
        pipeline: Pipeline {
            number: Some("128".into()),
            commit: Some("0a1b2c3d4e5f60718293a4b5c6d7e8f901234567".into()),
            tag: None,
            step: None,
        },
        pipeline_url: Some("https://bitbucket.org/acme/shop/pipelines/results/128".into()),
        repository: Some("acme/shop".into()),
        written_at: chrono::DateTime::parse_from_rfc3339("2025-07-10T08:17:00+02:00").ok(),
    };
    for (name, outcome) in [
        ("failure", samples::failed_run()),
        ("success", samples::good_run()),
        ("canceled", samples::canceled_run()),
        ("chain", samples::long_chain()),
        ("many", samples::many_failed()),
        ("hostile", samples::hostile_run()),
    ] {
        let path = folder.join(format!("{name}.html"));
        std::fs::write(&path, html(&outcome, &context)).context(name)?;
    }
    Ok(())
}
