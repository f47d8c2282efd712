#!/usr/bin/env python3
"""Makes models that contradict themselves, each in one way, into refused/.

    python3 -m venv venv && venv/bin/pip install -r requirements.txt
    venv/bin/python refused.py

They are well-formed FlatBuffers: what is wrong is what the fields say. accepted/ gets models that
look alike but are sound. The tests say how each one is refused. The models are in cases/, by what
is wrong with them.
"""

import pathlib

from cases import contents, fields, kernels, operators  # noqa: F401 (each adds its models)
from cases.build import CASES

FOLDER = pathlib.Path(__file__).parent

for folder, models in CASES.items():
    (FOLDER / folder).mkdir(exist_ok=True)
    for old in (FOLDER / folder).glob("*.tflite"):
        old.unlink()
    for name, content in models.items():
        (FOLDER / folder / f"{name}.tflite").write_bytes(content)
    print(f"{folder}: {len(models)} models, {sum(map(len, models.values()))} bytes")
