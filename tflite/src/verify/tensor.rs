//! Shapes, types and quantization of tensors.

use super::error::Fault;
use super::sparsity::{self, Rows};
use super::{MAX_ELEMENTS, MAX_RANK, Model, ModelProblem, constant};
use crate::schema::Content;
use crate::schema::enums::{element_bits, tensor_type};
use crate::schema::field::{blockwise, quantization, tensor as at};
use crate::schema::table::{Table, Vector};
use crate::tensor::TensorType;

type Result<T = ()> = std::result::Result<T, Fault>;

/// What the operators' checks need to know of a tensor.
pub(super) struct Facts<'a> {
    pub(super) dtype: TensorType,
    pub(super) shape: Vector<'a, i32>,
    /// The contents, if they are part of the model.
    pub(super) constant: Option<&'a [u8]>,
    /// Whether it has this shape when the model runs: constants, and what `DENSIFY` makes of them.
    pub(super) has_fixed_shape: bool,
    pub(super) is_variable: bool,
    /// The scale, as the runtime has it: 0 if there is none, or one for each channel.
    pub(super) scale: f32,
    pub(super) is_quantized: bool,
    pub(super) quantization: Quantization<'a>,
    pub(super) is_sparse: bool,
    /// If it is sparse: how, if it is in the way that `FULLY_CONNECTED` reads.
    pub(super) rows: Option<Rows>,
    /// Whether its contents are in another file.
    pub(super) is_external: bool,
}

/// How a tensor is quantized.
#[derive(Default)]
pub(super) struct Quantization<'a> {
    pub(super) scales: Vector<'a, f32>,
    pub(super) zero_points: Vector<'a, i64>,
    /// The dimension that has a scale for each of its indices, if there are several.
    pub(super) axis: usize,
    /// Instead of these.
    pub(super) blocks: Option<Blocks>,
}

/// Scales for parts of rows.
pub(super) struct Blocks {
    /// The tensor that has them.
    pub(super) scales: usize,
    /// The length of such a part.
    size: u64,
}

impl Blocks {
    /// How many parts a matrix has; `None` if its rows do not consist of whole ones.
    pub(super) fn count(&self, facts: &Facts<'_>) -> Option<u64> {
        let columns = facts.shape.get(facts.shape.len().checked_sub(1)?)?;
        let columns = u64::try_from(columns).ok()?;
        let is_whole = columns.checked_rem(self.size)? == 0;
        (is_whole && columns != 0).then(|| facts.elements() / self.size)
    }
}

impl Facts<'_> {
    /// The number of elements, which is known not to overflow.
    pub(super) fn elements(&self) -> u64 {
        let dims = self.shape.iter().map(|dim| u64::try_from(dim).unwrap_or(0));
        dims.product()
    }

    /// Without elements, no kernel reads it.
    pub(super) fn is_empty(&self) -> bool {
        self.dtype != TensorType::String && self.shape.iter().any(|dim| dim == 0)
    }
}

/// The type of the union that describes quantization by blocks.
const BLOCKWISE: u8 = 2;

pub(super) fn verify<'a>(
    model: &Model<'_, 'a>,
    tensor: &Table<'_, 'a>,
    count: usize,
) -> Result<Facts<'a>> {
    let number = tensor.number::<i8>(at::TYPE)?;
    let dtype = tensor_type(number);
    if let TensorType::Unknown(_) = dtype {
        let place = "in a model for this runtime";
        return Err(ModelProblem::Type { dtype, place }.into());
    }
    let shape = tensor.numbers::<i32>(at::SHAPE)?;
    let elements = verify_shape(shape)?;
    verify_signature(shape, tensor.numbers(at::SHAPE_SIGNATURE)?)?;
    let (mut scale, mut is_quantized) = (0.0, false);
    let mut quantization = Quantization::default();
    if let Some(parameters) = tensor.table(at::QUANTIZATION)? {
        quantization = verify_quantization(&parameters, shape, count)?;
        let scales = quantization.scales;
        is_quantized = scales.len() != 0 || quantization.blocks.is_some();
        scale = scales.get(0).filter(|_| scales.len() == 1).unwrap_or(0.0);
    }

    let is_variable = tensor.flag(at::IS_VARIABLE)?;
    let is_external = tensor.number::<u32>(at::EXTERNAL_BUFFER)? != 0;
    let buffer = tensor.number::<u32>(at::BUFFER)?;
    // Number 0 means that there is none, whatever that buffer holds.
    let content = match buffer {
        0 => Content::None,
        _ => model.buffer(buffer, at::BUFFER.1)?,
    };
    let data = content.bytes(model.file);
    let sparsity = tensor.table(at::SPARSITY)?;
    if let Some(data) = data {
        if is_variable || is_external {
            return Err(ModelProblem::Contradiction(
                "a tensor with data cannot be variable or in another file",
            )
            .into());
        }
        verify_alignment(content, dtype)?;
        constant::verify(tensor, dtype, shape, elements, data, sparsity.as_ref())?;
    } else if is_variable && !dtype.is_plain() {
        let place = "a variable tensor";
        return Err(ModelProblem::Type { dtype, place }.into());
    }
    let rows = match &sparsity {
        Some(sparsity) if data.is_some() => sparsity::rows(sparsity)?,
        _ => None,
    };
    Ok(Facts {
        dtype,
        shape,
        constant: data,
        has_fixed_shape: data.is_some(),
        is_variable,
        scale,
        is_quantized,
        quantization,
        is_sparse: data.is_some() && sparsity.is_some(),
        rows,
        is_external,
    })
}

/// Returns the number of elements.
///
/// Dimensions of 0 do not hide the others: kernels multiply some of them alone.
fn verify_shape(shape: Vector<'_, i32>) -> Result<u64> {
    let (field, count) = (at::SHAPE.1, shape.len());
    if count > MAX_RANK {
        return Err(ModelProblem::Count {
            field,
            count,
            minimum: 0,
            maximum: MAX_RANK,
        }
        .into());
    }
    let mut product = 1_u64;
    let mut is_empty = false;
    for dim in shape.iter() {
        let Ok(dim) = u64::try_from(dim) else {
            return Err(ModelProblem::Range {
                field,
                value: dim.into(),
                minimum: 0,
                maximum: i32::MAX.into(),
            }
            .into());
        };
        is_empty |= dim == 0;
        product = product
            .checked_mul(dim.max(1))
            .filter(|&product| product <= MAX_ELEMENTS)
            .ok_or_else(|| ModelProblem::TooManyElements {
                shape: shape.to_vec(),
                limit: MAX_ELEMENTS,
            })?;
    }
    Ok(if is_empty { 0 } else { product })
}

/// The runtime reads as many dimensions of the shape as the signature has.
fn verify_signature(shape: Vector<'_, i32>, signature: Vector<'_, i32>) -> Result {
    let field = at::SHAPE_SIGNATURE.1;
    if signature.len() != 0 && signature.len() != shape.len() {
        return Err(ModelProblem::Count {
            field,
            count: signature.len(),
            minimum: shape.len(),
            maximum: shape.len(),
        }
        .into());
    }
    match signature.iter().find(|&dim| dim < -1) {
        None => Ok(()),
        Some(dim) => Err(ModelProblem::Range {
            field,
            value: dim.into(),
            minimum: -1,
            maximum: i32::MAX.into(),
        }
        .into()),
    }
}

/// Constants inside the FlatBuffer are aligned to 4 bytes at least, since a length precedes them.
/// More cannot be asked for: common writers (the Python one) do not respect the schema's wish for
/// 16 bytes. Those behind the FlatBuffer can be anywhere, but converters align them to 16.
fn verify_alignment(content: Content<'_>, dtype: TensorType) -> Result {
    let Content::Outside { offset, .. } = content else {
        return Ok(());
    };
    let alignment = match dtype {
        TensorType::String => 4,
        dtype => element_bits(dtype).map_or(1, |bits| (bits / 8).clamp(1, 8)),
    };
    if offset.is_multiple_of(alignment) {
        return Ok(());
    }
    Err(ModelProblem::Unaligned {
        field: at::BUFFER.1,
        offset,
        alignment,
    }
    .into())
}

fn verify_quantization<'a>(
    parameters: &Table<'_, 'a>,
    shape: Vector<'_, i32>,
    tensors: usize,
) -> Result<Quantization<'a>> {
    use quantization as at;
    if parameters.number::<u8>(at::DETAILS_TYPE)? == BLOCKWISE {
        let Some(details) = parameters.table(at::DETAILS)? else {
            let field = at::DETAILS.1;
            return Err(ModelProblem::Missing { field }.into());
        };
        return Ok(Quantization {
            blocks: Some(verify_blockwise(&details, tensors)?),
            ..Quantization::default()
        });
    }
    let scales = parameters.numbers::<f32>(at::SCALE)?;
    if scales.len() == 0 {
        return Ok(Quantization::default());
    }
    let zero_points = parameters.numbers::<i64>(at::ZERO_POINT)?;
    let count = |field, count, expected| ModelProblem::Count {
        field,
        count,
        minimum: expected,
        maximum: expected,
    };
    if zero_points.len() != scales.len() {
        return Err(count(at::ZERO_POINT.1, zero_points.len(), scales.len()).into());
    }
    let axis = parameters.number::<i32>(at::DIMENSION)?;
    let channels = usize::try_from(axis).ok().and_then(|axis| shape.get(axis));
    if axis < 0 || (shape.len() != 0 && channels.is_none()) {
        return Err(ModelProblem::Index {
            field: at::DIMENSION.1,
            index: axis.into(),
            count: shape.len(),
        }
        .into());
    }
    if shape.len() == 0 && scales.len() != 1 {
        return Err(count(at::SCALE.1, scales.len(), 1).into());
    }
    if let Some(channels) = channels
        && scales.len() != 1
        && usize::try_from(channels) != Ok(scales.len())
    {
        let expected = usize::try_from(channels).unwrap_or(0);
        return Err(count(at::SCALE.1, scales.len(), expected).into());
    }
    if scales.iter().any(|scale| !scale.is_finite() || scale < 0.0) {
        return Err(ModelProblem::Contradiction(
            "a scale of the quantization is negative or not finite",
        )
        .into());
    }
    match zero_points
        .iter()
        .find(|&zero| i32::try_from(zero).is_err())
    {
        None => Ok(Quantization {
            scales,
            zero_points,
            axis: usize::try_from(axis).unwrap_or(0),
            blocks: None,
        }),
        Some(value) => Err(ModelProblem::Range {
            field: at::ZERO_POINT.1,
            value,
            minimum: i32::MIN.into(),
            maximum: i32::MAX.into(),
        }
        .into()),
    }
}

/// Scales and zero points are tensors of the same subgraph; the latter may be left out.
fn verify_blockwise(details: &Table<'_, '_>, tensors: usize) -> Result<Blocks> {
    use blockwise as at;
    for (field, minimum) in [(at::SCALES, 0), (at::ZERO_POINTS, -1)] {
        let index = details.number::<i32>(field)?;
        let is_there = usize::try_from(index).is_ok_and(|index| index < tensors);
        if index < minimum || !(is_there || index == -1) {
            return Err(ModelProblem::Index {
                field: field.1,
                index: index.into(),
                count: tensors,
            }
            .into());
        }
    }
    let size = details.number::<i32>(at::BLOCK_SIZE)?;
    if size < 1 {
        return Err(ModelProblem::Range {
            field: at::BLOCK_SIZE.1,
            value: size.into(),
            minimum: 1,
            maximum: i32::MAX.into(),
        }
        .into());
    }
    let scales = details.number::<i32>(at::SCALES)?;
    Ok(Blocks {
        scales: usize::try_from(scales).unwrap_or(usize::MAX),
        size: u64::try_from(size).unwrap_or(1),
    })
}
