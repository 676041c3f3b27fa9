//! Bitbucket's branches and tags by TeamCity's names. A logical name is what a branch specification makes of a ref.

use crate::config::BranchChoice;
use crate::teamcity::model::Branch;

/// The branch of TeamCity that is meant by a name of Bitbucket's.
pub fn find_branch<'a>(
    branches: &'a [Branch],
    names: &[String],
    default_ref: Option<&str>,
) -> Option<&'a Branch> {
    let named = |name: &String| {
        branches
            .iter()
            .find(|branch| branch.name.as_ref() == Some(name))
    };
    names.iter().find_map(named).or_else(|| {
        let is_default =
            default_ref.is_some_and(|default| names.iter().any(|name| name == default));
        branches.iter().find(|branch| is_default && branch.default)
    })
}

/// The names under which TeamCity may know a branch or tag, best first. `specifications` are those of the repository's
/// roots, as far as they are known.
pub fn names_of(branch: &BranchChoice, specifications: &[String]) -> Option<Vec<String>> {
    let logical = |reference: &str| {
        let lines = specifications.iter().flat_map(|text| text.lines());
        lines
            .filter_map(|line| logical_name(line, reference))
            .collect::<Vec<_>>()
    };
    let mut names = match branch {
        BranchChoice::Pipeline(name) => logical(&format!("refs/heads/{name}")),
        BranchChoice::Tag(name) => logical(&format!("refs/tags/{name}")),
        BranchChoice::Given(_) => Vec::new(),
        BranchChoice::Default | BranchChoice::Unknown => return None,
    };
    match branch {
        BranchChoice::Tag(name) => names.extend([
            format!("refs/tags/{name}"),
            format!("tags/{name}"),
            name.clone(),
        ]),
        BranchChoice::Given(name) | BranchChoice::Pipeline(name) => {
            match name.strip_prefix("refs/heads/") {
                Some(short) => names.extend([name.clone(), short.to_owned()]),
                None => names.extend([name.clone(), format!("refs/heads/{name}")]),
            }
        }
        BranchChoice::Default | BranchChoice::Unknown => {}
    }
    Some(names)
}

/// What one line of a branch specification makes of a ref: the part that its parentheses hold, or else its `*`
/// (TeamCity's documentation: Working with Feature Branches).
fn logical_name(line: &str, reference: &str) -> Option<String> {
    let pattern = line.trim().strip_prefix("+:").unwrap_or(line.trim());
    if pattern.starts_with("-:") || pattern.starts_with('#') {
        return None;
    }
    let bare = pattern.replace(['(', ')'], "");
    let (before, after) = bare.split_once('*')?;
    let matched = reference.strip_prefix(before)?.strip_suffix(after)?;
    match pattern
        .split_once('(')
        .and_then(|(_, rest)| rest.split_once(')'))
    {
        Some((name, _)) => Some(name.replace('*', matched)),
        None => Some(matched.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn branch(name: &str, default: bool) -> Branch {
        Branch {
            name: Some(name.to_owned()),
            default,
            ..Branch::default()
        }
    }

    fn found<'a>(
        branches: &'a [Branch],
        wanted: &BranchChoice,
        default_ref: Option<&str>,
    ) -> Option<&'a str> {
        find_branch(branches, &names_of(wanted, &[]).unwrap(), default_ref)?
            .name
            .as_deref()
    }

    #[test]
    fn a_branch_is_known_by_its_name_its_ref_or_as_the_default() {
        let wanted = BranchChoice::Pipeline("main".to_owned());
        assert_eq!(
            found(&[branch("x", false), branch("main", true)], &wanted, None),
            Some("main")
        );
        assert_eq!(
            found(&[branch("refs/heads/main", true)], &wanted, None),
            Some("refs/heads/main")
        );
        assert_eq!(
            found(
                &[branch("<default>", true)],
                &wanted,
                Some("refs/heads/main")
            ),
            Some("<default>")
        );
        assert_eq!(
            found(
                &[branch("<default>", true)],
                &wanted,
                Some("refs/heads/master")
            ),
            None
        );
        assert_eq!(
            found(
                &[branch("Main", false), branch("main2", true)],
                &wanted,
                None
            ),
            None
        );
    }

    #[test]
    fn a_tag_is_no_branch_of_the_same_name_if_there_is_a_better_one() {
        let wanted = BranchChoice::Tag("v1".to_owned());
        assert_eq!(
            found(
                &[branch("v1", false), branch("refs/tags/v1", false)],
                &wanted,
                None
            ),
            Some("refs/tags/v1")
        );
    }

    #[test]
    fn a_specification_says_what_a_ref_is_called() {
        let name = |line: &str| logical_name(line, "refs/heads/release/1.0");
        assert_eq!(name("+:refs/heads/*").as_deref(), Some("release/1.0"));
        assert_eq!(name("+:refs/heads/release/*").as_deref(), Some("1.0"));
        assert_eq!(
            name("refs/heads/(release/*)").as_deref(),
            Some("release/1.0")
        );
        assert_eq!(
            name("+:refs/(heads/release/*)").as_deref(),
            Some("heads/release/1.0")
        );
        for other in [
            "-:refs/heads/*",
            "# +:refs/heads/*",
            "+:refs/heads/feature/*",
            "+:refs/heads/main",
            "",
            "*(",
            ")*(",
        ] {
            assert!(name(other).is_none() || !other.starts_with("+:"), "{other}");
        }
        let names = names_of(
            &BranchChoice::Pipeline("release/1.0".to_owned()),
            &["+:refs/heads/release/*".to_owned()],
        );
        assert_eq!(names.unwrap()[0], "1.0");
    }
}
