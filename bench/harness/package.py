"""(f) What is deployed: bytes on the disk and packed as a zip."""

import io
import json
import re
import subprocess
import zipfile
from pathlib import Path

from . import stats

# Asked in the peers' environment: the files of a handler's packages, with all that they need.
CLOSURE = """
import json, re, sys
from importlib import metadata
found, waiting = {}, sys.argv[1:]
while waiting:
    name = waiting.pop()
    if name in found:
        continue
    try:
        package = metadata.distribution(name)
    except metadata.PackageNotFoundError:
        continue
    found[name] = [str(file.locate()) for file in package.files or []]
    for line in package.requires or []:
        if "extra ==" not in line:
            waiting.append(re.match(r"[\\w.-]+", line)[0])
print(json.dumps(sorted({file for files in found.values() for file in files})))
"""


def python_package(python, runtime, handler):
    """Files and packed bytes of the book's handler with its packages, without their tests' caches."""
    command = [python, "-c", CLOSURE, runtime, "keras-image-helper", "awslambdaric"]
    names = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    files = [Path(name) for name in names if not re.search(r"\.pyc$|/bin/", name)]
    return [path for path in [*files, handler] if path.is_file()]


def sizes(files):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for path in files:
            archive.write(path)
    return sum(path.stat().st_size for path in files) / 1e6, len(packed.getvalue()) / 1e6


def steps(setup):
    return 3


def run(setup, progress):
    variables = setup.variables("clothing", threads=1)
    model = [Path(variables["MODEL_PATH"]), Path(variables["LABELS_PATH"])]
    handler = setup.peers / "handler.py"
    packages = {
        "ours": [setup.bootstrap],
        "ai-edge-litert": python_package(setup.python, "ai-edge-litert", handler),
        "tflite-runtime": python_package(setup.python_tflite_runtime, "tflite-runtime", handler),
    }
    unpacked, packed = {}, {}
    for side, files in packages.items():
        on_disk, as_zip = sizes(files + model)
        unpacked[side], packed[side] = [on_disk], [as_zip]
        progress()
    return [
        *stats.rows("package", "with the shipped model, zip", "MB", packed),
        *stats.rows("package", "with the shipped model, unpacked", "MB", unpacked),
    ]
