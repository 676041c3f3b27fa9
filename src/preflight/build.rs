//! The builds of `BUILD_ID`: whether each is there.

use super::cure;
use super::finding::{Bad, Findings, Question};
use crate::teamcity::model::Build;
use crate::teamcity::{Client, ErrorKind};
use crate::types::BuildId;

const QUESTION: Question = "builds";

/// Asks for one.
///
/// # Errors
/// When it is not there, or the server stays away.
pub async fn build(client: &Client, id: BuildId, all: &mut Findings) -> Result<Build, Bad> {
    let build = client.build(id).await.map_err(|error| {
        let wrong = match error.kind {
            ErrorKind::NotFound(_) | ErrorKind::Forbidden(_) => cure::no_build(id),
            _ => {
                let doing = format!("reading the build {id} (BUILD_ID)");
                cure::teamcity(&doing, &error, client.base())
            }
        };
        Bad::new(QUESTION, wrong)
    })?;
    let of = build
        .build_type_id
        .as_deref()
        .unwrap_or("a configuration without an id");
    all.good(
        QUESTION,
        format!("the build {id} exists and belongs to {of}"),
    );
    Ok(build)
}
