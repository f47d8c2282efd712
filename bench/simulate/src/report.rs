//! The tables and charts of docs/scaling.md.

use crate::lambda::Outcome;
use crate::measured::{Implementation, Measured, cpus};
use crate::prices::{ARM64, Prices, X86_64, break_even};
use crate::scenarios::{MEMORY_SIZES, Outcomes, Results, Scenario};
use crate::svg::{Series, Titles, bars, lines, thousands};

/// The parts of the document that are written here, by their names.
pub(crate) fn tables(measured: &Measured, results: &Results) -> Vec<(&'static str, String)> {
    vec![
        ("measured", inputs(measured)),
        ("cost", costs(measured)),
        (
            "provisioned",
            format!(
                "It costs less than on demand from {:.0} % use on.\n",
                break_even() * 100.0
            ),
        ),
        (
            "rates",
            outcomes(
                &results.rates,
                "requests a second",
                |one| rate(one.rate),
                measured,
            ),
        ),
        (
            "default-limit",
            outcomes(
                &results.default_limit,
                "requests a second",
                |one| rate(one.rate),
                measured,
            ),
        ),
        (
            "memory",
            outcomes(
                &results.memory_sizes,
                "memory",
                |one| format!("{} MB", thousands(u64::from(one.memory_mb))),
                measured,
            ),
        ),
        (
            "keep-alive",
            outcomes(
                &results.keep_alives,
                "idle environments stay",
                |one| format!("{} min", one.keep_alive_minutes),
                measured,
            ),
        ),
    ]
}

/// The pictures, by their files' names.
pub(crate) fn charts(measured: &Measured, results: &Results) -> Vec<(&'static str, String)> {
    let x = "requests a second, on average (logarithmic)";
    let line = |title, unit, value: fn(&Outcome) -> f64| {
        let series: Vec<_> = measured
            .implementations
            .both()
            .iter()
            .zip(["ours", "python"])
            .enumerate()
            .map(|(index, (one, class))| Series {
                label: &one.label,
                class,
                is_pale: false,
                points: results
                    .rates
                    .iter()
                    .map(|(scenario, outcomes)| (scenario.rate, value(&outcomes[index])))
                    .collect(),
            })
            .collect();
        lines(&Titles { title, x, unit }, &series)
    };
    vec![
        ("cost.svg", cost_chart(measured)),
        (
            "latency.svg",
            line(
                "Mean time of the answers in the first second of a burst",
                " ms",
                |one| one.watched_mean,
            ),
        ),
        (
            "cold-starts.svg",
            line("Answers that waited for a cold start", " %", |one| {
                one.cold_share() * 100.0
            }),
        ),
        (
            "concurrency.svg",
            line("Most requests at the same time", "", |one| one.peak as f64),
        ),
    ]
}

fn inputs(measured: &Measured) -> String {
    let mut table = format!(
        "{}Measured on {}: {}; {}.\n\n",
        if measured.preliminary {
            "**Preliminary: the machine was busy with other work, and times vary by a factor.** "
        } else {
            ""
        },
        measured.date,
        measured.machine,
        measured.workload
    );
    table.push_str(
        "| | initialization | first request | warm, 1 thread: p50, p99 | 2 threads: p50, p99 | resident memory |\n\
         |---|---|---|---|---|---|\n",
    );
    for one in measured.implementations.both() {
        let [single, two] = &one.warm;
        table.push_str(&format!(
            "| {} | {} ms | {} ms | {} ms, {} ms | {} ms, {} ms | {:.0} MB |\n",
            one.label,
            digits(one.init_ms),
            digits(one.first_ms),
            digits(single.p50_ms),
            digits(single.p99_ms),
            digits(two.p50_ms),
            digits(two.p99_ms),
            one.rss_mb
        ));
    }
    table
}

fn costs(measured: &Measured) -> String {
    let [ours, python] = measured.implementations.both();
    let mut table = format!(
        "| memory | virtual CPUs | {ours}, mean | {python}, mean | {ours}, x86-64 | {python}, x86-64 | {ours}, arm64 if equally fast | {python}, arm64 if equally fast | {ours} / {python} |\n\
         |---|---|---|---|---|---|---|---|---|\n",
        ours = ours.label,
        python = python.label
    );
    for memory in MEMORY_SIZES {
        let time = |one: &Implementation| match one.fits(memory) {
            true => format!("{} ms", digits(one.at(memory).warm.mean())),
            false => "does not fit".to_owned(),
        };
        let cost = |one: &Implementation, prices: Prices| {
            one.fits(memory)
                .then(|| prices.million_warm(&one.at(memory), memory))
        };
        let dollars = |cost: Option<f64>| cost.map_or("".to_owned(), |cost| format!("${cost:.2}"));
        let ratio = match (cost(ours, X86_64), cost(python, X86_64)) {
            (Some(ours), Some(python)) => format!("{:.2}", ours / python),
            _ => String::new(),
        };
        table.push_str(&format!(
            "| {} MB | {:.2} | {} | {} | {} | {} | {} | {} | {ratio} |\n",
            thousands(u64::from(memory)),
            cpus(memory),
            time(ours),
            time(python),
            dollars(cost(ours, X86_64)),
            dollars(cost(python, X86_64)),
            dollars(cost(ours, ARM64)),
            dollars(cost(python, ARM64)),
        ));
    }
    table
}

fn cost_chart(measured: &Measured) -> String {
    let labels: Vec<String> = measured
        .implementations
        .both()
        .iter()
        .flat_map(|one| {
            [
                format!("{}, x86-64", one.label),
                format!("{}, arm64", one.label),
            ]
        })
        .collect();
    let kinds = measured
        .implementations
        .both()
        .into_iter()
        .zip(["ours", "python"])
        .flat_map(|(one, class)| {
            [(X86_64, false), (ARM64, true)].map(|(prices, is_pale)| (one, class, prices, is_pale))
        });
    let series: Vec<_> = labels
        .iter()
        .zip(kinds)
        .map(|(label, (one, class, prices, is_pale))| Series {
            label,
            class,
            is_pale,
            points: MEMORY_SIZES
                .map(|memory| (0.0, prices.million_warm(&one.at(memory), memory)))
                .to_vec(),
        })
        .collect();
    let groups = MEMORY_SIZES.map(|memory| format!("{} MB", thousands(u64::from(memory))));
    let titles = Titles {
        title: "Dollars for a million warm predictions (arm64: if it were equally fast)",
        x: "memory of the function",
        unit: "$",
    };
    bars(&titles, &groups, &series)
}

/// A line for each scenario; ours and Python's figures side by side.
fn outcomes(
    results: &[(Scenario, Outcomes)],
    varied: &str,
    name: impl Fn(&Scenario) -> String,
    measured: &Measured,
) -> String {
    let [ours, python] = measured.implementations.both();
    let mut table = format!(
        "{} / {}:\n\n\
         | {varied} | cold starts | p50, ms | p99, ms | first second of a burst: mean, p99, ms | most at the same time | turned away | $ per million answers |\n\
         |---|---|---|---|---|---|---|---|\n",
        ours.label, python.label
    );
    for (scenario, [ours, python]) in results {
        let pair = |show: &dyn Fn(&Outcome) -> String| format!("{} / {}", show(ours), show(python));
        table.push_str(&format!(
            "| {} | {} | {} | {} | {} | {} | {} | {} |\n",
            name(scenario),
            pair(&|one| percent(one.cold_share())),
            pair(&|one| digits(one.p50)),
            pair(&|one| digits(one.p99)),
            pair(&|one| format!("{}, {}", digits(one.watched_mean), digits(one.watched_p99))),
            pair(&|one| thousands(one.peak as u64)),
            pair(&|one| percent(one.throttled_share())),
            pair(&|one| format!("{:.2}", X86_64.million_of(one, scenario.memory_mb))),
        ));
    }
    table
}

fn rate(rate: f64) -> String {
    match rate {
        1.0.. => thousands(rate as u64),
        _ => rate.to_string(),
    }
}

/// Three digits that mean something.
fn digits(value: f64) -> String {
    match value {
        100.0.. => format!("{value:.0}"),
        10.0.. => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

fn percent(share: f64) -> String {
    match share * 100.0 {
        0.0 => "0".to_owned(),
        10.0.. => format!("{:.0} %", share * 100.0),
        0.1.. => format!("{:.1} %", share * 100.0),
        0.001.. => format!("{:.3} %", share * 100.0),
        _ => "< 0.001 %".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_as_many_digits_as_mean_something() {
        assert_eq!(
            [123.4, 12.34, 1.234].map(digits),
            ["123", "12.3", "1.23"].map(String::from)
        );
        assert_eq!(
            [0.0, 0.5, 0.012, 0.00012, 1e-7].map(percent),
            ["0", "50 %", "1.2 %", "0.012 %", "< 0.001 %"].map(String::from)
        );
        assert_eq!(thousands(12_345), "12,345");
    }
}
