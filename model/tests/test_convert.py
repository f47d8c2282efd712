"""Parts of convert.py, and what it says to unusable input. Run by `cargo xtask convert-test`."""

import contextlib
import io
import json
import os
import sys
import tempfile
import unittest
import zipfile
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # before TensorFlow is imported
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

import keras
import numpy as np
import tensorflow as tf
from tensorflow.lite.python import schema_py_generated as schema

import conversion
import convert
import keras2
import keras_source
import made
import metadata
import preprocessing
from convert_error import ConversionError, InputError, SourceError
from runtime import Runtime

OWN_LAYER = """
import keras


class Doubled(keras.Layer):
    def call(self, x):
        return x * 2.0
"""


def tiny(classes: int = 3, side: int | None = 8) -> keras.Model:
    inputs = keras.Input((side, side, 3))
    x = keras.layers.Conv2D(4, 3)(inputs)
    return keras.Model(inputs, keras.layers.Dense(classes)(keras.layers.GlobalAveragePooling2D()(x)))


class Case(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        keras.utils.set_random_seed(1)

    def saved(self, model: keras.Model, name: str) -> Path:
        path = self.folder / name
        if path.suffix:
            model.save(path)
        else:
            model.export(path, verbose=False)
        return path

    def refused(self, path: Path, *parts: str, **options):
        with self.assertRaises(SourceError) as caught:
            keras_source.load(path, **options)
        for part in parts:
            self.assertIn(part, str(caught.exception))

    def run_cli(self, *arguments) -> str:
        """What it prints; its errors are raised."""
        words = io.StringIO()
        with contextlib.redirect_stdout(words):
            convert.run(convert.parse_arguments([str(argument) for argument in arguments]))
        return words.getvalue()

    def fails(self, *arguments, parts: tuple[str, ...], error: type = InputError):
        with self.assertRaises(error) as caught:
            self.run_cli(*arguments)
        for part in parts:
            self.assertIn(part, str(caught.exception))

    def usage(self, *arguments, part: str):
        words = io.StringIO()
        with self.assertRaises(SystemExit) as caught, contextlib.redirect_stderr(words):
            convert.parse_arguments([str(argument) for argument in arguments])
        self.assertEqual(caught.exception.code, 2)
        self.assertIn(part, words.getvalue())


class Sources(Case):
    def test_all_kinds_give_the_same_scores(self):
        model = tiny()
        image = np.random.default_rng(1).uniform(-1, 1, (1, 8, 8, 3)).astype(np.float32)
        expected = np.array(model(image, training=False))
        for name, kind in (("m.h5", "Keras HDF5"), ("m.keras", "Keras archive"), ("m", "SavedModel")):
            source = keras_source.load(self.saved(model, name))
            self.assertEqual((source.kind, source.size, source.classes), (kind, (8, 8), 3))
            np.testing.assert_allclose(source.predict(image), expected, atol=1e-6)

    def test_the_content_tells_the_kind_not_the_name(self):
        odd = self.saved(tiny(), "m.h5").rename(self.folder / "model.bin")
        self.assertEqual(keras_source.load(odd).kind, "Keras HDF5")

    def test_a_file_of_keras_2(self):
        self.assertTrue(keras2.is_from_keras2(HERE / "keras2.h5"))
        source = keras_source.load(HERE / "keras2.h5")
        golden = np.load(HERE / "keras2.npz")
        scores = np.concatenate([source.predict(image[None]) for image in golden["images"]])
        self.assertGreater(np.ptp(golden["scores"]), 1)
        np.testing.assert_allclose(scores, golden["scores"], atol=1e-4)

    def test_fields_that_mean_something_stay(self):
        layer = {"class_name": "DepthwiseConv2D", "config": {"groups": 2, "kernel_size": [3, 3]}}
        self.assertEqual(keras2.modern(layer), layer)

    def test_files_that_are_none(self):
        self.refused(self.folder / "none.h5", "none.h5", "no such file")
        text = self.folder / "text.h5"
        text.write_text("I am no model")
        self.refused(text, "text.h5", "neither a Keras model")
        self.refused(self.folder, "no saved_model.pb")
        self.refused(HERE.parent / "clothing.tflite", "a .tflite model already")
        self.refused(self.saved(tiny(), "m") / "saved_model.pb", "give the folder")

    def test_files_that_are_damaged_or_weights_alone(self):
        model = tiny()
        model.save_weights(self.folder / "only.weights.h5")
        self.refused(self.folder / "only.weights.h5", "weights alone")
        for name in ("m.h5", "m.keras"):
            path = self.saved(model, name)
            path.write_bytes(path.read_bytes()[:1000])
            self.refused(path, name, "damaged")
        archive = self.folder / "other.zip"
        with zipfile.ZipFile(archive, "w") as file:
            file.writestr("a.txt", "a")
        self.refused(archive, "weights alone")
        graph = self.saved(model, "m") / "saved_model.pb"
        graph.write_bytes(b"no graph")
        self.refused(graph.parent, "TensorFlow cannot read it")

    def test_layers_of_its_own(self):
        code = self.folder / "layers.py"
        code.write_text(OWN_LAYER)
        names = {}
        exec(OWN_LAYER, names)
        inputs = keras.Input((8, 8, 3))
        model = keras.Model(inputs, tiny()(names["Doubled"]()(inputs)))
        for name in ("own.h5", "own.keras"):
            path = self.saved(model, name)
            self.refused(path, name, "Doubled", "--custom")
            self.assertEqual(keras_source.load(path, custom=code).classes, 3)
        self.refused(self.folder / "own.h5", "layers.txt", custom=self.folder / "layers.txt")
        code.write_text("1 / 0")
        self.refused(self.folder / "own.h5", "ZeroDivisionError", custom=code)
        # The graph has it inside.
        self.assertEqual(keras_source.load(self.saved(model, "own")).classes, 3)

    def test_python_code_is_not_run_from_a_file(self):
        inputs = keras.Input((8, 8, 3))
        model = keras.Model(inputs, tiny()(keras.layers.Lambda(lambda x: x * 2.0)(inputs)))
        for name in ("code.h5", "code.keras"):
            self.refused(self.saved(model, name), name, "Lambda")

    def test_models_that_are_no_classifiers_of_pictures(self):
        inputs = [keras.Input((8, 8, 3)), keras.Input((8, 8, 3))]
        two = keras.Model(inputs, tiny()(keras.layers.Add()(inputs)))
        flat = keras.Sequential([keras.Input((5,)), keras.layers.Dense(3)])
        maps = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Conv2D(3, 3)])
        for number, (model, part) in enumerate(((two, "2 and 1"), (flat, "[None, 5]"), (maps, "[None, 6, 6, 3]"))):
            self.refused(self.saved(model, f"{number}.keras"), part)
        for number, model in enumerate((two, flat, maps)):
            self.refused(self.saved(model, f"{number}"), "this model has")

    def test_the_size_may_be_open(self):
        for name in ("open.keras", "open"):
            path = self.saved(tiny(side=None), name)
            self.refused(path, "--size")
            self.assertEqual(keras_source.load(path, size=(12, 9)).size, (12, 9))
        self.refused(self.saved(tiny(), "m.keras"), "the height 9", "8", size=(8, 9))

    def test_signatures(self):
        path = self.saved(tiny(), "m")
        self.refused(path, '"other"', "serving_default", signature="other")
        self.refused(self.saved(tiny(), "m.h5"), "only a SavedModel", signature="other")
        bare = self.folder / "bare"
        tf.saved_model.save(tf.Module(), str(bare))
        self.refused(bare, "has none")


class Preprocessing(unittest.TestCase):
    def test_modes_are_those_of_keras(self):
        rng = np.random.default_rng(1)
        pixels = rng.integers(0, 256, (6, 5, 3), dtype=np.uint8)
        image = convert.Image.fromarray(pixels)
        for name in preprocessing.MODELS:
            # Functions of one module have the same preprocessing.
            module = {
                "mobilenet": "mobilenet",
                "nasnet": "nasnet",
                "vgg": "vgg16",
                "resnet": "resnet",
                "resnet50_v2": "resnet_v2",
                "resnet101_v2": "resnet_v2",
                "resnet152_v2": "resnet_v2",
            }.get(name, name)
            applications = getattr(keras.applications, module, None)
            if applications is None:
                self.assertEqual(name, "regnet")  # only in Keras 2
                continue
            expected = applications.preprocess_input(pixels.astype(np.float32))
            found = preprocessing.to_input(image, (5, 6), preprocessing.mode_of(name))
            np.testing.assert_allclose(found, expected, atol=5e-7 * np.ptp(expected), err_msg=name)

    def test_names(self):
        for name, mode in (
            ("Xception", "tf"),
            ("MobileNetV2", "tf"),
            ("MobileNetV3Small", "raw"),
            ("EfficientNetB0", "raw"),
            ("InceptionV3", "tf"),
            ("ResNet50", "caffe"),
            ("ResNet50V2", "tf"),
            ("VGG16", "caffe"),
            ("torch", "torch"),
            ("me", None),
        ):
            self.assertEqual(preprocessing.mode_of(name), mode, name)


class Metadata(Case):
    def setUp(self):
        super().setUp()
        self.plain = conversion.convert(keras_source.load(self.saved(tiny(), "m.keras")), "float32")

    def test_files_follow_the_model(self):
        described = metadata.describe(self.plain, ["a", "b c", "d"], "resnet50", "caffe", author="me")
        self.assertEqual(preprocessing.stored_mode(described), "caffe")
        self.assertEqual(preprocessing.stored_mode(self.plain), "tf")
        with zipfile.ZipFile(io.BytesIO(described)) as archive:
            self.assertIsNone(archive.testzip())
            self.assertEqual(archive.read("labels.txt"), b"a\nb c\nd\n")
            told = json.loads(archive.read("preprocessing.json"))
        self.assertEqual(
            told,
            {
                "preprocessor": "resnet50",
                "mode": "caffe",
                "width": 8,
                "height": 8,
                "resize": "nearest",
                "channels": "bgr",
            },
        )
        image = np.random.default_rng(1).uniform(-1, 1, (1, 8, 8, 3)).astype(np.float32)
        np.testing.assert_array_equal(Runtime(described).logits(image), Runtime(self.plain).logits(image))

    def test_a_second_description_takes_the_place_of_the_first(self):
        first = metadata.describe(self.plain, ["x", "y", "z"], "xception", "tf")
        second = metadata.describe(first, ["a", "b", "c"], "torch", "torch")
        self.assertEqual(second, metadata.describe(second, ["a", "b", "c"], "torch", "torch"))
        with zipfile.ZipFile(io.BytesIO(second)) as archive:
            self.assertEqual(archive.read("labels.txt"), b"a\nb\nc\n")
        self.assertNotIn(b"xception", second)
        bare = metadata.describe(second, None, "torch", "torch")
        with zipfile.ZipFile(io.BytesIO(bare)) as archive:
            self.assertEqual(archive.namelist(), ["preprocessing.json"])

    def test_buffers_stay_aligned(self):
        described = metadata.describe(self.plain, None, "xception", "tf")
        model = schema.Model.GetRootAs(described, 0)
        starts = []
        for index in range(model.BuffersLength()):
            buffer = model.Buffers(index)
            if buffer.DataLength():
                starts.append(buffer._tab.Vector(buffer._tab.Offset(4)))
        self.assertGreater(len(starts), 3)
        self.assertEqual([start for start in starts if start % 16], [])


class CommandLine(Case):
    def setUp(self):
        super().setUp()
        self.model = self.saved(tiny(), "m.keras")
        self.out = self.folder / "out" / "m.tflite"
        self.labels = self.folder / "labels.txt"
        self.labels.write_text("a\nb\nc\n")
        made.pictures(self.folder / "pictures", 3, seed=1)

    def test_it_converts_checks_and_describes(self):
        words = self.run_cli(self.model, self.out, "--labels", self.labels)
        self.assertIn("largest difference between Keras and the .tflite", words)
        self.assertEqual(Runtime(self.out).output["shape"].tolist(), [1, 3])
        self.assertEqual(self.out.with_suffix(".labels.txt").read_text(), "a\nb\nc\n")
        with zipfile.ZipFile(self.out) as archive:
            contents = [archive.read(name).decode().split() for name in archive.namelist()]
        self.assertIn(["a", "b", "c"], contents)

    def test_usage(self):
        for arguments, part in (
            (("--quantize", "int8"), "--calibration"),
            (("--calibration", self.folder), "--quantize int8"),
            (("--quantize", "int4"), "int4"),
            (("--preprocessor", "mine"), "'mine' is none of"),
            (("--size", "0x3"), "width and height"),
            (("--tolerance", "-1"), "at least 0"),
            (("--check-pictures", "0"), "at least 1"),
        ):
            self.usage(self.model, self.out, *arguments, part=part)

    def test_folders_of_pictures(self):
        empty = self.folder / "empty"
        empty.mkdir()
        int8 = (self.model, self.out, "--quantize", "int8", "--calibration")
        self.fails(*int8, self.folder / "none", parts=("none", "no such folder"), error=SystemExit)
        self.fails(*int8, empty, parts=("empty", "no pictures"), error=SystemExit)
        (empty / "bad.jpg").write_bytes(b"no picture")
        self.fails(*int8, empty, parts=("bad.jpg",))
        self.fails(self.model, self.out, "--check", empty, parts=("bad.jpg",))
        self.assertFalse(self.out.exists())
        words = self.run_cli(*int8, self.folder / "pictures", "--tolerance", "2")
        self.assertIn("over 3 pictures", words)

    def test_labels(self):
        for text, part in (("a\nb\n", "2 labels, but the model has 3"), ("a\n\nc\n", "line 2")):
            self.labels.write_text(text)
            self.fails(self.model, self.out, "--labels", self.labels, parts=("labels.txt", part))
        self.fails(self.model, self.out, "--labels", self.folder / "none", parts=("none", "No such file"))

    def test_labels_that_come_again_get_a_number(self):
        self.labels.write_text("crane\nhat\ncrane\n")
        self.run_cli(self.model, self.out, "--labels", self.labels)
        self.assertEqual(self.out.with_suffix(".labels.txt").read_text().split("\n")[:3], ["crane", "hat", "crane (2)"])

    def test_nothing_is_written_if_the_scores_differ(self):
        self.fails(
            self.model,
            self.out,
            "--quantize",
            "float16",
            "--tolerance",
            "0",
            parts=("differs from Keras", "nothing is written"),
            error=ConversionError,
        )
        self.assertFalse(self.out.exists())

    def test_operators_that_tensorflow_lite_lacks_are_named(self):
        @tf.function(input_signature=[tf.TensorSpec((1, 8, 8, 3), tf.float32)])
        def scores(image):
            return tf.math.special.bessel_j0(tf.reduce_mean(image, axis=(1, 2)))

        module = tf.Module()
        module.scores = scores
        path = self.folder / "bessel"
        tf.saved_model.save(module, str(path), signatures={"serving_default": scores})
        self.fails(path, self.out, parts=("BesselJ0",), error=ConversionError)

    def test_agreement_is_of_all_numbers(self):
        expected = np.array([[0.0, 1.0], [2.0, -3.0]])
        found = conversion.agreement(expected, np.array([[1.5, 1.0], [2.0, -3.25]]))
        self.assertEqual((found.pictures, found.largest, found.same), (2, 1.5, 1))
        self.assertEqual(found.range, (-3.0, 2.0))
        self.assertEqual(found.limit("float32"), conversion.FLOAT32_TOLERANCE)
        broken = conversion.agreement(expected, np.array([[np.nan, 1.0], [2.0, -3.0]]))
        self.assertFalse(broken.largest <= 1e9)


if __name__ == "__main__":
    unittest.main(warnings="ignore")
