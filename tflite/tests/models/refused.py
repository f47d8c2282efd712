#!/usr/bin/env python3
"""Makes models that contradict themselves, each in one way, into refused/.

    python3 -m venv venv && venv/bin/pip install -r requirements.txt
    venv/bin/python refused.py

They are well-formed FlatBuffers: what is wrong is what the fields say. accepted/ gets models that
look alike but are sound. The tests say how each one is refused.
"""

import copy
import os
import pathlib

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import flatbuffers
import numpy as np
from tensorflow.lite.python import schema_py_generated as schema

FOLDER = pathlib.Path(__file__).parent
T, Op = schema.TensorType, schema.BuiltinOperator
CASES = {"refused": {}, "accepted": {}}


def make(kind, **fields):
    table = kind()
    for name, value in fields.items():
        assert hasattr(table, name), name
        setattr(table, name, value)
    return table


def tensor(name, shape=(3,), dtype=T.FLOAT32, buffer=0, **fields):
    return make(
        schema.TensorT, name=name, shape=list(shape), type=dtype, buffer=buffer, **fields
    )


def data(values, dtype=np.float32):
    return make(schema.BufferT, data=np.asarray(values, dtype).reshape(-1).view(np.uint8))


def operator(inputs, outputs, code=0, kind=None, options=None, **fields):
    return make(
        schema.OperatorT,
        opcodeIndex=code,
        inputs=inputs,
        outputs=outputs,
        builtinOptionsType=getattr(schema.BuiltinOptions, kind) if kind else 0,
        builtinOptions=options,
        **fields,
    )


def code(builtin, custom=None):
    return make(
        schema.OperatorCodeT,
        builtinCode=builtin,
        deprecatedBuiltinCode=min(builtin, 127),
        version=1,
        customCode=custom,
    )


def graph(tensors, operators, inputs=(0,), outputs=(1,)):
    return make(
        schema.SubGraphT,
        name="main",
        tensors=tensors,
        operators=operators,
        inputs=list(inputs),
        outputs=list(outputs),
    )


def model(graphs, codes, *buffers, **fields):
    return make(
        schema.ModelT,
        version=3,
        subgraphs=graphs if isinstance(graphs, list) else [graphs],
        operatorCodes=codes,
        buffers=[make(schema.BufferT), *buffers],
        **fields,
    )


def add():
    """y = x + c"""
    tensors = [tensor("x"), tensor("y"), tensor("c", buffer=1)]
    step = operator([0, 2], [1], kind="AddOptions", options=schema.AddOptionsT())
    return model(graph(tensors, [step]), [code(Op.ADD)], data([1, 2, 3]))


def pack(parsed, tail=b""):
    builder = flatbuffers.Builder(1024)
    builder.Finish(parsed.Pack(builder), b"TFL3")
    return bytes(builder.Output()) + tail


def case(base, folder="refused"):
    """Changes a model; the function's name is the model's."""

    def register(change):
        parsed = base()
        CASES[folder][change.__name__] = change(parsed) or pack(parsed)

    return register


def first(parsed):
    return parsed.subgraphs[0]


def unary(builtin, source, target, *buffers, kind=None, options=None, extra=(), inputs=(0,)):
    """One operator that reads tensor 0 and writes tensor 1."""
    reads = [0, *range(2, 2 + len(extra))]
    step = operator(reads, [1], kind=kind, options=options)
    return model(graph([source, target, *extra], [step], inputs), [code(builtin)], *buffers)




@case(add, "accepted")
def plain(m):
    pass


@case(add)
def version(m):
    m.version = 2


@case(add)
def no_subgraphs(m):
    m.subgraphs = []


@case(add)
def no_tensors(m):
    first(m).tensors = None


@case(add)
def no_buffers(m):
    m.buffers = None


@case(add)
def buffer_index(m):
    first(m).tensors[2].buffer = 2


@case(add)
def metadata_buffer(m):
    m.metadata = [make(schema.MetadataT, name="notes", buffer=9)]


@case(add)
def constant_short(m):
    m.buffers[1] = data([1, 2])


@case(add)
def constant_long(m):
    m.buffers[1] = data([1, 2, 3, 4])


@case(add)
def constant_type(m):
    first(m).tensors[2].type = T.INT64


@case(add)
def constant_variant(m):
    first(m).tensors[2].type = T.VARIANT


@case(add)
def type_unknown(m):
    first(m).tensors[0].type = 21


@case(add)
def dimension_negative(m):
    first(m).tensors[0].shape = [1, -3]


@case(add)
def shape_overflow(m):
    first(m).tensors[0].shape = [65536, 65536]


@case(add)
def shape_overflow_behind_zero(m):
    first(m).tensors[0].shape = [0, 65536, 65536]


@case(add)
def rank(m):
    first(m).tensors[0].shape = [1] * 255


@case(add)
def signature_rank(m):
    first(m).tensors[0].shapeSignature = [-1, 3]


@case(add)
def signature_range(m):
    first(m).tensors[0].shapeSignature = [-2]


@case(add)
def variable_with_data(m):
    first(m).tensors[2].isVariable = True


def outside(m, offset, size, tail=bytes(64)):
    m.buffers[1] = make(schema.BufferT, offset=offset, size=size)
    return pack(m, tail)


@case(add)
def offset_wraps(m):
    return outside(m, 2**64 - 4, 12)


@case(add)
def offset_behind_the_end(m):
    return outside(m, 1 << 20, 12)


@case(add)
def offset_unaligned(m):
    return outside(m, len(pack(m)) + 1, 12)


@case(add)
def offset_size(m):
    return outside(m, 64, 8)


@case(add, "accepted")
def offset(m):
    length = len(outside(m, 1 << 20, 12, b""))
    start = (length + 15) // 16 * 16
    return outside(m, start, 12, bytes(start - length) + np.float32([1, 2, 3]).tobytes())


@case(add)
def operator_code(m):
    first(m).operators[0].opcodeIndex = 1


@case(add)
def custom_without_name(m):
    m.operatorCodes = [code(Op.CUSTOM)]


@case(add)
def custom_options_wrap(m):
    m.operatorCodes = [code(Op.CUSTOM, "Mine")]
    step = operator([0, 2], [1], largeCustomOptionsOffset=2**63, largeCustomOptionsSize=2**63)
    first(m).operators = [step]


@case(add)
def operator_input(m):
    first(m).operators[0].inputs = [0, 3]


@case(add)
def operator_output(m):
    first(m).operators[0].outputs = [-1]


@case(add)
def operator_intermediate(m):
    first(m).operators[0].intermediates = [7]


@case(add)
def input_left_out(m):
    first(m).operators[0].inputs = [-1, 2]


@case(add)
def subgraph_input(m):
    first(m).inputs = [-2]


@case(add)
def subgraph_output(m):
    first(m).outputs = [-1]


@case(add)
def not_computed(m):
    first(m).inputs = []


@case(add)
def output_not_computed(m):
    first(m).operators = []


@case(add)
def external(m):
    first(m).tensors[2].buffer = 0
    first(m).tensors[2].externalBuffer = 1
    m.externalBuffers = [make(schema.ExternalBufferT, id=1, length=12)]
    m.externalBufferGroups = [make(schema.ExternalBufferGroupT, name="file")]


@case(add)
def output_is_constant(m):
    first(m).operators[0].outputs = [2]
    first(m).operators[0].inputs = [0, 0]


@case(add)
def output_is_input(m):
    first(m).operators[0].outputs = [0]


@case(add)
def output_is_variable(m):
    first(m).tensors[1].isVariable = True


@case(add)
def computed_twice(m):
    first(m).operators.append(copy.deepcopy(first(m).operators[0]))


@case(add, "accepted")
def empty_without_data(m):
    first(m).tensors.append(tensor("axes", [0], T.INT32))
    m.operatorCodes.append(code(Op.SUM))
    first(m).tensors.append(tensor("z"))
    options = make(schema.ReducerOptionsT, keepDims=True)
    step = operator([1, 3], [4], code=1, kind="ReducerOptions", options=options)
    first(m).operators.append(step)
    first(m).outputs = [4]


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


CASES["accepted"]["sparse"] = sparse()
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
    "sparse_read": sparse(builtin=Op.NEG),
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


CASES["accepted"]["calls"] = pack(calls(1, 1))
CASES["refused"] |= {
    "call_index": pack(calls(3, 1)),
    "call_negative": pack(calls(-1, 1)),
    "call_itself": pack(calls(0, 1)),
    "call_circle": pack(calls(2, 0)),
    "call_without_options": pack(calls(1, 1, builtin=Op.WHILE)),
}


@case(lambda: calls(1, 1))
def call_with_input_left_out(m):
    m.subgraphs[1].inputs = [-1]
    m.subgraphs[1].operators[0].inputs = [1, 1]
    m.subgraphs[1].tensors[1] = tensor("y", buffer=1)
    m.subgraphs[1].operators = []
    m.buffers.append(data([1, 2, 3]))


CASES["refused"] |= {
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


@case(add)
def signature_subgraph(m):
    m.signatureDefs = [make(schema.SignatureDefT, signatureKey="f", subgraphIndex=1)]


@case(add)
def signature_tensor(m):
    entry = make(schema.TensorMapT, name="x", tensorIndex=3)
    m.signatureDefs = [make(schema.SignatureDefT, signatureKey="f", inputs=[entry])]


for folder, models in CASES.items():
    (FOLDER / folder).mkdir(exist_ok=True)
    for old in (FOLDER / folder).glob("*.tflite"):
        old.unlink()
    for name, content in models.items():
        (FOLDER / folder / f"{name}.tflite").write_bytes(content)
    print(f"{folder}: {len(models)} models, {sum(map(len, models.values()))} bytes")
