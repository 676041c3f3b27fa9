//! The options that name places in Bitbucket.

use super::error::CliError;
use crate::token::Scope;
use crate::types::text::one_line;

/// One of the options that name a scope, as it was written.
pub(super) enum Part {
    Workspace(String),
    Repository(String),
    Environment(String),
}

/// Puts the options together, in their order: an environment belongs to the repository right before it.
pub(super) fn put_together(parts: Vec<Part>) -> Result<Vec<Scope>, CliError> {
    let mut scopes = Vec::new();
    for part in parts {
        match part {
            Part::Workspace(name) => scopes.push(Scope::Workspace(slug(&name, "--workspace")?)),
            Part::Repository(name) => {
                let Some((workspace, repository)) = name.trim().split_once('/') else {
                    return Err(CliError::new(format!(
                        "--repository has the invalid value '{}'\n  → Write 'workspace/repository'.",
                        one_line(&name, 60)
                    )));
                };
                scopes.push(Scope::Repository(
                    slug(workspace, "--repository")?,
                    slug(repository, "--repository")?,
                ));
            }
            Part::Environment(name) => match scopes.pop() {
                Some(Scope::Repository(workspace, repository)) if !name.trim().is_empty() => {
                    scopes.push(Scope::Environment(
                        workspace,
                        repository,
                        name.trim().to_owned(),
                    ));
                }
                _ => {
                    return Err(CliError::new(
                        "--environment has no repository\n  → Write it directly after its repository: --repository workspace/repository --environment production.",
                    ));
                }
            },
        }
    }
    if scopes.is_empty() {
        return Err(CliError::new(
            "no workspace or repository is named\n  → Add --workspace W, --repository W/R, or --repository W/R --environment E.",
        ));
    }
    Ok(scopes)
}

/// The one scope of a command that takes one.
pub(super) fn only(mut scopes: Vec<Scope>) -> Result<Scope, CliError> {
    match (scopes.pop(), scopes.is_empty()) {
        (Some(scope), true) => Ok(scope),
        _ => Err(CliError::new(
            "several workspaces, repositories or environments are named\n  → This command works on one. Run it once for each.",
        )),
    }
}

fn slug(text: &str, option: &str) -> Result<String, CliError> {
    let text = text.trim();
    // A workspace or repository may also be named by its UUID in braces.
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '{' | '}');
    if text.is_empty() || !text.chars().all(fits) {
        return Err(CliError::new(format!(
            "{option} has the invalid value '{}'\n  → Write the name as in the address of its page on Bitbucket.",
            one_line(text, 60)
        )));
    }
    Ok(text.to_owned())
}
