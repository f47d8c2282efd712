"""Fields of the model, of tensors, operators, subgraphs and signatures."""

import copy

import numpy as np

from .build import Op, T, add, case, code, data, first, make, operator, pack, schema, tensor


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


@case(add)
def signature_subgraph(m):
    m.signatureDefs = [make(schema.SignatureDefT, signatureKey="f", subgraphIndex=1)]


@case(add)
def signature_tensor(m):
    entry = make(schema.TensorMapT, name="x", tensorIndex=3)
    m.signatureDefs = [make(schema.SignatureDefT, signatureKey="f", inputs=[entry])]
