"""Fine-tuning: trains every layer of a classifier further, in place.

Batch normalization keeps the statistics of ImageNet; its scale and shift are trained. A normalization with
fixed statistics is a linear map per channel, so training multiplies the kernels by it instead of passing
over the activations once more. That takes a third off the time of a step on a CPU.
"""

import math
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf
from tqdm import tqdm

import augment
from augment import Augmentation

BATCH_SIZE = 32
LEARNING_RATE = 6e-5
HEAD_RATE = 5.0  # times LEARNING_RATE
DEPTH_DECAY = 0.9  # the rate of each block is this share of that of the next one
WARM_UP_EPOCHS = 1.0
WEIGHT_DECAY = 0.02
BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-8
GRADIENT_NORM = 2.0
LABEL_SMOOTHING = 0.05
DROPOUT = 0.2
AVERAGE_DECAY = 0.997  # of the moving average of the weights, which becomes the result
SAMPLING_POWER = 0.5  # a class is drawn in proportion to its pictures to this power


class Stage(NamedTuple):
    """A part of the run, at one picture size."""

    size: int
    epochs: int
    how: Augmentation


# Small pictures first: a step costs as the area, and most of the learning needs no detail. A crop of a
# picture at the small size is sampled about as densely as the whole picture is in serving.
SCHEDULE = (
    Stage(192, 10, Augmentation(0.5, 1.35, 10.0, 0.25, 0.25, 0.35, 0.05, mixup=0.0, cutmix=0.1)),
    Stage(224, 6, Augmentation(0.65, 1.25, 6.0, 0.2, 0.2, 0.25, 0.04, mixup=0.0, cutmix=0.0)),
)


# What a checkpoint must agree with besides the pictures, the schedule and the seed.
CONSTANTS = (
    BATCH_SIZE, LEARNING_RATE, HEAD_RATE, DEPTH_DECAY, WARM_UP_EPOCHS, WEIGHT_DECAY, BETA_1, BETA_2, EPSILON,
    GRADIENT_NORM, LABEL_SMOOTHING, DROPOUT, AVERAGE_DECAY, SAMPLING_POWER,
)  # fmt: skip


class Pictures(NamedTuple):
    """Decoded pictures, `[height, width, 3]` uint8 each at its own size, and their labels."""

    images: list[np.ndarray]
    labels: np.ndarray


def forward(backbone: keras.Model, images: tf.Tensor) -> tf.Tensor:
    """The backbone's output, with each normalization multiplied into the convolution before it.

    Any picture size will do: the layers' weights do not depend on it.
    """
    outputs: dict[str, tf.Tensor] = {}
    pending: dict[str, tuple[keras.Layer, tf.Tensor]] = {}
    for layer in backbone.layers:
        if isinstance(layer, keras.layers.InputLayer):
            outputs[layer.output.name] = images
            continue
        if isinstance(layer.input, list):
            outputs[layer.output.name] = layer([outputs[tensor.name] for tensor in layer.input])
        elif isinstance(layer, (keras.layers.Conv2D, keras.layers.DepthwiseConv2D)):
            pending[layer.output.name] = layer, outputs[layer.input.name]
        elif isinstance(layer, keras.layers.BatchNormalization):
            outputs[layer.output.name] = _normalized(layer, *pending.pop(layer.input.name))
        else:
            outputs[layer.output.name] = layer(outputs[layer.input.name])
    if pending:
        raise ValueError(f"convolutions without a normalization: {sorted(pending)}")
    return outputs[backbone.output.name]


def _normalized(norm: keras.layers.BatchNormalization, layer: keras.Layer, x: tf.Tensor) -> tf.Tensor:
    scale = norm.gamma * tf.math.rsqrt(norm.moving_variance + norm.epsilon)
    kernel, padding = tf.convert_to_tensor(layer.kernel), layer.padding.upper()
    if isinstance(layer, keras.layers.DepthwiseConv2D):
        x = tf.nn.depthwise_conv2d(x, kernel * scale[:, None], [1, *layer.strides, 1], padding)
    else:
        x = tf.nn.conv2d(x, kernel * scale, layer.strides, padding)
    return tf.nn.bias_add(x, norm.beta - norm.moving_mean * scale)


def _rates(model: keras.Model) -> tuple[list[tf.Variable], list[float], list[float]]:
    """The trained variables with their shares of the learning rate and of the weight decay."""
    depths = {}
    for layer in model.layers:
        if layer.trainable_variables:
            # Layers are named for their block: `blocks_3__expand_conv` belongs to block 3.
            parts = layer.name.split("_")
            depths[layer.name] = int(parts[1]) + 1 if parts[0] == "blocks" else None
    last = 1 + max(depth for depth in depths.values() if depth is not None)
    variables, rates, decays = [], [], []
    for layer in model.layers:
        for variable in layer.trainable_variables:
            depth = depths[layer.name]
            if layer.name == "logits":
                rate = HEAD_RATE
            elif layer.name in ("conv_stem", "bn0"):
                rate = DEPTH_DECAY**last
            else:
                rate = DEPTH_DECAY ** (last - depth) if depth is not None else 1.0
            variables.append(variable.value)
            rates.append(rate)
            decays.append(WEIGHT_DECAY if len(variable.shape) > 1 else 0.0)
    return variables, rates, decays


class Trainer:
    """Weights, moments of AdamW and the moving average of the weights; saved and restored as one."""

    def __init__(self, model: keras.Model, seed: int):
        # The classifier's last layer is its head; what comes before it is the backbone.
        self._head = model.layers[-1]
        self._backbone = keras.Model(model.input, self._head.input)
        self._seed = seed
        self.variables, self._rates, self._decays = _rates(model)
        self._first = [tf.Variable(tf.zeros_like(v), trainable=False) for v in self.variables]
        self._second = [tf.Variable(tf.zeros_like(v), trainable=False) for v in self.variables]
        self.average = [tf.Variable(v, trainable=False) for v in self.variables]
        self.steps = 0

    @tf.function(reduce_retracing=True)
    def _step(self, images, labels, rate, step):
        with tf.GradientTape() as tape:
            features = forward(self._backbone, images)
            # Stateless, so that a resumed run drops what it would have dropped.
            features = tf.nn.experimental.stateless_dropout(features, DROPOUT, seed=[self._seed, step])
            logits = tf.matmul(features, self._head.kernel) + self._head.bias
            losses = tf.nn.softmax_cross_entropy_with_logits(labels, logits)
            loss = tf.reduce_mean(losses)
        gradients, _ = tf.clip_by_global_norm(tape.gradient(loss, self.variables), GRADIENT_NORM)
        number = tf.cast(step + 1, tf.float32)
        correction = tf.sqrt(1.0 - BETA_2**number) / (1.0 - BETA_1**number)
        decay = tf.minimum(AVERAGE_DECAY, number / (number + 10.0))
        rows = zip(
            self.variables, gradients, self._first, self._second, self.average, self._rates, self._decays,
            strict=True,
        )  # fmt: skip
        for variable, gradient, first, second, average, share, weight_decay in rows:
            first.assign(BETA_1 * first + (1.0 - BETA_1) * gradient)
            second.assign(BETA_2 * second + (1.0 - BETA_2) * tf.square(gradient))
            update = correction * first / (tf.sqrt(second) + EPSILON) + weight_decay * variable
            variable.assign_sub(rate * share * update)
            average.assign(decay * average + (1.0 - decay) * variable)
        return loss

    def step(self, images: np.ndarray, labels: np.ndarray, rate: float) -> float:
        """One step on a batch; return its mean cross-entropy."""
        loss = self._step(
            tf.constant(images), tf.constant(labels), tf.constant(rate, tf.float32), tf.constant(self.steps)
        )
        self.steps += 1
        return float(loss)

    @tf.function(reduce_retracing=True)
    def _logits(self, images):
        return tf.matmul(forward(self._backbone, images), self._head.kernel) + self._head.bias

    def logits(self, images: np.ndarray) -> np.ndarray:
        """The logits `[N, classes]` of `[N, size, size, 3]` pictures of any size, without dropout."""
        return self._logits(tf.constant(images)).numpy()

    def _state(self) -> list[tf.Variable]:
        return [*self.variables, *self._first, *self._second, *self.average]

    def save(self, path: Path, settings: str) -> None:
        """Write everything that the rest of the run depends on."""
        arrays = {f"a{index:04d}": variable.numpy() for index, variable in enumerate(self._state())}
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(".partial.npz")
        np.savez(unfinished, settings=np.array(settings), steps=np.array(self.steps), **arrays)
        unfinished.replace(path)  # an interruption leaves the former checkpoint

    def restore(self, path: Path, settings: str) -> None:
        """Take back what `save` wrote; a checkpoint of other settings ends the program."""
        with np.load(path, allow_pickle=False) as stored:
            if str(stored["settings"]) != settings:
                raise SystemExit(f"{path} belongs to a run with other settings or pictures; remove it")
            for index, variable in enumerate(self._state()):
                variable.assign(stored[f"a{index:04d}"])
            self.steps = int(stored["steps"])


def draw(labels: np.ndarray, classes: int, rng: np.random.Generator) -> np.ndarray:
    """The pictures of one epoch, in random order: rare classes more often than they occur."""
    counts = np.bincount(labels, minlength=classes)
    weights = counts**SAMPLING_POWER
    wanted = np.round(len(labels) * weights / weights.sum()).astype(int)
    chosen = []
    for index in range(classes):
        members = np.flatnonzero(labels == index)
        rounds = [rng.permutation(members) for _ in range(math.ceil(wanted[index] / len(members)))]
        chosen.append(np.concatenate(rounds)[: wanted[index]])
    order = rng.permutation(np.concatenate(chosen))
    return order[: len(order) // BATCH_SIZE * BATCH_SIZE]


def _batches(pictures: Pictures, stage: Stage, classes: int, seed: int, epoch: int) -> Iterator:
    """The batches of one epoch; a thread prepares the next one while the network trains."""
    order = draw(pictures.labels, classes, np.random.default_rng([seed, epoch]))
    smooth = LABEL_SMOOTHING / classes + (1.0 - LABEL_SMOOTHING) * np.eye(classes, dtype=np.float32)

    def prepare(start: int):
        chosen = order[start : start + BATCH_SIZE]
        rng = np.random.default_rng([seed, epoch, start])
        images = [pictures.images[index] for index in chosen]
        return augment.batch(
            images, smooth[pictures.labels[chosen]].astype(np.float32), stage.size, stage.how, rng
        )

    starts = range(0, len(order), BATCH_SIZE)
    with ThreadPoolExecutor(max_workers=1) as pool:
        following = pool.submit(prepare, starts[0])
        for start in [*starts[1:], None]:
            ready = following.result()
            if start is not None:
                following = pool.submit(prepare, start)
            yield ready


def _rate(step: int, steps_per_epoch: int, total: int) -> float:
    """Linear warm-up, then a half cosine to zero."""
    warm_up = WARM_UP_EPOCHS * steps_per_epoch
    if step < warm_up:
        return LEARNING_RATE * (step + 1) / warm_up
    return LEARNING_RATE * 0.5 * (1.0 + math.cos(math.pi * (step - warm_up) / (total - warm_up)))


def fine_tune(
    model: keras.Model,
    pictures: Pictures,
    classes: int,
    seed: int,
    checkpoint: Path,
    settings: str,
    inspect: Callable[[int, Callable[[np.ndarray], np.ndarray], int], None],
    schedule: tuple[Stage, ...] = SCHEDULE,
) -> None:
    """Train `model` by `schedule`, and leave the average of its weights in it.

    After each epoch the state goes to `checkpoint`, and a run that finds it there goes on from it.
    `settings` names the run: what the checkpoint must agree with. Before the run and after every second
    epoch `inspect` gets the epoch's number, the logits of the average as a function of pictures, and the
    size of the pictures that it was trained with.
    """
    trainer = Trainer(model, seed)
    settings = f"{settings} {schedule} {CONSTANTS} {seed}"
    epochs = [stage for stage in schedule for _ in range(stage.epochs)]
    steps_per_epoch = len(draw(pictures.labels, classes, np.random.default_rng(0))) // BATCH_SIZE
    total = steps_per_epoch * len(epochs)
    if checkpoint.exists():
        trainer.restore(checkpoint, settings)
        print(f"resumed after epoch {trainer.steps // steps_per_epoch} of {len(epochs)}", flush=True)
    else:
        inspect(0, trainer.logits, epochs[0].size)
    for epoch in range(trainer.steps // steps_per_epoch, len(epochs)):
        stage = epochs[epoch]
        name = f"epoch {epoch + 1}/{len(epochs)} at {stage.size}"
        losses = []
        with tqdm(total=steps_per_epoch * BATCH_SIZE, desc=name, unit="img", disable=None) as bar:
            for images, labels in _batches(pictures, stage, classes, seed, epoch):
                rate = _rate(trainer.steps, steps_per_epoch, total)
                losses.append(trainer.step(images, labels, rate))
                bar.set_postfix(loss=f"{np.mean(losses[-20:]):.3f}", refresh=False)
                bar.update(len(images))
        print(f"{name}: mean loss {np.mean(losses):.4f}", flush=True)
        trainer.save(checkpoint, settings)
        if epoch % 2 == 1 or epoch + 1 == len(epochs):
            weights = [variable.numpy() for variable in trainer.variables]
            _assign(trainer.variables, trainer.average)
            inspect(epoch + 1, trainer.logits, stage.size)
            _assign(trainer.variables, weights)
    _assign(trainer.variables, trainer.average)


def _assign(variables: list[tf.Variable], values: list) -> None:
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
