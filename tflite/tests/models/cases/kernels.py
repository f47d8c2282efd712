"""Types and quantization that kernels take tensors for, whatever the file says."""

import numpy as np

from .build import CASES, Op, T, code, data, graph, make, model, operator, pack, schema, tensor

BYTES = {
    T.FLOAT32: 4, T.FLOAT16: 2, T.FLOAT64: 8, T.INT8: 1, T.UINT8: 1, T.INT16: 2, T.INT32: 4,
    T.INT64: 8,
}


class Tensor:
    """A tensor by type and shape. Variables and constants of zeros are no inputs of the model."""

    def __init__(self, dtype, shape=(1,), kind="input", scales=None, axis=0, zero=0, **fields):
        self.dtype, self.shape, self.kind, self.fields = dtype, list(shape), kind, fields
        if scales is not None:
            self.fields["quantization"] = make(
                schema.QuantizationParametersT, scale=list(scales), quantizedDimension=axis,
                zeroPoint=[zero] * len(scales),
            )

    def data(self):
        """As many zeros as it needs; a sparse one says how many."""
        count = int(np.prod(self.shape))
        packed = {T.INT4: 2, T.INT2: 4}.get(self.dtype)
        size = -(-count // packed) if packed else count * BYTES[self.dtype]
        return data(np.zeros(size, np.uint8), np.uint8)


def constant(dtype, *shape, **fields):
    return Tensor(dtype, shape, kind="constant", **fields)


def variable(dtype, *shape, **fields):
    return Tensor(dtype, shape, kind="variable", **fields)


def build(builtin, inputs, outputs, intermediates=(), kind=None, version=1, extra=(), **options):
    """One operator. None stands for an input that is left out; `extra` are tensors that it does not
    read, behind the others."""
    tensors, buffers, given = [], [], []

    def add(one):
        if one is None:
            return -1
        buffer = 0
        if one.kind == "constant":
            buffers.append(one.fields.pop("data", None) or one.data())
            buffer = len(buffers)
        elif one.kind == "variable":
            one.fields["isVariable"] = True
        name = f"t{len(tensors)}"
        tensors.append(tensor(name, one.shape, one.dtype, buffer, **one.fields))
        return len(tensors) - 1

    read = [add(one) for one in inputs]
    given = [index for index, one in zip(read, inputs) if one and one.kind == "input"]
    written = [add(one) for one in outputs]
    between = [add(one) for one in intermediates]
    for one in extra:
        add(one)
    chosen = make(getattr(schema, f"{kind}T"), **options) if kind else None
    step = operator(read, written, kind=kind, options=chosen, intermediates=between)
    used = code(builtin)
    used.version = version
    return pack(model(graph(tensors, [step], given, written), [used], *buffers))


def refused(name, *arguments, **options):
    assert name not in CASES["refused"], name
    CASES["refused"][name] = build(*arguments, **options)


def accepted(name, *arguments, **options):
    assert name not in CASES["accepted"], name
    CASES["accepted"][name] = build(*arguments, **options)


F32, I8, U8, I16 = T.FLOAT32, T.INT8, T.UINT8, T.INT16
PICTURE = [1, 4, 4, 2]


def convolutions():
    def conv(dtype, weights, bias=F32, **options):
        scales = None if dtype == F32 else [1.0]
        tensors = [Tensor(dtype, PICTURE, scales=scales), weights, constant(bias, weights.shape[0])]
        output = Tensor(dtype, [1, 4, 4, weights.shape[0]], scales=scales)
        return dict(
            builtin=Op.CONV_2D, inputs=tensors, outputs=[output], kind="Conv2DOptions",
            strideW=1, strideH=1, **options,
        )

    refused("conv_types", **conv(F32, constant(T.FLOAT16, 3, 1, 1, 2)))
    refused("conv_types_unsigned", **conv(U8, constant(F32, 3, 1, 1, 2), T.INT32))
    refused("conv_types_short", **conv(I16, constant(I16, 3, 1, 1, 2, scales=[1.0]), T.INT64))
    short = dict(scales=[1.0])
    refused("conv_bias", **conv(I16, constant(I8, 3, 1, 1, 2, **short), T.INT32))
    accepted(
        "conv_bias", **conv(I16, constant(I8, 3, 1, 1, 2, **short), T.INT32, quantizedBiasType=2)
    )
    refused("conv_axis", **conv(F32, constant(I8, 3, 1, 1, 2, scales=[1.0, 2.0], axis=3)))
    accepted("conv_axis", **conv(F32, constant(I8, 3, 1, 1, 2, scales=[1.0, 2.0, 3.0])))
    refused("conv_groups_scale", **conv(F32, constant(I8, 2, 1, 1, 1, scales=[1.0, 1.0])))
    accepted("conv_groups_scales", **conv(F32, constant(I8, 2, 1, 1, 1, scales=[1.0, 2.0])))

    def depthwise(dtype, weights, bias=F32):
        scales = None if dtype == F32 else [1.0]
        return dict(
            builtin=Op.DEPTHWISE_CONV_2D, kind="DepthwiseConv2DOptions",
            inputs=[Tensor(dtype, PICTURE, scales=scales), weights, constant(bias, 2)],
            outputs=[Tensor(dtype, PICTURE, scales=scales)],
            strideW=1, strideH=1, depthMultiplier=1,
        )

    refused("depthwise_types", **depthwise(U8, constant(T.INT4, 1, 1, 1, 2, **short), T.INT32))
    refused("depthwise_axis", **depthwise(F32, constant(I8, 1, 1, 1, 2, scales=[1.0])))
    accepted(
        "depthwise_axis", **depthwise(F32, constant(I8, 1, 1, 1, 2, scales=[1.0, 2.0], axis=3))
    )

    def transposed(dtype, weights, bias=F32, **options):
        scales = None if dtype == F32 else [1.0]
        shape = constant(T.INT32, 4, data=data([1, 8, 8, 3], np.int32))
        return dict(
            builtin=Op.TRANSPOSE_CONV, kind="TransposeConvOptions",
            inputs=[shape, weights, Tensor(dtype, PICTURE, scales=scales), constant(bias, 3)],
            outputs=[Tensor(dtype, [1, 8, 8, 3], scales=scales)],
            strideW=2, strideH=2, padding=0, **options,
        )

    weights = dict(scales=[1.0])
    refused("transposed_scale", **transposed(F32, constant(I8, 3, 2, 2, 2, **weights)))
    accepted(
        "transposed_scale", version=3,
        **transposed(F32, constant(I8, 3, 2, 2, 2, scales=[1.0, 2.0, 3.0])),
    )
    refused("transposed_bias", **transposed(I16, constant(I8, 3, 2, 2, 2, **weights), T.INT32))


def sparse(rows, columns, block, dtype=F32, order=None):
    """A matrix of which each row has its first block."""
    def indices(values):
        return make(schema.Int32VectorT, values=values)

    vector = schema.SparseIndexVector.Int32Vector
    dimensions = [
        make(schema.DimensionMetadataT, denseSize=rows),
        make(
            schema.DimensionMetadataT, format=1, arraySegmentsType=vector, arrayIndicesType=vector,
            arraySegments=indices(list(range(rows + 1))), arrayIndices=indices([0] * rows),
        ),
    ]
    if block > 1:
        dimensions.append(make(schema.DimensionMetadataT, denseSize=block))
    parameters = make(
        schema.SparsityParametersT, dimMetadata=dimensions, blockMap=[1] if block > 1 else [],
        traversalOrder=order or list(range(len(dimensions))),
    )
    stored = data(np.zeros(rows * block * BYTES[dtype], np.uint8), np.uint8)
    scales = None if dtype == F32 else [1.0]
    return constant(dtype, rows, columns, sparsity=parameters, data=stored, scales=scales)


def blocks(scales, size):
    return make(
        schema.QuantizationParametersT,
        detailsType=schema.QuantizationDetails.BlockwiseQuantization,
        details=make(schema.BlockwiseQuantizationT, scales=scales, zeroPoints=-1, blockSize=size),
    )


def matrices():
    def dense(dtype, weights, output=None, bias=None, more=(), zero=0, **options):
        scales = None if dtype == F32 else [1.0]
        output = dtype if output is None else output
        rows, columns = weights.shape
        return dict(
            builtin=Op.FULLY_CONNECTED, kind="FullyConnectedOptions",
            inputs=[Tensor(dtype, [1, columns], scales=scales), weights, bias],
            outputs=[Tensor(output, [1, rows], scales=scales), *more], **options,
        )

    refused("dense_unpacked", **dense(U8, constant(T.INT4, 4, 4, scales=[1.0]), U8))
    refused("dense_axis", **dense(F32, constant(I8, 2, 4, scales=[1.0, 2.0, 3.0, 4.0], axis=1)))
    accepted("dense_axis", **dense(F32, constant(I8, 2, 4, scales=[1.0, 2.0])))
    refused(
        "dense_bias",
        **dense(I16, constant(I8, 2, 4, scales=[1.0], zero=1), bias=constant(T.INT32, 2)),
    )
    refused("sparse_order_dense", **dense(F32, sparse(4, 4, 1, order=[1, 0])))
    refused("sparse_block_dense", **dense(F32, sparse(4, 8, 2)))
    accepted("sparse_block_dense", **dense(F32, sparse(4, 8, 4)))
    refused("sparse_bytes_dense", **dense(F32, sparse(4, 32, 8, I8)))
    accepted("sparse_bytes_dense", **dense(F32, sparse(4, 32, 16, I8)))
    workspace = Tensor(U8, [1, 16])
    refused(
        "shuffled", weightsFormat=1, **dense(
            U8, constant(U8, 3, 16, scales=[1.0]), I16, constant(T.INT32, 3), [workspace],
        ),
    )
    refused("blocks_type", **dense(F32, constant(I8, 2, 32, quantization=blocks(3, 32))),
            extra=[constant(T.FLOAT16, 2, 1)])
    refused("blocks_short", **dense(F32, constant(T.INT4, 2, 64, quantization=blocks(3, 32))),
            extra=[constant(T.FLOAT16, 2, 1)])
    accepted("blocks", **dense(F32, constant(T.INT4, 2, 64, quantization=blocks(3, 32))),
             extra=[constant(T.FLOAT16, 2, 2, data=data([1] * 4, np.float16))])
    refused(
        "blocks_conv", Op.CONV_2D,
        [Tensor(F32, PICTURE), constant(T.INT4, 3, 1, 1, 2, quantization=blocks(4, 2)),
         constant(F32, 3)],
        [Tensor(F32, [1, 4, 4, 3])], kind="Conv2DOptions", strideW=1, strideH=1,
        extra=[constant(T.FLOAT16, 3, 1)],
    )

    def product(one, other, output, **options):
        return dict(
            builtin=Op.BATCH_MATMUL, inputs=[one, other], outputs=[Tensor(output, [2, 3])],
            kind="BatchMatMulOptions", **options,
        )

    refused("matmul_output", **product(Tensor(F32, [2, 4]), Tensor(F32, [4, 3]), I8))
    columns = dict(scales=[1.0, 2.0, 3.0])
    refused("matmul_axis", **product(
        Tensor(F32, [2, 3]), constant(I8, 3, 3, axis=0, **columns), F32))
    accepted("matmul_axis", **product(
        Tensor(F32, [2, 3]), constant(I8, 3, 3, axis=1, **columns), F32))


def elements():
    refused("scalar_scales", Op.NEG, [Tensor(I8, [], scales=[1.0, 2.0])], [Tensor(I8, [])])
    refused(
        "mul_output", Op.MUL, [Tensor(I8, scales=[1.0]), Tensor(I8, scales=[1.0])], [Tensor(F32)],
        kind="MulOptions",
    )
    refused(
        "softmax_output", Op.SOFTMAX, [Tensor(I16, [1, 3], scales=[1.0])],
        [Tensor(I8, [1, 3], scales=[1.0])], kind="SoftmaxOptions", beta=1.0,
    )
    refused("prelu_types", Op.PRELU, [Tensor(F32), constant(I8, 1)], [Tensor(F32)])
    refused(
        "concatenation_output", Op.CONCATENATION, [Tensor(F32, []), Tensor(F32, [])],
        [Tensor(I8, [2])], kind="ConcatenationOptions",
    )
    for version in "45":
        outputs = [Tensor(T.INT32), Tensor(T.INT32, [])]
        inputs = [
            Tensor(F32, [2, 4]), Tensor(F32, [2]), Tensor(T.INT32, []), Tensor(F32, []),
            Tensor(I8, []),
        ]
        if version == "5":
            outputs, inputs = [outputs[0], Tensor(F32), outputs[1]], [*inputs, Tensor(F32, [])]
        name = f"NON_MAX_SUPPRESSION_V{version}"
        refused(name.lower(), getattr(Op, name), inputs, outputs)
    refused(
        "dilate_packed", Op.DILATE,
        [Tensor(T.INT4, [4]), constant(T.INT32, 1), constant(T.INT4)], [Tensor(T.INT4, [4])],
    )
    refused("pad_packed", Op.STABLEHLO_PAD, [Tensor(T.INT4, [4]), constant(T.INT4)],
            [Tensor(T.INT4, [4])])
    refused("embedding_packed", Op.EMBEDDING_LOOKUP,
            [Tensor(T.INT32, [3]), constant(T.INT4, 1, 3)], [Tensor(T.INT4, [3, 3])])
    refused(
        "hashtable_packed", Op.HASHTABLE_LOOKUP,
        [Tensor(T.INT32, [3]), constant(T.INT32, 1), constant(T.INT4, 1, 3)],
        [Tensor(T.INT4, [3, 3]), Tensor(U8, [3])],
    )
    refused("sqrt_scale", Op.SQRT, [Tensor(I16)], [Tensor(I16, scales=[1.0])])


def recurrent():
    refused(
        "svdf_types", Op.SVDF,
        [Tensor(F32, [1, 2]), constant(F32, 1, 2), constant(I8, 1, 2), None, variable(F32, 1, 2)],
        [Tensor(F32, [1, 1])], kind="SVDFOptions", rank=1,
    )

    def cell():
        return [constant(F32, 1, 2), constant(F32, 1, 1), constant(F32, 1), variable(I8, 1, 1)]

    refused("rnn_state", Op.RNN, [Tensor(F32, [1, 2]), *cell()], [Tensor(F32, [1, 1])],
            kind="RNNOptions")
    refused("sequence_rnn_state", Op.UNIDIRECTIONAL_SEQUENCE_RNN,
            [Tensor(F32, [1, 1, 2]), *cell()], [Tensor(F32, [1, 1, 1])],
            kind="SequenceRNNOptions")

    def both(*second):
        return dict(
            builtin=Op.BIDIRECTIONAL_SEQUENCE_RNN, kind="BidirectionalSequenceRNNOptions",
            outputs=[Tensor(F32, [1, 1, 1]), Tensor(F32, [1, 1, 1])],
            inputs=[
                Tensor(F32, [1, 1, 2]), *[*cell()[:3], variable(F32, 1, 1)],
                *[*cell()[:3], variable(F32, 1, 1)], *second,
            ],
        )

    weights = constant(F32, 1, 2)
    refused("both_rnn_types", **both(Tensor(F32, [1, 1, 2]), constant(I8, 1, 2), weights))

    def lstm(dtype=F32, sequence=False, count=20, change=(), scaled=True, between=5):
        """A layer of one cell: inputs by position."""
        is_short = dtype == I8
        scales = dict(scales=[1.0]) if is_short and scaled else {}
        bias = T.INT32 if is_short else F32
        inputs = [None] * count
        shape = [1, 1, 2] if sequence else [1, 2]
        inputs[0] = Tensor(dtype, shape, scales=[1.0] if is_short else None)
        for position in (1, 2, 3, 4):
            inputs[position] = constant(dtype, 1, 2)
        for position in (5, 6, 7, 8):
            inputs[position] = constant(dtype, 1, 1)
        for position in (12, 13, 14, 15):
            inputs[position] = constant(bias, 1)
        inputs[18] = variable(dtype, 1, 1, **scales)
        inputs[19] = variable(I16 if is_short else F32, 1, 1, **scales)
        for position, one in dict(change).items():
            inputs[position] = one
        output = Tensor(dtype, [*shape[:-1], 1], **scales)
        kind = "UnidirectionalSequenceLSTMOptions" if sequence else "LSTMOptions"
        builtin = Op.UNIDIRECTIONAL_SEQUENCE_LSTM if sequence else Op.LSTM
        middle = [Tensor(I16, [1]) for _ in range(between)] if is_short else []
        return dict(builtin=builtin, inputs=inputs, outputs=[output], intermediates=middle,
                    kind=kind)

    for sequence, name in [(False, "lstm"), (True, "sequence_lstm")]:
        accepted(name, **lstm(sequence=sequence))
        refused(f"{name}_weights", **lstm(sequence=sequence, change={2: constant(I8, 1, 2)}))
        refused(f"{name}_state", **lstm(sequence=sequence, change={19: variable(I8, 1, 1)}))
        refused(f"{name}_scale", **lstm(I8, sequence=sequence))
        refused(f"{name}_input", **lstm(
            sequence=sequence, change={0: Tensor(T.INT16, [1, 1, 2] if sequence else [1, 2])}
        ))
    hybrid = {position: constant(I8, 1, 2, scales=[1.0]) for position in (1, 2, 3, 4)}
    hybrid |= {position: constant(I8, 1, 1, scales=[1.0]) for position in (5, 7, 8)}
    refused("sequence_lstm_diagonal", **lstm(sequence=True, change=hybrid | {6: constant(I8, 1)}))
    basic = [
        Tensor(F32, [1, 2]), constant(F32, 1, 1), constant(F32, 4, 3), constant(F32, 4),
        variable(F32, 1, 1),
    ]
    outputs = [
        Tensor(F32, [1, 1]), Tensor(F32, [1, 1]), Tensor(F32, [1, 3]), Tensor(F32, [1, 4]),
    ]
    refused("basic_lstm_state", Op.LSTM, basic, outputs, kind="LSTMOptions", kernelType=1)

    def both_lstm(change):
        inputs = [None] * 48
        inputs[0] = Tensor(F32, [1, 1, 2])
        for first in (1, 18):
            for position in range(4):
                inputs[first + position] = constant(F32, 1, 2)
                inputs[first + 4 + position] = constant(F32, 1, 1)
                inputs[first + 11 + position] = constant(F32, 1)
        for position in (35, 36, 37, 38):
            inputs[position] = variable(F32, 1, 1)
        for position, one in change.items():
            inputs[position] = one
        return dict(
            builtin=Op.BIDIRECTIONAL_SEQUENCE_LSTM, inputs=inputs,
            outputs=[Tensor(F32, [1, 1, 1]), Tensor(F32, [1, 1, 1])],
            kind="BidirectionalSequenceLSTMOptions",
        )

    accepted("both_lstm", **both_lstm({}))
    refused("both_lstm_state", **both_lstm({37: variable(I8, 1, 1)}))
    second = {position: constant(F32, 1, 2) for position in range(40, 48)}
    refused("both_lstm_second_types", **both_lstm(
        second | {39: Tensor(F32, [1, 1, 2]), 42: constant(I8, 1, 2)}
    ))


for part in [convolutions, matrices, elements, recurrent]:
    part()
