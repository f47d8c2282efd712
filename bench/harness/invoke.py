"""(a) Invocations, by all runtimes, and (c) the memory that each takes for them."""

import json
import subprocess

import numpy as np

from . import stats
from .setup import pinned

# Model, edge of its picture, and how far the outputs of two runtimes may be apart as a share of their range. Quantized
# models round in each runtime in its own way; the ONNX one of MobileNetV2 is quantized by ONNX Runtime itself.
MODELS = (
    ("clothing", 224, 1e-3),
    ("clothing-int8", 224, 0.25),
    ("mobilenet_v2", 224, 1e-3),
    ("mobilenet_v2-int8", 224, 0.25),
    ("xception", 299, 1e-3),
)
# A turn takes about so many seconds.
TURN = 0.12
WARM_UP = 3


class Worker:
    """A runtime with a model, which waits until it is its turn."""

    def __init__(self, setup, command, threads):
        self._child = subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=setup.environment(),
            preexec_fn=pinned(threads),
        )
        line = self._child.stdout.readline()
        if not line:
            _, error = self._child.communicate()
            raise RuntimeError(error.strip().splitlines()[-1] if error.strip() else "no answer")
        self.output = np.array(json.loads(line)["output"])

    def invoke(self, count):
        self._child.stdin.write(f"{count}\n")
        self._child.stdin.flush()
        return [nanoseconds / 1e6 for nanoseconds in json.loads(self._child.stdout.readline())]

    def memory(self):
        """Peak and present size in MB."""
        found = {}
        with open(f"/proc/{self._child.pid}/status") as file:
            for line in file:
                name, _, value = line.partition(":")
                if name in ("VmHWM", "VmRSS"):
                    found[name] = int(value.split()[0]) / 1e3
        return found["VmHWM"], found["VmRSS"]

    def close(self):
        self._child.stdin.close()
        self._child.kill()
        self._child.wait()


def commands(setup, model, threads):
    tflite, onnx = setup.models / f"{model}.tflite", setup.models / f"{model}.onnx"
    runtime = setup.peers / "runtime.py"
    found = {
        "ours": [setup.worker, tflite],
        "ours, system's compiler": [setup.worker_of_the_system, tflite],
        "ai-edge-litert": [setup.python, runtime, "litert", tflite],
        "tflite-runtime": [setup.python_tflite_runtime, runtime, "tflite_runtime", tflite],
        "onnxruntime": [setup.python, runtime, "onnxruntime", onnx],
    }
    if threads == 1:
        # It has one thread.
        found["tract"] = [setup.tract, onnx]
    return found


def measure(setup, model, edge, tolerance, threads, progress):
    picture = setup.work / f"input-{edge}.bin"
    np.random.default_rng(8).uniform(-1, 1, (edge, edge, 3)).astype("<f4").tofile(picture)
    workers, failed = {}, {}
    for side, command in commands(setup, model, threads).items():
        try:
            workers[side] = Worker(setup, [*command, picture, threads], threads)
        except RuntimeError as error:
            failed[side] = str(error)
    case = f"{model}, {threads} thread{'s' * (threads > 1)}"
    try:
        expected = workers["ai-edge-litert"].output
        extent = expected.max() - expected.min()
        difference = {side: float(abs(worker.output - expected).max() / extent) for side, worker in workers.items()}
        for side in [side for side, share in difference.items() if share > tolerance]:
            failed[side] = f"its output differs by {difference[side]:.3f} of the range"
            workers.pop(side).close()
        counts = {}
        for side, worker in workers.items():
            best = min(worker.invoke(WARM_UP))
            counts[side] = max(1, round(TURN / (best / 1e3)))
        series = {side: [] for side in workers}
        for _ in range(setup.rounds):
            for side, worker in workers.items():
                series[side].append(stats.percentile(worker.invoke(counts[side]), 0.5))
            progress()
        memory = {side: worker.memory() for side, worker in workers.items()}
    finally:
        for worker in workers.values():
            worker.close()
    detail = {side: {"difference": difference[side]} for side in series}
    found = stats.rows("invoke", case, "ms", series, detail=detail)
    found += [{"workload": "invoke", "case": case, "side": side, "failed": why} for side, why in failed.items()]
    if threads == 1:
        for kind, index in (("peak", 0), ("steady", 1)):
            sizes = {side: [both[index]] for side, both in memory.items()}
            found += stats.rows("memory", f"{model}, {kind}, runtime alone", "MB", sizes)
    return found


def steps(setup):
    return setup.rounds * len(MODELS) * 2


def run(setup, progress):
    return [
        row
        for model, edge, tolerance in MODELS
        for threads in (1, 2)
        for row in measure(setup, model, edge, tolerance, threads, progress)
    ]
