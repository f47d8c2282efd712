//! Options of operators that kernels divide by, or that XNNPACK compares without a way to say so.

use super::ModelProblem;
use super::error::Fault;
use super::tensor::Facts;
use crate::schema::enums::builtin;
use crate::schema::field::operator as at;
use crate::schema::table::{Field, Table, Vector};

type Result<T = ()> = std::result::Result<T, Fault>;

/// How many dimensions XNNPACK's tensors have at most.
const MAX_PADDED_RANK: i32 = 6;

const STRIDES: [Field; 2] = [Field(1, "stride_w"), Field(2, "stride_h")];
const DILATION: &str = "dilation_factor";

pub(super) fn verify(
    operator: &Table<'_, '_>,
    code: i32,
    inputs: Vector<'_, i32>,
    outputs: usize,
    tensors: &[Facts<'_>],
) -> Result {
    let [width, height] = STRIDES;
    let strides: &[Field] = &STRIDES;
    match code {
        builtin::CONV_2D => {
            let options = options(operator, 1)?;
            positive(&options, strides, 0)?;
            positive(&options, &[Field(4, DILATION), Field(5, DILATION)], 1)
        }
        builtin::DEPTHWISE_CONV_2D => {
            let options = options(operator, 2)?;
            positive(&options, strides, 0)?;
            positive(&options, &[Field(5, DILATION), Field(6, DILATION)], 1)
        }
        builtin::AVERAGE_POOL_2D | builtin::L2_POOL_2D | builtin::MAX_POOL_2D => {
            let filter = [Field(3, "filter_width"), Field(4, "filter_height")];
            positive(
                &options(operator, 5)?,
                &[width, height, filter[0], filter[1]],
                0,
            )
        }
        builtin::TRANSPOSE_CONV => positive(&options(operator, 49)?, strides, 0),
        builtin::CONV_3D | builtin::CONV_3D_TRANSPOSE => {
            let options = options(operator, 106)?;
            let strides = [
                Field(1, "stride_d"),
                Field(2, "stride_w"),
                Field(3, "stride_h"),
            ];
            positive(&options, &strides, 0)?;
            positive(&options, &[5, 6, 7].map(|id| Field(id, DILATION)), 1)
        }
        builtin::SPLIT => {
            let field = Field(0, "num_splits");
            let splits = options(operator, 35)?.number::<i32>(field)?;
            if usize::try_from(splits) == Ok(outputs) {
                return Ok(());
            }
            Err(ModelProblem::Contents {
                what: "num_splits",
                value: splits.into(),
                expected: i64::try_from(outputs).unwrap_or(i64::MAX),
            }
            .into())
        }
        builtin::PAD | builtin::PADV2 => verify_padding(inputs, tensors),
        builtin::STABLEHLO_COMPOSITE => {
            let name = Field(0, "name");
            match operator.table(at::OPTIONS_2)? {
                Some(options) if options.string(name)?.is_some() => Ok(()),
                _ => Err(ModelProblem::Missing { field: name.1 }.into()),
            }
        }
        _ => Ok(()),
    }
}

fn options<'b, 'a>(operator: &Table<'b, 'a>, kind: u8) -> Result<Table<'b, 'a>> {
    let field = at::OPTIONS.1;
    given(operator, kind)?.ok_or_else(|| ModelProblem::Missing { field }.into())
}

/// An operator's options, if they are of this type of the union.
pub(super) fn given<'b, 'a>(operator: &Table<'b, 'a>, kind: u8) -> Result<Option<Table<'b, 'a>>> {
    let is_given = operator.number::<u8>(at::OPTIONS_TYPE)? == kind;
    Ok(operator.table(at::OPTIONS)?.filter(|_| is_given))
}

fn positive(options: &Table<'_, '_>, fields: &[Field], default: i32) -> Result {
    for field in fields {
        let value = options.scalar::<i32>(*field)?.unwrap_or(default);
        if value < 1 {
            return Err(ModelProblem::Range {
                field: field.1,
                value: value.into(),
                minimum: 1,
                maximum: i32::MAX.into(),
            }
            .into());
        }
    }
    Ok(())
}

/// The second input has a row for each dimension.
fn verify_padding(inputs: Vector<'_, i32>, tensors: &[Facts<'_>]) -> Result {
    let padding = inputs
        .get(1)
        .and_then(|padding| tensors.get(usize::try_from(padding).ok()?));
    match padding.and_then(|padding| padding.shape.get(0)) {
        Some(rows) if rows > MAX_PADDED_RANK => Err(ModelProblem::Contents {
            what: "the number of padded dimensions",
            value: rows.into(),
            expected: MAX_PADDED_RANK.into(),
        }
        .into()),
        _ => Ok(()),
    }
}
