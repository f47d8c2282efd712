"""A run of the fine-tuning that is killed and started again gives the weights of one that was not.

    python model/tests/resume.py

A small network, made-up pictures and two sizes of pictures; three processes, about half a minute.
"""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # before TensorFlow is imported
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import keras
import numpy as np
import tensorflow as tf
from keras import layers

import augment
import finetune
from augment import Augmentation

CLASSES = 3
HOW = Augmentation(0.5, 1.3, 10.0, 0.2, 0.2, 0.2, 0.05, mixup=0.3, cutmix=0.3)
SCHEDULE = (finetune.Stage(24, 2, HOW), finetune.Stage(32, 1, HOW))
BATCHES_PER_EPOCH = 3
KILLED_AT = BATCHES_PER_EPOCH + 2  # in the second epoch, when the first one is saved


def network() -> keras.Model:
    """What the fine-tuning expects: blocks with convolutions, each with a normalization, and a head."""
    image = keras.Input((32, 32, 3), name="image")
    x = layers.Conv2D(8, 3, 2, padding="same", use_bias=False, name="conv_stem")(image)
    x = layers.ReLU(6.0)(layers.BatchNormalization(name="bn0")(x))
    x = layers.DepthwiseConv2D(3, 1, padding="same", use_bias=False, name="blocks_0__depthwise_conv")(x)
    x = layers.ReLU(6.0)(layers.BatchNormalization(name="blocks_0__bn1")(x))
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(image, layers.Dense(CLASSES, name="logits")(x))


def train(work: Path, seed: int, kill: bool) -> None:
    """One process's run. Its weights go to `weights.npy` if it lives to the end."""
    keras.utils.set_random_seed(seed)
    tf.config.experimental.enable_op_determinism()
    rng = np.random.default_rng(0)
    shapes = rng.integers(30, 60, (BATCHES_PER_EPOCH * finetune.BATCH_SIZE + 5, 2))
    images = [rng.integers(0, 256, (*shape, 3), np.uint8) for shape in shapes]
    labels = np.arange(len(images)) % CLASSES
    model = network()

    prepared, batch = 0, augment.batch

    def counted(*arguments):
        nonlocal prepared
        prepared += 1
        if kill and prepared == KILLED_AT:
            os.kill(os.getpid(), signal.SIGKILL)
        return batch(*arguments)

    augment.batch = counted
    finetune.fine_tune(
        model, finetune.Pictures(images, labels), CLASSES, seed, work / "checkpoint.npz", "made up",
        lambda _epoch, _logits, _size: None, SCHEDULE,
    )  # fmt: skip
    np.save(work / "weights.npy", np.concatenate([weight.ravel() for weight in model.get_weights()]))


def start(work: Path, *extra: str) -> subprocess.CompletedProcess:
    work.mkdir(exist_ok=True)
    return subprocess.run([sys.executable, __file__, "--work", work, *extra], capture_output=True, text=True)


def check(condition: bool, what: str, process: subprocess.CompletedProcess) -> None:
    if not condition:
        raise SystemExit(f"failed: {what}\n{process.stdout}{process.stderr}")
    print(f"ok: {what}")


def main() -> None:
    parser = argparse.ArgumentParser(description="Check that a killed fine-tuning goes on as if nothing was.")
    parser.add_argument("--work", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--seed", type=int, default=1, help=argparse.SUPPRESS)
    parser.add_argument("--kill", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.work:
        train(arguments.work, arguments.seed, arguments.kill)
        return

    with tempfile.TemporaryDirectory() as folder:
        whole, broken = Path(folder) / "whole", Path(folder) / "broken"
        process = start(whole)
        check(process.returncode == 0, "a run without interruption", process)
        process = start(broken, "--kill")
        check(process.returncode == -signal.SIGKILL, "another one is killed", process)
        with np.load(broken / "checkpoint.npz") as stored:
            steps = int(stored["steps"])
        check(steps == BATCHES_PER_EPOCH, f"it leaves the checkpoint of its first {steps} steps", process)
        process = start(broken, "--seed", "2")
        check(
            process.returncode != 0 and "other settings" in process.stderr,
            "a run with another seed refuses the checkpoint",
            process,
        )
        process = start(broken)
        check(
            process.returncode == 0 and "resumed after epoch 1 of 3" in process.stdout,
            "the same run goes on from there",
            process,
        )
        expected, found = np.load(whole / "weights.npy"), np.load(broken / "weights.npy")
        check(np.array_equal(expected, found), f"all {len(expected)} weights are equal", process)
        process = start(Path(folder) / "other", "--seed", "2")
        other = np.load(Path(folder) / "other" / "weights.npy")
        check(not np.array_equal(expected, other), "those of another seed are not", process)


if __name__ == "__main__":
    main()
