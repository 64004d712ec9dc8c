//! A plan that is a file.

use std::fs;
use std::path::{Path, PathBuf};

use workload::Plan;

use crate::failure::Failure;

/// A plan's text, and where it is from.
pub(crate) struct PlanFile {
    path: PathBuf,
    text: String,
}

impl PlanFile {
    pub(crate) fn read(path: &Path) -> Result<Self, Failure> {
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        match fs::read_to_string(&path) {
            Ok(text) => Ok(PlanFile { path, text }),
            Err(source) => Err(Failure::ReadPlan { path, source }),
        }
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// The plan. Shapes that are not built in are files beside it.
    pub(crate) fn plan(&self) -> Result<Plan, Failure> {
        let folder = self.path.parent().unwrap_or(Path::new(""));
        let read = |name: &str| {
            let path = folder.join(name);
            fs::read(&path).map_err(|error| {
                format!("it is no built-in one, and {} cannot be read: {error}", path.display())
            })
        };
        Plan::from_toml_with(&self.text, read)
            .map_err(|problem| Failure::Plan { path: self.path.clone(), problem })
    }
}
