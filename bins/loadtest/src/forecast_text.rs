//! A forecast as text.

use std::fmt::Write as _;

use observe::Limits;
use workload::{Forecast, ScenarioForecast, ThresholdForecast};

/// What the process has open beside connections: files, event loops, timers.
const OWN_DESCRIPTORS: u64 = 32;

/// The forecast in lines. `origin` says where the service time is from.
pub(crate) fn text(forecast: &Forecast, origin: &str, limits: &Limits) -> String {
    let mut text = format!("a request takes {:?} ({origin})\n", forecast.service_time);
    for scenario in &forecast.scenarios {
        text += &scenario_text(scenario);
    }
    text += &format!("\nIN ALL, WITHIN {:?}\n", forecast.duration);
    line(&mut text, "HTTP requests", &number(forecast.requests.round()));
    line(
        &mut text,
        "at the peak",
        &format!("{} HTTP requests/s", number(forecast.peak_requests_a_second)),
    );
    let connections = format!(
        "{} at the peak, {} if every virtual user is busy",
        forecast.connections, forecast.connections_max
    );
    line(&mut text, "connections", &connections);
    line(&mut text, "local ports", &ports(forecast, limits));
    line(&mut text, "descriptors", &descriptors(forecast, limits));
    text
}

fn scenario_text(scenario: &ScenarioForecast) -> String {
    let mut text = format!("\n{}", scenario.name.to_uppercase());
    if !scenario.start_time.is_zero() {
        let _infallible = write!(text, ", FROM {:?}", scenario.start_time);
    }
    text.push('\n');
    let about = if scenario.is_exact { "" } else { "about " };
    line(&mut text, "iterations", &format!("{about}{}", number(scenario.iterations.round())));
    let peak = format!(
        "{} iterations/s × {} requests = {} HTTP requests/s",
        number(scenario.peak_iterations_a_second),
        number(scenario.requests_an_iteration),
        number(scenario.peak_requests_a_second)
    );
    line(&mut text, "at the peak", &peak);
    line(&mut text, "virtual users", &users(scenario));
    for endpoint in &scenario.endpoints {
        // What an iteration requests by chance is known on average only.
        let is_certain = endpoint.requests_an_iteration.fract() == 0.0;
        let about = if is_certain { about } else { "about " };
        let requests = format!(
            "{about}{} requests, {}/s at the peak  {} {}",
            number(endpoint.requests.round()),
            number(endpoint.peak_requests_a_second),
            endpoint.method,
            endpoint.path
        );
        line(&mut text, &endpoint.name, &requests);
    }
    for threshold in &scenario.thresholds {
        let _infallible = writeln!(text, "  {}", threshold_text(threshold));
    }
    text
}

/// By Little's law.
fn users(scenario: &ScenarioForecast) -> String {
    let ScenarioForecast { busy_vus, max_vus, iteration_time, .. } = scenario;
    let enough = match (scenario.is_exact, busy_vus <= max_vus) {
        (false, _) => "",
        (true, true) => ": enough",
        (true, false) => ": TOO FEW, starts will be dropped",
    };
    format!("{busy_vus} busy at the peak, {iteration_time:?} an iteration, of {max_vus}{enough}")
}

fn threshold_text(forecast: &ThresholdForecast) -> String {
    let ThresholdForecast { threshold, samples, needed, .. } = forecast;
    match (samples, forecast.is_enough()) {
        (Some(samples), Some(true)) => {
            format!("✓ {threshold}  {} samples, {needed} needed", number(samples.floor()))
        }
        (Some(samples), _) => format!(
            "✗ {threshold}  {} samples, TOO FEW: {needed} needed to rely on it at 95 %",
            number(samples.floor())
        ),
        (None, _) => format!("? {threshold}  how many samples there are depends on the answers"),
    }
}

fn ports(forecast: &Forecast, limits: &Limits) -> String {
    let needed = forecast.connections_max_a_target;
    match &limits.local_ports {
        Some(range) => {
            let available = u64::from(*range.end()).saturating_sub(u64::from(*range.start())) + 1;
            of(needed, available, "to one service")
        }
        None => format!("up to {needed} to one service; how many there are is unknown"),
    }
}

fn descriptors(forecast: &Forecast, limits: &Limits) -> String {
    let open = limits.descriptors_open.unwrap_or(OWN_DESCRIPTORS).max(OWN_DESCRIPTORS);
    let needed = forecast.connections_max + open;
    match limits.descriptors {
        Some(available) => of(needed, available, "(ulimit -n)"),
        None => format!("up to {needed}; how many there are is unknown"),
    }
}

fn of(needed: u64, available: u64, what: &str) -> String {
    let verdict = if needed <= available { "enough" } else { "TOO FEW" };
    match available {
        u64::MAX => format!("up to {needed}, without a limit {what}"),
        _ => format!("up to {needed} of {available} {what}: {verdict}"),
    }
}

fn line(text: &mut String, name: &str, value: &str) {
    let _infallible = writeln!(text, "  {name:<30} {value}");
}

/// Up to two decimals, where they say something.
fn number(value: f64) -> String {
    ((value * 100.0).round() / 100.0).to_string()
}
