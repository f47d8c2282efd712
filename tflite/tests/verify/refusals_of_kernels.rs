//! Why the models of `tests/models/cases/kernels.py` are refused.

/// What each model is refused for, by the name of its file.
pub(crate) const REFUSALS_OF_KERNELS: &[(&str, &str)] = &[
    (
        "basic_lstm_state",
        "operator 0 (LSTM) of subgraph 0: the state of the operator is a constant",
    ),
    (
        "blocks_conv",
        "operator 0 (CONV_2D) of subgraph 0: the quantization of inputs[1] is not affine: only int4 weights of FULLY_CONNECTED and EMBEDDING_LOOKUP may have scales by block",
    ),
    (
        "blocks_short",
        "operator 0 (FULLY_CONNECTED) of subgraph 0: the quantization of inputs[1] is not one constant float16 scale for each block",
    ),
    (
        "blocks_type",
        "operator 0 (FULLY_CONNECTED) of subgraph 0: the quantization of inputs[1] is not affine: only int4 weights of FULLY_CONNECTED and EMBEDDING_LOOKUP may have scales by block",
    ),
    (
        "both_lstm_second_types",
        "operator 0 (BIDIRECTIONAL_SEQUENCE_LSTM) of subgraph 0: inputs[42] is int8, but the kernel takes it for float32",
    ),
    (
        "both_lstm_state",
        "operator 0 (BIDIRECTIONAL_SEQUENCE_LSTM) of subgraph 0: inputs[37] is int8, but the kernel takes it for float32",
    ),
    (
        "both_rnn_types",
        "operator 0 (BIDIRECTIONAL_SEQUENCE_RNN) of subgraph 0: inputs[10] is int8, but the kernel takes it for float32",
    ),
    (
        "concatenation_output",
        "operator 0 (CONCATENATION) of subgraph 0: outputs[0] is int8, but the kernel takes it for float32",
    ),
    (
        "conv_axis",
        "operator 0 (CONV_2D) of subgraph 0: the quantization of inputs[1] is not one scale, or one for each output channel, of weights with a fixed shape",
    ),
    (
        "conv_bias",
        "operator 0 (CONV_2D) of subgraph 0: quantized_bias_type, for a bias of int32: 0, not 2",
    ),
    (
        "conv_groups_scale",
        "operator 0 (CONV_2D) of subgraph 0: the quantization of inputs[1] is not different for output channels, as quantized convolutions in groups need it",
    ),
    (
        "conv_types",
        "operator 0 (CONV_2D) of subgraph 0: inputs[1] is float16, but the kernel takes it for float32, int8, uint8 or int4",
    ),
    (
        "conv_types_short",
        "operator 0 (CONV_2D) of subgraph 0: inputs[1] is int16, but the kernel takes it for int8 or int4",
    ),
    (
        "conv_types_unsigned",
        "operator 0 (CONV_2D) of subgraph 0: inputs[1] is float32, but the kernel takes it for uint8 or int4",
    ),
    (
        "dense_axis",
        "operator 0 (FULLY_CONNECTED) of subgraph 0: the quantization of inputs[1] is not one scale, or one for each output channel, of weights with a fixed shape",
    ),
    (
        "dense_bias",
        "operator 0 (FULLY_CONNECTED) of subgraph 0: quantized_bias_type, for a bias of int32: 0, not 2",
    ),
    (
        "dense_unpacked",
        "operator 0 (FULLY_CONNECTED) of subgraph 0: outputs[0] is uint8, but the kernel takes it for int8",
    ),
    (
        "depthwise_axis",
        "operator 0 (DEPTHWISE_CONV_2D) of subgraph 0: the quantization of inputs[1] is not one scale for each output channel",
    ),
    (
        "depthwise_types",
        "operator 0 (DEPTHWISE_CONV_2D) of subgraph 0: inputs[1] is int4, but the kernel takes it for uint8",
    ),
    (
        "dilate_packed",
        "operator 0 (DILATE) of subgraph 0: int4 cannot be an input of this operator",
    ),
    (
        "embedding_packed",
        "operator 0 (EMBEDDING_LOOKUP) of subgraph 0: outputs[0] is int4, but the kernel takes it for float32 or float16",
    ),
    (
        "hashtable_packed",
        "operator 0 (HASHTABLE_LOOKUP) of subgraph 0: int4 cannot be an input of this operator",
    ),
    (
        "lstm_input",
        "operator 0 (LSTM) of subgraph 0: inputs[0] is int16, but the kernel takes it for float32 or int8",
    ),
    (
        "lstm_scale",
        "operator 0 (LSTM) of subgraph 0: the quantization of intermediates[4] is not one scale above 0",
    ),
    (
        "lstm_state",
        "operator 0 (LSTM) of subgraph 0: inputs[19] is int8, but the kernel takes it for float32",
    ),
    (
        "lstm_weights",
        "operator 0 (LSTM) of subgraph 0: inputs[2] is int8, but the kernel takes it for float32",
    ),
    (
        "matmul_axis",
        "operator 0 (BATCH_MATMUL) of subgraph 0: the quantization of inputs[1] is not one scale, or one for each output channel, of weights with a fixed shape",
    ),
    (
        "matmul_output",
        "operator 0 (BATCH_MATMUL) of subgraph 0: outputs[0] is int8, but the kernel takes it for float32",
    ),
    (
        "mul_output",
        "operator 0 (MUL) of subgraph 0: outputs[0] is float32, but the kernel takes it for int8",
    ),
    (
        "non_max_suppression_v4",
        "operator 0 (NON_MAX_SUPPRESSION_V4) of subgraph 0: inputs[4] is int8, but the kernel takes it for float32",
    ),
    (
        "non_max_suppression_v5",
        "operator 0 (NON_MAX_SUPPRESSION_V5) of subgraph 0: inputs[4] is int8, but the kernel takes it for float32",
    ),
    (
        "pad_packed",
        "operator 0 (STABLEHLO_PAD) of subgraph 0: int4 cannot be an input of this operator",
    ),
    (
        "prelu_types",
        "operator 0 (PRELU) of subgraph 0: inputs[1] is int8, but the kernel takes it for float32",
    ),
    (
        "rnn_state",
        "operator 0 (RNN) of subgraph 0: inputs[4] is int8, but the kernel takes it for float32",
    ),
    (
        "scalar_scales",
        "tensor 0 \"t0\" of subgraph 0: scale has 2 elements, not 1",
    ),
    (
        "sequence_lstm_diagonal",
        "operator 0 (UNIDIRECTIONAL_SEQUENCE_LSTM) of subgraph 0: inputs[6] is int8, but the kernel takes it for float32",
    ),
    (
        "sequence_lstm_input",
        "operator 0 (UNIDIRECTIONAL_SEQUENCE_LSTM) of subgraph 0: inputs[0] is int16, but the kernel takes it for float32 or int8",
    ),
    (
        "sequence_lstm_scale",
        "operator 0 (UNIDIRECTIONAL_SEQUENCE_LSTM) of subgraph 0: the quantization of intermediates[4] is not one scale above 0",
    ),
    (
        "sequence_lstm_state",
        "operator 0 (UNIDIRECTIONAL_SEQUENCE_LSTM) of subgraph 0: inputs[19] is int8, but the kernel takes it for float32",
    ),
    (
        "sequence_lstm_weights",
        "operator 0 (UNIDIRECTIONAL_SEQUENCE_LSTM) of subgraph 0: inputs[2] is int8, but the kernel takes it for float32",
    ),
    (
        "sequence_rnn_state",
        "operator 0 (UNIDIRECTIONAL_SEQUENCE_RNN) of subgraph 0: inputs[4] is int8, but the kernel takes it for float32",
    ),
    (
        "shuffled",
        "operator 0 (FULLY_CONNECTED) of subgraph 0: shuffled weights are not constant blocks of 4 by 16, with a bias of int32",
    ),
    (
        "softmax_output",
        "operator 0 (SOFTMAX) of subgraph 0: outputs[0] is int8, but the kernel takes it for int16",
    ),
    (
        "sparse_block_dense",
        "operator 0 (FULLY_CONNECTED) of subgraph 0: sparse weights are not laid out as a kernel reads them",
    ),
    (
        "sparse_bytes_dense",
        "operator 0 (FULLY_CONNECTED) of subgraph 0: sparse weights are not laid out as a kernel reads them",
    ),
    (
        "sparse_order_dense",
        "operator 0 (FULLY_CONNECTED) of subgraph 0: sparse weights are not laid out as a kernel reads them",
    ),
    (
        "sqrt_scale",
        "operator 0 (SQRT) of subgraph 0: the quantization of inputs[0] is not one scale above 0",
    ),
    (
        "svdf_types",
        "operator 0 (SVDF) of subgraph 0: inputs[2] is int8, but the kernel takes it for float32",
    ),
    (
        "transposed_bias",
        "operator 0 (TRANSPOSE_CONV) of subgraph 0: quantized_bias_type, for a bias of int32: 0, not 2",
    ),
    (
        "transposed_scale",
        "operator 0 (TRANSPOSE_CONV) of subgraph 0: the quantization of inputs[1] is not one scale for each output channel, of weights with a fixed shape",
    ),
];
