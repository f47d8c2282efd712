"""Quantization, and what constants hold: packed integers, booleans, strings, sparse matrices."""

import numpy as np

from .build import (
    CASES, Op, T, add, case, code, data, first, graph, make, model, operator, pack, schema, tensor
)


def quantized():
    m = add()
    first(m).tensors[2] = tensor(
        "c",
        [3],
        T.INT8,
        buffer=1,
        quantization=make(
            schema.QuantizationParametersT, scale=[0.5] * 3, zeroPoint=[0] * 3
        ),
    )
    m.buffers[1] = data([1, 2, 3], np.int8)
    return m


def parameters(m):
    return first(m).tensors[2].quantization


@case(quantized)
def quantization_axis(m):
    parameters(m).quantizedDimension = 1


@case(quantized)
def quantization_scales(m):
    parameters(m).scale, parameters(m).zeroPoint = [0.5] * 2, [0] * 2


@case(quantized)
def quantization_zero_points(m):
    parameters(m).zeroPoint = [0]


@case(quantized)
def quantization_zero_point_range(m):
    parameters(m).zeroPoint = [0, 2**40, 0]


@case(quantized)
def quantization_not_finite(m):
    parameters(m).scale = [0.5, float("inf"), 0.5]


@case(quantized)
def quantization_blocks(m):
    parameters(m).detailsType = schema.QuantizationDetails.BlockwiseQuantization
    parameters(m).details = make(schema.BlockwiseQuantizationT, scales=8, blockSize=1)


def packed(dtype, shape, size):
    source = tensor("x", shape, dtype, buffer=1)
    parsed = model(graph([source], [], [], [0]), [], data(range(size), np.uint8))
    return parsed


for dtype, sizes in [("INT4", 3), ("UINT4", 3), ("INT2", 2)]:
    name = f"{dtype.lower()}"
    CASES["accepted"][name] = pack(packed(getattr(T, dtype), [5], sizes))
    CASES["refused"][f"{name}_size"] = pack(packed(getattr(T, dtype), [5], sizes + 1))


def bools(values):
    return model(graph([tensor("x", [3], T.BOOL, 1)], [], [], [0]), [], data(values, np.uint8))


CASES["accepted"]["bools"] = pack(bools([0, 1, 1]))
CASES["refused"]["bool_two"] = pack(bools([0, 1, 2]))


def strings(words, shape=(2,)):
    source = tensor("words", shape, T.STRING, buffer=1)
    words = np.asarray(words, np.int32)
    buffer = make(schema.BufferT, data=np.append(words.view(np.uint8), np.uint8([97, 98, 99])))
    return pack(model(graph([source], [], [], [0]), [], buffer))


CASES["accepted"]["strings"] = strings([2, 16, 17, 19])
CASES["refused"] |= {
    "strings_count": strings([3, 16, 17, 19]),
    "strings_negative": strings([-1, 16, 17, 19]),
    "strings_header": strings([9, 16, 17, 19], (9,)),
    "strings_start": strings([2, 12, 17, 19]),
    "strings_order": strings([2, 16, 15, 19]),
    "strings_middle": strings([2, 16, 1 << 20, 19]),
    "strings_end": strings([2, 16, 17, 18]),
    "strings_far": strings([2, 16, 17, 20]),
}


def sparse(change=lambda s: None, values=3, builtin=Op.DENSIFY):
    """y = x + w, where w is a 2x4 matrix of which three elements are stored, by rows."""
    rows = make(schema.DimensionMetadataT, format=0, denseSize=2)
    columns = make(
        schema.DimensionMetadataT,
        format=1,
        arraySegmentsType=schema.SparseIndexVector.Int32Vector,
        arraySegments=make(schema.Int32VectorT, values=[0, 1, 3]),
        arrayIndicesType=schema.SparseIndexVector.Uint8Vector,
        arrayIndices=make(schema.Uint8VectorT, values=[2, 0, 3]),
    )
    sparsity = make(schema.SparsityParametersT, traversalOrder=[0, 1], dimMetadata=[rows, columns])
    change(sparsity)
    tensors = [
        tensor("x", [2, 4]),
        tensor("y", [2, 4]),
        tensor("w", [2, 4], buffer=1, sparsity=sparsity),
        tensor("dense", [2, 4]),
    ]
    steps = [operator([2], [3]), operator([0, 3], [1], code=1)]
    return pack(
        model(graph(tensors, steps), [code(builtin), code(Op.ADD)], data(range(values)))
    )


def segments(values):
    return lambda s: setattr(s.dimMetadata[1].arraySegments, "values", values)


def blocks(order, mapped):
    """Blocks of 2x2, all stored."""

    def change(s):
        sizes = [1, 2, 2, 2]
        s.dimMetadata = [make(schema.DimensionMetadataT, format=0, denseSize=n) for n in sizes]
        s.traversalOrder, s.blockMap = [0, 1, *order], mapped

    return change


CASES["accepted"]["sparse"] = sparse()
CASES["accepted"]["sparse_blocks"] = sparse(blocks([2, 3], [0, 1]), values=8)
CASES["refused"] |= {
    "sparse_size": sparse(values=8),
    "sparse_order": sparse(lambda s: setattr(s, "traversalOrder", [0, 0])),
    "sparse_dimensions": sparse(lambda s: s.dimMetadata.pop()),
    "sparse_index": sparse(lambda s: setattr(s.dimMetadata[1].arrayIndices, "values", [2, 0, 4])),
    "sparse_segments": sparse(segments([0, 2, 1])),
    "sparse_segment_count": sparse(segments([0, 3])),
    "sparse_segment_end": sparse(segments([0, 1, 9])),
    "sparse_dense_size": sparse(lambda s: setattr(s.dimMetadata[0], "denseSize", 3)),
    "sparse_format": sparse(lambda s: setattr(s.dimMetadata[0], "format", 2)),
    "sparse_block": sparse(lambda s: setattr(s, "traversalOrder", [0, 1, 2])),
    "sparse_blocks_swapped": sparse(blocks([3, 2], [0, 1]), values=8),
    "sparse_blocks_unordered": sparse(blocks([2, 3], [1, 0]), values=8),
    "sparse_read": sparse(builtin=Op.NEG),
}
