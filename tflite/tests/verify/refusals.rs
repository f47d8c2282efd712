//! Why the models in `refused/` are refused.

/// What each model is refused for, by the name of its file.
pub(crate) const REFUSALS: &[(&str, &str)] = &[
    (
        "bool_two",
        "tensor 0 \"x\" of subgraph 0: a boolean is neither 0 nor 1: 2, not 1",
    ),
    (
        "buffer_index",
        "tensor 2 \"c\" of subgraph 0: buffer refers to 2, but there are only 2",
    ),
    (
        "call_circle",
        "operator 0 (IF) of subgraph 2: subgraphs call each other in a circle, or more than 64 deep",
    ),
    (
        "call_index",
        "operator 0 (IF) of subgraph 0: then_subgraph_index refers to 3, but there are only 3",
    ),
    (
        "call_input_count",
        "operator 0 (IF) of subgraph 0: it calls a subgraph with another number of inputs or outputs",
    ),
    (
        "call_itself",
        "operator 0 (IF) of subgraph 0: subgraphs call each other in a circle, or more than 64 deep",
    ),
    (
        "call_negative",
        "operator 0 (IF) of subgraph 0: then_subgraph_index refers to -1, but there are only 3",
    ),
    (
        "split_outputs",
        "operator 0 (SPLIT) of subgraph 0: num_splits: 2, not 1",
    ),
    (
        "pool_stride",
        "operator 0 (MAX_POOL_2D) of subgraph 0: stride_h is 0, not 1 to 2147483647",
    ),
    (
        "conv_groups",
        "operator 0 (CONV_2D) of subgraph 0: the groups of the convolution do not divide its output channels: 5, not 4",
    ),
    (
        "conv_options",
        "operator 0 (CONV_2D) of subgraph 0: builtin_options is missing",
    ),
    (
        "scale_missing",
        "operator 0 (ADD) of subgraph 0: the kernel cannot calculate with scales of 0.5 and 0 for inputs and 0.5 for the output",
    ),
    (
        "scale_small",
        "operator 0 (ADD) of subgraph 0: the kernel cannot calculate with scales of 1 and 1 for inputs and 0.000001 for the output",
    ),
    (
        "scale_of_difference",
        "operator 0 (SQUARED_DIFFERENCE) of subgraph 0: the kernel cannot calculate with scales of 8 and 8 for inputs and 0.001 for the output",
    ),
    (
        "scale_one",
        "operator 0 (LESS) of subgraph 0: the kernel cannot calculate with scales of 1 and 0.25 for inputs and 0 for the output",
    ),
    (
        "scale_tiny",
        "operator 0 (LESS) of subgraph 0: the kernel cannot calculate with scales of 0.000000000000000000000000000000000000000000001 and 0.25 for inputs and 0 for the output",
    ),
    (
        "output_type",
        "operator 0 (MAXIMUM) of subgraph 0: outputs[0] is int16, but the operator computes int8",
    ),
    (
        "output_type_fixed",
        "operator 0 (LESS) of subgraph 0: outputs[0] is int8, but the operator computes bool",
    ),
    (
        "output_type_float",
        "operator 0 (SOFTMAX) of subgraph 0: outputs[0] is int8, but the operator computes float32",
    ),
    (
        "fake_quant",
        "operator 0 (FAKE_QUANT) of subgraph 0: int8 cannot be the input of this operator",
    ),
    (
        "depthwise_bias",
        "operator 0 (DEPTHWISE_CONV_2D) of subgraph 0: inputs has 2 elements, not 3",
    ),
    (
        "transposed_weights",
        "operator 0 (TRANSPOSE_CONV) of subgraph 0: float16 cannot be the weights of this operator",
    ),
    (
        "matmul_rank",
        "operator 0 (BATCH_MATMUL) of subgraph 0: shape has 1 elements, not 2 to 5",
    ),
    (
        "pad_rank",
        "operator 0 (PAD) of subgraph 0: the number of padded dimensions: 7, not 6",
    ),
    (
        "assign_variable_inputs",
        "operator 0 (ASSIGN_VARIABLE) of subgraph 0: inputs has 1 elements, not 2",
    ),
    (
        "call_main",
        "operator 0 (IF) of subgraph 2: it calls the main subgraph",
    ),
    (
        "call_with_input_left_out",
        "operator 0 (IF) of subgraph 0: it calls a subgraph whose inputs are left out",
    ),
    (
        "call_type",
        "operator 0 (IF) of subgraph 0: float32 cannot be passed to a subgraph that takes another type",
    ),
    (
        "call_without_options",
        "operator 0 (WHILE) of subgraph 0: builtin_options is missing",
    ),
    (
        "computed_twice",
        "operator 1 (ADD) of subgraph 0: outputs[0], tensor 1, is computed by an operator before",
    ),
    (
        "concatenation_inputs",
        "operator 0 (CONCATENATION) of subgraph 0: inputs has 0 elements, not 1 or more",
    ),
    (
        "constant_long",
        "tensor 2 \"c\" of subgraph 0: float32 of shape [3] needs 12 bytes, but the buffer has 16",
    ),
    (
        "constant_short",
        "tensor 2 \"c\" of subgraph 0: float32 of shape [3] needs 12 bytes, but the buffer has 8",
    ),
    (
        "constant_type",
        "tensor 2 \"c\" of subgraph 0: int64 of shape [3] needs 24 bytes, but the buffer has 12",
    ),
    (
        "constant_variant",
        "tensor 2 \"c\" of subgraph 0: variant cannot be a constant",
    ),
    (
        "custom_options_wrap",
        "operator 0 (Mine) of subgraph 0: large_custom_options_offset has 9223372036854775808 bytes at 9223372036854775808, but the file ends at 440",
    ),
    (
        "custom_without_name",
        "operator code 0: custom_code is missing",
    ),
    (
        "dimension_negative",
        "tensor 0 \"x\" of subgraph 0: shape is -3, not 0 to 2147483647",
    ),
    (
        "external",
        "operator 0 (ADD) of subgraph 0: an input is in another file, which the runtime does not load",
    ),
    (
        "input_left_out",
        "operator 0 (ADD) of subgraph 0: inputs[0] is required, but left out",
    ),
    (
        "int2_size",
        "tensor 0 \"x\" of subgraph 0: int2 of shape [5] needs 2 bytes, but the buffer has 3",
    ),
    (
        "int4_size",
        "tensor 0 \"x\" of subgraph 0: int4 of shape [5] needs 3 bytes, but the buffer has 4",
    ),
    (
        "metadata_buffer",
        "metadata 0 \"notes\": buffer refers to 9, but there are only 2",
    ),
    ("no_buffers", "the model: buffers is missing"),
    ("no_subgraphs", "the model: subgraphs is missing"),
    ("no_tensors", "subgraph 0: tensors is missing"),
    (
        "not_computed",
        "operator 0 (ADD) of subgraph 0: inputs[0], tensor 0, is neither constant nor input nor computed before",
    ),
    (
        "offset_behind_the_end",
        "tensor 2 \"c\" of subgraph 0: buffer has 12 bytes at 1048576, but the file ends at 448",
    ),
    (
        "offset_size",
        "tensor 2 \"c\" of subgraph 0: float32 of shape [3] needs 12 bytes, but the buffer has 8",
    ),
    (
        "offset_unaligned",
        "tensor 2 \"c\" of subgraph 0: buffer starts at 381, which is no multiple of 4",
    ),
    (
        "offset_wraps",
        "tensor 2 \"c\" of subgraph 0: buffer has 12 bytes at 18446744073709551612, but the file ends at 448",
    ),
    (
        "operator_code",
        "operator 0 (of unknown kind) of subgraph 0: opcode_index refers to 1, but there are only 1",
    ),
    (
        "operator_input",
        "operator 0 (ADD) of subgraph 0: inputs refers to 3, but there are only 3",
    ),
    (
        "operator_intermediate",
        "operator 0 (ADD) of subgraph 0: intermediates refers to 7, but there are only 3",
    ),
    (
        "operator_output",
        "operator 0 (ADD) of subgraph 0: outputs refers to -1, but there are only 3",
    ),
    (
        "output_is_constant",
        "operator 0 (ADD) of subgraph 0: outputs[0], tensor 2, is a constant",
    ),
    (
        "output_is_input",
        "operator 0 (ADD) of subgraph 0: outputs[0], tensor 0, is an input of the subgraph",
    ),
    (
        "output_is_variable",
        "operator 0 (ADD) of subgraph 0: outputs[0], tensor 1, is a variable",
    ),
    (
        "output_not_computed",
        "subgraph 0: outputs[0], tensor 1, is neither constant nor input nor computed before",
    ),
    (
        "pad_inputs",
        "operator 0 (MIRROR_PAD) of subgraph 0: inputs has 1 elements, not 2",
    ),
    (
        "quantization_axis",
        "tensor 2 \"c\" of subgraph 0: quantized_dimension refers to 1, but there are only 1",
    ),
    (
        "quantization_blocks",
        "tensor 2 \"c\" of subgraph 0: scales refers to 8, but there are only 3",
    ),
    (
        "quantization_not_finite",
        "tensor 2 \"c\" of subgraph 0: a scale of the quantization is negative or not finite",
    ),
    (
        "quantization_scales",
        "tensor 2 \"c\" of subgraph 0: scale has 2 elements, not 3",
    ),
    (
        "quantization_zero_point_range",
        "tensor 2 \"c\" of subgraph 0: zero_point is 1099511627776, not -2147483648 to 2147483647",
    ),
    (
        "quantization_zero_points",
        "tensor 2 \"c\" of subgraph 0: zero_point has 1 elements, not 3",
    ),
    (
        "rank",
        "tensor 0 \"x\" of subgraph 0: shape has 255 elements, not 0 to 254",
    ),
    (
        "reshape_negative",
        "operator 0 (RESHAPE) of subgraph 0: new_shape is -3, not -1 to 2147483647",
    ),
    (
        "reshape_rank",
        "operator 0 (RESHAPE) of subgraph 0: new_shape has 9 elements, not 0 to 8",
    ),
    (
        "reshape_tensor_negative",
        "operator 0 (RESHAPE) of subgraph 0: new_shape is -3, not -1 to 2147483647",
    ),
    (
        "reshape_two_unknown",
        "operator 0 (RESHAPE) of subgraph 0: the number of unknown dimensions: 2, not 1",
    ),
    (
        "reshape_type",
        "operator 0 (RESHAPE) of subgraph 0: int8 cannot be the output of an operator that keeps its input's type",
    ),
    (
        "shape_overflow",
        "tensor 0 \"x\" of subgraph 0: the shape [65536, 65536] has more than 2147483647 elements",
    ),
    (
        "shape_overflow_behind_zero",
        "tensor 0 \"x\" of subgraph 0: the shape [0, 65536, 65536] has more than 2147483647 elements",
    ),
    (
        "signature_range",
        "tensor 0 \"x\" of subgraph 0: shape_signature is -2, not -1 to 2147483647",
    ),
    (
        "signature_rank",
        "tensor 0 \"x\" of subgraph 0: shape_signature has 2 elements, not 1",
    ),
    (
        "signature_subgraph",
        "signature 0 \"f\": subgraph_index refers to 1, but there are only 1",
    ),
    (
        "signature_tensor",
        "signature 0 \"f\": tensor_index refers to 3, but there are only 3",
    ),
    (
        "sparse_block",
        "tensor 2 \"w\" of subgraph 0: dim_metadata has 2 elements, not 3",
    ),
    (
        "sparse_blocks_swapped",
        "tensor 2 \"w\" of subgraph 0: the blocks of a sparse constant are not in the order of its dimensions",
    ),
    (
        "sparse_blocks_unordered",
        "tensor 2 \"w\" of subgraph 0: the blocks of a sparse constant are not in the order of its dimensions",
    ),
    (
        "sparse_dense_size",
        "tensor 2 \"w\" of subgraph 0: the size of a dense dimension: 3, not 2",
    ),
    (
        "sparse_dimensions",
        "tensor 2 \"w\" of subgraph 0: dim_metadata has 1 elements, not 2",
    ),
    (
        "sparse_format",
        "tensor 2 \"w\" of subgraph 0: format is 2, not 0 to 1",
    ),
    (
        "sparse_index",
        "tensor 2 \"w\" of subgraph 0: a stored index: 4, not 3",
    ),
    (
        "sparse_order",
        "tensor 2 \"w\" of subgraph 0: the traversal order is no permutation: 0, not 1",
    ),
    (
        "sparse_read",
        "operator 0 (NEG) of subgraph 0: it reads a sparse constant, which only DENSIFY and FULLY_CONNECTED can",
    ),
    (
        "sparse_segment_count",
        "tensor 2 \"w\" of subgraph 0: the number of segments: 2, not 3",
    ),
    (
        "sparse_segment_end",
        "tensor 2 \"w\" of subgraph 0: the number of indices: 3, not 9",
    ),
    (
        "sparse_segments",
        "tensor 2 \"w\" of subgraph 0: where a segment starts: 1, not 2",
    ),
    (
        "sparse_size",
        "tensor 2 \"w\" of subgraph 0: float32 of shape [2, 4] needs 12 bytes, but the buffer has 32",
    ),
    (
        "strings_count",
        "tensor 0 \"words\" of subgraph 0: the number of strings: 3, not 2",
    ),
    (
        "strings_end",
        "tensor 0 \"words\" of subgraph 0: where the last string ends: 18, not 19",
    ),
    (
        "strings_far",
        "tensor 0 \"words\" of subgraph 0: where the last string ends: 20, not 19",
    ),
    (
        "strings_header",
        "tensor 0 \"words\" of subgraph 0: a string tensor's size in bytes: 19, not 44",
    ),
    (
        "strings_middle",
        "tensor 0 \"words\" of subgraph 0: where a string ends: 19, not 1048576",
    ),
    (
        "strings_negative",
        "tensor 0 \"words\" of subgraph 0: the number of strings: -1, not 2",
    ),
    (
        "strings_order",
        "tensor 0 \"words\" of subgraph 0: where a string ends: 15, not 16",
    ),
    (
        "strings_start",
        "tensor 0 \"words\" of subgraph 0: where the first string starts: 12, not 16",
    ),
    (
        "subgraph_input",
        "subgraph 0: inputs refers to -2, but there are only 3",
    ),
    (
        "subgraph_output",
        "subgraph 0: outputs refers to -1, but there are only 3",
    ),
    (
        "type_unknown",
        "tensor 0 \"x\" of subgraph 0: type 21 cannot be in a model for this runtime",
    ),
    (
        "uint4_size",
        "tensor 0 \"x\" of subgraph 0: uint4 of shape [5] needs 3 bytes, but the buffer has 4",
    ),
    (
        "variable_with_data",
        "tensor 2 \"c\" of subgraph 0: a tensor with data cannot be variable or in another file",
    ),
    (
        "version",
        "the model: the schema's version is 2, only 3 is supported",
    ),
];
