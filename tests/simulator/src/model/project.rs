//! Projects.

/// A project.
#[derive(Debug, Clone)]
pub struct Project {
    /// External id.
    pub id: String,
    /// Name.
    pub name: String,
    /// The parent's external id; `_Root` by default.
    pub parent: String,
}

impl Project {
    /// A project right under the root project, named like its id.
    pub fn new(id: impl Into<String>) -> Self {
        let id = id.into();
        Self {
            name: id.clone(),
            id,
            parent: "_Root".to_owned(),
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
}
