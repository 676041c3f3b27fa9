//! The build configurations: whether each is there, and whether it can be run.

use super::cure;
use super::finding::{Bad, Findings, Question};
use crate::teamcity::model::BuildType;
use crate::teamcity::{Client, ErrorKind};
use crate::types::BuildTypeId;

/// Build configurations that are looked at at once.
pub const AT_ONCE: usize = 8;

const QUESTION: Question = "build configuration";

/// Asks for one.
///
/// # Errors
/// When it is not there, can't be run, or the server stays away.
pub async fn build_type(
    client: &Client,
    id: &BuildTypeId,
    all: &mut Findings,
) -> Result<BuildType, Bad> {
    let build_type = match client.build_type(id).await {
        Ok(build_type) => build_type,
        Err(error) if matches!(error.kind, ErrorKind::NotFound(_) | ErrorKind::Forbidden(_)) => {
            return Err(Bad::new(QUESTION, cure::no_build_type(id)));
        }
        Err(error) => {
            let doing = format!("reading the build configuration {id}");
            return Err(Bad::new(
                QUESTION,
                cure::teamcity(&doing, &error, client.base()),
            ));
        }
    };
    if build_type.template_flag {
        return Err(Bad::new(QUESTION, cure::template(id)));
    }
    let name = match (&build_type.project_name, &build_type.name) {
        (Some(project), Some(name)) => format!("{project} / {name}"),
        (_, Some(name)) => name.clone(),
        _ => "without a name".to_owned(),
    };
    all.good(QUESTION, format!("{id} is {name}"));
    if build_type.paused {
        all.odd(
            QUESTION,
            format!("{id} is paused in TeamCity"),
            "Pausing only turns off its triggers. A run can still start it.",
        );
    }
    Ok(build_type)
}
