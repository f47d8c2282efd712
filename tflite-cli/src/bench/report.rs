//! What `tflite bench` tells: with `--json`, the fields of the Python tool, and more.
//! `docs/json.md` describes each.

use std::io::{self, Write};
use std::path::Path;

use serde::Serialize;
use tflite::{DelegateReport, ProfileSummary};

use super::profile::Profile;
use super::stats::{self, Stats};
use crate::console::{TITLE, line};
use crate::model::weight_cache_name;
use crate::table::{Align, Table};
use crate::target::xnnpack_name;

use Align::{Left, Right};

/// The tools' megabyte.
const MB: f64 = 1024.0 * 1024.0;

/// What was found.
pub(super) struct Facts<'a> {
    pub(super) path: &'a Path,
    pub(super) model_bytes: usize,
    pub(super) signature: Option<String>,
    pub(super) threads: u16,
    pub(super) delegates: DelegateReport,
    pub(super) load_ms: f64,
    pub(super) init_ms: f64,
    pub(super) warmup_ms: &'a [f64],
    pub(super) times_ms: &'a [f64],
    pub(super) input_bytes: usize,
    pub(super) peak_rss_bytes: Option<u64>,
    pub(super) profile: Option<&'a ProfileSummary>,
}

#[derive(Serialize)]
pub(super) struct Report {
    model: String,
    model_size_mb: f64,
    accelerators: [&'static str; 1],
    signature: Option<String>,
    /// Whether XNNPACK computes all operators.
    fully_accelerated: bool,
    num_threads: u16,
    latency: Latency,
    throughput_mb_s: f64,
    // The fields below are not the Python tool's.
    runtime_version: &'static str,
    xnnpack: &'static str,
    xnnpack_reason: Option<String>,
    operators: usize,
    delegated: usize,
    partitions: usize,
    weight_cache: &'static str,
    peak_rss_mb: Option<f64>,
    profile: Option<Profile>,
}

#[derive(Serialize)]
struct Latency {
    init_ms: f64,
    /// The part of `init_ms` that is not making the interpreter.
    load_ms: f64,
    warmup_first_ms: Option<f64>,
    warmup_avg_ms: Option<f64>,
    num_warmup_runs: usize,
    #[serde(flatten)]
    stats: Stats,
}

impl Report {
    /// `None` if nothing was measured.
    pub(super) fn new(facts: Facts<'_>) -> Option<Self> {
        let stats = Stats::of(facts.times_ms)?;
        let report = &facts.delegates;
        let (xnnpack, reason) = xnnpack_name(&report.xnnpack);
        let input_mb = facts.input_bytes as f64 / MB;
        Some(Self {
            model: facts.path.to_string_lossy().into_owned(),
            model_size_mb: facts.model_bytes as f64 / MB,
            accelerators: ["CPU"],
            signature: facts.signature,
            fully_accelerated: report.delegated == report.operators,
            num_threads: facts.threads,
            latency: Latency {
                init_ms: facts.init_ms,
                load_ms: facts.load_ms,
                warmup_first_ms: facts.warmup_ms.first().copied(),
                warmup_avg_ms: stats::mean(facts.warmup_ms),
                num_warmup_runs: facts.warmup_ms.len(),
                stats,
            },
            throughput_mb_s: match stats.avg_ms {
                0.0 => 0.0,
                avg_ms => input_mb / (avg_ms / 1e3),
            },
            runtime_version: tflite::version(),
            xnnpack,
            xnnpack_reason: reason.map(str::to_owned),
            operators: report.operators,
            delegated: report.delegated,
            partitions: report.partitions,
            weight_cache: weight_cache_name(&report.weight_cache),
            peak_rss_mb: facts.peak_rss_bytes.map(|bytes| bytes as f64 / MB),
            profile: facts.profile.map(Profile::from),
        })
    }

    /// For people. `top` is how many rows the tables of operators have.
    pub(super) fn write(&self, out: &mut impl Write, top: usize) -> io::Result<()> {
        writeln!(out, "{TITLE}{}{TITLE:#}", line(&self.model))?;
        let Latency { stats, .. } = self.latency;
        let runs = |count: usize| format!("{count} runs");
        let time = |ms: Option<f64>| ms.map_or_else(|| "-".to_owned(), |ms| format!("{ms:.3} ms"));
        let mut table = Table::new(&[("", Left), ("", Right), ("", Left)]);
        let mut row = |name: &str, value: String, remark: String| {
            table.row([name.to_owned(), value, remark]);
        };
        let size = format!("{:.2} MB", self.model_size_mb);
        row("Model size", size, String::new());
        let threads = self.num_threads.to_string();
        row("Threads", threads, String::new());
        let load = format!("of which {:.3} ms to read and verify", self.latency.load_ms);
        row(
            "Model initialization",
            time(Some(self.latency.init_ms)),
            load,
        );
        let warmup = self.latency.warmup_first_ms;
        row("Warmup (first)", time(warmup), String::new());
        let count = runs(self.latency.num_warmup_runs);
        row("Warmup (avg)", time(self.latency.warmup_avg_ms), count);
        row(
            "Inference (avg)",
            time(Some(stats.avg_ms)),
            runs(stats.num_runs),
        );
        for (name, ms) in [
            ("min", stats.min_ms),
            ("max", stats.max_ms),
            ("median", stats.median_ms),
            ("std", stats.std_ms),
            ("p5", stats.p5_ms),
            ("p95", stats.p95_ms),
        ] {
            row(
                &format!("Inference ({name})"),
                time(Some(ms)),
                String::new(),
            );
        }
        let throughput = format!("{:.2} MB/s", self.throughput_mb_s);
        row("Throughput", throughput, "of inputs".to_owned());
        if let Some(mb) = self.peak_rss_mb {
            row("Peak RSS", format!("{mb:.2} MB"), String::new());
        }
        let (delegated, operators) = (self.delegated, self.operators);
        let reason = self.xnnpack_reason.clone().unwrap_or_default();
        let remark = match self.xnnpack {
            "applied" => format!("{delegated} of {operators} operators"),
            _ => reason,
        };
        row("XNNPACK", self.xnnpack.to_owned(), remark);
        if self.weight_cache != "off" {
            row("Weight cache", self.weight_cache.to_owned(), String::new());
        }
        table.write(out)?;
        self.profile
            .as_ref()
            .map_or(Ok(()), |profile| write_profile(out, profile, top))
    }
}

fn write_profile(out: &mut impl Write, profile: &Profile, top: usize) -> io::Result<()> {
    let (total, runs) = (profile.total_ms, profile.num_runs);
    writeln!(
        out,
        "\n{TITLE}Operators{TITLE:#}: {total:.3} ms a run, average of {runs} runs"
    )?;
    let columns = ["avg ms", "%", "cum. %"].map(|title| (title, Right));
    let [avg, percent, cumulative] = columns;
    let mut table = Table::new(&[("name", Left), ("nodes", Right), avg, percent, cumulative]);
    for kind in profile.kinds.iter().take(top) {
        table.row([
            kind.name.clone(),
            kind.nodes.to_string(),
            format!("{:.4}", kind.avg_ms),
            format!("{:.2}", kind.percent),
            format!("{:.2}", kind.cumulative_percent),
        ]);
    }
    table.write(out)?;
    write_rest(out, profile.kinds.len(), top)?;
    writeln!(out)?;
    let mut table = Table::new(&[("node", Left), ("name", Left), avg, percent, cumulative]);
    for node in profile.nodes.iter().take(top) {
        table.row([
            match node.partition {
                None => format!("{}:{}", node.subgraph, node.node),
                Some(partition) => format!("{}:d{partition}:{}", node.subgraph, node.node),
            },
            node.name.clone(),
            format!("{:.4}", node.avg_ms),
            format!("{:.2}", node.percent),
            format!("{:.2}", node.cumulative_percent),
        ]);
    }
    table.write(out)?;
    write_rest(out, profile.nodes.len(), top)
}

fn write_rest(out: &mut impl Write, rows: usize, top: usize) -> io::Result<()> {
    match rows.saturating_sub(top) {
        0 => Ok(()),
        more => writeln!(out, "  and {more} more"),
    }
}
