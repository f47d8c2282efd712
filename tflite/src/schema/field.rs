//! The numbers of fields in the schema (`schema.fbs`, version 3), by table.
//!
//! A union takes two numbers: its type, and the table behind it.

macro_rules! fields {
    ($($(#[$doc:meta])* $table:ident { $($name:ident = $id:literal $text:literal,)* })*) => {
        $($(#[$doc])* pub(crate) mod $table {
            use crate::schema::table::Field;
            $(pub(crate) const $name: Field = Field($id, $text);)*
        })*
    };
}

fields! {
    model {
        VERSION = 0 "version",
        OPERATOR_CODES = 1 "operator_codes",
        SUBGRAPHS = 2 "subgraphs",
        DESCRIPTION = 3 "description",
        BUFFERS = 4 "buffers",
        METADATA = 6 "metadata",
        SIGNATURES = 7 "signature_defs",
    }
    operator_code {
        DEPRECATED_BUILTIN = 0 "deprecated_builtin_code",
        CUSTOM = 1 "custom_code",
        VERSION = 2 "version",
        BUILTIN = 3 "builtin_code",
    }
    buffer {
        DATA = 0 "data",
        OFFSET = 1 "offset",
        SIZE = 2 "size",
    }
    metadata {
        NAME = 0 "name",
        BUFFER = 1 "buffer",
    }
    signature {
        INPUTS = 0 "inputs",
        OUTPUTS = 1 "outputs",
        KEY = 2 "signature_key",
        SUBGRAPH = 4 "subgraph_index",
    }
    tensor_map {
        NAME = 0 "name",
        TENSOR = 1 "tensor_index",
    }
    subgraph {
        TENSORS = 0 "tensors",
        INPUTS = 1 "inputs",
        OUTPUTS = 2 "outputs",
        OPERATORS = 3 "operators",
        NAME = 4 "name",
    }
    tensor {
        SHAPE = 0 "shape",
        TYPE = 1 "type",
        BUFFER = 2 "buffer",
        NAME = 3 "name",
        QUANTIZATION = 4 "quantization",
        IS_VARIABLE = 5 "is_variable",
        SPARSITY = 6 "sparsity",
        SHAPE_SIGNATURE = 7 "shape_signature",
        EXTERNAL_BUFFER = 10 "external_buffer",
    }
    quantization {
        SCALE = 2 "scale",
        ZERO_POINT = 3 "zero_point",
        DETAILS_TYPE = 4 "details_type",
        DETAILS = 5 "details",
        DIMENSION = 6 "quantized_dimension",
    }
    blockwise {
        SCALES = 0 "scales",
        ZERO_POINTS = 1 "zero_points",
        BLOCK_SIZE = 2 "block_size",
    }
    sparsity {
        TRAVERSAL_ORDER = 0 "traversal_order",
        BLOCK_MAP = 1 "block_map",
        DIMENSIONS = 2 "dim_metadata",
    }
    dimension {
        FORMAT = 0 "format",
        DENSE_SIZE = 1 "dense_size",
        SEGMENTS_TYPE = 2 "array_segments_type",
        SEGMENTS = 3 "array_segments",
        INDICES_TYPE = 4 "array_indices_type",
        INDICES = 5 "array_indices",
    }
    index_vector {
        VALUES = 0 "values",
    }
    operator {
        CODE = 0 "opcode_index",
        INPUTS = 1 "inputs",
        OUTPUTS = 2 "outputs",
        OPTIONS_TYPE = 3 "builtin_options_type",
        OPTIONS = 4 "builtin_options",
        CUSTOM_OPTIONS = 5 "custom_options",
        INTERMEDIATES = 8 "intermediates",
        LARGE_OPTIONS_OFFSET = 9 "large_custom_options_offset",
        LARGE_OPTIONS_SIZE = 10 "large_custom_options_size",
        OPTIONS_2_TYPE = 11 "builtin_options_2_type",
        OPTIONS_2 = 12 "builtin_options_2",
    }
    reshape_options {
        NEW_SHAPE = 0 "new_shape",
    }
    /// Of `CONV_2D`, `DEPTHWISE_CONV_2D` and `TRANSPOSE_CONV` alike.
    convolution_options {
        STRIDE_WIDTH = 1 "stride_w",
        STRIDE_HEIGHT = 2 "stride_h",
    }
    fully_connected_options {
        FORMAT = 1 "weights_format",
        ASYMMETRIC = 3 "asymmetric_quantize_inputs",
    }
}
