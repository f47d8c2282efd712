//! Charts as SVG, which take the reader's light or dark colours.

use std::fmt::Write;

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 380.0;
const LEFT: f64 = 72.0;
const RIGHT: f64 = 96.0;
const TOP: f64 = 58.0;
const BOTTOM: f64 = 58.0;
/// Lines of text that are nearer than this touch each other.
const LINE: f64 = 16.0;

/// The background is painted: the page around may have other colours than the system. No variables,
/// which only browsers know.
const STYLE: &str = "\
    .paper { fill: #ffffff; } .ink { fill: #1f2933; } .faint { fill: #52606d; }
    .grid { stroke: #d9e0e6; } .axis { stroke: #7b8794; }
    .ours { fill: #1f5fa8; stroke: #1f5fa8; } .python { fill: #b4500f; stroke: #b4500f; }
    .line { fill: none; stroke-width: 2.5; stroke-linejoin: round; }
    .fill { stroke: none; } .pale { stroke: none; fill-opacity: 0.45; }
    @media (prefers-color-scheme: dark) {
      .paper { fill: #0d1117; } .ink { fill: #e6edf3; } .faint { fill: #9da7b3; }
      .grid { stroke: #2a313a; } .axis { stroke: #6e7681; }
      .ours { fill: #6cb1ff; stroke: #6cb1ff; } .python { fill: #ffa057; stroke: #ffa057; }
    }
";

/// A line of a chart, or the bars of one kind.
pub(crate) struct Series<'a> {
    pub(crate) label: &'a str,
    /// `ours` or `python`.
    pub(crate) class: &'a str,
    /// For bars: weaker colour.
    pub(crate) is_pale: bool,
    /// For bars, the first numbers are not looked at.
    pub(crate) points: Vec<(f64, f64)>,
}

/// What is written around a chart.
pub(crate) struct Titles<'a> {
    pub(crate) title: &'a str,
    pub(crate) x: &'a str,
    /// After each number at the left: ` ms`, for instance.
    pub(crate) unit: &'a str,
}

/// Lines over two logarithmic axes. Points whose value is not positive have no place there.
pub(crate) fn lines(titles: &Titles<'_>, series: &[Series<'_>]) -> String {
    let all = || {
        series
            .iter()
            .flat_map(|one| one.points.iter().copied())
            .filter(|&(_, y)| y > 0.0)
    };
    let x_axis = Axis::over(all().map(|(x, _)| x), LEFT, WIDTH - RIGHT, false);
    let y_axis = Axis::over(all().map(|(_, y)| y), HEIGHT - BOTTOM, TOP, true);
    let mut svg = begin(titles);
    for tick in y_axis.ticks() {
        horizontal(&mut svg, y_axis.place(tick), &number(tick), titles.unit);
    }
    for tick in x_axis.ticks() {
        let x = x_axis.place(tick);
        let _ = writeln!(
            svg,
            r#"  <line class="grid" x1="{x:.1}" y1="{TOP}" x2="{x:.1}" y2="{:.1}"/>"#,
            HEIGHT - BOTTOM
        );
        text(
            &mut svg,
            "faint",
            "middle",
            x,
            HEIGHT - BOTTOM + 20.0,
            &number(tick),
        );
    }
    let mut taken: Vec<f64> = Vec::new();
    for one in series {
        let places: Vec<(f64, f64)> = one
            .points
            .iter()
            .filter(|&&(_, y)| y > 0.0)
            .map(|&(x, y)| (x_axis.place(x), y_axis.place(y)))
            .collect();
        let path: Vec<String> = places
            .iter()
            .map(|(x, y)| format!("{x:.1} {y:.1}"))
            .collect();
        let _ = writeln!(svg, r#"  <g class="{}">"#, one.class);
        let _ = writeln!(svg, r#"    <path class="line" d="M{}"/>"#, path.join(" L"));
        for (x, y) in &places {
            let _ = writeln!(
                svg,
                r#"    <circle class="fill" cx="{x:.1}" cy="{y:.1}" r="4"/>"#
            );
        }
        if let Some(&(x, y)) = places.last() {
            let y = free(&taken, y + 5.0);
            taken.push(y);
            text(&mut svg, "fill", "start", x + 10.0, y, one.label);
        }
        svg.push_str("  </g>\n");
    }
    end(svg)
}

/// The nearest place to `wanted`, upwards or downwards, with a line's height to those taken.
fn free(taken: &[f64], wanted: f64) -> f64 {
    let is_free = |&place: &f64| taken.iter().all(|other| (other - place).abs() >= LINE);
    (0..40)
        .flat_map(|step| [f64::from(step), -f64::from(step)])
        .map(|offset| wanted + offset)
        .find(is_free)
        .unwrap_or(wanted)
}

/// Groups of bars from zero, one bar of each series to a group.
pub(crate) fn bars(titles: &Titles<'_>, groups: &[String], series: &[Series<'_>]) -> String {
    let highest = series
        .iter()
        .flat_map(|one| one.points.iter().map(|&(_, y)| y))
        .fold(0.0, f64::max);
    let step = nice(highest / 5.0);
    let count = (highest / step).ceil();
    let place = |value: f64| HEIGHT - BOTTOM - value / (count * step) * (HEIGHT - BOTTOM - TOP);
    let mut svg = begin(titles);
    for tick in 0..=count as u32 {
        let value = f64::from(tick) * step;
        horizontal(&mut svg, place(value), &number(value), titles.unit);
    }
    let group = (WIDTH - LEFT - 20.0) / groups.len() as f64;
    let bar = group * 0.8 / series.len() as f64;
    for (index, name) in groups.iter().enumerate() {
        let left = LEFT + group * (index as f64 + 0.1);
        for (nth, one) in series.iter().enumerate() {
            let (x, value) = (left + bar * nth as f64, one.points[index].1);
            let y = place(value);
            let fill = if one.is_pale { "pale" } else { "fill" };
            let _ = writeln!(
                svg,
                r#"  <g class="{}"><rect class="{fill}" x="{:.1}" y="{y:.1}" width="{:.1}" height="{:.1}"/></g>"#,
                one.class,
                x + 1.0,
                bar - 2.0,
                HEIGHT - BOTTOM - y
            );
            text(
                &mut svg,
                "ink small",
                "middle",
                x + bar / 2.0,
                y - 4.0,
                &format!("{value:.2}"),
            );
        }
        text(
            &mut svg,
            "faint",
            "middle",
            left + group * 0.4,
            HEIGHT - BOTTOM + 20.0,
            name,
        );
    }
    let mut x = LEFT;
    for one in series {
        let fill = if one.is_pale { "pale" } else { "fill" };
        let _ = writeln!(
            svg,
            r#"  <g class="{}"><rect class="{fill}" x="{x:.1}" y="37" width="11" height="11"/></g>"#,
            one.class
        );
        text(&mut svg, "ink", "start", x + 16.0, 47.0, one.label);
        x += 36.0 + 7.0 * one.label.chars().count() as f64;
    }
    end(svg)
}

/// A logarithmic axis between two places of the picture.
struct Axis {
    low: f64,
    high: f64,
    from: f64,
    to: f64,
}

impl Axis {
    /// Over all values; with whole decades if `is_rounded`.
    fn over(values: impl Iterator<Item = f64>, from: f64, to: f64, is_rounded: bool) -> Self {
        let (mut low, mut high) = values.fold((f64::INFINITY, 0.0_f64), |(low, high), value| {
            (low.min(value), high.max(value))
        });
        if is_rounded {
            low = ticks_of(low.log10().floor() as i32)
                .into_iter()
                .rfind(|&tick| tick <= low)
                .unwrap_or(low);
            high = ticks_of(high.log10().floor() as i32)
                .into_iter()
                .find(|&tick| tick >= high)
                .unwrap_or(high);
        }
        Self {
            low,
            high,
            from,
            to,
        }
    }

    fn place(&self, value: f64) -> f64 {
        let share = (value / self.low).ln() / (self.high / self.low).ln();
        self.from + share * (self.to - self.from)
    }

    /// Powers of ten; between them 2 and 5 if there are few.
    fn ticks(&self) -> Vec<f64> {
        let decades = (self.high / self.low).log10();
        let exponents = self.low.log10().floor() as i32..=self.high.log10().ceil() as i32;
        let mut ticks: Vec<f64> = exponents
            .flat_map(|exponent| {
                let all = ticks_of(exponent);
                let few = if decades > 2.5 { 1 } else { 3 };
                all.into_iter().take(few)
            })
            .filter(|tick| (self.low * 0.999..=self.high * 1.001).contains(tick))
            .collect();
        ticks.dedup();
        ticks
    }
}

/// 1, 2, 5 and 10 times a power of ten.
fn ticks_of(exponent: i32) -> [f64; 4] {
    [1.0, 2.0, 5.0, 10.0].map(|digit| digit * 10_f64.powi(exponent))
}

/// The next of 1, 2, 5 times a power of ten.
fn nice(value: f64) -> f64 {
    let all = ticks_of(value.log10().floor() as i32);
    all.into_iter()
        .find(|&tick| tick >= value)
        .unwrap_or(all[3])
}

/// With separators for thousands, and without zeros at the end.
fn number(value: f64) -> String {
    if value >= 1000.0 {
        return thousands(value.round() as u64);
    }
    let text = format!("{value:.4}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A whole number with a separator for thousands.
pub(crate) fn thousands(number: u64) -> String {
    match number {
        0..1000 => number.to_string(),
        _ => format!("{},{:03}", number / 1000, number % 1000),
    }
}

fn begin(titles: &Titles<'_>) -> String {
    let mut svg = format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="system-ui, sans-serif" font-size="13" role="img" aria-label="{}">
  <style>
{STYLE}    .title {{ font-size: 15px; font-weight: 600; }} .small {{ font-size: 10px; }}
  </style>
  <rect class="paper" width="{WIDTH}" height="{HEIGHT}"/>
"#,
        titles.title
    );
    text(&mut svg, "ink title", "start", 16.0, 25.0, titles.title);
    let middle = (LEFT + WIDTH - RIGHT) / 2.0;
    text(&mut svg, "ink", "middle", middle, HEIGHT - 14.0, titles.x);
    svg
}

fn end(mut svg: String) -> String {
    svg.push_str("</svg>\n");
    svg
}

fn horizontal(svg: &mut String, y: f64, label: &str, unit: &str) {
    let _ = writeln!(
        svg,
        r#"  <line class="grid" x1="{LEFT}" y1="{y:.1}" x2="{:.1}" y2="{y:.1}"/>"#,
        WIDTH - 20.0
    );
    // A currency stands in front.
    let label = match unit {
        "$" => format!("${label}"),
        _ => format!("{label}{unit}"),
    };
    text(svg, "faint", "end", LEFT - 8.0, y + 4.0, &label);
}

fn text(svg: &mut String, class: &str, anchor: &str, x: f64, y: f64, words: &str) {
    let _ = writeln!(
        svg,
        r#"  <text class="{class}" text-anchor="{anchor}" x="{x:.1}" y="{y:.1}">{words}</text>"#
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_tenfold_is_as_far_on_a_logarithmic_axis() {
        let axis = Axis::over([1.0, 100.0].into_iter(), 0.0, 200.0, false);
        assert_eq!(axis.place(10.0), 100.0);
        assert_eq!(axis.ticks(), [1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0]);
        let rounded = Axis::over([30.0, 700.0].into_iter(), 0.0, 1.0, true);
        assert_eq!((rounded.low, rounded.high), (20.0, 1000.0));
    }

    #[test]
    fn labels_do_not_lie_on_each_other() {
        assert_eq!(free(&[], 100.0), 100.0);
        assert_eq!(free(&[100.0], 104.0), 116.0);
        assert_eq!(free(&[100.0], 98.0), 84.0);
    }

    #[test]
    fn numbers_are_written_as_people_do() {
        let written = [1.0, 0.05, 1000.0, 10_000.0, 2.5].map(number);
        assert_eq!(written, ["1", "0.05", "1,000", "10,000", "2.5"]);
        assert_eq!((nice(0.34), nice(0.5), nice(7.0)), (0.5, 0.5, 10.0));
    }
}
