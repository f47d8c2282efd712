"""Operators: new shapes, calls of subgraphs, numbers of tensors, options."""

import numpy as np

from .build import (
    CASES, Op, T, case, code, data, graph, make, model, operator, pack, schema, tensor, unary
)


def reshape(source=None, target=None, shape=(3, 1), **fields):
    return unary(
        Op.RESHAPE,
        source or tensor("x"),
        target or tensor("y", [3, 1]),
        kind="ReshapeOptions",
        options=make(schema.ReshapeOptionsT, newShape=list(shape)),
        **fields,
    )


def reshape_by_tensor(shape):
    extra = [tensor("shape", [len(shape)], T.INT32, buffer=1)]
    parsed = reshape(extra=extra)
    parsed.buffers.append(data(shape, np.int32))
    return parsed


CASES["accepted"]["reshape"] = pack(reshape())
CASES["accepted"]["reshape_by_tensor"] = pack(reshape_by_tensor([3, -1]))
CASES["refused"] |= {
    "reshape_rank": pack(reshape(shape=[1] * 9)),
    "reshape_negative": pack(reshape(shape=[-3, -1])),
    "reshape_two_unknown": pack(reshape(shape=[-1, -1])),
    "reshape_tensor_negative": pack(reshape_by_tensor([-3, -1])),
    "reshape_type": pack(reshape(target=tensor("y", [3, 1], T.INT8))),
}


def calls(first_callee, second_callee, builtin=Op.IF, kind="IfOptions"):
    """A condition and a value; subgraph 1 doubles, subgraph 2 calls what it is told to."""
    fields = {
        "IfOptions": ("thenSubgraphIndex", "elseSubgraphIndex"),
        "WhileOptions": ("condSubgraphIndex", "bodySubgraphIndex"),
    }[kind]

    def step(one, two):
        options = make(
            getattr(schema, f"{kind}T"), **dict(zip(fields, (one, two)))
        )
        return operator([0, 1], [2], code=1, kind=kind, options=options)

    def choice(one, two):
        tensors = [tensor("c", [], T.BOOL), tensor("x"), tensor("y")]
        return graph(tensors, [step(one, two)], [0, 1], [2])

    double = graph([tensor("x"), tensor("y")], [operator([0, 0], [1])])
    graphs = [choice(first_callee, 1), double, choice(second_callee, 1)]
    return model(graphs, [code(Op.ADD), code(builtin)])


def calls_with(change):
    """A call of subgraph 1, of which something is changed."""
    parsed = calls(1, 1)
    change(parsed.subgraphs[1])
    return pack(parsed)


def takes_another_type(callee):
    for one in callee.tensors:
        one.type = T.INT32


def takes_nothing(callee):
    callee.inputs = []
    callee.tensors[0].buffer = 0
    callee.tensors[0].isVariable = True


CASES["accepted"]["calls"] = pack(calls(1, 1))
CASES["refused"] |= {
    "call_input_count": calls_with(takes_nothing),
    "call_type": calls_with(takes_another_type),
}
CASES["refused"] |= {
    "call_index": pack(calls(3, 1)),
    "call_negative": pack(calls(-1, 1)),
    "call_itself": pack(calls(0, 1)),
    "call_circle": pack(calls(2, 0)),
    "call_main": pack(calls(1, 0)),
    "call_without_options": pack(calls(1, 1, builtin=Op.WHILE)),
}


@case(lambda: calls(1, 1))
def call_with_input_left_out(m):
    m.subgraphs[1].inputs = [-1]
    m.subgraphs[1].operators[0].inputs = [1, 1]
    m.subgraphs[1].tensors[1] = tensor("y", buffer=1)
    m.subgraphs[1].operators = []
    m.buffers.append(data([1, 2, 3]))


def grouped_conv(channels):
    """Filters of two channels; as many groups as the input has pairs of them."""
    return unary(
        Op.CONV_2D,
        tensor("x", [1, 4, 4, channels]),
        tensor("y", [1, 4, 4, 4]),
        data(range(8)),
        data(range(4)),
        kind="Conv2DOptions",
        options=make(schema.Conv2DOptionsT, strideW=1, strideH=1),
        extra=[tensor("w", [4, 1, 1, 2], buffer=1), tensor("b", [4], buffer=2)],
    )


def quantized_pair(builtin, scales, dtype=T.INT8, output=None, kind=None, options=None):
    """y = x and c, with a scale for each tensor; 0 for none."""
    def quantized(name, scale, dtype, **fields):
        parameters = schema.QuantizationParametersT
        own = make(parameters, scale=[scale], zeroPoint=[0]) if scale else None
        return tensor(name, dtype=dtype, quantization=own, **fields)

    return unary(
        builtin,
        quantized("x", scales[0], dtype),
        quantized("y", scales[2], dtype if output is None else output),
        data([1, 2, 3], np.int8),
        kind=kind,
        options=options or (getattr(schema, f"{kind}T")() if kind else None),
        extra=[quantized("c", scales[1], dtype, buffer=1)],
    )


CASES["accepted"] |= {
    "scales": pack(quantized_pair(Op.ADD, [0.5, 0.25, 0.5], kind="AddOptions")),
    "scales_compared": pack(quantized_pair(Op.LESS, [0.5, 0.25, 0], output=T.BOOL)),
}
CASES["refused"] |= {
    "scale_missing": pack(quantized_pair(Op.ADD, [0.5, 0, 0.5], kind="AddOptions")),
    "scale_small": pack(quantized_pair(Op.ADD, [1, 1, 1e-6], kind="AddOptions")),
    "scale_of_difference": pack(quantized_pair(Op.SQUARED_DIFFERENCE, [8, 8, 1e-3])),
    "scale_one": pack(quantized_pair(Op.LESS, [1, 0.25, 0], output=T.BOOL)),
    "scale_tiny": pack(quantized_pair(Op.LESS, [1e-45, 0.25, 0], output=T.BOOL)),
    "output_type": pack(quantized_pair(Op.MAXIMUM, [0.5, 0.5, 0.5], output=T.INT16)),
    "output_type_fixed": pack(quantized_pair(Op.LESS, [0.5, 0.5, 0], output=T.INT8)),
    "output_type_float": pack(
        unary(
            Op.SOFTMAX,
            tensor("x", [1, 3]),
            tensor("y", [1, 3], T.INT8),
            kind="SoftmaxOptions",
            options=make(schema.SoftmaxOptionsT, beta=1.0),
        )
    ),
    "fake_quant": pack(
        unary(
            Op.FAKE_QUANT,
            tensor("x", dtype=T.INT8),
            tensor("y", dtype=T.INT8),
            kind="FakeQuantOptions",
            options=make(schema.FakeQuantOptionsT, min=-1.0, max=1.0, numBits=8),
        )
    ),
    "depthwise_bias": pack(
        unary(
            Op.DEPTHWISE_CONV_2D,
            tensor("x", [1, 2, 2, 1]),
            tensor("y", [1, 2, 2, 1]),
            data([1.0]),
            kind="DepthwiseConv2DOptions",
            options=make(schema.DepthwiseConv2DOptionsT, strideW=1, strideH=1, depthMultiplier=1),
            extra=(tensor("filter", [1, 1, 1, 1], buffer=1),),
        )
    ),
    # As float32, the weights would be twice as long.
    "transposed_weights": pack(
        unary(
            Op.TRANSPOSE_CONV,
            tensor("shape", [4], T.INT32),
            tensor("y", [1, 8, 8, 3]),
            data(range(24), np.float16),
            kind="TransposeConvOptions",
            options=make(schema.TransposeConvOptionsT, strideW=2, strideH=2),
            extra=(tensor("weights", [3, 2, 2, 2], T.FLOAT16, 1), tensor("x", [1, 4, 4, 2])),
            inputs=(0, 3),
        )
    ),
}


CASES["accepted"]["conv_groups"] = pack(grouped_conv(4))
CASES["refused"] |= {
    "conv_groups": pack(grouped_conv(10)),
    "matmul_rank": pack(
        unary(
            Op.BATCH_MATMUL,
            tensor("x"),
            tensor("y", [1, 3]),
            kind="BatchMatMulOptions",
            options=schema.BatchMatMulOptionsT(),
            extra=[tensor("z", [3, 3])],
            inputs=[0, 2],
        )
    ),
    "assign_variable_inputs": pack(
        unary(Op.ASSIGN_VARIABLE, tensor("x", [], T.RESOURCE), tensor("y"))
    ),
    "split_outputs": pack(
        unary(
            Op.SPLIT,
            tensor("axis", [], T.INT32, buffer=1),
            tensor("y"),
            data([0], np.int32),
            kind="SplitOptions",
            options=make(schema.SplitOptionsT, numSplits=2),
            extra=[tensor("x")],
            inputs=[2],
        )
    ),
    "pool_stride": pack(
        unary(
            Op.MAX_POOL_2D,
            tensor("x", [1, 4, 4, 1]),
            tensor("y", [1, 4, 4, 1]),
            kind="Pool2DOptions",
            options=make(schema.Pool2DOptionsT, strideW=1, filterWidth=1, filterHeight=1),
        )
    ),
    "conv_options": pack(
        unary(Op.CONV_2D, tensor("x", [1, 4, 4, 1]), tensor("y"), extra=[tensor("w", buffer=0)],
              inputs=[0, 2])
    ),
    "pad_rank": pack(
        unary(Op.PAD, tensor("x", [1] * 7), tensor("y", [1] * 7),
              extra=[tensor("paddings", [7, 2], T.INT32)], inputs=[0, 2])
    ),
    "pad_inputs": pack(unary(Op.MIRROR_PAD, tensor("x"), tensor("y"))),
    "concatenation_inputs": pack(
        model(graph([tensor("x"), tensor("y")], [operator([], [1])]), [code(Op.CONCATENATION)])
    ),
}
