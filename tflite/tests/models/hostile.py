#!/usr/bin/env python3
"""Makes models of one operator each, with values that its kernel must not be given.

    venv/bin/python hostile.py

writes hostile/*.tflite and hostile/cases.json beside this file; requirements.txt says what it
needs. What good values give is what the official Python runtime computes. Bad values come with the
words that the error must have; the same values as constants of the model are tried, too.
"""

import json

import numpy as np

from cases.build import Op, T, code, data, graph, make, model, operator, pack, schema, tensor
from cases.networks import networks
from cases.values import (
    CASES, FOLDER, INT_MAX, INT_MIN, LONG_MIN, NUMPY, Tensor, case, counted, given, refused, result, run, scaled,
)


def nothing_left():
    """A pool of what a slice leaves, which may be nothing."""
    tensors = [
        tensor("x", [1, 4, 4, 1]), tensor("begin", [4], T.INT32), tensor("size", [4], T.INT32),
        tensor("part", [1, 1, 1, 1], shapeSignature=[1, -1, -1, 1]),
        tensor("y", [1, 1, 1, 1], shapeSignature=[1, -1, -1, 1]),
    ]
    pool = make(schema.Pool2DOptionsT, strideW=1, strideH=1, filterWidth=1, filterHeight=1)
    steps = [
        operator([0, 1, 2], [3], kind="SliceOptions", options=make(schema.SliceOptionsT)),
        operator([3], [4], code=1, kind="Pool2DOptions", options=pool),
    ]
    whole = graph(tensors, steps, [0, 1, 2], [4])
    content = pack(model(whole, [code(Op.SLICE), code(Op.MAX_POOL_2D)]))
    (FOLDER / "nothing_left.tflite").write_bytes(content)
    picture, begin = list(range(16)), [0, 1, 0, 0]
    good = [picture, begin, [1, 2, 4, 1]]
    outputs = run(content, [], good)
    words = "MAX_POOL_2D: input 0 has no elements"
    CASES.append({
        "model": "nothing_left", "good": [{"inputs": good, "outputs": outputs}],
        "bad": [{"inputs": [picture, begin, [1, 0, 4, 1]], "words": words}], "constant": [],
    })


def condition():
    """A loop that adds 5 to its variable until 10 is reached, and then keeps so many elements of it
    as it is told: without one, there is no condition."""
    def variables(name):
        return [tensor(f"{name}_x", [1], T.INT32, shapeSignature=[-1]),
                tensor(f"{name}_size", [1], T.INT32)]

    def slice_of(inputs, output):
        options = make(schema.SliceOptionsT)
        return operator(inputs, output, code=3, kind="SliceOptions", options=options)

    loop = make(schema.WhileOptionsT, condSubgraphIndex=1, bodySubgraphIndex=2)
    main = graph(
        variables("in") + variables("out"),
        [operator([0, 1], [2, 3], kind="WhileOptions", options=loop)], [0, 1], [2, 3],
    )
    below = graph(
        [*variables("cond"), tensor("ten", [], T.INT32, 1),
         tensor("go_on", [1], T.BOOL, shapeSignature=[-1])],
        [operator([0, 2], [3], code=1, kind="LessOptions", options=make(schema.LessOptionsT))],
        [0, 1], [3],
    )
    body = graph(
        [*variables("body"), tensor("five", [], T.INT32, 2),
         tensor("sum", [1], T.INT32, shapeSignature=[-1]), tensor("begin", [1], T.INT32, 3),
         tensor("rest", [1], T.INT32, shapeSignature=[-1])],
        [operator([0, 2], [3], code=2, kind="AddOptions", options=make(schema.AddOptionsT)),
         slice_of([3, 4, 1], [5])],
        [0, 1], [5, 1],
    )
    codes = [code(Op.WHILE), code(Op.LESS), code(Op.ADD), code(Op.SLICE)]
    buffers = [data([number], np.int32) for number in (10, 5, 0)]
    content = pack(model([main, below, body], codes, *buffers))
    (FOLDER / "condition.tflite").write_bytes(content)
    good = [[3], [1]]
    CASES.append({
        "model": "condition", "good": [{"inputs": good, "outputs": run(content, [], good)}],
        "bad": [{"inputs": [[3], [0]], "words": "cond_output->dims->data[0] != 1 (0 != 1)"}],
        "constant": [],
    })


def slices():
    case(
        Op.REVERSE_SEQUENCE, [counted(2, 4, 3), given(2)], [result(2, 4, 3)],
        kind="ReverseSequenceOptions", options={"seqDim": 1, "batchDim": 0},
        good=[[[0, 4]], [[3, 1]]],
        bad=[([2, 9], "REVERSE_SEQUENCE: length 9 of batch 1 is not within 0..=4"),
             ([-1, 2], "length -1 of batch 0"), ([INT_MIN, 2], "length -2147483648 of batch 0")],
    )
    case(
        Op.SLICE, [counted(3, 4), given(2), given(2)], [result(-1, -1)], kind="SliceOptions",
        good=[[[0, 0], [3, 4]], [[3, 1], [-1, 3]], [[2, 3], [1, 1]]],
        bad=[([-1, 0], [1, 1], "SLICE: begin -1 of axis 0 is not within 0..=3"),
             ([0, 5], [-1, -1], "begin 5 of axis 1 is not within 0..=4"),
             ([0, 2], [3, 3], "size 3 of axis 1 is not within 0..=2"),
             ([INT_MAX, 0], [INT_MAX, 1], "begin 2147483647 of axis 0")],
    )
    case(
        Op.SLICE, [counted(3, 4), given(2), given(2)], [result(1, 2)], kind="SliceOptions",
        name="slice_given_shape", constants=False, good=[[[2, 1], [1, 2]]],
        bad=[([0, 0], [3, 4], "size 3 of axis 0 is not that of the output, 1")],
    )
    case(
        Op.STRIDED_SLICE, [counted(5), given(1), given(1), given(1)], [result(-1)],
        kind="StridedSliceOptions",
        good=[[[0], [5], [2]], [[-1], [-6], [-1]], [[9], [0], [1]]],
        bad=[([0], [5], [0], "STRIDED_SLICE: stride 0 of position 0"),
             ([2], [5], [INT_MAX], "stride 2147483647 of position 0")],
    )
    many = given(5)
    refused(
        "strided_slice_axes", Op.STRIDED_SLICE, [given(2, 3), many, many, many],
        [result(1, 1, 1, 2, 3)], "STRIDED_SLICE: 2 axes and 5 new ones are more than 5",
        kind="StridedSliceOptions", options={"newAxisMask": 0b11111},
    )
    case(
        Op.PAD, [counted(2, 3), given(2, 2)], [result(-1, -1)], kind="PadOptions",
        good=[[[0, 0, 0, 0]], [[1, 0, 2, 1]]],
        bad=[([-1, 0, 0, 0], "PAD: padding -1 and 0 of axis 0"),
             ([INT_MAX, INT_MAX, 0, 0], "padding 2147483647 and 2147483647 of axis 0")],
    )
    case(
        Op.MIRROR_PAD, [counted(2, 3), given(2, 2)], [result(-1, -1)], kind="MirrorPadOptions",
        options={"mode": 0}, good=[[[1, 1, 2, 2]], [[0, 0, 0, 0]]],
        bad=[([2, 0, 0, 0], "MIRROR_PAD: padding 2 of axis 0 is not within 0..=1"),
             ([0, 0, 0, 1000000], "padding 1000000 of axis 1 is not within 0..=2"),
             ([0, -1, 0, 0], "padding -1 of axis 0")],
    )
    case(
        Op.TRANSPOSE, [counted(2, 3, 4), given(3)], [result(-1, -1, -1)], kind="TransposeOptions",
        good=[[[2, 0, 1]], [[-1, -3, -2]]],
        bad=[([0, 0, 1], "TRANSPOSE: axis 0 is there twice"), ([0, -3, 1], "axis 0 is there twice"),
             ([0, 1, 3], "axis 3 is not within -3..=2")],
    )
    case(
        Op.SPLIT, [given(1), counted(4, 2)], [result(-1, -1), result(-1, -1)], kind="SplitOptions",
        options={"numSplits": 2}, good=[[[0]], [[-1]]],
        bad=[([2], "SPLIT: axis 2 is not within -2..=1"), ([-3], "axis -3")],
    )
    case(
        Op.SPLIT_V, [counted(4), given(2), given(1)], [result(-1), result(-1)],
        kind="SplitVOptions", options={"numSplits": 2}, good=[[[4, 0], [0]], [[-1, 1], [-1]]],
        bad=[([6, -2], [0], "SPLIT_V: size 6 of part 0 is not within 0..=4"),
             ([2, 2], [1], "axis 1 is not within -1..=0")],
    )
    case(
        Op.BATCH_TO_SPACE_ND, [counted(4, 1, 1, 1), given(2), given(2, 2)], [result(-1, -1, -1, 1)],
        kind="BatchToSpaceNDOptions", good=[[[2, 2], [0, 0, 0, 0]], [[1, 4], [0, 0, 1, 3]]],
        bad=[([-2, -2], [0, 0, 0, 0], "BATCH_TO_SPACE_ND: block size -2 of axis 1"),
             ([2, 2], [3, 0, 0, 0], "axis 1 would have the length -1")],
    )
    case(
        Op.SPACE_TO_BATCH_ND, [counted(1, 2, 2, 1), given(2), given(2, 2)],
        [result(-1, -1, -1, 1)], kind="SpaceToBatchNDOptions",
        good=[[[2, 2], [0, 0, 0, 0]], [[1, 4], [0, 0, 1, 1]]],
        bad=[([0, 2], [0, 0, 0, 0], "SPACE_TO_BATCH_ND: block size 0 of axis 1"),
             ([1, 1], [-1, 0, 0, 0], "-1 at an edge of axis 1"),
             ([1, 1], [INT_MAX, INT_MAX, 0, 0], "axis 1 would have the length 4294967296")],
    )
    refused(
        "reverse_no_axes", Op.REVERSE_V2, [given(2, 3, dtype=T.FLOAT32), given(0)],
        [result(2, 3)], "REVERSE_V2: there are no axes", kind="ReverseV2Options",
    )


def sizes():
    case(
        Op.TILE, [counted(2, 3), given(2)], [result(-1, -1)], kind="TileOptions",
        good=[[[1, 2]], [[0, 5]]],
        bad=[([-1, 1], "TILE: multiple -1 of axis 0"), ([-1, -1], "multiple -1 of axis 0"),
             ([2**30 + 1, 1], "multiple 1073741825 of axis 0 is not within 0..=1073741823"),
             ([2**20, 2**20], "more than 2147483647 elements")],
    )
    case(
        Op.FILL, [given(2), Tensor([], T.FLOAT32, [7])], [result(-1, -1)], kind="FillOptions",
        good=[[[2, 3]], [[0, 3]]],
        bad=[([-1, -1], "FILL: length -1 of axis 0"), ([2**16, 2**16], "more than 2147483647"),
             ([0, INT_MIN], "length -2147483648 of axis 1")],
    )
    case(
        Op.BROADCAST_TO, [counted(1, 3), given(2)], [result(-1, -1)], version=2,
        kind="BroadcastToOptions", good=[[[4, 3]], [[1, 3]]],
        bad=[([0, 3], "BROADCAST_TO: length 0 of axis 0 is not within 1.."),
             ([-1, 3], "length -1 of axis 0"), ([2**30, 3], "more than 2147483647 elements")],
    )
    for builtin, kind in [
        (Op.RESIZE_BILINEAR, "ResizeBilinearOptions"),
        (Op.RESIZE_NEAREST_NEIGHBOR, "ResizeNearestNeighborOptions"),
    ]:
        case(
            builtin, [counted(1, 2, 2, 1), given(2)], [result(1, -1, -1, 1)], kind=kind,
            good=[[[1, 1]], [[4, 3]]],
            bad=[([0, 2], ": length 0 of axis 0 is not within 1.."),
                 ([-1, -1], ": length -1 of axis 0"),
                 ([2**16, 2**16], "more than 2147483647 elements")],
        )
    case(
        Op.BROADCAST_ARGS, [given(2), given(2)], [result(2, dtype=T.INT32)],
        good=[[[2, 1], [1, 3]], [[2, 3], [2, 3]]],
        bad=[([2, 3], [2, 4], "BROADCAST_ARGS: the lengths 3 and 4 do not fit")],
    )
    case(
        Op.RANGE, [given(), given(), given()], [result(-1, dtype=T.INT32)], kind="RangeOptions",
        good=[[0, 5, 2], [5, 5, 1], [3, -3, -1]],
        bad=[(0, 5, 0, "RANGE: from 0 to 5 by 0"), (0, 5, -1, "from 0 to 5 by -1"),
             (INT_MIN, INT_MAX, 1, "are not within 0..=2147483647 steps")],
    )
    case(
        Op.RANGE, [given(dtype=T.FLOAT32) for _ in range(3)], [result(-1)], kind="RangeOptions",
        name="range_float", good=[[0, 1, 0.25]],
        bad=[(0, 1e30, 1e-30, "RANGE: from 0 to 1e+30 by 1e-30")],
    )
    case(
        Op.RESHAPE, [counted(6), given(2)], [result(-1, -1)], kind="ReshapeOptions",
        good=[[[2, 3]], [[-1, 6]]], constants=False,
        bad=[([-2, -3], "RESHAPE: length -2 of axis 0"), ([-1, -1], "2 lengths are unknown"),
             ([2**16, 2**16], "more than 2147483647 elements")],
    )
    case(
        Op.RESHAPE, [counted(6), given(5)], [result(-1, -1, -1, -1, -1)], kind="ReshapeOptions",
        name="reshape_wraps",
        bad=[([2**16] * 4 + [-1], "RESHAPE: the output would have more than 2147483647 elements")],
    )
    case(
        Op.TRANSPOSE_CONV, [given(4), counted(1, 2, 2, 1), counted(1, 2, 2, 1)],
        [result(1, -1, -1, 1)], kind="TransposeConvOptions",
        options={"padding": 1, "strideW": 2, "strideH": 2}, good=[[[1, 4, 4, 1]]],
        bad=[([1, 400, 400, 1], "TRANSPOSE_CONV: the output shape [1, 400, 400, 1]"),
             ([1, 4, 4, 7], "the output shape [1, 4, 4, 7]")],
    )
    case(
        Op.RANDOM_UNIFORM, [given(2)], [result(-1, -1)], kind="RandomOptions",
        bad=[([-1, -1], "RANDOM_UNIFORM: length -1 of axis 0"), ([2**16, 2**16], "more than")],
    )
    case(
        Op.NON_MAX_SUPPRESSION_V4,
        [counted(2, 4), counted(2), given(), Tensor([], T.FLOAT32, [0.5]),
         Tensor([], T.FLOAT32, [0.0])],
        [result(-1, dtype=T.INT32), result(dtype=T.INT32)], good=[[2], [0]],
        kind="NonMaxSuppressionV4Options",
        bad=[(-1, "NON_MAX_SUPPRESSION_V4: -1 boxes at most")],
    )
    case(
        Op.DILATE, [counted(2, 2), given(2), Tensor([], T.FLOAT32, [9])], [result(-1, -1)],
        good=[[[2, 1]], [[1, 1]]],
        bad=[([0, 1], "DILATE: dilation 0 of axis 0"), ([2**28, 2**28], "too large")],
    )


def indices():
    case(
        Op.SCATTER_ND, [given(2, 1), counted(2, 3), given(2)], [result(-1, -1)],
        kind="ScatterNdOptions", good=[[[3, 0], [4, 3]]],
        bad=[([4, 0], [4, 3], "SCATTER_ND: index 4 of axis 0 is not within 0..=3"),
             ([-1, 0], [4, 3], "index -1 of axis 0"), ([0, 0], [0, 3], "length 0 of axis 0"),
             ([715827883, 0], [4, 3], "index 715827883 of axis 0")],
    )
    case(
        Op.SPARSE_TO_DENSE,
        [given(2, 2), given(2), counted(2), Tensor([], T.FLOAT32, [0])], [result(-1, -1)],
        kind="SparseToDenseOptions", good=[[[0, 0, 2, 3], [3, 4]]],
        bad=[([0, 0, 3, 0], [3, 4], "SPARSE_TO_DENSE: index 3 of axis 0 is not within 0..=2"),
             ([0, -1, 0, 0], [3, 4], "index -1 of axis 1")],
    )
    case(
        Op.EMBEDDING_LOOKUP_SPARSE,
        [Tensor([2], T.INT32, [0, 1]), given(2, 2), given(2), Tensor([2], T.FLOAT32, [1, 2]),
         counted(3, 2)],
        [result(-1, -1)], kind="EmbeddingLookupSparseOptions", options={"combiner": 1},
        good=[[[0, 0, 1, 0], [2, 1]]],
        bad=[([0, 0, 5, 0], [2, 1],
              "EMBEDDING_LOOKUP_SPARSE: index 5 of axis 0 is not within 0..=1"),
             ([-7, 0, 1, 0], [2, 1], "index -7 of axis 0")],
        constants=False,
    )
    for builtin, kind in [(Op.ARG_MAX, "ArgMaxOptions"), (Op.ARG_MIN, "ArgMinOptions")]:
        case(
            builtin, [counted(2, 3), given()], [result(-1, dtype=T.INT32)], kind=kind,
            options={"outputType": T.INT32}, good=[[0], [-1]], constants=False,
            bad=[(2, ": axis 2 is not within -2..=1"), (-3, ": axis -3")],
        )
    for builtin in [
        Op.MEAN, Op.SUM, Op.REDUCE_PROD, Op.REDUCE_MAX, Op.REDUCE_MIN,
    ]:
        case(
            builtin, [counted(2, 3), given(1)], [result(-1)], kind="ReducerOptions",
            good=[[[0]], [[-1]]], bad=[([2], ": axis 2 is not within -2..=1"), ([-3], ": axis -3")],
        )
    floats = given(4, dtype=T.FLOAT32)
    refused(
        "multinomial_count", Op.MULTINOMIAL, [given(1, 3, dtype=T.FLOAT32), given(1)],
        [result(1, 2, dtype=T.INT64)], "MULTINOMIAL: input 1 has 1 dimensions instead of 0",
        kind="RandomOptions",
    )
    refused(
        "cumsum_type", Op.CUMSUM, [given(4, dtype=T.INT64), given()], [result(4, dtype=T.INT32)],
        "CUMSUM: the output's type INT32 is not the input's, INT64", kind="CumsumOptions",
    )
    refused(
        "unique_type", Op.UNIQUE, [given(4, dtype=T.INT64)],
        [result(-1, dtype=T.INT32), result(4, dtype=T.INT32)], "UNIQUE: output 0 has the type INT32",
        kind="UniqueOptions", options={"idxOutType": T.INT32},
    )
    refused(
        "matrix_set_diag_short", Op.MATRIX_SET_DIAG,
        [given(2, 3, dtype=T.FLOAT32), given(1, dtype=T.FLOAT32)], [result(2, 3)],
        "MATRIX_SET_DIAG: the diagonal has 1 elements instead of 2", kind="MatrixSetDiagOptions",
    )
    refused(
        "embedding_lookup_types", Op.EMBEDDING_LOOKUP, [given(1), given(2, 3, dtype=T.INT64)],
        [result(1, 3, dtype=T.INT8)], "EMBEDDING_LOOKUP: a table of INT64, but an output of INT8",
    )
    refused(
        "lsh_projection_type", Op.LSH_PROJECTION, [given(2, 2, dtype=T.INT8), given(2)],
        [result(4, dtype=T.INT32)], "LSH_PROJECTION: input 0 has the type INT8",
        kind="LSHProjectionOptions", options={"type": 2},
    )
    refused(
        "concatenation_scalars", Op.CONCATENATION, [given(dtype=T.FLOAT32)] * 2, [result(2)],
        "CONCATENATION: input 0 has no dimensions", kind="ConcatenationOptions",
    )
    refused(
        "one_hot_depth", Op.ONE_HOT, [given(2), given(dtype=T.INT8), given(dtype=T.FLOAT32),
                                      given(dtype=T.FLOAT32)],
        [result(-1, -1)], "ONE_HOT: input 1 has the type INT8", kind="OneHotOptions",
    )
    refused(
        "local_response_radius", Op.LOCAL_RESPONSE_NORMALIZATION,
        [given(1, 1, 1, 4, dtype=T.FLOAT32)], [result(1, 1, 1, 4)],
        "LOCAL_RESPONSE_NORMALIZATION: radius -9", kind="LocalResponseNormalizationOptions",
        options={"radius": -9},
    )
    refused(
        "segment_sum_scalar", Op.SEGMENT_SUM, [floats, given()], [result(-1)],
        "SEGMENT_SUM: input 1 has 0 dimensions instead of 1", kind="SegmentSumOptions",
    )


def arithmetic():
    integers = Tensor([2, 2], T.INT32)
    for builtin, kind in [
        (Op.DIV, "DivOptions"), (Op.FLOOR_DIV, "FloorDivOptions"), (Op.FLOOR_MOD, "FloorModOptions")
    ]:
        case(
            builtin, [integers, Tensor([2], T.INT32)], [Tensor([2, 2], T.INT32)], kind=kind,
            good=[[[INT_MIN, 7, 5, INT_MIN + 1], [1, -1]], [[-7, 7, 5, -5], [2, -2]]],
            bad=[([1, INT_MIN, 1, 1], [1, -1],
                  ": element 1: -2147483648 divided by -1 is more than the type can hold")],
            constants=False,
        )
    case(
        Op.FLOOR_MOD, [Tensor([2], T.INT64), Tensor([2], T.INT64)], [Tensor([2], T.INT64)],
        kind="FloorModOptions", name="floor_mod_int64", constants=False, version=1,
        good=[[[LONG_MIN, 7], [1, -1]]],
        bad=[([1, LONG_MIN], [1, -1],
              "FLOOR_MOD: element 1: -9223372036854775808 divided by -1")],
    )


def ranks():
    """Shapes that the runtime computes, which the verifier cannot know."""
    for name, builtin, kind, extra, words in [
        ("matmul_rank", Op.BATCH_MATMUL, "BatchMatMulOptions", [counted(2, 2)],
         "BATCH_MATMUL: input 0 has 1 dimensions, not 2 or more"),
        ("conv_groups", Op.CONV_2D, "Conv2DOptions", [counted(3, 1, 1, 2), counted(3)],
         "CONV_2D: 2 groups do not divide 3 output channels"),
        ("conv_groups_scale", Op.CONV_2D, "Conv2DOptions",
         [scaled(counted(2, 1, 1, 2, dtype=T.INT8)), counted(2)],
         "CONV_2D: 2 groups of a filter without scales of its own for each output channel"),
    ]:
        is_conv = builtin == Op.CONV_2D
        shape = [1, 1, 1, 4] if is_conv else [4]
        strides = {"strideW": 1, "strideH": 1} if is_conv else {}
        options = make(getattr(schema, f"{kind}T"), **strides)
        # What the file says of shapes that are computed, which need not be true.
        rank = 4 if is_conv else 2
        stated = {"shape": [1, 1, 1, 2] if is_conv else [2, 2], "shapeSignature": [-1] * rank}
        tensors = [
            tensor("x", [4]), tensor("shape", [len(shape)], T.INT32, 1), tensor("other", **stated),
        ]
        buffers = [data(shape, np.int32)]
        for number, one in enumerate(extra):
            buffers.append(data(one.constant, NUMPY[one.dtype]))
            tensors.append(
                tensor(f"c{number}", one.shape, one.dtype, buffer=len(buffers), **one.fields)
            )
        tensors.append(tensor("y", **stated))
        inputs, output = [2, *range(3, 3 + len(extra))], 3 + len(extra)
        steps = [
            operator([0, 1], [2], kind="ReshapeOptions", options=make(schema.ReshapeOptionsT)),
            operator(inputs, [output], code=1, kind=kind, options=options),
        ]
        whole = graph(tensors, steps, [0], [output])
        content = pack(model(whole, [code(Op.RESHAPE), code(builtin)], *buffers))
        (FOLDER / f"{name}.tflite").write_bytes(content)
        constant = [{"model": name, "words": words}]
        CASES.append({"model": None, "good": [], "bad": [], "constant": constant})


def stablehlo():
    refused(
        "shift_left_shapes", Op.STABLEHLO_SHIFT_LEFT, [given(4), given(1)],
        [result(4, dtype=T.INT32)], "STABLEHLO_SHIFT_LEFT: the inputs have different shapes",
    )
    refused(
        "stablehlo_add_type", Op.STABLEHLO_ADD, [given(4), given(4)], [result(4, dtype=T.INT8)],
        "STABLEHLO_ADD: the output's type INT8 is not the input's, INT32",
    )


def unequal():
    """Lengths that kernels do not compare."""
    refused(
        "dense_rows", Op.FULLY_CONNECTED, [given(6, dtype=T.FLOAT32), counted(2, 4), None],
        [result(1, 2)], "FULLY_CONNECTED: the input is not made of rows of 4 elements",
        kind="FullyConnectedOptions",
    )
    refused(
        "dense_workspace", Op.FULLY_CONNECTED,
        [scaled(given(1, 16, dtype=T.UINT8)), scaled(Tensor([4, 16], T.UINT8, [1] * 64)),
         Tensor([4], T.INT32, [0] * 4)],
        [scaled(result(1, 4, dtype=T.INT16)), result(1, 4, dtype=T.UINT8)],
        "FULLY_CONNECTED: the workspace is smaller than the input",
        kind="FullyConnectedOptions", options={"weightsFormat": 1}, version=2,
    )
    refused(
        "transposed_channels", Op.CONV_3D_TRANSPOSE,
        [Tensor([5], T.INT32, [1, 1, 1, 1, 4]), counted(1, 1, 1, 2, 1), given(1, 1, 1, 1, 1, dtype=T.FLOAT32)],
        [result(1, 1, 1, 1, 4)], "CONV_3D_TRANSPOSE: 4 output channels of 2 filters",
        kind="Conv3DOptions",
        options={"strideD": 1, "strideH": 1, "strideW": 1, "dilationDFactor": 1, "dilationHFactor": 1, "dilationWFactor": 1},
    )
    refused(
        "select_scalars", Op.SELECT, [given(2, dtype=T.BOOL), given(), given()],
        [result(2, dtype=T.INT32)], "SELECT: a condition with dimensions chooses between scalars",
        kind="SelectOptions",
    )
    for name, builtin, kind in [
        ("log_softmax_rows", Op.LOG_SOFTMAX, "LogSoftmaxOptions"),
        ("softmax_rows", Op.SOFTMAX, "SoftmaxOptions"),
    ]:
        refused(name, builtin, [given(2, 0, dtype=T.FLOAT32)], [result(2, 0)], "rows without elements", kind=kind)
    # Nobody needs such a product of constants.
    zeros = np.zeros(46341, np.int8)
    many = [Tensor([46341, 1], T.INT8, zeros), Tensor([1, 46341], T.INT8, zeros)]
    refused(
        "product_of_constants", Op.MUL, many, [scaled(result(1, 1, dtype=T.INT8))],
        "MUL: the output would have more than 2147483647 elements", kind="MulOptions",
    )
    refused(
        "product_of_shapes", Op.MUL, [scaled(given(4, dtype=T.INT16)), scaled(given(1, dtype=T.INT16))],
        [scaled(result(4, dtype=T.INT8))], "MUL: different shapes of 16-bit inputs of an 8-bit output",
        kind="MulOptions",
    )
    refused(
        "depthwise_16_bits", Op.DEPTHWISE_CONV_2D,
        [scaled(given(1, 1, 1, 1, dtype=T.INT16)), scaled(Tensor([1, 1, 1, 3], T.INT8, [1, 2, 3])),
         Tensor([3], T.INT64, [0, 0, 0])],
        [scaled(result(1, 1, 1, 100, dtype=T.INT16))],
        "DEPTHWISE_CONV_2D: 100 times 1 channels are not those of the filter, 3",
        kind="DepthwiseConv2DOptions", options={"strideH": 1, "strideW": 1, "depthMultiplier": 100},
    )
    refused(
        "scales_of_slices", Op.QUANTIZE, [given(1000, dtype=T.FLOAT32)],
        [scaled(result(2, dtype=T.INT8), 2)], "QUANTIZE: 2 scales do not fit axis 0 of the input",
        kind="QuantizeOptions",
    )
    case(
        Op.STABLEHLO_ADD, [given(0), given(0)], [result(0, dtype=T.INT32)], constants=False,
        bad=[([], [], "STABLEHLO_ADD: input 0 has no elements")],
    )


def variables():
    """An integer that says which variable is read, and no variable."""
    case(
        Op.READ_VARIABLE, [given(1)], [result(3)], kind="ReadVariableOptions", constants=False,
        bad=[([0], "READ_VARIABLE: the resource 0 is no variable that was set"),
             ([-1], "the resource -1 is no variable")],
    )


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for old in FOLDER.iterdir():
        old.unlink()
    for part in [slices, sizes, indices, arithmetic, nothing_left, condition, ranks, unequal, networks, stablehlo, variables]:
        part()
    text = json.dumps(CASES, indent=1)
    (FOLDER / "cases.json").write_text(text + "\n")
    total = sum(path.stat().st_size for path in FOLDER.iterdir())
    print(f"{len(CASES)} cases, {total} bytes")
