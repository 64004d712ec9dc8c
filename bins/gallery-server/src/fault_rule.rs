//! The text of `--fault` as a fault.

use cli::duration;
use gallery::{Fault, FaultAction};

use crate::failure::Failure;

/// Reads `every=N,action=ACTION[,path=PREFIX][,offset=N]`, in any order.
pub(crate) fn parse(rule: &str) -> Result<Fault, Failure> {
    let fields = Fields::parse(rule)?;
    let every = fields.every.ok_or_else(|| wrong("every=N is missing"))?;
    let action = fields.action.ok_or_else(|| wrong("action=ACTION is missing"))?;
    let mut fault = Fault::new(number(every)?, self::action(action)?);
    if let Some(path) = fields.path {
        fault = fault.path_prefix(path);
    }
    if let Some(offset) = fields.offset {
        fault = fault.offset(number(offset)?);
    }
    Ok(fault)
}

#[derive(Default)]
struct Fields<'a> {
    every: Option<&'a str>,
    action: Option<&'a str>,
    path: Option<&'a str>,
    offset: Option<&'a str>,
}

impl<'a> Fields<'a> {
    fn parse(rule: &'a str) -> Result<Self, Failure> {
        let mut fields = Self::default();
        for field in rule.split(',') {
            let (name, value) = field.split_once('=').unwrap_or((field, ""));
            let place = match name {
                "every" => &mut fields.every,
                "action" => &mut fields.action,
                "path" => &mut fields.path,
                "offset" => &mut fields.offset,
                _ => return Err(wrong("the fields are every, action, path and offset")),
            };
            if place.replace(value).is_some() {
                return Err(wrong("a field is given twice"));
            }
        }
        Ok(fields)
    }
}

fn action(text: &str) -> Result<FaultAction, Failure> {
    let (name, value) = text.split_once(':').unwrap_or((text, ""));
    let action = match (name, value) {
        ("status", status) => number(status).map(FaultAction::Status)?,
        ("delay", delay) => {
            let delay = duration(delay).ok_or_else(|| wrong("give delay a time, as in delay:9ms"));
            FaultAction::Delay(delay?)
        }
        ("wrong-shape", "") => FaultAction::WrongShape,
        ("html", "") => FaultAction::Html,
        ("truncate", "") => FaultAction::Truncate,
        ("reset", "") => FaultAction::Reset,
        ("hang", "") => FaultAction::Hang,
        _ => {
            return Err(wrong(
                "the actions are status:CODE, wrong-shape, html, truncate, reset, hang and \
                 delay:DURATION",
            ));
        }
    };
    Ok(action)
}

/// A whole number that its place allows.
fn number<N: std::str::FromStr>(text: &str) -> Result<N, Failure> {
    let wrong = |_| wrong("every must be a number from 1, offset one from 0, a status one of HTTP");
    text.parse().map_err(wrong)
}

fn wrong(problem: &str) -> Failure {
    Failure::invalid("--fault", problem)
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU64;
    use std::time::Duration;

    use super::*;

    fn every(n: u64, action: FaultAction) -> Fault {
        Fault::new(NonZeroU64::new(n).unwrap(), action)
    }

    #[test]
    fn rules_are_read_field_by_field_in_any_order() {
        for (rule, expected) in [
            ("every=1000,action=wrong-shape,path=/api/x", {
                every(1000, FaultAction::WrongShape).path_prefix("/api/x")
            }),
            ("offset=7,action=status:502,every=2", every(2, FaultAction::Status(502)).offset(7)),
            ("every=1,action=delay:250ms", {
                every(1, FaultAction::Delay(Duration::from_millis(250)))
            }),
            ("every=1,action=html", every(1, FaultAction::Html)),
            ("every=1,action=truncate", every(1, FaultAction::Truncate)),
            ("every=1,action=reset", every(1, FaultAction::Reset)),
            ("every=1,action=hang", every(1, FaultAction::Hang)),
        ] {
            assert_eq!(parse(rule).unwrap(), expected, "{rule}");
        }
    }

    #[test]
    fn what_is_no_rule_is_invalid_configuration() {
        for rule in [
            "",
            "every=1",
            "action=hang",
            "every=0,action=hang",
            "every=-1,action=hang",
            "every=1,action=explode",
            "every=1,action=status",
            "every=1,action=status:abc",
            "every=1,action=delay",
            "every=1,action=delay:-9ms",
            "every=1,action=hang:1",
            "every=1,every=2,action=hang",
            "every=1,action=hang,offset=x",
            "every=1,action=hang,of=1",
        ] {
            let failure = parse(rule).unwrap_err();
            assert_eq!(failure.exit_code(), 104, "{rule}");
            assert!(failure.to_string().starts_with("--fault: "));
        }
    }

    #[test]
    fn durations_are_read_as_people_write_them() {
        for (text, millis) in [
            ("9ms", Some(9)),
            ("1.5s", Some(1500)),
            ("2m", Some(120_000)),
            ("0s", Some(0)),
            ("-1s", None),
            ("9", None),
            ("", None),
            ("fast", None),
        ] {
            assert_eq!(duration(text), millis.map(Duration::from_millis), "{text}");
        }
    }
}
