//! Users, their permissions and their access tokens.

use std::time::Duration;

/// A permission of TeamCity: its id in lower case.
pub type Permission = String;

/// A permission in a project, or everywhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// External id of the project; `None` is everywhere.
    pub project: Option<String>,
    /// The permission's id, lower case.
    pub permission: Permission,
}

impl Grant {
    /// A permission everywhere.
    pub fn everywhere(permission: impl Into<String>) -> Self {
        Self {
            project: None,
            permission: permission.into(),
        }
    }
    /// A permission in a project and those under it.
    pub fn in_project(project: impl Into<String>, permission: impl Into<String>) -> Self {
        Self {
            project: Some(project.into()),
            permission: permission.into(),
        }
    }
}

/// Permissions of a project developer, which a user has unless told otherwise.
const DEVELOPER: [&str; 12] = [
    "view_project",
    "run_build",
    "cancel_build",
    "customize_build_parameters",
    "customize_build_revisions",
    "comment_build",
    "tag_build",
    "pin_unpin_build",
    "reorder_build_queue",
    "view_build_runtime_data",
    "view_build_configuration_settings",
    "patch_build_sources",
];

/// Every permission that the simulator knows, with the name that a 403 prints.
pub(crate) const PERMISSIONS: [(&str, &str); 25] = [
    ("view_project", "View project and all parent projects"),
    ("run_build", "Run build"),
    ("cancel_build", "Stop build / remove from queue"),
    ("customize_build_parameters", "Customize build parameters"),
    ("customize_build_revisions", "Customize build revisions"),
    ("tag_build", "Tag build"),
    ("comment_build", "Comment build"),
    ("pin_unpin_build", "Pin / unpin build"),
    ("reorder_build_queue", "Reorder builds in queue"),
    (
        "view_build_runtime_data",
        "View build runtime parameters and data",
    ),
    (
        "view_build_configuration_settings",
        "View build configuration settings",
    ),
    (
        "patch_build_sources",
        "Change build source code with a custom patch",
    ),
    ("edit_project", "Edit project"),
    ("approve_build", "Approve build"),
    (
        "pause_activate_build_configuration",
        "Pause / activate build configuration",
    ),
    ("create_sub_project", "Create subproject"),
    ("delete_sub_project", "Delete subproject"),
    ("create_delete_vcs_root", "Create / delete VCS root"),
    ("view_agent_details", "View agent details"),
    ("enable_disable_agent", "Enable / disable agent"),
    ("authorize_agent", "Authorize agent"),
    ("manage_agent_pools", "Manage agent pools"),
    ("create_user", "Create user account"),
    ("view_user_profile", "View user profile"),
    ("view_server_settings", "View server settings"),
];

/// Permissions that only a system administrator has.
const SERVER: [&str; 2] = ["create_user", "view_server_settings"];

/// Permissions of somebody who only looks.
const VIEWER: [&str; 4] = [
    "view_project",
    "view_build_runtime_data",
    "view_build_configuration_settings",
    "view_agent_details",
];

/// A user.
#[derive(Debug, Clone)]
pub struct User {
    /// Number, given by the scenario, from 1.
    pub id: u64,
    /// Login name.
    pub username: String,
    /// Full name.
    pub name: String,
    /// E-mail address.
    pub email: Option<String>,
    /// What the user may do.
    pub grants: Vec<Grant>,
    /// The password, if the user may log in with one.
    pub password: Option<String>,
    /// The role that the user's profile names.
    pub role: &'static str,
}

impl User {
    /// A user with the permissions of a developer everywhere.
    pub fn new(username: impl Into<String>) -> Self {
        let username = username.into();
        Self {
            id: 0,
            name: username.clone(),
            username,
            email: None,
            grants: DEVELOPER.into_iter().map(Grant::everywhere).collect(),
            password: None,
            role: "PROJECT_DEVELOPER",
        }
    }
    /// Gives all permissions everywhere.
    pub fn administrator(mut self) -> Self {
        let all = PERMISSIONS.iter().map(|(id, _)| Grant::everywhere(*id));
        self.grants = all.collect();
        self.role = "SYSTEM_ADMIN";
        self
    }
    /// Gives all permissions in projects everywhere, and none for the server itself.
    pub fn project_administrator(mut self) -> Self {
        self = self.administrator();
        self.grants
            .retain(|grant| !SERVER.contains(&grant.permission.as_str()));
        self.role = "PROJECT_ADMIN";
        self
    }
    /// Leaves only the permissions to look.
    pub fn viewer(mut self) -> Self {
        self.grants = VIEWER.into_iter().map(Grant::everywhere).collect();
        self.role = "PROJECT_VIEWER";
        self
    }
    /// Sets the password.
    pub fn password(mut self, password: impl Into<String>) -> Self {
        self.password = Some(password.into());
        self
    }
    /// Sets the full name.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }
    /// Sets the e-mail address.
    pub fn email(mut self, email: impl Into<String>) -> Self {
        self.email = Some(email.into());
        self
    }
    /// Takes all permissions away.
    pub fn no_permissions(mut self) -> Self {
        self.grants.clear();
        self
    }
    /// Adds a permission.
    pub fn grant(mut self, grant: Grant) -> Self {
        self.grants.push(grant);
        self
    }
}

/// An access token.
#[derive(Debug, Clone)]
pub struct Token {
    /// What is sent.
    pub value: String,
    /// Whose it is: a login name.
    pub user: String,
    /// Its name.
    pub name: String,
    /// When it expires, measured from the server's start.
    pub expires: Option<Duration>,
    /// What it is limited to; `None` is everything that the user may do.
    pub limited_to: Option<Vec<Grant>>,
}

impl Token {
    /// A permanent token with all that its user may do.
    pub fn new(value: impl Into<String>, user: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            value: value.into(),
            user: user.into(),
            name: name.into(),
            expires: None,
            limited_to: None,
        }
    }
    /// Sets when it expires, measured from the server's start.
    pub fn expires(mut self, at: Duration) -> Self {
        self.expires = Some(at);
        self
    }
    /// Limits it.
    pub fn limited_to(mut self, grants: impl IntoIterator<Item = Grant>) -> Self {
        self.limited_to = Some(grants.into_iter().collect());
        self
    }
}
