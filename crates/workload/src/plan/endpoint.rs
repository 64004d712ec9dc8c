//! From an endpoint as written to one that can be requested.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use hyper::Method;
use probe::Shape;
use toml::Spanned;

use super::file::{EndpointFile, PauseFile};
use super::{Endpoint, Frequency, ItemsPlan, Pause, PlanTarget, Role, Source};
use super::{duration, headers, invalid_at, is_name, line};
use crate::WorkloadError;
use crate::template::Template;

const PAUSE_MAX: Duration = Duration::from_secs(60 * 60);
const WEIGHT_MAX: u32 = 1_000_000;

/// Reads all endpoints. A shape that several of them share is read once.
pub(super) fn read_all(
    text: &str,
    files: Vec<Spanned<EndpointFile>>,
    targets: &[PlanTarget],
    mut read_shape: impl FnMut(&str) -> Result<Vec<u8>, String>,
) -> Result<Vec<Endpoint>, WorkloadError> {
    let mut endpoints: Vec<Endpoint> = Vec::with_capacity(files.len());
    let mut shapes = BTreeMap::new();
    for spanned in files {
        let line = line(text, spanned.span());
        let file = spanned.into_inner();
        let name = file.name.clone();
        let invalid = |problem: String| invalid_at(line, "endpoint", &name, &problem);
        if endpoints.iter().any(|earlier| earlier.name == name) {
            return Err(invalid("has the name of another one".to_owned()));
        }
        let shape = match &file.shape {
            Some(name) => Some(shape(name, &mut shapes, &mut read_shape).map_err(invalid)?),
            None => None,
        };
        endpoints.push(endpoint(file, shape, targets).map_err(invalid)?);
    }
    Ok(endpoints)
}

fn shape(
    name: &str,
    known: &mut BTreeMap<String, Arc<Shape>>,
    read: &mut impl FnMut(&str) -> Result<Vec<u8>, String>,
) -> Result<Arc<Shape>, String> {
    if let Some(shape) = known.get(name) {
        return Ok(Arc::clone(shape));
    }
    let source = match probe::gallery::shape_source(name) {
        Some(source) => source.as_bytes().to_vec(),
        None => read(name).map_err(|problem| format!("has no shape {name:?}: {problem}"))?,
    };
    let shape =
        Shape::from_json(&source).map_err(|error| format!("has shape {name:?}: {error}"))?;
    let shape = Arc::new(shape);
    known.insert(name.to_owned(), Arc::clone(&shape));
    Ok(shape)
}

fn endpoint(
    file: EndpointFile,
    shape: Option<Arc<Shape>>,
    targets: &[PlanTarget],
) -> Result<Endpoint, String> {
    if !is_name(&file.name) {
        return Err("needs a name of letters, digits, - and _".to_owned());
    }
    if file.expect.is_empty() || file.expect.iter().any(|status| !(100..600).contains(status)) {
        return Err("needs expected statuses from 100 to 599".to_owned());
    }
    let method = method(file.method.as_deref().unwrap_or("GET"))?;
    if method == Method::HEAD && (shape.is_some() || file.items.is_some()) {
        return Err("is a HEAD, whose answer has no body and so no shape and no items".to_owned());
    }
    let source = source(&file)?;
    let path = Template::parse(&file.path, &source)?;
    let role = file.role.unwrap_or(if path.is_fixed() { Role::List } else { Role::Detail });
    let frequency = frequency(&file, role)?;
    let items = file.items.as_ref().map(|items| ItemsPlan::read(items, role, &path)).transpose()?;
    check_fields(role, frequency, &path, &source, file.kind.is_some())?;
    Ok(Endpoint {
        target: target(&file, targets)?,
        headers: headers::read(&file.headers)?,
        pause: file.pause.as_ref().map(pause).transpose()?,
        name: file.name,
        auth: file.auth,
        path_text: file.path,
        expect: file.expect,
        method,
        role,
        frequency,
        source,
        path,
        shape,
        items,
        variant: None,
    })
}

/// Requests have no body, and what is tested is reads: only the methods that HTTP calls safe, and of
/// those not TRACE and CONNECT, which are for proxies.
fn method(name: &str) -> Result<Method, String> {
    [Method::GET, Method::HEAD, Method::OPTIONS]
        .into_iter()
        .find(|method| method.as_str() == name)
        .ok_or_else(|| format!("has the method {name:?}: only GET, HEAD and OPTIONS are reads"))
}

fn source(file: &EndpointFile) -> Result<Source, String> {
    match (&file.kind, &file.table) {
        (Some(_), Some(_)) => {
            Err("takes its fields from a kind of works or a table, not both".into())
        }
        (_, Some(table)) => Ok(Source::Table(table.clone())),
        (kind, None) => Ok(Source::Works { kind: kind.clone() }),
    }
}

fn frequency(file: &EndpointFile, role: Role) -> Result<Frequency, String> {
    match (file.probability, file.weight) {
        (Some(_), Some(_)) => Err("has a probability and a weight; one of them is enough".into()),
        (Some(p), None) if p > 0.0 && p <= 1.0 => Ok(Frequency::Probability(p)),
        (Some(_), None) => Err("needs a probability above 0 and at most 1".into()),
        (None, Some(weight)) if (1..=WEIGHT_MAX).contains(&weight) => Ok(Frequency::Weight(weight)),
        (None, Some(_)) => Err(format!("needs a weight from 1 to {WEIGHT_MAX}")),
        (None, None) => Ok(match role {
            Role::List => Frequency::Always,
            Role::Detail => Frequency::DetailRatio,
        }),
    }
}

fn check_fields(
    role: Role,
    frequency: Frequency,
    path: &Template,
    source: &Source,
    has_kind: bool,
) -> Result<(), String> {
    if role == Role::List && !path.is_fixed() {
        return Err("is a list, whose path cannot have fields".into());
    }
    if path.is_fixed() && matches!(source, Source::Table(_)) {
        return Err("has a table and no field of it in its path".into());
    }
    if frequency == Frequency::DetailRatio && !has_kind {
        return Err("is a detail and needs the kind of work that it shows, or a probability or \
                    weight"
            .into());
    }
    Ok(())
}

fn target(file: &EndpointFile, targets: &[PlanTarget]) -> Result<usize, String> {
    let Some(name) = &file.target else { return Ok(0) };
    let at = targets.iter().position(|target| target.name == *name);
    let at = at.ok_or_else(|| format!("has the target {name:?}, which is no [[target]]"))?;
    if file.auth && !targets[at].auth {
        return Err(format!(
            "would send the token to {name:?}; say auth = true there if that is meant"
        ));
    }
    Ok(at + 1)
}

fn pause(file: &PauseFile) -> Result<Pause, String> {
    let (min, max) = match file {
        PauseFile::Fixed(text) => (text, text),
        PauseFile::Between { min, max } => (min, max),
    };
    let parse = |text: &str| duration::parse(text).filter(|pause| *pause <= PAUSE_MAX);
    match (parse(min), parse(max)) {
        (Some(min), Some(max)) if min <= max => Ok(Pause { min, max }),
        _ => Err("needs a pause such as 200ms, at most 1h, its min not above its max".to_owned()),
    }
}
