//! The `fields` parameter: which members an answer has (TeamCity's source: Fields.java, ValueWithDefault.java).

use crate::json::Json;

/// How deep `**` goes; TeamCity stops at an entity that it has already shown, we stop by depth.
const NESTING: u8 = 4;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Base {
    Nothing,
    Short,
    Long,
    All,
    AllNested(u8),
}

/// Which members of an entity are wanted.
#[derive(Debug, Clone)]
pub(crate) struct Fields {
    base: Base,
    named: Vec<(String, Fields)>,
    locator: Option<String>,
}

/// When a member is shown if nobody named it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Level {
    /// In the short and in the long form.
    Short,
    /// Only in the long form.
    Long,
    /// Only when named, or with `*`.
    Named,
}

impl Fields {
    const fn of(base: Base) -> Self {
        Self {
            base,
            named: Vec::new(),
            locator: None,
        }
    }
    pub(crate) const fn short() -> Self {
        Self::of(Base::Short)
    }
    pub(crate) const fn long() -> Self {
        Self::of(Base::Long)
    }

    /// Reads a specification; absent means the long form.
    pub(crate) fn parse(spec: Option<&str>) -> Self {
        spec.map_or_else(Self::long, |spec| Self::read(spec, 0))
    }

    fn read(spec: &str, depth: usize) -> Self {
        let mut fields = Self::of(Base::Nothing);
        if spec.trim().is_empty() || depth > 50 {
            return Self::short();
        }
        for part in split(spec) {
            let part = part.trim();
            let (name, inner) = match part.find(['(', ':']) {
                Some(at) => {
                    let inner = part[at..].trim_start_matches(':');
                    let inner = inner
                        .strip_prefix('(')
                        .map_or(inner, |inner| inner.strip_suffix(')').unwrap_or(inner));
                    (&part[..at], Some(inner))
                }
                None => (part, None),
            };
            match name {
                "" => {}
                "*" => fields.base = Base::All,
                "**" => fields.base = Base::AllNested(NESTING),
                "$short" => fields.base = Base::Short,
                "$long" => fields.base = Base::Long,
                "-" => fields.base = Base::Nothing,
                "$locator" => fields.locator = inner.map(str::to_owned),
                "$optional" => {}
                name => {
                    let inner =
                        inner.map_or_else(Self::short, |inner| Self::read(inner, depth + 1));
                    fields.named.push((name.to_owned(), inner));
                }
            }
        }
        fields
    }

    /// The locator that was given for the list, as `$locator(…)`.
    pub(crate) fn locator(&self) -> Option<&str> {
        self.locator.as_deref()
    }

    fn find(&self, name: &str) -> Option<&Fields> {
        self.named
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, fields)| fields)
    }

    fn is_none(&self) -> bool {
        self.base == Base::Nothing && self.named.is_empty() && self.locator.is_none()
    }

    /// Whether a member was named, so that it is shown even with a default value.
    pub(crate) fn names(&self, name: &str) -> bool {
        matches!(self.base, Base::All | Base::AllNested(_))
            || self.find(name).is_some_and(|fields| !fields.is_none())
    }

    pub(crate) fn shows(&self, name: &str, level: Level) -> bool {
        if let Some(fields) = self.find(name) {
            return !fields.is_none();
        }
        match self.base {
            Base::Nothing => false,
            Base::Short => level == Level::Short,
            Base::Long => level != Level::Named,
            Base::All | Base::AllNested(_) => true,
        }
    }

    /// The fields of a nested entity, `default` where nobody said which.
    pub(crate) fn nested(&self, name: &str, default: &Fields) -> Fields {
        if let Some(fields) = self.find(name) {
            let plain =
                fields.base == Base::Short && fields.named.is_empty() && fields.locator.is_none();
            return if plain {
                default.clone()
            } else {
                fields.clone()
            };
        }
        match self.base {
            Base::AllNested(0) => Self::short(),
            Base::AllNested(depth) => Self::of(Base::AllNested(depth - 1)),
            Base::All => Self::short(),
            _ => default.clone(),
        }
    }
}

/// Splits at commas outside parentheses.
pub(crate) fn split(text: &str) -> Vec<&str> {
    let (mut parts, mut depth, mut from) = (Vec::new(), 0_i32, 0);
    for (at, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            ',' if depth <= 0 => {
                parts.push(&text[from..at]);
                from = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[from..]);
    parts
}

/// An object under construction: members that are not wanted are not even computed.
pub(crate) struct Obj<'f> {
    fields: &'f Fields,
    members: Vec<(String, Json)>,
}

impl<'f> Obj<'f> {
    pub(crate) fn new(fields: &'f Fields) -> Self {
        Self {
            fields,
            members: Vec::new(),
        }
    }

    fn add(&mut self, name: &str, value: Json) {
        if value != Json::Null && (self.fields.names(name) || !value.is_default()) {
            self.members.push((name.to_owned(), value));
        }
    }

    pub(crate) fn put(&mut self, name: &str, level: Level, value: impl Into<Json>) -> &mut Self {
        if self.fields.shows(name, level) {
            self.add(name, value.into());
        }
        self
    }

    pub(crate) fn with<T: Into<Json>>(
        &mut self,
        name: &str,
        level: Level,
        value: impl FnOnce() -> T,
    ) -> &mut Self {
        if self.fields.shows(name, level) {
            self.add(name, value().into());
        }
        self
    }

    pub(crate) fn nest<T: Into<Json>>(
        &mut self,
        name: &str,
        level: Level,
        default: &Fields,
        value: impl FnOnce(&Fields) -> T,
    ) -> &mut Self {
        if self.fields.shows(name, level) {
            let value = value(&self.fields.nested(name, default)).into();
            self.add(name, value);
        }
        self
    }

    /// A member that is written even with its default value.
    pub(crate) fn always(&mut self, name: &str, level: Level, value: impl Into<Json>) -> &mut Self {
        if self.fields.shows(name, level) {
            self.members.push((name.to_owned(), value.into()));
        }
        self
    }

    pub(crate) fn done(&mut self) -> Json {
        Json::Object(std::mem::take(&mut self.members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn show(spec: &str) -> String {
        let fields = Fields::parse(Some(spec));
        let mut obj = Obj::new(&fields);
        obj.put("id", Level::Short, 1_i64);
        obj.put("paused", Level::Long, false);
        obj.put("text", Level::Long, "t");
        obj.put("rare", Level::Named, "r");
        obj.nest("inner", Level::Long, &Fields::short(), |fields| {
            let mut obj = Obj::new(fields);
            obj.put("a", Level::Short, 1_i64)
                .put("b", Level::Long, 2_i64)
                .done()
        });
        obj.done().to_json()
    }

    #[test]
    fn forms_names_and_defaults() {
        assert_eq!(show("$short"), r#"{"id":1}"#);
        assert_eq!(show("$long"), r#"{"id":1,"text":"t","inner":{"a":1}}"#);
        assert_eq!(
            show("paused,inner(b)"),
            r#"{"paused":false,"inner":{"b":2}}"#
        );
        assert_eq!(
            show("*"),
            r#"{"id":1,"paused":false,"text":"t","rare":"r","inner":{"a":1}}"#
        );
        assert_eq!(
            show("**"),
            r#"{"id":1,"paused":false,"text":"t","rare":"r","inner":{"a":1,"b":2}}"#
        );
        assert_eq!(show("$long,inner(-)"), r#"{"id":1,"text":"t"}"#);
        assert_eq!(show("unknown"), "{}");
        assert_eq!(show("inner:(a)"), r#"{"inner":{"a":1}}"#);
    }
}
