"""The function as a reader of the book would write it today: keras_image_helper, and one of the two TFLite packages.

As a program, `python handler.py PICTURE`, it answers for one file: what starting costs.
"""

import base64
import io
import json
import os
import sys

from PIL import Image
from keras_image_helper import create_preprocessor

try:
    from ai_edge_litert.interpreter import Interpreter
except ImportError:
    from tflite_runtime.interpreter import Interpreter

interpreter = Interpreter(model_path=os.environ["MODEL_PATH"], num_threads=int(os.environ["NUM_THREADS"]))
interpreter.allocate_tensors()
taken = interpreter.get_input_details()[0]
given = interpreter.get_output_details()[0]["index"]

height, width = (int(size) for size in taken["shape"][1:3])
preprocessor = create_preprocessor("xception", target_size=(width, height))

with open(os.environ["LABELS_PATH"]) as file:
    labels = file.read().split()


def classify(image):
    interpreter.set_tensor(taken["index"], image)
    interpreter.invoke()
    return dict(zip(labels, interpreter.get_tensor(given)[0].tolist()))


def lambda_handler(event, context):
    if "image" in event:
        with Image.open(io.BytesIO(base64.b64decode(event["image"]))) as image:
            return classify(preprocessor.convert_to_tensor(image))
    return classify(preprocessor.from_url(event["url"]))


if __name__ == "__main__":
    print(json.dumps(classify(preprocessor.from_path(sys.argv[1]))), flush=True)
