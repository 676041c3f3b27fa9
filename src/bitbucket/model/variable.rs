//! Variables of Pipelines, and the environments that have some.

use serde::ser::SerializeStruct as _;
use serde::{Deserialize, Serialize, Serializer};

use crate::types::Secret;

/// A variable as Bitbucket gives it.
#[derive(Debug, Clone, Deserialize)]
pub struct Variable {
    /// Its id, in braces.
    pub uuid: String,
    /// Its name.
    #[serde(default)]
    pub key: String,
    /// Its value; a secured one is never given.
    pub value: Option<String>,
    /// It is hidden.
    #[serde(default)]
    pub secured: bool,
}

/// A variable to be stored.
#[derive(Debug, Clone)]
pub struct NewVariable {
    /// Its name.
    pub key: String,
    /// Its value.
    pub value: Secret,
    /// Hide it.
    pub secured: bool,
}

impl Serialize for NewVariable {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut variable = serializer.serialize_struct("variable", 3)?;
        variable.serialize_field("key", &self.key)?;
        variable.serialize_field("value", self.value.expose())?;
        variable.serialize_field("secured", &self.secured)?;
        variable.end()
    }
}

/// A deployment environment.
#[derive(Debug, Clone, Deserialize)]
pub struct Environment {
    /// Its id, in braces.
    pub uuid: String,
    /// Its name.
    #[serde(default)]
    pub name: String,
}
