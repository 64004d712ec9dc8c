//! The plan as it is written in its TOML file, before anything is checked against anything.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

use super::Role;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PlanFile {
    pub(super) version: u32,
    #[serde(default)]
    pub(super) target: Vec<Spanned<TargetFile>>,
    #[serde(default)]
    pub(super) endpoint: Vec<Spanned<EndpointFile>>,
    #[serde(default)]
    pub(super) scenario: BTreeMap<String, Spanned<ScenarioFile>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TargetFile {
    pub(super) name: String,
    pub(super) base_url: String,
    #[serde(default)]
    pub(super) auth: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EndpointFile {
    pub(super) name: String,
    pub(super) method: Option<String>,
    pub(super) target: Option<String>,
    pub(super) role: Option<Role>,
    pub(super) probability: Option<f64>,
    pub(super) weight: Option<u32>,
    #[serde(default)]
    pub(super) auth: bool,
    pub(super) kind: Option<String>,
    pub(super) table: Option<String>,
    pub(super) path: String,
    #[serde(default)]
    pub(super) headers: BTreeMap<String, String>,
    pub(super) shape: Option<String>,
    pub(super) items: Option<ItemsFile>,
    #[serde(default = "ok_only")]
    pub(super) expect: Vec<u16>,
    pub(super) pause: Option<PauseFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ItemsFile {
    pub(super) id: String,
    pub(super) at: Option<Vec<String>>,
    #[serde(default)]
    pub(super) asked: BTreeMap<String, String>,
}

fn ok_only() -> Vec<u16> {
    vec![200]
}

#[derive(Deserialize)]
#[serde(untagged, deny_unknown_fields, expecting = "a pause is \"200ms\" or { min, max }")]
pub(super) enum PauseFile {
    Fixed(String),
    Between { min: String, max: String },
}

/// All options of all executors. Which of them belong together is checked later, so that the error
/// can name the executor.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ScenarioFile {
    pub(super) executor: ExecutorFile,
    pub(super) vus: Option<usize>,
    pub(super) start_vus: Option<usize>,
    pub(super) iterations: Option<u64>,
    pub(super) duration: Option<String>,
    pub(super) max_duration: Option<String>,
    pub(super) rate: Option<u32>,
    pub(super) start_rate: Option<u32>,
    pub(super) time_unit: Option<String>,
    pub(super) stages: Option<Vec<StageFile>>,
    pub(super) graceful_ramp_down: Option<String>,
    pub(super) pre_allocated_vus: Option<usize>,
    pub(super) max_vus: Option<usize>,
    pub(super) start_time: Option<String>,
    pub(super) graceful_stop: Option<String>,
    pub(super) reuse: Option<ReuseFile>,
    #[serde(default)]
    pub(super) endpoints: Vec<String>,
    #[serde(default)]
    pub(super) thresholds: BTreeMap<String, Vec<ThresholdFile>>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(
    untagged,
    deny_unknown_fields,
    expecting = "a threshold is \"p(95)<800\" or { threshold, abort_on_fail, delay_abort_eval }"
)]
pub(super) enum ThresholdFile {
    Condition(String),
    Detailed {
        threshold: String,
        #[serde(default)]
        abort_on_fail: bool,
        delay_abort_eval: Option<String>,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum ExecutorFile {
    ConstantVus,
    RampingVus,
    ConstantArrivalRate,
    RampingArrivalRate,
    PerVuIterations,
    SharedIterations,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum ReuseFile {
    LastIn,
    FirstIn,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StageFile {
    pub(super) duration: String,
    pub(super) target: u32,
}
