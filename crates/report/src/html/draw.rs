//! Charts as SVG, drawn by `plotters`. It writes fixed colours as attributes; the page's style sheet
//! looks for exactly these and puts its own in their place, for dark pages and with dashes, so that
//! no line is known by its colour alone.

use std::error::Error;
use std::ops::Range;

use plotters::coord::Shift;
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;

pub(super) const BLUE: RGBColor = RGBColor(0x00, 0x72, 0xb2);
pub(super) const ORANGE: RGBColor = RGBColor(0xd5, 0x5e, 0x00);
pub(super) const GREEN: RGBColor = RGBColor(0x00, 0x9e, 0x73);
pub(super) const GREY: RGBColor = RGBColor(0x76, 0x76, 0x77);
const TEXT: RGBColor = RGBColor(0x33, 0x33, 0x34);
const GRID: RGBColor = RGBColor(0xd9, 0xd9, 0xda);
const AXIS: RGBColor = RGBColor(0x8c, 0x8c, 0x8d);

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Drawn<T> = Result<T, Box<dyn Error>>;
type Chart<'a, 'b> = ChartContext<'a, SVGBackend<'b>, Cartesian2d<RangedCoordf64, RangedCoordf64>>;

/// Lines over the run's time.
#[derive(Clone, Debug)]
pub(super) struct Panel {
    pub(super) title: &'static str,
    pub(super) unit: &'static str,
    pub(super) lines: Vec<PlotLine>,
}

#[derive(Clone, Debug)]
pub(super) struct PlotLine {
    pub(super) name: &'static str,
    pub(super) colour: RGBColor,
    /// Seconds and values; `None` where nothing is known.
    pub(super) points: Vec<(f64, Option<f64>)>,
}

/// How much room a chart has, in pixels.
#[derive(Clone, Copy, Debug)]
pub(super) struct Size {
    pub(super) width: u32,
    pub(super) panel_height: u32,
    pub(super) x_labels: usize,
}

impl Size {
    pub(super) const WIDE: Size = Size { width: 940, panel_height: 190, x_labels: 12 };
    pub(super) const NARROW: Size = Size { width: 360, panel_height: 170, x_labels: 5 };
}

/// Draws panels below each other, over the same time from 0 to `seconds`.
pub(super) fn panels(panels: &[Panel], seconds: f64, size: Size) -> String {
    svg(size.width, size.panel_height * panels.len() as u32, |root| {
        let areas = root.split_evenly((panels.len(), 1));
        for (area, panel) in areas.iter().zip(panels) {
            draw_panel(area, panel, seconds, size)?;
        }
        Ok(())
    })
}

fn draw_panel(area: &Area<'_>, panel: &Panel, seconds: f64, size: Size) -> Drawn<()> {
    let values = panel.lines.iter().flat_map(|line| &line.points);
    let top = values.filter_map(|(_, value)| *value).fold(0.0, f64::max);
    // A line at the very top would be cut, and a chart of zeros needs some height.
    let top = if top > 0.0 { top * 1.08 } else { 1.0 };
    let title = format!("{}, {}", panel.title, panel.unit);
    let mut chart = axes(area, &title, (0.0..seconds.max(1.0), 0.0..top))?;
    mesh(&mut chart, size, &|x| time(*x))?;
    for line in &panel.lines {
        for stretch in line.points.split(|(_, value)| value.is_none()) {
            draw_stretch(&mut chart, stretch, line.colour)?;
        }
    }
    Ok(())
}

/// Points that are known one after the other.
fn draw_stretch(
    chart: &mut Chart<'_, '_>,
    points: &[(f64, Option<f64>)],
    colour: RGBColor,
) -> Drawn<()> {
    let known: Vec<_> = points.iter().filter_map(|&(x, y)| Some((x, y?))).collect();
    if let [alone] = known[..] {
        // A line of one point would not be seen.
        chart.draw_series([Circle::new(alone, 3, colour.filled())])?;
    } else {
        chart.draw_series(LineSeries::new(known, colour.stroke_width(2)))?;
    }
    Ok(())
}

fn axes<'a, 'b>(
    area: &'a Area<'b>,
    title: &str,
    (x, y): (Range<f64>, Range<f64>),
) -> Drawn<Chart<'a, 'b>> {
    let text = ("sans-serif", 17).into_font().color(&TEXT);
    let mut builder = ChartBuilder::on(area);
    builder.caption(title, text).margin(4).margin_right(18);
    builder.x_label_area_size(24).y_label_area_size(50);
    Ok(builder.build_cartesian_2d(x, y)?)
}

fn mesh(chart: &mut Chart<'_, '_>, size: Size, x_label: &dyn Fn(&f64) -> String) -> Drawn<()> {
    let text = ("sans-serif", 14).into_font().color(&TEXT);
    chart
        .configure_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(GRID)
        .axis_style(AXIS)
        .label_style(text)
        .x_labels(size.x_labels)
        .y_labels(4)
        .x_label_formatter(x_label)
        .y_label_formatter(&|value| short(*value))
        .draw()?;
    Ok(())
}

/// Bars over a logarithmic scale: `bars` are from, to and height; `marks` are drawn across.
pub(super) fn bars(
    title: &str,
    bars: &[(f64, f64, f64)],
    marks: &[(f64, RGBColor)],
    size: Size,
) -> String {
    svg(size.width, size.panel_height + 30, |root| {
        let [Some(first), Some(last)] = [bars.first(), bars.last()] else { return Ok(()) };
        let top = bars.iter().map(|bar| bar.2).fold(0.0, f64::max) * 1.08;
        // The logarithm is taken here, so that one kind of axis does for all charts.
        let mut chart = axes(root, title, (first.0.log10()..last.1.log10(), 0.0..top))?;
        mesh(&mut chart, size, &|x| milliseconds(10_f64.powf(*x)))?;
        chart.draw_series(bars.iter().map(|&(from, to, height)| {
            Rectangle::new([(from.log10(), 0.0), (to.log10(), height)], BLUE.mix(0.7).filled())
        }))?;
        for &(at, colour) in marks {
            let line = [(at.log10(), 0.0), (at.log10(), top)];
            chart.draw_series(LineSeries::new(line, colour.stroke_width(2)))?;
        }
        Ok(())
    })
}

/// The inside of the drawing, without the `svg` element around it: the page has its own, with what
/// screen readers need. Nothing is drawn if it cannot be; the table below the chart has the numbers.
fn svg(width: u32, height: u32, draw: impl FnOnce(&Area<'_>) -> Drawn<()>) -> String {
    let mut text = String::new();
    let drawn = {
        let root = SVGBackend::with_string(&mut text, (width, height)).into_drawing_area();
        draw(&root).and_then(|()| Ok(root.present()?))
    };
    let inside = text.split_once('>').and_then(|(_, rest)| rest.rsplit_once("</svg>"));
    match (drawn, inside) {
        (Ok(()), Some((inside, _))) => inside.trim().to_owned(),
        _ => String::new(),
    }
}

fn time(seconds: f64) -> String {
    let whole = seconds.round();
    if (seconds - whole).abs() > 0.01 {
        return format!("{seconds:.1} s");
    }
    match whole as u64 {
        0 => "0".to_owned(),
        s if s % 60 == 0 => format!("{} min", s / 60),
        s if s > 60 => format!("{}:{:02}", s / 60, s % 60),
        s => format!("{s} s"),
    }
}

fn short(value: f64) -> String {
    match value.abs() {
        v if v >= 1e6 => format!("{}M", value / 1e6),
        v if v >= 1e4 => format!("{}k", value / 1e3),
        _ => format!("{}", (value * 1e3).round() / 1e3),
    }
}

fn milliseconds(value: f64) -> String {
    match value {
        v if v >= 1000.0 => format!("{} s", rounded(v / 1000.0)),
        v if v >= 1.0 => format!("{} ms", rounded(v)),
        v => format!("{} µs", rounded(v * 1000.0)),
    }
}

/// To two significant digits.
fn rounded(value: f64) -> f64 {
    let step = 10_f64.powf(value.log10().floor() - 1.0);
    let digits = if step < 1.0 { 1.0 / step } else { 1.0 };
    // Divided at the end, so that 0.1 is written as 0.1.
    ((value / step).round() * step * digits).round() / digits
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(points: &[(f64, Option<f64>)]) -> String {
        let lines = vec![PlotLine { name: "a", colour: BLUE, points: points.to_vec() }];
        panels(&[Panel { title: "<b>", unit: "1/s", lines }], 10.0, Size::WIDE)
    }

    #[test]
    fn what_is_drawn_has_no_style_of_its_own() {
        let svg = line(&[(0.5, Some(1.0)), (1.5, Some(2.0))]);
        assert!(svg.contains("<polyline") && svg.contains("stroke=\"#0072B2\""), "{svg}");
        assert!(svg.contains("&lt;b&gt;, 1/s"), "{svg}");
        for unwanted in ["style=", "<svg", "<script", "href"] {
            assert!(!svg.contains(unwanted), "{unwanted}: {svg}");
        }
    }

    #[test]
    fn what_is_not_known_is_a_gap_and_a_single_point_is_seen() {
        let count = |svg: &str, what: &str| svg.matches(what).count();
        let of_blue = "stroke=\"#0072B2\"";
        let svg = line(&[(0.0, Some(1.0)), (1.0, Some(1.0)), (2.0, None), (3.0, Some(1.0))]);
        assert_eq!((count(&svg, of_blue), count(&svg, "<circle")), (1, 1), "{svg}");
        assert_eq!(count(&line(&[]), of_blue), 0);
    }

    #[test]
    fn labels_are_short() {
        assert_eq!([0.0, 30.0, 60.0, 90.0, 2.5].map(time), ["0", "30 s", "1 min", "1:30", "2.5 s"]);
        assert_eq!([0.5, 25.0, 12_000.0, 2e6].map(short), ["0.5", "25", "12k", "2M"]);
        assert_eq!(
            [0.25, 1.5, 80.0, 1500.0].map(milliseconds),
            ["250 µs", "1.5 ms", "80 ms", "1.5 s"]
        );
    }
}
