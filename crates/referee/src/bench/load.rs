//! The loads that tools are put under the same of, and the command line of each tool.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::json;

use super::process::{Core, Launcher};
use super::tools::{Tool, Tools};
use crate::pages::{PUZZLE_PATH, SMALL_PATH, WORLD_PATH};

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bodies {
    /// 0.9 KB.
    Small,
    /// 90 KB.
    List,
    /// 90 KB and 1 KB in turns.
    Mix,
}

/// When it is asked for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Model {
    /// Each virtual user again and again.
    Closed { vus: usize },
    /// So many iterations a second, whatever the answers take.
    Rate { per_second: u32, vus: usize },
}

/// A load. `checked` means what a tool can do at best: ours judges each body in full, k6 parses it,
/// k9-load extracts one field, and the others look at nothing.
#[derive(Clone, Copy, Debug)]
pub(super) struct Load {
    pub(super) model: Model,
    pub(super) bodies: Bodies,
    pub(super) checked: bool,
    pub(super) seconds: u32,
}

impl Bodies {
    fn paths(self) -> &'static [&'static str] {
        match self {
            Bodies::Small => &[SMALL_PATH],
            Bodies::List => &[PUZZLE_PATH],
            Bodies::Mix => &[PUZZLE_PATH, WORLD_PATH],
        }
    }
}

/// Where and how the commands run.
pub(super) struct Commands<'a> {
    pub(super) tools: &'a Tools,
    pub(super) launcher: Launcher,
    pub(super) core: Core,
    pub(super) base_url: String,
}

impl Commands<'_> {
    /// The tool under this load; `None` if it is not there, or has no such load.
    pub(super) fn of(&self, tool: Tool, load: Load) -> io::Result<Option<Command>> {
        let Some(program) = self.tools.program(tool) else { return Ok(None) };
        let command = match tool {
            Tool::Ours => self.ours(&program, load)?,
            Tool::Wrk => return self.wrk(&program, load),
            Tool::Hey | Tool::Oha => return Ok(self.of_one_url(tool, &program, load)),
            Tool::K9 => self.k9(&program, load)?,
            Tool::K6 => self.k6(&program, load)?,
        };
        Ok(Some(command))
    }

    fn command(&self, program: &str) -> Command {
        let mut command = self.launcher.command(self.core, program);
        command.envs(self.tools.environment());
        command
    }

    fn ours(&self, program: &str, load: Load) -> io::Result<Command> {
        let plan = self.write("ours.toml", &our_plan(load))?;
        let mut command = self.command(program);
        match load.model {
            Model::Closed { vus } => {
                let duration = format!("{}s", load.seconds);
                command.args(["baseline", "--vus", &vus.to_string(), "--duration", &duration]);
            }
            Model::Rate { per_second, vus } => {
                let (rate, hold) = (per_second.to_string(), format!("{}s", load.seconds));
                command.args(["spike", "--start-rps", &rate, "--peak-rps", &rate]);
                command.args(["--end-rps", &rate, "--hold", &hold]);
                command.args(["--ramp-up", "0s", "--ramp-down", "0s"]);
                let vus = vus.to_string();
                command.args(["--preallocated-vus", &vus, "--max-vus", &vus]);
            }
        }
        command.args(["--base-url", &self.base_url, "--plan"]).arg(plan);
        Ok(command)
    }

    fn wrk(&self, program: &str, load: Load) -> io::Result<Option<Command>> {
        let Model::Closed { vus } = load.model else { return Ok(None) };
        let mut command = self.command(program);
        let (vus, duration) = (format!("-c{vus}"), format!("-d{}s", load.seconds));
        command.args(["-t1", &vus, &duration]);
        if load.bodies == Bodies::Mix {
            command.arg("-s").arg(self.write("wrk.lua", &wrk_script(load))?);
        }
        command.arg(format!("{}{}", self.base_url, load.bodies.paths()[0]));
        Ok(Some(command))
    }

    fn of_one_url(&self, tool: Tool, program: &str, load: Load) -> Option<Command> {
        let [path] = load.bodies.paths() else { return None };
        let mut command = self.command(program);
        command.args(["-z", &format!("{}s", load.seconds)]);
        if tool == Tool::Oha {
            command.arg("--no-tui");
        }
        match load.model {
            Model::Closed { vus } => command.args(["-c", &vus.to_string()]),
            // hey's rate is one of each worker, which makes another load of it.
            Model::Rate { .. } if tool == Tool::Hey => return None,
            Model::Rate { per_second, vus } => {
                command.args(["-c", &vus.to_string(), "-q", &per_second.to_string()])
            }
        };
        command.arg(format!("{}{path}", self.base_url));
        Some(command)
    }

    fn k9(&self, program: &str, load: Load) -> io::Result<Command> {
        let step = |path: &&str| {
            let mut request = json!({ "url": format!("{}{path}", self.base_url) });
            if load.checked {
                request["extract"] = json!({ "id": { "json": "$.data.items[0].profileId" } });
            }
            json!({ "request": request })
        };
        let steps: Vec<_> = load.bodies.paths().iter().map(step).collect();
        let plan = json!({ "options": k6_options(load), "flows": { "default": steps } });
        let plan = self.write("k9.json", &plan.to_string())?;
        let mut command = self.command("python3");
        command.arg(program).arg("run").arg(plan);
        Ok(command)
    }

    fn k6(&self, program: &str, load: Load) -> io::Result<Command> {
        let script = self.write("k6.js", K6_SCRIPT)?;
        let variable = |name: &str, value: String| ["-e".to_owned(), format!("{name}={value}")];
        let mut command = self.command(program);
        // No port for its control interface, and nothing sent to its makers.
        command.args(["run", "--quiet", "--no-usage-report", "--address", ""]);
        command.args(variable("BASE_URL", self.base_url.clone()));
        command.args(variable("PATHS", load.bodies.paths().join(",")));
        command.args(variable("CHECKED", load.checked.to_string()));
        command.args(variable("OPTIONS", k6_options(load).to_string()));
        command.arg(script);
        Ok(command)
    }

    fn write(&self, name: &str, text: &str) -> io::Result<PathBuf> {
        let folder: &Path = self.tools.folder();
        let path = folder.join(name);
        fs::write(&path, text)?;
        Ok(path)
    }
}

fn our_plan(load: Load) -> String {
    let mut plan = "version = 1\n".to_owned();
    for path in load.bodies.paths() {
        let name = path.trim_start_matches("/api/runtime/").trim_matches('/').replace('/', "-");
        plan += &format!("[[endpoint]]\nname = \"{name}\"\nrole = \"list\"\npath = \"{path}\"\n");
        if load.checked {
            plan += &format!("shape = \"{name}\"\n");
        }
    }
    plan
}

/// k9-load has k6's words.
fn k6_options(load: Load) -> serde_json::Value {
    let duration = format!("{}s", load.seconds);
    match load.model {
        Model::Closed { vus } => json!({ "vus": vus, "duration": duration }),
        Model::Rate { per_second, vus } => json!({ "scenarios": { "rate": {
            "executor": "constant-arrival-rate", "rate": per_second, "timeUnit": "1s",
            "duration": duration, "preAllocatedVUs": vus, "maxVUs": vus,
        } } }),
    }
}

fn wrk_script(load: Load) -> String {
    let paths: Vec<_> = load.bodies.paths().iter().map(|path| format!("{path:?}")).collect();
    let (paths, count) = (paths.join(", "), paths.len());
    format!(
        "local requests, turn = {{}}, 0\n\
         function init()\n  for _, path in ipairs({{{paths}}}) do\n    \
         requests[#requests + 1] = wrk.format(\"GET\", path)\n  end\nend\n\
         function request()\n  turn = turn % {count} + 1\n  return requests[turn]\nend\n"
    )
}

const K6_SCRIPT: &str = "\
import http from 'k6/http';
import { check } from 'k6';

export const options = JSON.parse(__ENV.OPTIONS);
const paths = __ENV.PATHS.split(',');

export default function () {
  for (const path of paths) {
    const response = http.get(__ENV.BASE_URL + path);
    if (__ENV.CHECKED === 'true') {
      check(response, { 'a list': (r) => JSON.parse(r.body).data.items.length > 0 });
    }
  }
}
";

#[cfg(test)]
mod tests {
    use super::*;

    fn load(bodies: Bodies, checked: bool) -> Load {
        Load { model: Model::Rate { per_second: 250, vus: 300 }, bodies, checked, seconds: 3 }
    }

    #[test]
    fn our_plan_names_the_built_in_shapes_and_only_where_bodies_are_checked() {
        let plan = our_plan(load(Bodies::Mix, true));
        for name in ["puzzle-gallery", "custom-world-gallery"] {
            assert!(plan.contains(&format!("shape = \"{name}\"")), "{plan}");
            assert!(probe::gallery::shape_source(name).is_some());
        }
        assert!(!our_plan(load(Bodies::Mix, false)).contains("shape"));
    }

    #[test]
    fn wrk_asks_for_the_pages_in_turns() {
        let script = wrk_script(load(Bodies::Mix, false));
        assert!(
            script.contains(
                r#"{"/api/runtime/puzzle/gallery", "/api/runtime/custom-world-gallery"}"#
            )
        );
        assert!(script.contains("turn % 2"));
    }

    #[test]
    fn a_rate_has_all_its_users_from_the_start() {
        let options = k6_options(load(Bodies::Small, false));
        let rate = &options["scenarios"]["rate"];
        assert_eq!((&rate["rate"], &rate["preAllocatedVUs"]), (&json!(250), &json!(300)));
    }
}
