//! JSON and XML values that keep the order of their members, as TeamCity's answers do.

/// A value of an answer.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Json {
    /// Never written as an object's member.
    Null,
    /// A boolean.
    Bool(bool),
    /// An integer.
    Int(i64),
    /// A text.
    Str(String),
    /// A list.
    List(Vec<Json>),
    /// An object, in order.
    Object(Vec<(String, Json)>),
}

impl Json {
    /// An object of the given members.
    pub(crate) fn object<const N: usize>(members: [(&str, Json); N]) -> Self {
        Self::Object(
            members
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value))
                .collect(),
        )
    }

    /// Whether TeamCity would leave the member out unless it was asked for by name.
    pub(crate) fn is_default(&self) -> bool {
        match self {
            Self::Null => true,
            Self::Bool(value) => !value,
            Self::Int(value) => *value == 0,
            Self::Str(_) => false,
            Self::List(items) => items.is_empty(),
            Self::Object(members) => members.is_empty(),
        }
    }

    /// As JSON.
    pub(crate) fn to_json(&self) -> String {
        let mut out = String::new();
        self.write_json(&mut out);
        out
    }

    fn write_json(&self, out: &mut String) {
        match self {
            Self::Null => out.push_str("null"),
            Self::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
            Self::Int(value) => out.push_str(&value.to_string()),
            Self::Str(value) => write_string(value, out),
            Self::List(items) => {
                out.push('[');
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        out.push(',');
                    }
                    item.write_json(out);
                }
                out.push(']');
            }
            Self::Object(members) => {
                out.push('{');
                for (index, (name, value)) in members.iter().enumerate() {
                    if index > 0 {
                        out.push(',');
                    }
                    write_string(name, out);
                    out.push(':');
                    value.write_json(out);
                }
                out.push('}');
            }
        }
    }

    /// As XML under a root element: plain members become attributes, objects and lists become elements.
    pub(crate) fn to_xml(&self, root: &str) -> String {
        let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>");
        self.write_xml(root, &mut out);
        out
    }

    fn write_xml(&self, name: &str, out: &mut String) {
        let name = xml_name(name);
        match self {
            Self::Null => {}
            Self::Bool(value) => out.push_str(&format!("<{name}>{value}</{name}>")),
            Self::Int(value) => out.push_str(&format!("<{name}>{value}</{name}>")),
            Self::Str(value) => out.push_str(&format!("<{name}>{}</{name}>", xml_text(value))),
            Self::List(items) => items.iter().for_each(|item| item.write_xml(&name, out)),
            Self::Object(members) => {
                out.push_str(&format!("<{name}"));
                let mut inner = String::new();
                for (member, value) in members {
                    match value {
                        Self::Bool(value) => {
                            out.push_str(&format!(" {}=\"{value}\"", xml_name(member)));
                        }
                        Self::Int(value) => {
                            out.push_str(&format!(" {}=\"{value}\"", xml_name(member)));
                        }
                        Self::Str(value) if !XML_ELEMENTS.contains(&member.as_str()) => {
                            out.push_str(&format!(" {}=\"{}\"", xml_name(member), xml_text(value)));
                        }
                        other => other.write_xml(member, &mut inner),
                    }
                }
                if inner.is_empty() {
                    out.push_str("/>");
                } else {
                    out.push_str(&format!(">{inner}</{name}>"));
                }
            }
        }
    }
}

/// Texts that TeamCity writes as elements rather than attributes.
const XML_ELEMENTS: [&str; 9] = [
    "text",
    "statusText",
    "queuedDate",
    "startDate",
    "finishDate",
    "waitReason",
    "details",
    "additionalMessage",
    "timestamp",
];

fn xml_name(name: &str) -> String {
    name.chars()
        .filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
        .collect()
}

/// Text with XML's special characters escaped and what XML can't hold left out.
pub(crate) fn xml_text(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' => out.push_str("&#xA;"),
            c if (c as u32) < 0x20 && c != '\t' && c != '\r' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

fn write_string(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if (c as u32) < 0x20 => out.push_str(&format!("\\u{:04x}", c as u32)),
            c => out.push(c),
        }
    }
    out.push('"');
}

impl From<&str> for Json {
    fn from(value: &str) -> Self {
        Self::Str(value.to_owned())
    }
}
impl From<String> for Json {
    fn from(value: String) -> Self {
        Self::Str(value)
    }
}
impl From<bool> for Json {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}
impl From<i64> for Json {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}
impl From<u64> for Json {
    fn from(value: u64) -> Self {
        Self::Int(i64::try_from(value).unwrap_or(i64::MAX))
    }
}
impl From<usize> for Json {
    fn from(value: usize) -> Self {
        Self::Int(i64::try_from(value).unwrap_or(i64::MAX))
    }
}
impl<T: Into<Json>> From<Option<T>> for Json {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}
impl From<Vec<Json>> for Json {
    fn from(value: Vec<Json>) -> Self {
        Self::List(value)
    }
}
