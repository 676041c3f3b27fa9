//! Projects.

use super::Property;

/// A project feature, such as a connection to another service.
#[derive(Debug, Clone)]
pub struct ProjectFeature {
    /// Id within the project.
    pub id: String,
    /// Type, such as `OAuthProvider`.
    pub kind: String,
    /// Its properties.
    pub properties: Vec<Property>,
}

/// A project.
#[derive(Debug, Clone)]
pub struct Project {
    /// External id.
    pub id: String,
    /// Name.
    pub name: String,
    /// The parent's external id; `_Root` by default.
    pub parent: String,
    /// What it says about itself.
    pub description: String,
    /// Its own parameters.
    pub parameters: Vec<Property>,
    /// Its own features.
    pub features: Vec<ProjectFeature>,
    /// Values that were given to be kept secret, each with the token that stands for it.
    pub(crate) secrets: Vec<(String, String)>,
}

impl Project {
    /// A project right under the root project, named like its id.
    pub fn new(id: impl Into<String>) -> Self {
        let id = id.into();
        Self {
            name: id.clone(),
            id,
            parent: "_Root".to_owned(),
            description: String::new(),
            parameters: Vec::new(),
            features: Vec::new(),
            secrets: Vec::new(),
        }
    }
    /// Sets the name.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }
    /// Sets the parent.
    pub fn parent(mut self, parent: impl Into<String>) -> Self {
        self.parent = parent.into();
        self
    }
    /// Sets what it says about itself.
    pub fn description(mut self, text: impl Into<String>) -> Self {
        self.description = text.into();
        self
    }
    /// Adds a parameter.
    pub fn parameter(mut self, parameter: Property) -> Self {
        self.parameters.push(parameter);
        self
    }
}
