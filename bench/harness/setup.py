"""What `cargo xtask bench` has built and installed, as it says in a file of JSON."""

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Setup:
    root: Path
    # Folder for what is made on the way.
    work: Path
    # Folder with the models, as `models.py` makes them.
    models: Path
    # This project's programs.
    worker: Path
    # Compiled by the system's compilers, where `worker` is compiled as what is deployed.
    worker_of_the_system: Path
    classify: Path
    preprocess: Path
    bootstrap: Path
    tract: Path
    peak: Path
    overhead: Path
    # AWS's emulator.
    emulator: Path
    # Interpreters with `requirements.txt` and with `requirements-tflite-runtime.txt`.
    python: Path
    python_tflite_runtime: Path
    rounds: int

    @staticmethod
    def read(path):
        found = json.loads(Path(path).read_text())
        rounds = found.pop("rounds")
        return Setup(rounds=rounds, **{name: Path(value) for name, value in found.items()})

    @property
    def peers(self):
        return self.root / "bench" / "peers"

    @property
    def samples(self):
        """The folder with `trousers.jpg`, which all requests are about."""
        return self.root / "model" / "sample"

    def variables(self, model, threads):
        """What tells a function or a handler what to use."""
        return {
            "MODEL_PATH": str(self.models / f"{model}.tflite"),
            "LABELS_PATH": str(self.root / "model" / "clothing.labels.txt"),
            "NUM_THREADS": str(threads),
            # As the image and the templates have it; nothing to the handlers in Python.
            "TFLITE_STABLE_FILES": "1",
        }

    def packed(self, model, variables, program):
        """What has a program use the weights that it has packed before, in a file for each program."""
        path = self.work / f"{model}.{Path(program[0]).name}.weights"
        command = [*program, "pack-weights", path]
        subprocess.run(command, env=self.environment(**variables), check=True)
        return {"WEIGHTS_PATH": str(path)}

    def environment(self, **more):
        """A small environment, the same for all: no proxy, no settings of the user's for threads or allocators."""
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        return {**kept, "PYTHONDONTWRITEBYTECODE": "1", "TF_CPP_MIN_LOG_LEVEL": "3", **more}


def cores(count):
    """The processors that a program with so many threads is held to: the last ones, the first has the interrupts."""
    return sorted(os.sched_getaffinity(0))[-count:]


def pinned(count):
    """For `preexec_fn`."""
    return lambda: os.sched_setaffinity(0, cores(count))
