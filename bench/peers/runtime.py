"""A Python runtime's side of the benchmark: a program that `run.py` starts and gives turns to.

    python runtime.py litert|tflite_runtime|onnxruntime MODEL INPUT THREADS

Speaks the protocol of `ours/src/main.rs`: the output of a first invocation, then an array of nanoseconds for each number.
"""

import json
import sys
import time

import numpy as np


class TFLite:
    def __init__(self, interpreter, model, threads):
        self._interpreter = interpreter(model_path=model, num_threads=threads)
        self._interpreter.allocate_tensors()
        self._input = self._interpreter.get_input_details()[0]
        self._output = self._interpreter.get_output_details()[0]["index"]
        self.shape = self._input["shape"]

    def run(self, image):
        self._interpreter.set_tensor(self._input["index"], image)
        self._interpreter.invoke()
        return self._interpreter.get_tensor(self._output)


class Onnx:
    def __init__(self, model, threads):
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        self._name = self._session.get_inputs()[0].name
        self.shape = self._session.get_inputs()[0].shape

    def run(self, image):
        return self._session.run(None, {self._name: image})[0]


def load(kind, model, threads):
    if kind == "onnxruntime":
        return Onnx(model, threads)
    if kind == "litert":
        from ai_edge_litert.interpreter import Interpreter
    else:
        from tflite_runtime.interpreter import Interpreter
    return TFLite(Interpreter, model, threads)


def main():
    kind, model, path, threads = sys.argv[1:]
    runtime = load(kind, model, int(threads))
    image = np.fromfile(path, "<f4").reshape([max(1, int(size)) for size in runtime.shape])
    print(json.dumps({"output": runtime.run(image).ravel().tolist()}), flush=True)
    clock = time.perf_counter_ns
    for line in sys.stdin:
        times = []
        for _ in range(int(line)):
            start = clock()
            runtime.run(image)
            times.append(clock() - start)
        print(json.dumps(times), flush=True)


if __name__ == "__main__":
    main()
