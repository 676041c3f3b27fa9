//! Bitbucket's branches and tags by TeamCity's names. A logical name is what a branch specification makes of a ref.

use super::specification::Specification;
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
/// roots, as far as they are known; where `complete`, no other rule makes a branch of a ref.
pub fn names_of(
    branch: &BranchChoice,
    specifications: &[Specification],
    complete: bool,
) -> Option<Vec<String>> {
    let logical = |reference: String| {
        let names = specifications.iter();
        names
            .filter_map(|specification| specification.logical(&reference))
            .chain([reference.clone()])
            .collect::<Vec<_>>()
    };
    let (mut names, others) = match branch {
        BranchChoice::Pipeline(name) => (logical(format!("refs/heads/{name}")), vec![name.clone()]),
        BranchChoice::Tag(name) => (
            logical(format!("refs/tags/{name}")),
            vec![format!("tags/{name}"), name.clone()],
        ),
        // A name of TeamCity's, or a ref.
        BranchChoice::Given(name) => match name.strip_prefix("refs/heads/") {
            Some(short) => (logical(name.clone()), vec![short.to_owned()]),
            None => (vec![name.clone()], logical(format!("refs/heads/{name}"))),
        },
        BranchChoice::Default | BranchChoice::Unknown => return None,
    };
    // Another branch may be called so, where the rules call this one otherwise.
    if !complete || matches!(branch, BranchChoice::Given(_)) {
        names.extend(others);
    }
    Some(names)
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
        find_branch(
            branches,
            &names_of(wanted, &[], false).unwrap(),
            default_ref,
        )?
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
    fn the_name_that_the_specification_gives_comes_first() {
        let names = names_of(
            &BranchChoice::Pipeline("release/1.0".to_owned()),
            &[Specification::parse("+:refs/heads/release/*")],
            true,
        );
        assert_eq!(names.unwrap(), ["1.0", "refs/heads/release/1.0"]);
    }
}
