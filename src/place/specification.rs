//! TeamCity's branch specifications: which refs are branches, and what each is called
//! (TeamCity's documentation: Working with Feature Branches).
//!
//! A rule a line, `+:` or `-:` before it. `*` stands for one character or more, once. The name is what the parentheses hold, or else
//! what `*` stands for, or else the whole. Of several rules for a ref the most exact one counts: that without `*`, or that
//! whose `*` stands for the least; of equal ones the last.

/// How escapes begin where a specification says nothing else.
const ESCAPE: char = '\\';

/// A branch specification.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Specification(Vec<Rule>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Rule {
    includes: bool,
    before: String,
    /// What comes after `*`; `None` where there is none.
    after: Option<String>,
    name: Name,
}

/// What a rule calls a branch.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Name {
    /// What `*` stands for, or the whole ref.
    Matched,
    /// This.
    Fixed(String),
    /// What `*` stands for, between these.
    Around(String, String),
}

impl Specification {
    /// Reads the rules. A line that is none is left out.
    pub fn parse(text: &str) -> Self {
        let escape = text
            .lines()
            .filter_map(|line| {
                line.trim()
                    .strip_prefix("#!")?
                    .trim()
                    .strip_prefix("escape:")
            })
            .find_map(|character| character.trim().chars().next())
            .unwrap_or(ESCAPE);
        Self(
            text.lines()
                .filter_map(|line| Rule::parse(line.trim(), escape))
                .collect(),
        )
    }

    /// What a ref is called; `None` where it is no branch by these rules.
    pub fn logical(&self, reference: &str) -> Option<String> {
        let mut best: Option<(usize, &Rule, &str)> = None;
        for rule in &self.0 {
            if let Some(matched) = rule.matched(reference) {
                let freedom = rule.after.as_ref().map_or(0, |_| matched.chars().count());
                if best.is_none_or(|(least, ..)| freedom <= least) {
                    best = Some((freedom, rule, matched));
                }
            }
        }
        let (_, rule, matched) = best?;
        rule.includes.then(|| match &rule.name {
            Name::Matched => matched.to_owned(),
            Name::Fixed(name) => name.clone(),
            Name::Around(before, after) => format!("{before}{matched}{after}"),
        })
    }

    /// The refs that may be called so, best first.
    pub fn refs_called<'a>(&'a self, name: &'a str) -> impl Iterator<Item = String> + 'a {
        self.0
            .iter()
            .filter_map(|rule| rule.ref_called(name))
            .filter(move |reference| self.logical(reference).as_deref() == Some(name))
    }
}

impl Rule {
    fn parse(line: &str, escape: char) -> Option<Self> {
        if line.is_empty() || line.starts_with('#') {
            return None;
        }
        let (includes, pattern) = match line.split_at_checked(2) {
            Some(("+:", pattern)) => (true, pattern.trim()),
            Some(("-:", pattern)) => (false, pattern.trim()),
            _ => (true, line),
        };
        // The default branch is a branch anyway, by its own name.
        if pattern.is_empty() || pattern == "<default>" {
            return None;
        }
        let mut parts = [String::new(), String::new()];
        let mut named = [String::new(), String::new()];
        let (mut star, mut star_named) = (false, false);
        // Before, within and after the parentheses.
        let mut place = 0;
        let mut chars = pattern.chars().peekable();
        while let Some(mut c) = chars.next() {
            let literal = c == escape
                && chars
                    .peek()
                    .is_some_and(|next| *next == escape || "*()".contains(*next));
            if literal {
                c = chars.next()?;
            }
            match c {
                '*' if !literal && star => return None,
                '*' if !literal => (star, star_named) = (true, place == 1),
                '(' if !literal && place == 0 => place = 1,
                ')' if !literal && place == 1 => place = 2,
                '(' | ')' if !literal => return None,
                other => {
                    parts.get_mut(usize::from(star))?.push(other);
                    if place == 1 {
                        named.get_mut(usize::from(star))?.push(other);
                    }
                }
            }
        }
        let ([before, after], [named_before, named_after]) = (parts, named);
        let name = match place {
            0 => Name::Matched,
            1 => return None,
            _ if star_named => Name::Around(named_before, named_after),
            _ => Name::Fixed(named_before + &named_after),
        };
        (name != Name::Fixed(String::new())).then_some(Self {
            includes,
            before,
            after: star.then_some(after),
            name,
        })
    }

    /// What `*` stands for in a ref, or the whole ref; `None` where it is another.
    fn matched<'r>(&self, reference: &'r str) -> Option<&'r str> {
        match &self.after {
            None => (reference == self.before).then_some(reference),
            Some(after) => reference
                .strip_prefix(self.before.as_str())?
                .strip_suffix(after.as_str())
                .filter(|matched| !matched.is_empty()),
        }
    }

    fn ref_called(&self, name: &str) -> Option<String> {
        let matched = match (&self.name, &self.after) {
            (Name::Matched, _) => name,
            (Name::Around(before, after), Some(_)) => name
                .strip_prefix(before.as_str())?
                .strip_suffix(after.as_str())?,
            // What `*` stands for can't be told from the name.
            (Name::Fixed(_), Some(_)) | (Name::Around(..), None) => return None,
            (Name::Fixed(fixed), None) => return (fixed == name).then(|| self.before.clone()),
        };
        match &self.after {
            Some(after) => Some(format!("{}{matched}{after}", self.before)),
            None => (self.before == matched).then(|| self.before.clone()),
        }
    }
}

#[cfg(test)]
mod tests;
