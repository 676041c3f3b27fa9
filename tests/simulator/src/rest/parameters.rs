//! Parameters of projects and configurations, and the settings of configurations, which go by the same rules
//! (TeamCity's source: ParametersSubResource.java, TypedParametersSubResource.java, Property.java).

use serde_json::Value;

use crate::json::Json;
use crate::model::Property;

use super::errors::{ApiError, accepts};
use super::fields::{Fields, Level, Obj};
use super::posted::text;
use super::{Answer, Call, Reply, only, text_or_406};

/// A parameter, and whether it comes from above.
pub(super) struct Shown {
    pub(super) property: Property,
    pub(super) inherited: bool,
}

impl Shown {
    pub(super) fn own(property: &Property) -> Self {
        Self {
            property: property.clone(),
            inherited: false,
        }
    }
}

/// What has parameters.
pub(super) trait Holder {
    /// All that it has, its own first.
    fn shown(&self, call: &Call<'_>) -> Vec<Shown>;
    /// The href of the list.
    fn href(&self, call: &Call<'_>) -> String;
    /// Whether the caller may change them.
    fn may_edit(&self, call: &Call<'_>) -> Result<(), ApiError>;
    /// Sets one of its own.
    fn set(&self, call: &mut Call<'_>, property: Property) -> Result<(), ApiError>;
    /// Takes one of its own away.
    fn remove(&self, call: &mut Call<'_>, name: &str) -> Result<(), ApiError>;
}

pub(super) fn property_json(shown: &Shown, fields: &Fields) -> Json {
    let property = &shown.property;
    let mut obj = Obj::new(fields);
    obj.put("name", Level::Short, property.name.as_str());
    // TeamCity never gives a password back.
    if !property.is_secret() {
        obj.put("value", Level::Short, property.value.as_str());
    }
    obj.put("inherited", Level::Short, shown.inherited);
    if let Some(kind) = &property.kind {
        obj.with("type", Level::Short, || {
            Json::object([("rawValue", kind.as_str().into())])
        });
    }
    obj.done()
}

pub(super) fn list_json(list: &[Shown], href: Option<String>, fields: &Fields) -> Json {
    let mut obj = Obj::new(fields);
    obj.always("count", Level::Short, list.len())
        .put("href", Level::Short, href);
    obj.nest("property", Level::Long, &Fields::long(), |fields| {
        list.iter()
            .map(|shown| property_json(shown, fields))
            .collect::<Vec<_>>()
    });
    obj.done()
}

fn find(call: &Call<'_>, holder: &impl Holder, name: &str) -> Result<Shown, ApiError> {
    holder
        .shown(call)
        .into_iter()
        .find(|shown| shown.property.name == name)
        .ok_or_else(|| ApiError::not_found(format!("No parameter with name '{name}' is found.")))
}

fn value(call: &Call<'_>, holder: &impl Holder, name: &str) -> Answer {
    let shown = find(call, holder, name)?;
    if shown.property.is_secret() {
        return Err(ApiError::bad_request(
            "Secure parameters cannot be retrieved via remote API by default.",
        ));
    }
    Ok(Reply::Text(200, shown.property.value))
}

/// A posted parameter, with the name of the URL if that has one.
pub(super) fn posted(body: &Value, name: Option<&str>) -> Result<Property, ApiError> {
    let name = match name {
        Some(name) => name.to_owned(),
        None => text(body, "name")?.unwrap_or_default().to_owned(),
    };
    if name.is_empty() {
        return Err(ApiError::bad_request("Parameter name cannot be empty."));
    }
    let value = text(body, "value")?.ok_or_else(|| {
        ApiError::bad_request(format!(
            "Parameter value for the parameter '{name}' should be specified (can be \"\")."
        ))
    })?;
    Ok(Property {
        value: value.to_owned(),
        kind: body
            .pointer("/type/rawValue")
            .and_then(Value::as_str)
            .map(str::to_owned),
        name,
    })
}

/// The parameters of a posted entity, such as a step's.
pub(super) fn posted_list(body: &Value) -> Result<Vec<Property>, ApiError> {
    let list = super::posted::items(body, "properties", "property")?;
    list.iter().map(|property| posted(property, None)).collect()
}

fn wants_text(call: &Call<'_>) -> bool {
    let accept = call.header("accept");
    accept.is_some_and(|accept| accept.contains("text/plain")) && !accepts(accept, "json")
}

fn posts_text(call: &Call<'_>) -> bool {
    call.header("content-type")
        .is_some_and(|kind| kind.starts_with("text/plain"))
}

fn body_text(call: &Call<'_>) -> String {
    String::from_utf8_lossy(call.body).into_owned()
}

/// Sets a value and leaves the type as it is.
fn set_value(call: &mut Call<'_>, holder: &impl Holder, name: &str) -> Answer {
    holder.may_edit(call)?;
    let value = body_text(call);
    let kind = find(call, holder, name)
        .ok()
        .and_then(|shown| shown.property.kind);
    let property = Property {
        name: name.to_owned(),
        value: value.clone(),
        kind,
    };
    holder.set(call, property)?;
    Ok(Reply::Text(200, value))
}

fn shown(call: &Call<'_>, holder: &impl Holder, name: &str) -> Answer {
    let shown = find(call, holder, name)?;
    Ok(Reply::Entity(
        "property",
        property_json(&shown, &call.fields()),
    ))
}

fn all(call: &Call<'_>, holder: &impl Holder) -> Reply {
    let list = holder.shown(call);
    let href = holder.href(call);
    Reply::Entity("properties", list_json(&list, Some(href), &call.fields()))
}

pub(super) fn route(call: &mut Call<'_>, holder: &impl Holder, path: &[&str]) -> Answer {
    match (path, call.method) {
        ([], "GET" | "HEAD") => Ok(all(call, holder)),
        ([], "POST") => {
            holder.may_edit(call)?;
            let property = posted(&call.json()?, None)?;
            let name = property.name.clone();
            holder.set(call, property)?;
            shown(call, holder, &name)
        }
        ([], "PUT") => {
            holder.may_edit(call)?;
            let body = call.json()?;
            let list = body.get("property").and_then(Value::as_array);
            let list: Vec<Property> = list
                .into_iter()
                .flatten()
                .map(|property| posted(property, None))
                .collect::<Result<_, _>>()?;
            remove_own(call, holder)?;
            for property in list {
                holder.set(call, property)?;
            }
            Ok(all(call, holder))
        }
        ([], "DELETE") => {
            holder.may_edit(call)?;
            remove_own(call, holder)?;
            Ok(Reply::Empty(204))
        }
        ([name], "GET" | "HEAD") if wants_text(call) => value(call, holder, name),
        ([name], "GET" | "HEAD") => shown(call, holder, name),
        ([name], "PUT") if posts_text(call) => set_value(call, holder, name),
        ([name], "PUT") => {
            holder.may_edit(call)?;
            let property = posted(&call.json()?, Some(name))?;
            holder.set(call, property)?;
            shown(call, holder, name)
        }
        ([name], "DELETE") => {
            holder.may_edit(call)?;
            find(call, holder, name)?;
            holder.remove(call, name)?;
            Ok(Reply::Empty(204))
        }
        ([name, "value"], "GET" | "HEAD") => {
            text_or_406(call)?;
            value(call, holder, name)
        }
        ([name, "value"], "PUT") => {
            text_or_406(call)?;
            set_value(call, holder, name)
        }
        ([name, "type"], "GET" | "HEAD") => {
            let found = find(call, holder, name)?;
            match found.property.kind {
                Some(kind) => Ok(Reply::Entity(
                    "type",
                    Json::object([("rawValue", kind.into())]),
                )),
                None => Err(ApiError::not_found("No type is defined for the parameter.")),
            }
        }
        ([_] | [] | [_, "value" | "type"], _) => {
            only(call, &["GET", "PUT"])?;
            Err(ApiError::jersey(405))
        }
        _ => Err(ApiError::jersey(404)),
    }
}

fn remove_own(call: &mut Call<'_>, holder: &impl Holder) -> Result<(), ApiError> {
    let own = holder.shown(call).into_iter().filter(|it| !it.inherited);
    for name in own.map(|it| it.property.name).collect::<Vec<_>>() {
        holder.remove(call, &name)?;
    }
    Ok(())
}
