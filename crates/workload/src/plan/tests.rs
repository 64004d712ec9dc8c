use std::time::Duration;

use scenario::{Executor, RampingVus, Reuse, Stage};

use super::*;

const LIST: &str = "[[endpoint]]\nname = \"a\"\npath = \"/a\"\n";

fn plan(text: &str) -> Result<Plan, WorkloadError> {
    Plan::from_toml(&format!("version = 1\n{text}"))
}

fn refused(text: &str) -> String {
    plan(text).expect_err(text).to_string()
}

fn scenario(text: &str, overrides: &Overrides) -> Result<PlannedScenario, WorkloadError> {
    plan(&format!("{LIST}[scenario.s]\n{text}"))?.scenario("s", overrides)
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[test]
fn the_built_in_plan_has_the_documented_routes() {
    let plan = Plan::genarrative();
    let routes: Vec<_> =
        plan.endpoints().iter().map(|endpoint| (endpoint.path(), endpoint.needs_auth())).collect();
    assert_eq!(
        routes,
        [
            ("/api/runtime/puzzle/gallery", false),
            ("/api/runtime/custom-world-gallery", false),
            ("/api/runtime/puzzle/works", true),
            ("/api/runtime/custom-world/works", true),
            ("/api/runtime/puzzle/gallery/{profileId}", false),
            ("/api/runtime/custom-world-gallery/{ownerUserId}/{profileId}", false),
            ("/api/runtime/custom-world-gallery/by-code/{workCode}", false),
            ("/api/runtime/puzzle/works/{profileId}", true),
        ]
    );
    assert!(plan.endpoints().iter().all(|endpoint| endpoint.shape.is_some()));
    assert_eq!(plan.scenario_names().collect::<Vec<_>>(), ["baseline", "smoke", "spike"]);
    assert!(Plan::from_toml(Plan::genarrative_toml()).is_ok());
}

#[test]
fn endpoints_that_cannot_be_requested_are_refused_with_their_line() {
    assert!(plan(LIST).is_ok());
    let detail = "[[endpoint]]\nname = \"a\"\npath = \"/{profileId}\"\n";
    for (text, part) in [
        (LIST.repeat(2), "line 5: endpoint \"a\" has the name of another"),
        (LIST.replace("\"a\"", "\"a b\""), "needs a name"),
        (LIST.replace("/a", "a"), "must begin with /"),
        (LIST.replace("/a", "/a b"), "must be escaped"),
        (format!("{detail}role = \"list\"\n"), "cannot have fields"),
        (detail.to_owned(), "needs the kind"),
        (detail.replace("profileId", "playCount"), "works do not have"),
        (format!("{LIST}role = \"other\"\n"), "line 5: unknown variant"),
        (format!("{LIST}expect = [99]\n"), "expected statuses"),
        (format!("{LIST}expect = []\n"), "expected statuses"),
        (format!("{LIST}shape = \"none\"\n"), "no shape \"none\""),
        (format!("{LIST}method = \"PUT\"\n"), "only GET, HEAD and OPTIONS"),
        (format!("{LIST}method = \"get\"\n"), "only GET, HEAD and OPTIONS"),
        (format!("{LIST}method = \"HEAD\"\nshape = \"puzzle-gallery\"\n"), "no body"),
        (format!("{LIST}probability = 0.0\n"), "above 0 and at most 1"),
        (format!("{LIST}probability = 1.5\n"), "above 0 and at most 1"),
        (format!("{LIST}probability = nan\n"), "above 0 and at most 1"),
        (format!("{LIST}weight = 0\n"), "needs a weight"),
        (format!("{LIST}weight = 1\nprobability = 0.5\n"), "one of them is enough"),
        (format!("{LIST}table = \"t\"\n"), "no field of it"),
        (format!("{LIST}table = \"t\"\nkind = \"k\"\n"), "not both"),
        (format!("{LIST}pause = \"200\"\n"), "needs a pause"),
        (format!("{LIST}pause = \"2h\"\n"), "at most 1h"),
        (format!("{LIST}pause = {{ min = \"2s\", max = \"1s\" }}\n"), "min not above"),
        (format!("{LIST}pause = 200\n"), "line 5: a pause is"),
        (format!("{LIST}target = \"cdn\"\n"), "no [[target]]"),
        (format!("{LIST}methods = \"GET\"\n"), "line 5: unknown field `methods`"),
        (String::new(), "no [[endpoint]]"),
        ((0..65).map(|n| LIST.replace("\"a\"", &format!("\"a{n}\""))).collect(), "more than 64"),
    ] {
        let error = refused(&text);
        assert!(error.contains(part), "{error} has no {part:?}");
    }
    assert!(Plan::from_toml("version = 2\nendpoint = []").is_err());
    assert!(Plan::from_toml("endpoint = []").is_err());
}

#[test]
fn a_plan_has_no_secret_and_its_errors_show_none() {
    for header in ["Authorization", "authorization", "Cookie", "X-Api-Key", "X-Auth-Token"] {
        let error = refused(&format!("{LIST}headers = {{ \"{header}\" = \"hunter2\" }}\n"));
        assert!(error.contains(header) && error.contains("secret"), "{error}");
        assert!(!error.contains("hunter2"), "{error}");
    }
    for line in [
        "headers = { \"x y\" = \"hunter2\" }",
        "headers = { x = \"hunter2\\n\" }",
        "headers = { Host = \"hunter2\" }",
        "headers = \"hunter2\"",
        "auth = \"hunter2\"",
        "weight = \"hunter2\"",
    ] {
        let error = refused(&format!("{LIST}{line}\n"));
        assert!(error.contains("line ") && !error.contains("hunter2"), "{error}");
    }
    let target = "[[target]]\nname = \"t\"\nbase_url = \"http://u:hunter2@a\"\n";
    let error = refused(&format!("{target}{LIST}"));
    assert!(error.contains("target \"t\"") && !error.contains("hunter2"), "{error}");
}

#[test]
fn a_token_goes_to_another_target_only_if_the_plan_says_so() {
    let of = |auth| {
        format!(
            "[[target]]\nname = \"t\"\nbase_url = \"http://a\"\nauth = {auth}\n{LIST}target = \"t\"\nauth = true\n"
        )
    };
    assert!(refused(&of(false)).contains("would send the token"));
    let plan = plan(&of(true)).unwrap();
    assert_eq!((plan.endpoints()[0].target, plan.targets()[0].name.as_str()), (1, "t"));
    let twice =
        format!("{}{LIST}", "[[target]]\nname = \"t\"\nbase_url = \"http://a\"\n".repeat(2));
    assert!(refused(&twice).contains("line 5: target \"t\" has the name of another"));
}

#[test]
fn shapes_are_built_in_or_read_once() {
    let text = format!(
        "version = 1\n{LIST}shape = \"s.json\"\n{}shape = \"s.json\"\n",
        LIST.replace("\"a\"", "\"b\"")
    );
    let mut read = Vec::new();
    let plan = Plan::from_toml_with(&text, |name| {
        read.push(name.to_owned());
        Ok(br#"{"type":"object"}"#.to_vec())
    });
    assert!(plan.unwrap().endpoints().iter().all(|endpoint| endpoint.shape.is_some()));
    assert_eq!(read, ["s.json"]);
    let missing = Plan::from_toml_with(&text, |_| Err("not there".to_owned())).unwrap_err();
    assert!(missing.to_string().contains("no shape \"s.json\": not there"), "{missing}");
    let broken = Plan::from_toml_with(&text, |_| Ok(b"{\"typo\":1}".to_vec())).unwrap_err();
    assert!(broken.to_string().contains("endpoint \"a\" has shape \"s.json\""), "{broken}");
}

#[test]
fn every_executor_is_read_with_k6s_options() {
    let of = |text: &str| scenario(text, &Overrides::default()).unwrap().scenario;
    let minute = seconds(60);
    for (text, executor) in [
        (
            "executor = \"constant-vus\"\nvus = 3\nduration = \"1m\"",
            Executor::ConstantVus { vus: 3, duration: minute },
        ),
        (
            "executor = \"per-vu-iterations\"\nvus = 3\niterations = 5\nmax_duration = \"1m\"",
            Executor::PerVuIterations { vus: 3, iterations: 5, max_duration: minute },
        ),
        (
            "executor = \"shared-iterations\"\n",
            Executor::SharedIterations { vus: 1, iterations: 1, max_duration: minute * 10 },
        ),
        (
            "executor = \"ramping-vus\"\nstart_vus = 2\ngraceful_ramp_down = \"5s\"\nstages = [{ duration = \"1m\", target = 9 }]",
            Executor::RampingVus(RampingVus {
                start_vus: 2,
                stages: vec![Stage { duration: minute, target: 9 }],
                graceful_ramp_down: seconds(5),
            }),
        ),
    ] {
        assert_eq!(*of(text).executor(), executor, "{text}");
    }
    let constant = of(
        "executor = \"constant-arrival-rate\"\nrate = 600\ntime_unit = \"1m\"\nduration = \"90s\"",
    );
    let Executor::ConstantArrivalRate(rate) = constant.executor() else { panic!("{constant:?}") };
    assert_eq!((rate.rate, rate.time_unit, rate.duration), (600, minute, seconds(90)));
    // Ten a second are four busy users each, and never fewer than 40.
    assert_eq!((rate.pre_allocated_vus, rate.max_vus), (20, 40));
    let ramp = of(
        "executor = \"ramping-arrival-rate\"\nstages = [{ duration = \"10s\", target = 20 }]\npre_allocated_vus = 5\nmax_vus = 9\nstart_time = \"3s\"\ngraceful_stop = \"0s\"\nreuse = \"first-in\"",
    );
    assert_eq!(
        (ramp.max_vus(), ramp.start_time(), ramp.graceful_stop()),
        (9, seconds(3), Duration::ZERO)
    );
    assert_eq!((ramp.reuse(), ramp.planned_iterations()), (Reuse::FirstIn, Some(99)));
    assert_eq!(constant.graceful_stop(), seconds(30));
}

#[test]
fn scenarios_that_make_none_are_refused_with_their_line() {
    let vus = "executor = \"constant-vus\"\nduration = \"1s\"\n";
    for (text, part) in [
        ("vus = 1\n".to_owned(), "missing field `executor`"),
        ("executor = \"soak\"\n".to_owned(), "line 6: unknown variant `soak`"),
        ("executor = \"constant-vus\"\n".to_owned(), "line 5: scenario \"s\" needs a duration"),
        (
            format!("{vus}rate = 5\n"),
            "has rate, which its executor does not know; it knows vus, duration",
        ),
        (format!("{vus}rates = 5\n"), "line 8: unknown field `rates`"),
        (format!("{vus}vus = 0\n"), "from 1 to 100000"),
        (vus.replace("1s", "1"), "needs a duration such as"),
        (format!("{vus}endpoints = [\"b\"]\n"), "names the endpoint \"b\""),
        (format!("{vus}thresholds = {{ http_reqs = [\"p95<1\"] }}\n"), "line 5"),
        (
            format!("{vus}thresholds = {{ \"http_reqs{{endpoint:b}}\" = [\"count>1\"] }}\n"),
            "no endpoint has any",
        ),
        (
            format!("{vus}thresholds = {{ works_list_shape_error_rate = [\"rate<1\"] }}\n"),
            "no endpoint has any",
        ),
        ("executor = \"ramping-arrival-rate\"\n".to_owned(), "needs stages"),
        ("executor = \"constant-arrival-rate\"\nduration = \"1s\"\n".to_owned(), "needs a rate"),
        ("executor = \"ramping-vus\"\nstages = []\n".to_owned(), "needs stages"),
    ] {
        let error = scenario(&text, &Overrides::default()).expect_err(&text).to_string();
        assert!(error.contains(part), "{error} has no {part:?}");
    }
    let name = plan(&format!("{LIST}[scenario.\"a b\"]\n{vus}")).unwrap_err();
    assert!(name.to_string().contains("needs a name"), "{name}");
    let plan = plan(&format!("{LIST}[scenario.s]\n{vus}")).unwrap();
    let unknown = plan.scenario("soak", &Overrides::default()).unwrap_err();
    assert_eq!(unknown.to_string(), "there is no scenario \"soak\"; there are s");
    assert!(plan.scenarios(&["s", "s"], &Overrides::default()).is_err());
}

#[test]
fn a_threshold_may_stop_the_run() {
    let of = |threshold: &str| {
        let text = format!(
            "executor = \"constant-vus\"\nduration = \"1s\"\nthresholds = {{ http_reqs = [{threshold}] }}\n"
        );
        scenario(&text, &Overrides::default()).map(|planned| planned.thresholds[0].abort_on_fail())
    };
    assert_eq!(of("\"count>1\"").unwrap(), None);
    assert_eq!(of("{ threshold = \"count>1\" }").unwrap(), None);
    let aborts = "threshold = \"count>1\", abort_on_fail = true";
    assert_eq!(of(&format!("{{ {aborts} }}")).unwrap(), Some(Duration::ZERO));
    let delayed = format!("{{ {aborts}, delay_abort_eval = \"10s\" }}");
    assert_eq!(of(&delayed).unwrap(), Some(seconds(10)));
    for wrong in
        ["{ threshold = \"count>1\", delay_abort_eval = \"1s\" }", "{ abort_on_fail = true }", "5"]
    {
        assert!(of(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn settings_go_before_the_plans_values() {
    let spike = |overrides: Overrides| {
        let planned = Plan::genarrative().scenario("spike", &overrides).unwrap();
        match planned.scenario.executor() {
            Executor::RampingArrivalRate(ramp) => ramp.clone(),
            other => panic!("a spike is no {other:?}"),
        }
    };
    let targets =
        |overrides| spike(overrides).stages.iter().map(|stage| stage.target).collect::<Vec<_>>();
    let none = Overrides::default();
    assert_eq!(targets(none), [25, 25, 5]);
    assert_eq!(targets(Overrides { start_rps: Some(9), peak_rps: Some(50), ..none }), [50, 50, 9]);
    assert_eq!(targets(Overrides { start_rps: Some(9), end_rps: Some(1), ..none }), [25, 25, 1]);
    let long = spike(Overrides {
        hold: Some(seconds(7)),
        ramp_up: Some(seconds(1)),
        ramp_down: Some(seconds(2)),
        ..none
    });
    assert_eq!(
        long.stages.iter().map(|stage| stage.duration.as_secs()).collect::<Vec<_>>(),
        [1, 7, 2]
    );
    let users = |pre_allocated_vus, max_vus| {
        let ramp = spike(Overrides { pre_allocated_vus, max_vus, ..none });
        (ramp.pre_allocated_vus, ramp.max_vus)
    };
    assert_eq!(users(None, None), (20, 100));
    assert_eq!(users(Some(300), None), (300, 300));
    assert_eq!(users(None, Some(8)), (8, 8));

    let smoke = Plan::genarrative()
        .scenario(
            "smoke",
            &Overrides {
                vus: Some(4),
                duration: Some(seconds(5)),
                graceful_stop: Some(seconds(1)),
                ..none
            },
        )
        .unwrap();
    assert_eq!(*smoke.scenario.executor(), Executor::ConstantVus { vus: 4, duration: seconds(5) });
    assert_eq!(smoke.scenario.graceful_stop(), seconds(1));
}

#[test]
fn a_ramp_that_is_no_spike_is_not_bent_into_one() {
    let peak = Overrides { peak_rps: Some(5), ..Overrides::default() };
    for text in [
        "stages = [{ duration = \"1s\", target = 5 }]",
        "stages = [{ duration = \"1s\", target = 5 }, { duration = \"1s\", target = 6 }, { duration = \"1s\", target = 5 }]",
        "time_unit = \"1m\"\nstages = [{ duration = \"9m\", target = 5 }, { duration = \"1s\", target = 5 }, { duration = \"1s\", target = 5 }]",
    ] {
        let text = format!("executor = \"ramping-arrival-rate\"\n{text}\n");
        assert!(scenario(&text, &Overrides::default()).is_ok());
        let error = scenario(&text, &peak).unwrap_err().to_string();
        assert!(error.contains("PEAK_RPS"), "{error}");
    }
}

#[test]
fn a_plan_without_scenarios_has_the_built_in_ones() {
    let text = "version = 1\n[[endpoint]]\nname = \"own\"\npath = \"/own\"\n";
    let plan = Plan::from_toml(text).unwrap();
    let names: Vec<_> = plan.scenario_names().collect();
    assert_eq!(names, ["baseline", "smoke", "spike"]);
    let spike = plan.scenario("spike", &Overrides::default()).unwrap();
    let shown: Vec<_> = spike.thresholds.iter().map(ToString::to_string).collect();
    // Without a shape there is nothing that could have a shape error, and there are no details.
    assert_eq!(
        shown,
        [
            "dropped_iterations: count==0",
            "http_req_duration: p(95)<2000",
            "http_req_failed: rate<0.01"
        ]
    );
}

#[test]
fn items_of_an_endpoint_are_read_or_refused() {
    let plan = |items: &str, path: &str| {
        Plan::from_toml(&format!(
            "version = 1\n[[endpoint]]\nname = \"e\"\npath = \"{path}\"\nkind = \"puzzle\"\nitems = {items}\n"
        ))
    };
    for (items, path) in [
        (r#"{ id = "profileId" }"#, "/a"),
        (r#"{ id = "id", at = ["", "/a/b"] }"#, "/a"),
        (r#"{ id = "id", asked = { workCode = "code" } }"#, "/a/{workCode}"),
    ] {
        assert!(plan(items, path).is_ok(), "{items}");
    }
    for (items, problem) in [
        (r#"{ id = "id", at = [] }"#, "JSON Pointers"),
        (r#"{ id = "id", at = ["data"] }"#, "JSON Pointers"),
        (r#"{ id = "id", asked = { workCode = "code" } }"#, "asked.workCode"),
        (r#"{ at = [""] }"#, "id"),
        (r#"{ id = "id", more = 1 }"#, "more"),
    ] {
        let error = plan(items, "/a").unwrap_err().to_string();
        assert!(error.contains(problem), "{items}: {error}");
    }
    let head = "version = 1\n[[endpoint]]\nname = \"e\"\npath = \"/a\"\nmethod = \"HEAD\"\nitems = { id = \"id\" }\n";
    assert!(Plan::from_toml(head).unwrap_err().to_string().contains("no items"));
}
