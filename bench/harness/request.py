"""(e) A whole request through AWS's emulator: ours against the Python handler under AWS's runtime client."""

import json
import time
import urllib.request

from . import stats
from .pictures import served
from .processes import free_port, resident, running, tree

MODELS = ("clothing", "xception")
PATH = "/2015-03-31/functions/function/invocations"
# How often each function is started, and how many requests it then answers.
STARTS = 16
WARM = 40


def sides(setup):
    return {
        "ours": ([setup.bootstrap], None),
        stats.PACKED: ([setup.bootstrap], None),
        "ai-edge-litert": ([setup.python, "-m", "awslambdaric", "handler.lambda_handler"], setup.peers),
        "tflite-runtime": ([setup.python_tflite_runtime, "-m", "awslambdaric", "handler.lambda_handler"], setup.peers),
    }


def ask(url, event):
    start = time.perf_counter()
    with urllib.request.urlopen(urllib.request.Request(url, event), timeout=60) as answer:
        body = json.load(answer)
    took = (time.perf_counter() - start) * 1e3
    if "pants" not in body:
        raise RuntimeError(f"no scores: {str(body)[:300]}")
    return took, body


def one_start(setup, command, cwd, variables, event):
    """Milliseconds of the first request, which has the initialization in it, of the warm ones, the memory, the scores."""
    port, api = free_port(), free_port()
    emulator = [
        setup.emulator,
        "--runtime-interface-emulator-address",
        f"127.0.0.1:{port}",
        "--runtime-api-address",
        f"127.0.0.1:{api}",
        *command,
    ]
    # Under its usual name the client finds the port of the interface.
    environment = setup.environment(
        AWS_LAMBDA_FUNCTION_TIMEOUT="60",
        # Lambda sets it, its emulator does not: a request waits for the start.
        AWS_LAMBDA_INITIALIZATION_TYPE="on-demand",
        ALLOW_PRIVATE_URLS="1",
        **variables,
    )
    with running(emulator, environment, setup.work / "emulator.log", port, cwd) as child:
        url = f"http://127.0.0.1:{port}{PATH}"
        first, scores = ask(url, event)
        warm = [ask(url, event)[0] for _ in range(WARM)]
        return first, warm, resident(tree(child.pid)[1:]), scores


def measure(setup, model, base, progress):
    variables = setup.variables(model, threads=2)
    event = json.dumps({"url": f"{base}/trousers.jpg"}).encode()
    programs, packed = sides(setup), setup.packed(model, variables, [setup.bootstrap])
    first, warm, tail, memory = ({side: [] for side in programs} for _ in range(4))
    for attempt in range(STARTS):
        answers = {}
        for side, (command, cwd) in programs.items():
            more = packed if side == stats.PACKED else {}
            start, times, size, answers[side] = one_start(setup, command, cwd, {**variables, **more}, event)
            if attempt == 0:
                # The first one has filled the page cache.
                continue
            first[side].append(start)
            warm[side].append(stats.percentile(times, 0.5))
            tail[side].append(stats.percentile(times, 0.99))
            memory[side].append(size)
        expected = answers["ai-edge-litert"]
        extent = max(expected.values()) - min(expected.values())
        for side, scores in answers.items():
            if any(abs(scores[label] - score) > 1e-3 * extent for label, score in expected.items()):
                raise RuntimeError(f"{model}: {side} answers {scores}, not {expected}")
        progress()
    return [
        *stats.both("request", f"{model}, initialization and first request", "ms", first),
        *stats.both("request", f"{model}, warm, p50", "ms", warm),
        *stats.both("request", f"{model}, warm, p99", "ms", tail),
        *stats.both("memory", f"{model}, function after {WARM} requests", "MB", memory),
    ]


def steps(setup):
    return STARTS * len(MODELS)


def run(setup, progress):
    with served(setup.samples) as base:
        return [row for model in MODELS for row in measure(setup, model, base, progress)]
