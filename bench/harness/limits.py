"""What the machine does at most, and how near each float32 model comes to it."""

import json
import subprocess

from .setup import pinned


def steps(setup):
    return 2


def run(setup, progress):
    """Multiply-adds and bytes read in a second, by the number of threads."""
    found = {}
    for threads in (1, 2):
        text = subprocess.run(
            [setup.peak, str(threads)], check=True, capture_output=True, text=True, preexec_fn=pinned(threads)
        ).stdout
        found[str(threads)] = json.loads(text)
        progress()
    return found


def standing(setup, peaks, rows):
    """For each float32 model: the times that its multiply-adds and its weights take at least, and the time it takes."""
    counts = json.loads((setup.models / "multiply-adds.json").read_text())
    found = []
    for row in rows:
        if row["workload"] != "invoke" or row["side"] != "ours" or "median" not in row:
            continue
        model, threads = row["case"].split(", ")
        if model not in counts:
            continue
        peak = peaks[threads.split()[0]]
        compute = counts[model] / peak["macs"] * 1e3
        read = (setup.models / f"{model}.tflite").stat().st_size / peak["bytes"] * 1e3
        found.append(
            {
                "case": row["case"],
                "multiply_adds": counts[model],
                "compute_ms": compute,
                "read_ms": read,
                "measured_ms": row["median"],
                "share_of_peak": compute / row["median"],
            }
        )
    return found
