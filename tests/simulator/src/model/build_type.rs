//! Build configurations.

use super::Property;

/// What kind of configuration it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BuildTypeKind {
    /// Runs on an agent.
    Regular,
    /// Runs without an agent; its builds are what their dependencies are.
    Composite,
    /// Deploys.
    Deployment,
}

/// What to do when a snapshot dependency did not succeed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnDependency {
    /// Run, and add a build problem.
    RunAddProblem,
    /// Run as if nothing had happened.
    Run,
    /// Do not run: the build fails to start.
    FailToStart,
    /// Cancel the build.
    Cancel,
}

/// A snapshot dependency.
#[derive(Debug, Clone)]
pub struct Dependency {
    /// The configuration depended on.
    pub build_type: String,
    /// Whether a suitable finished build is taken instead of a new one.
    pub reuse: bool,
    /// When the dependency failed.
    pub on_failure: OnDependency,
    /// When the dependency failed to start or was canceled.
    pub on_cancel: OnDependency,
}

impl Dependency {
    /// A dependency with TeamCity's defaults.
    pub fn on(build_type: impl Into<String>) -> Self {
        Self {
            build_type: build_type.into(),
            reuse: true,
            on_failure: OnDependency::RunAddProblem,
            on_cancel: OnDependency::FailToStart,
        }
    }
    /// Never takes a finished build.
    pub fn never_reuse(mut self) -> Self {
        self.reuse = false;
        self
    }
    /// What to do when the dependency failed.
    pub fn on_failure(mut self, what: OnDependency) -> Self {
        self.on_failure = what;
        self
    }
    /// What to do when the dependency failed to start or was canceled.
    pub fn on_cancel(mut self, what: OnDependency) -> Self {
        self.on_cancel = what;
        self
    }
}

impl From<&str> for Dependency {
    fn from(build_type: &str) -> Self {
        Self::on(build_type)
    }
}
impl From<String> for Dependency {
    fn from(build_type: String) -> Self {
        Self::on(build_type)
    }
}

/// A build configuration, or a template.
#[derive(Debug, Clone)]
pub struct BuildType {
    /// External id.
    pub id: String,
    /// Name.
    pub name: String,
    /// The project's external id.
    pub project: String,
    /// External ids of the attached VCS roots with their checkout rules.
    pub roots: Vec<(String, String)>,
    /// What kind it is.
    pub kind: BuildTypeKind,
    /// Whether automatic triggers are off.
    pub paused: bool,
    /// Whether it is a template, which can't be run.
    pub template: bool,
    /// Snapshot dependencies.
    pub dependencies: Vec<Dependency>,
    /// Whether an unknown branch is built on the default branch.
    pub fallback_to_default: bool,
    /// Whether personal builds are allowed.
    pub allow_personal: bool,
    /// How many builds may run in a branch; a new one cancels the oldest beyond that (2026.1).
    pub most_in_branch: Option<usize>,
    /// Parameters of the configuration.
    pub parameters: Vec<Property>,
    /// What it says about itself.
    pub description: String,
    /// Its build steps, in order.
    pub steps: Vec<Step>,
    /// Its build features.
    pub features: Vec<Feature>,
    /// Settings that differ from TeamCity's defaults.
    pub settings: Vec<(String, String)>,
    /// External ids of the templates that it is attached to.
    pub templates: Vec<String>,
    /// The pipeline whose head it is: that name.
    pub pipeline: Option<String>,
}

/// A build step.
#[derive(Debug, Clone)]
pub struct Step {
    /// Id within the configuration, such as `RUNNER_1`.
    pub id: String,
    /// Name; may be empty.
    pub name: String,
    /// The runner, such as `simpleRunner`.
    pub kind: String,
    /// Whether it is left out.
    pub disabled: bool,
    /// What the runner is told.
    pub properties: Vec<Property>,
}

/// A build feature.
#[derive(Debug, Clone)]
pub struct Feature {
    /// Id within the configuration, such as `BUILD_EXT_1`.
    pub id: String,
    /// What it is, such as `commit-status-publisher`.
    pub kind: String,
    /// Whether it is turned off.
    pub disabled: bool,
    /// What it is told.
    pub properties: Vec<Property>,
}

impl BuildType {
    /// A regular configuration in project `App`, named like its id, without roots.
    pub fn new(id: impl Into<String>) -> Self {
        let id = id.into();
        Self {
            name: id.clone(),
            id,
            project: "App".to_owned(),
            roots: Vec::new(),
            kind: BuildTypeKind::Regular,
            paused: false,
            template: false,
            dependencies: Vec::new(),
            fallback_to_default: true,
            allow_personal: true,
            most_in_branch: None,
            parameters: Vec::new(),
            description: String::new(),
            steps: Vec::new(),
            features: Vec::new(),
            settings: Vec::new(),
            templates: Vec::new(),
            pipeline: None,
        }
    }
    /// Sets the name.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }
    /// Sets the project.
    pub fn project(mut self, project: impl Into<String>) -> Self {
        self.project = project.into();
        self
    }
    /// Attaches VCS roots.
    pub fn roots<S: Into<String>>(mut self, roots: impl IntoIterator<Item = S>) -> Self {
        self.roots = roots
            .into_iter()
            .map(|root| (root.into(), String::new()))
            .collect();
        self
    }
    /// Attaches one VCS root with checkout rules.
    pub fn root_with_rules(mut self, root: impl Into<String>, rules: impl Into<String>) -> Self {
        self.roots.push((root.into(), rules.into()));
        self
    }
    /// Makes it composite.
    pub fn composite(mut self) -> Self {
        self.kind = BuildTypeKind::Composite;
        self
    }
    /// Makes it a deployment.
    pub fn deployment(mut self) -> Self {
        self.kind = BuildTypeKind::Deployment;
        self
    }
    /// Pauses it.
    pub fn paused(mut self) -> Self {
        self.paused = true;
        self
    }
    /// Makes it a template.
    pub fn template(mut self) -> Self {
        self.template = true;
        self
    }
    /// Adds snapshot dependencies.
    pub fn depends_on<D: Into<Dependency>>(mut self, on: impl IntoIterator<Item = D>) -> Self {
        self.dependencies.extend(on.into_iter().map(Into::into));
        self
    }
    /// Sets `fallbackToDefault: false` in the branch specification.
    pub fn no_fallback_to_default(mut self) -> Self {
        self.fallback_to_default = false;
        self
    }
    /// Refuses personal builds.
    pub fn no_personal(mut self) -> Self {
        self.allow_personal = false;
        self
    }
    /// How many builds may run in a branch; a new one cancels the oldest beyond that (2026.1).
    pub fn most_in_branch(mut self, builds: usize) -> Self {
        self.most_in_branch = Some(builds);
        self
    }
    /// Adds a parameter.
    pub fn parameter(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.parameters.push(Property::plain(name, value));
        self
    }
    /// Adds a typed parameter.
    pub fn typed_parameter(mut self, parameter: Property) -> Self {
        self.parameters.push(parameter);
        self
    }
    /// Sets what it says about itself.
    pub fn description(mut self, text: impl Into<String>) -> Self {
        self.description = text.into();
        self
    }
    /// Adds a step that runs a script on the command line.
    pub fn step(mut self, name: impl Into<String>, script: impl Into<String>) -> Self {
        self.steps.push(Step {
            id: format!("RUNNER_{}", self.steps.len() + 1),
            name: name.into(),
            kind: "simpleRunner".to_owned(),
            disabled: false,
            properties: vec![
                Property::plain("script.content", script),
                Property::plain("teamcity.step.mode", "default"),
                Property::plain("use.custom.script", "true"),
            ],
        });
        self
    }
    /// Adds a build feature.
    pub fn feature(mut self, kind: impl Into<String>, properties: &[(&str, &str)]) -> Self {
        let own = properties.iter();
        self.features.push(Feature {
            id: format!("BUILD_EXT_{}", self.features.len() + 1),
            kind: kind.into(),
            disabled: false,
            properties: own
                .map(|(name, value)| Property::plain(*name, *value))
                .collect(),
        });
        self
    }
    /// Turns its build features off.
    pub fn disabled_features(mut self) -> Self {
        for feature in &mut self.features {
            feature.disabled = true;
        }
        self
    }
    /// Makes it the head of a pipeline, whose jobs are what it depends on.
    pub fn pipeline(mut self, name: impl Into<String>) -> Self {
        self.pipeline = Some(name.into());
        self.composite()
    }
}
