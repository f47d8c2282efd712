"""What is said of times that were taken in turns."""

import statistics


def percentile(values, share):
    """The value that so many of all are not above: the nearest rank."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def summary(values):
    return {
        "median": statistics.median(values),
        "p95": percentile(values, 0.95),
        "min": min(values),
        "count": len(values),
    }


def ratios(ours, theirs):
    """Ours to theirs, pair by pair, each pair from turns that followed each other: what slows the machine slows both."""
    pairs = [mine / other for mine, other in zip(ours, theirs, strict=True)]
    return {
        "median": statistics.median(pairs),
        "low": percentile(pairs, 0.25),
        "high": percentile(pairs, 0.75),
        "count": len(pairs),
    }


PACKED = "ours, packed weights"


def both(workload, case, unit, series):
    """Rows of ours as it is, and rows of ours with packed weights, beside the same peers."""
    plain = {side: values for side, values in series.items() if side != PACKED}
    packed = {side: series[PACKED] if side == "ours" else values for side, values in plain.items()}
    return [*rows(workload, case, unit, plain), *rows(workload, f"{case}, packed weights", unit, packed)]


def rows(workload, case, unit, series, detail=None):
    """One row for each side, `series` its values of all rounds, with the ratio of ours to each other side."""
    found = []
    for side, values in series.items():
        row = {"workload": workload, "case": case, "side": side, "unit": unit, **summary(values)}
        if side != "ours" and "ours" in series:
            row["ratio"] = ratios(series["ours"], values)
        if detail and side in detail:
            row["detail"] = detail[side]
        found.append(row)
    return found
