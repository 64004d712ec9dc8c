//! The active policy.

use std::fs;
use std::path::Path;

use anonymize::Policy;

use crate::error::ExtractError;

/// The policy of a file, or the built-in one.
pub(crate) fn read(path: Option<&Path>) -> Result<Policy, ExtractError> {
    let Some(path) = path else { return Ok(Policy::builtin()) };
    parse(path, &read_text(path)?)
}

/// The policy as text; where it is not the built-in one, a comment says whose it is.
pub(crate) fn text(path: Option<&Path>) -> Result<String, ExtractError> {
    let Some(path) = path else { return Ok(Policy::BUILTIN_TOML.to_owned()) };
    let text = read_text(path)?;
    parse(path, &text)?;
    let name = path.display().to_string();
    Ok(format!("# The policy of {}.\n{text}", name.escape_debug()))
}

fn parse(path: &Path, text: &str) -> Result<Policy, ExtractError> {
    Policy::from_toml(text).map_err(|source| ExtractError::Configuration {
        path: path.to_owned(),
        source: Box::new(source),
    })
}

fn read_text(path: &Path) -> Result<String, ExtractError> {
    let bytes = fs::read(path).map_err(|source| {
        let advice = "name a policy file with --policy, or leave it out for the built-in one";
        ExtractError::Open { path: path.to_owned(), source, advice }
    })?;
    String::from_utf8(bytes).map_err(|_| ExtractError::PolicyText(path.to_owned()))
}
