"""The stand-alone TensorFlow Lite runtime of pip's `ai-edge-litert`; TensorFlow itself is not needed."""

from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter


class Runtime:
    """A classifier with one input and one output, XNNPACK on as by default."""

    def __init__(self, model: Path | bytes, threads: int | None = None):
        source = {"model_content": model} if isinstance(model, bytes) else {"model_path": str(model)}
        self._interpreter = Interpreter(num_threads=threads, **source)
        self._interpreter.allocate_tensors()
        (self.input,) = self._interpreter.get_input_details()
        (self.output,) = self._interpreter.get_output_details()

    def set_input(self, image: np.ndarray) -> None:
        self._interpreter.set_tensor(self.input["index"], image)

    def invoke(self) -> None:
        self._interpreter.invoke()

    def logits(self, image: np.ndarray) -> np.ndarray:
        """Run one `[1, height, width, 3]` image; return its logits, one per label."""
        self.set_input(image)
        self.invoke()
        return self._interpreter.get_tensor(self.output["index"])[0]
