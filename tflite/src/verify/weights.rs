//! Weights: how they are quantized, sparse or shuffled.
//!
//! Kernels that take floats quantize them as they run, and read as many scales of the weights as
//! there are output channels, of whatever axis they are.

use super::error::Fault;
use super::operands::At::{self, In, Out};
use super::operands::Operands;
use super::recurrent::expect_scale;
use super::tensor::Facts;
use super::{MAX_SPARSE_BLOCKS, ModelProblem, options};
use crate::schema::table::{Field, Table};
use crate::tensor::TensorType;

type Result<T = ()> = std::result::Result<T, Fault>;

/// As the schema numbers types.
const INT32: i8 = 2;

/// The weights' order in memory for which there is a kernel of its own.
const SHUFFLED: i8 = 1;

/// Options by the type of the union, and a field there.
struct OptionField(u8, Field);

const CONV_BIAS: OptionField = OptionField(1, Field(6, "quantized_bias_type"));
const DENSE_BIAS: OptionField = OptionField(8, Field(4, "quantized_bias_type"));
const DENSE_FORMAT: OptionField = OptionField(8, Field(1, "weights_format"));
const TRANSPOSED_BIAS: OptionField = OptionField(49, Field(4, "quantized_bias_type"));
const MATMUL_TRANSPOSED: OptionField = OptionField(101, Field(1, "adj_y"));

impl OptionField {
    /// The number there, 0 if it is left out: types, formats and flags all have one byte.
    fn read(&self, operator: &Table<'_, '_>) -> Result<i8> {
        match options::given(operator, self.0)? {
            Some(options) => Ok(options.number(self.1)?),
            None => Ok(0),
        }
    }
}

pub(super) fn verify(operator: &Table<'_, '_>, name: &str, operands: Operands<'_, '_>) -> Result {
    verify_blocks(name, operands)?;
    let is_hybrid = operands.is_input(0, TensorType::Float32);
    match name {
        "CONV_2D" => {
            verify_bias(operator, operands, 0, &CONV_BIAS)?;
            if is_hybrid {
                expect_axis(operands, 0)?;
                verify_groups(operands)?;
            }
        }
        "DEPTHWISE_CONV_2D" if is_hybrid => verify_depthwise(operands)?,
        "TRANSPOSE_CONV" => {
            verify_bias(operator, operands, 2, &TRANSPOSED_BIAS)?;
            if operands.is_input(2, TensorType::Float32) {
                verify_transposed(operands)?;
            }
        }
        "FULLY_CONNECTED" => verify_dense(operator, operands)?,
        "BATCH_MATMUL" if is_hybrid => {
            let is_transposed = MATMUL_TRANSPOSED.read(operator)? != 0;
            let rank = operands.get(In(1)).map_or(0, |facts| facts.shape.len());
            expect_axis(
                operands,
                rank.saturating_sub(if is_transposed { 2 } else { 1 }),
            )?;
        }
        // Of int16 without a scale there is no table to look values up in.
        "SQRT" | "RSQRT" | "LOG" if operands.is_input(0, TensorType::Int16) => {
            for at in [In(0), Out(0)] {
                expect_scale(operands, at)?;
            }
        }
        _ => {}
    }
    Ok(())
}

/// All other kernels take scales by block for others, which would be somewhere in memory.
fn verify_blocks(name: &str, operands: Operands<'_, '_>) -> Result {
    for (at, facts) in operands.all() {
        let Some(blocks) = &facts.quantization.blocks else {
            continue;
        };
        let is_known = matches!(name, "FULLY_CONNECTED" | "EMBEDDING_LOOKUP");
        if !is_known || !matches!(at, In(1)) || facts.dtype != TensorType::Int4 {
            let expected = "affine: only int4 weights of FULLY_CONNECTED and EMBEDDING_LOOKUP may \
                            have scales by block";
            return Err(quantization(at, expected));
        }
        // The kernels read a scale for each block, wherever the scales end.
        let scales = operands.tensors.get(blocks.scales);
        let is_one_for_each = scales.is_some_and(|scales| {
            scales.dtype == TensorType::Float16
                && scales.constant.is_some()
                && blocks.count(facts) == Some(scales.elements())
        });
        if !is_one_for_each {
            return Err(quantization(
                at,
                "one constant float16 scale for each block",
            ));
        }
    }
    Ok(())
}

/// Without the option, the kernels read a bias of 64 bits.
fn verify_bias(
    operator: &Table<'_, '_>,
    operands: Operands<'_, '_>,
    input: usize,
    option: &OptionField,
) -> Result {
    let bias = if input == 0 { 2 } else { input + 1 };
    if operands.is_input(input, TensorType::Int16) && operands.is_input(bias, TensorType::Int32) {
        let value = option.read(operator)?;
        if value != INT32 {
            return Err(ModelProblem::Contents {
                what: "quantized_bias_type, for a bias of int32",
                value: value.into(),
                expected: INT32.into(),
            }
            .into());
        }
    }
    Ok(())
}

/// With more than one scale, there has to be one for each output channel.
fn expect_axis(operands: Operands<'_, '_>, axis: usize) -> Result {
    let Some(weights) = operands.get(In(1)) else {
        return Ok(());
    };
    let own = &weights.quantization;
    if own.scales.len() <= 1 || (own.axis == axis && weights.has_fixed_shape) {
        return Ok(());
    }
    Err(quantization(
        In(1),
        "one scale, or one for each output channel, of weights with a fixed shape",
    ))
}

/// Whether a convolution quantizes its input as it runs.
fn has_short_weights(operands: Operands<'_, '_>) -> bool {
    let weights = operands.dtype(In(1));
    weights.is_some_and(|dtype| dtype != TensorType::Float32)
}

/// Only the kernel for scales by channel can do groups, and it is only prepared if two of them differ.
fn verify_groups(operands: Operands<'_, '_>) -> Result {
    let channels = |position: usize| operands.get(In(position))?.shape.get(3);
    if !has_short_weights(operands) || channels(0) == channels(1) {
        return Ok(());
    }
    let differ = operands.get(In(1)).is_some_and(|weights| {
        let scales = weights.quantization.scales;
        weights.dtype != TensorType::UInt8
            && scales.iter().any(|scale| Some(scale) != scales.get(0))
    });
    if differ {
        return Ok(());
    }
    let expected = "different for output channels, as quantized convolutions in groups need it";
    Err(quantization(In(1), expected))
}

/// The kernel asks for as many scales as the axis is long, and reads as many as there are channels.
fn verify_depthwise(operands: Operands<'_, '_>) -> Result {
    const CHANNELS: usize = 3;
    let Some(weights) = operands.get(In(1)) else {
        return Ok(());
    };
    let own = &weights.quantization;
    let is_single = weights.shape.get(CHANNELS) == Some(1) && weights.has_fixed_shape;
    let has_axis = own.axis == CHANNELS || is_single || own.scales.len() == 0;
    if !has_short_weights(operands) || has_axis {
        return Ok(());
    }
    Err(quantization(In(1), "one scale for each output channel"))
}

/// The kernel reads as many scales as there are channels, without asking how many there are.
fn verify_transposed(operands: Operands<'_, '_>) -> Result {
    let Some(weights) = operands.get(In(1)) else {
        return Ok(());
    };
    let channels = weights
        .shape
        .get(0)
        .and_then(|channels| usize::try_from(channels).ok());
    let is_one_for_each =
        weights.has_fixed_shape && channels == Some(weights.quantization.scales.len());
    if !has_short_weights(operands) || is_one_for_each {
        return Ok(());
    }
    Err(quantization(
        In(1),
        "one scale for each output channel, of weights with a fixed shape",
    ))
}

fn verify_dense(operator: &Table<'_, '_>, operands: Operands<'_, '_>) -> Result {
    let (Some(input), Some(weights)) = (operands.dtype(In(0)), operands.get(In(1))) else {
        return Ok(());
    };
    let output = operands.dtype(Out(0));
    if input == TensorType::Float32 {
        expect_axis(operands, 0)?;
    }
    // The optimized kernel reads 32 bits, but it is for weights without a zero point.
    let zero_points = weights.quantization.zero_points;
    let is_optimized =
        weights.dtype == TensorType::Int16 || zero_points.iter().all(|zero| zero == 0);
    if output == Some(TensorType::Int16) && !is_optimized {
        verify_bias(operator, operands, 0, &DENSE_BIAS)?;
    }
    let format = DENSE_FORMAT.read(operator)?;
    if format == SHUFFLED {
        verify_shuffled(operands, weights)?;
    }
    if !weights.is_sparse {
        return Ok(());
    }
    let own = weights.dtype;
    let kernel_blocks = match (input, own, output) {
        _ if format == SHUFFLED => None,
        (TensorType::Float32, TensorType::Float32, _) => Some([1, 4]),
        (TensorType::Float32, TensorType::Int8, _) => Some([16; 2]),
        (TensorType::Int8, TensorType::Int8, Some(TensorType::Int8)) => Some([16; 2]),
        _ => None,
    };
    let is_hybrid = input == TensorType::Float32 && own == TensorType::Int8;
    let is_read = weights.rows.as_ref().is_some_and(|rows| {
        kernel_blocks.is_some_and(|blocks| blocks.contains(&rows.block))
            && (!is_hybrid || rows.fits(MAX_SPARSE_BLOCKS))
    });
    if is_read {
        return Ok(());
    }
    let problem = "sparse weights are not laid out as a kernel reads them";
    Err(ModelProblem::Contradiction(problem).into())
}

/// Rows by four, columns by sixteen.
fn verify_shuffled(operands: Operands<'_, '_>, weights: &Facts<'_>) -> Result {
    let is_whole = |position: usize, block: i32| {
        (weights.shape.get(position)).is_some_and(|length| length % block == 0)
    };
    let is_sound = weights.shape.len() == 2
        && weights.has_fixed_shape
        && is_whole(0, 4)
        && is_whole(1, 16)
        && operands.get(Out(1)).is_some()
        && operands
            .get(In(2))
            .is_some_and(|bias| bias.dtype == TensorType::Int32);
    if is_sound {
        return Ok(());
    }
    let problem = "shuffled weights are not constant blocks of 4 by 16, with a bias of int32";
    Err(ModelProblem::Contradiction(problem).into())
}

fn quantization(at: At, expected: &'static str) -> Fault {
    let (field, position) = at.parts();
    ModelProblem::Quantization {
        field,
        position,
        expected,
    }
    .into()
}
