"""`README.md` and the charts, from the rows."""

import matplotlib

matplotlib.use("svg")

import matplotlib.pyplot as plt

from .stats import PACKED

# What is aimed for: ours to the other side's, for cases of which the name begins so. 1 is even.
GOALS = (
    ("invoke", "", 1.0),
    ("start", "xception, page cache warm", 0.35),
    ("start", "clothing, page cache warm", 0.15),
    ("request", "clothing, init", 0.30),
    ("request", "xception, init", 0.30),
    ("request", "clothing, warm, p50", 0.5),
    ("memory", "clothing, function", 0.5),
    ("memory", "xception, function", 0.5),
    ("preprocess", "400x534", 0.5),
    ("preprocess", "4032x3024", 0.3),
    ("serve", "clothing, 16 clients", 2.0),
)
# The reduced JPEG decoder has its own.
REDUCED = 0.15

TITLES = {
    "invoke": "Invocation: set the input, invoke, read the output",
    "start": "From exec to the first answer",
    "request": "Whole requests through AWS's emulator",
    "preprocess": "From a file to the input tensor, one thread",
    "serve": "Web servers",
    "memory": "Memory",
    "package": "Package",
    "wrapper": "The safe API over the bare C calls",
}
COLOURS = {
    "ours": "#d9480f",
    "ours, reduced": "#f08c00",
    PACKED: "#f08c00",
    "ours, system's compiler": "#ffa94d",
    "ai-edge-litert": "#1971c2",
    "tflite-runtime": "#74c0fc",
    "onnxruntime": "#2f9e44",
    "tract": "#9c36b5",
    "keras_image_helper": "#1971c2",
    "FastAPI": "#1971c2",
}


def is_rate(row):
    """Whether more is better."""
    return row["unit"] == "requests/s"


def goal(row):
    if row["side"] == "ours, reduced":
        return REDUCED if row["case"].startswith("4032x3024 JPG") else None
    if row["side"].startswith("ours"):
        return None
    for workload, start, value in GOALS:
        if row["workload"] == workload and row["case"].startswith(start):
            if workload == "serve" and not is_rate(row):
                return None
            return value
    return None


def number(value):
    if value >= 100:
        return f"{value:.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def verdict(row):
    wanted, found = goal(row), row["ratio"]["median"]
    if wanted is None:
        return ""
    met = found >= wanted if is_rate(row) else found <= wanted
    sign = "≥" if is_rate(row) else "≤"
    return f"{sign} {wanted:g}: {'met' if met else '**missed**'}"


def table(rows):
    lines = ["| case | side | median | p95 | ours to this | middle half | goal |", "|---|---|---:|---:|---:|---|---|"]
    case = None
    for row in rows:
        name = "" if row["case"] == case else row["case"]
        case = row["case"]
        if "failed" in row:
            lines.append(f"| {name} | {row['side']} | | | | | not compared: {row['failed']} |")
            continue
        cells = [name, row["side"], f"{number(row['median'])} {row['unit']}", number(row["p95"])]
        if "ratio" in row:
            ratio = row["ratio"]
            middle = f"{ratio['low']:.2f} to {ratio['high']:.2f}"
            cells += [f"{ratio['median']:.2f}", middle, verdict(row)]
        else:
            cells += ["", "", ""]
        lines.append("| " + " | ".join(cells) + " |")
    return lines


def lost(rows):
    """The cases in which another side is better, or a goal is missed."""
    found = []
    for row in rows:
        if "ratio" not in row or row["side"] == "ours, system's compiler":
            continue
        ratio = row["ratio"]["median"]
        behind = ratio < 1 if is_rate(row) else ratio > 1
        if behind or "missed" in verdict(row):
            what = f"{row['workload']}, {row['case']}, {row['side']}: {ratio:.2f}"
            found.append(f"- {what}{' (goal ' + verdict(row).split(':')[0] + ')' if verdict(row) else ''}")
    return found


def bars_of(rows, case):
    """The rows of a case, and ours with packed weights behind ours."""
    found = [row for row in rows if row["case"] == case and "median" in row]
    packed = [
        {**row, "side": PACKED}
        for row in rows
        if row["case"] == f"{case}, packed weights" and row["side"] == "ours" and "median" in row
    ]
    return [*found[:1], *packed, *found[1:]]


def chart(rows, path, title, cases):
    """Bars of the medians, case by case; the whiskers end at p95."""
    wanted = [case for case in cases if any(row["case"] == case for row in rows)]
    if not wanted:
        return False
    plt.rcParams.update({"font.size": 9, "svg.fonttype": "none", "svg.hashsalt": "bench"})
    bars = [len(bars_of(rows, case)) for case in wanted]
    size = (7, 0.6 + sum(0.42 + 0.24 * count for count in bars))
    ratios = [1 + count for count in bars]
    figure, axes = plt.subplots(len(wanted), 1, figsize=size, squeeze=False, height_ratios=ratios)
    for axis, case in zip(axes[:, 0], wanted, strict=True):
        found = bars_of(rows, case)[::-1]
        names = [row["side"] for row in found]
        values = [row["median"] for row in found]
        reach = [[0] * len(found), [max(0, row["p95"] - row["median"]) for row in found]]
        axis.barh(names, values, xerr=reach, color=[COLOURS[name] for name in names], ecolor="#868e96", height=0.7)
        most = max(row["p95"] for row in found)
        for name, row in zip(names, found, strict=True):
            axis.text(row["p95"] + most * 0.015, name, f"{number(row['median'])} {row['unit']}", va="center")
        axis.set_xlim(0, most * 1.22)
        axis.set_title(case, loc="left", fontsize=9)
        axis.tick_params(left=False, bottom=False, labelbottom=False)
        for side in axis.spines.values():
            side.set_visible(False)
    # In inches from above, however high the chart is.
    figure.suptitle(title, x=0.01, y=1 - 0.08 / size[1], ha="left", va="top", fontsize=11)
    # On white, also where the page is dark.
    figure.tight_layout()
    figure.savefig(path, facecolor="white", metadata={"Date": None})
    plt.close(figure)
    return True


CHARTS = {
    "invoke": ["clothing, 1 thread", "clothing-int8, 1 thread", "mobilenet_v2, 1 thread", "mobilenet_v2-int8, 1 thread",
               "xception, 1 thread", "xception, 2 threads"],
    "start": ["clothing, page cache warm", "clothing, page cache cold", "xception, page cache warm",
              "xception, page cache cold"],
    "request": ["clothing, initialization and first request", "clothing, warm, p50",
                "xception, initialization and first request", "xception, warm, p50"],
    "preprocess": ["400x534 JPG", "4032x3024 JPG", "400x534 PNG", "4032x3024 PNG"],
    "serve": ["clothing, 1 client", "clothing, 4 clients", "clothing, 16 clients"],
    "memory": ["clothing, function after 40 requests", "xception, function after 40 requests"],
}


def write(result, out):
    rows, machine = result["rows"], result["machine"]
    lines = [
        "# Measured beside others",
        "",
        "Made by `cargo xtask bench`; do not edit. The same machine, models and inputs for all, outputs compared first, in"
        " turns: each side once, then each again. A ratio is the median of ours to the other side's, pair by pair; below 1"
        " ours takes less. [`notes.md`](notes.md) says what is behind the rows, and what was tried.",
        "",
        f"{result['date']}; {machine['processor']}, {machine['processors']} processors, {machine['memory_gb']} GB, Linux"
        f" {machine['kernel']}; processors busy before: {machine['busy_before']:.1f}; {result['rounds']} rounds. "
        + ", ".join(f"{name} {version}" for name, version in result["versions"].items())
        + ".",
        "",
    ]
    for workload, title in TITLES.items():
        found = [row for row in rows if row["workload"] == workload]
        if not found:
            continue
        lines += [f"## {title}", ""]
        if workload in CHARTS and chart(found, out / f"{workload}.svg", title, CHARTS[workload]):
            lines += [f"![{title}]({workload}.svg)", ""]
        lines += [*table(found), ""]
    if result["limits"]:
        peak = result["peak"]
        lines += [
            "## The machine's limits",
            "",
            "Multiply-adds of float32 and bytes read in a second, at most: "
            + "; ".join(
                f"{found['macs'] / 1e9:.0f} G and {found['bytes'] / 1e9:.1f} GB with {threads} thread"
                + "s" * (threads != "1")
                for threads, found in peak.items()
            )
            + ".",
            "",
            "| case | multiply-adds | they take at least | reading the weights takes | measured | share of the peak |",
            "|---|---:|---:|---:|---:|---:|",
        ]
        for row in result["limits"]:
            lines.append(
                f"| {row['case']} | {row['multiply_adds'] / 1e6:.0f} M | {row['compute_ms']:.2f} ms |"
                f" {row['read_ms']:.2f} ms | {row['measured_ms']:.2f} ms | {row['share_of_peak']:.0%} |"
            )
        lines.append("")
    lines += ["## Where ours is behind, or a goal is missed", "", *(lost(rows) or ["Nowhere."]), ""]
    (out / "README.md").write_text("\n".join(lines))
