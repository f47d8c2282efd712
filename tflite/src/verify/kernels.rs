//! Types that kernels give to what they read and write without looking whether it has them.
//!
//! Each operator has cases. The first one of which the conditions hold says what else has to hold.
//! Where there is none, the kernel refuses the types itself.

use super::error::Fault;
use super::operands::At::{self, In, Out};
use super::operands::Operands;
use super::{ModelProblem, recurrent};
use crate::tensor::TensorType;
use crate::tensor::TensorType::{
    Float16 as F16, Float32 as F32, Int2 as I2, Int4 as I4, Int8 as I8, Int16 as I16, Int32 as I32,
    UInt4 as U4, UInt8 as U8,
};

type Result<T = ()> = std::result::Result<T, Fault>;

struct Case {
    /// Inputs and the types that they have. Inputs that are left out have every type.
    when: &'static [(usize, &'static [TensorType])],
    /// What the kernel then takes tensors for. Tensors that are left out are.
    then: &'static [(At, Types)],
}

enum Types {
    Of(&'static [TensorType]),
    Not(&'static [TensorType]),
    /// The type of an input.
    Like(usize),
}

use Types::{Like, Not, Of};

const fn case(
    when: &'static [(usize, &'static [TensorType])],
    then: &'static [(At, Types)],
) -> Case {
    Case { when, then }
}

/// With less than a byte for each, and so with fewer bytes than elements.
const PACKED: &[TensorType] = &[I4, U4, I2];

#[rustfmt::skip]
const TABLE: &[(&str, &[Case])] = &[
    ("CONV_2D", &[
        case(&[(0, &[F32])], &[(In(1), Of(&[F32, I8, U8, I4]))]),
        case(&[(0, &[U8])], &[(In(1), Of(&[U8, I4]))]),
        case(&[(0, &[I8, I16])], &[(In(1), Of(&[I8, I4]))]),
    ]),
    ("DEPTHWISE_CONV_2D", &[
        case(&[(0, &[F32])], &[(In(1), Of(&[F32, I8]))]),
        case(&[(0, &[U8])], &[(In(1), Of(&[U8]))]),
        case(&[(0, &[I8])], &[(In(1), Of(&[I8, I4]))]),
        case(&[(0, &[I16])], &[(In(1), Of(&[I8]))]),
    ]),
    // The kernel unpacks weights for outputs of some types only.
    ("FULLY_CONNECTED", &[
        case(&[(0, &[I8, U8]), (1, PACKED)], &[(Out(0), Of(&[I8]))]),
        case(&[(0, &[I16]), (1, PACKED)], &[(Out(0), Of(&[I8, I16]))]),
    ]),
    ("BATCH_MATMUL", &[
        case(&[(0, &[F32])], &[(Out(0), Of(&[F32]))]),
        case(&[(0, &[I8])], &[(Out(0), Of(&[I8, I32]))]),
        case(&[(0, &[I16])], &[(Out(0), Of(&[I16]))]),
    ]),
    ("MUL", &[
        case(&[(0, &[I16])], &[(Out(0), Of(&[I16, I8, U8]))]),
        case(&[], &[(Out(0), Like(0))]),
    ]),
    ("SOFTMAX", &[case(&[(0, &[I16])], &[(Out(0), Of(&[I16]))])]),
    ("PRELU", &[
        case(&[(0, &[F32])], &[(In(1), Of(&[F32]))]),
        case(&[(0, &[U8])], &[(In(1), Of(&[U8]))]),
        case(&[(0, &[I8, I16])], &[(In(1), Of(&[I8]))]),
    ]),
    ("CONCATENATION", &[case(&[], &[(Out(0), Like(0))])]),
    ("NON_MAX_SUPPRESSION_V4", &[case(&[], &[(In(4), Of(&[F32]))])]),
    ("NON_MAX_SUPPRESSION_V5", &[case(&[], &[(In(4), Of(&[F32]))])]),
    ("DILATE", &[case(&[], &[(In(0), Not(PACKED))])]),
    ("STABLEHLO_PAD", &[case(&[], &[(In(0), Not(PACKED))])]),
    ("EMBEDDING_LOOKUP", &[
        case(&[(1, &[I4, I2])], &[(Out(0), Of(&[F32, F16]))]),
        case(&[], &[(In(1), Not(&[U4]))]),
    ]),
    ("HASHTABLE_LOOKUP", &[case(&[], &[(In(2), Not(PACKED))])]),
    ("SVDF", &[
        case(&[(0, &[F32]), (1, &[F32])], &[
            (In(2), Of(&[F32])), (In(3), Of(&[F32])), (In(4), Of(&[F32])), (Out(0), Of(&[F32])),
        ]),
        case(&[(0, &[F32])], &[
            (In(1), Of(&[F32, I8, U8])), (In(2), Like(1)), (In(3), Of(&[F32])),
            (In(4), Of(&[F32])), (Out(0), Of(&[F32])),
        ]),
        case(&[(0, &[I8])], &[
            (In(1), Of(&[I8])), (In(2), Of(&[I16])), (In(3), Of(&[I32])), (In(4), Of(&[I16])),
            (Out(0), Of(&[I8])),
        ]),
    ]),
    ("RNN", RNN),
    ("UNIDIRECTIONAL_SEQUENCE_RNN", RNN),
    ("BIDIRECTIONAL_SEQUENCE_RNN", &[case(&[], &[
        (In(1), Of(&[F32, I8, U8])), (In(2), Like(1)), (In(3), Of(&[F32])), (In(4), Of(&[F32])),
        (In(5), Like(1)), (In(6), Like(1)), (In(7), Of(&[F32])), (In(8), Of(&[F32])),
        (In(9), Of(&[F32])), (In(10), Like(1)), (In(11), Like(1)), (Out(0), Of(&[F32])),
        (Out(1), Of(&[F32])),
    ])]),
    ("LSTM", LSTM),
    ("UNIDIRECTIONAL_SEQUENCE_LSTM", LSTM),
    ("BIDIRECTIONAL_SEQUENCE_LSTM", &[case(&[], &[
        (In(4), Of(&[F32, I8, U8])), (In(35), Of(&[F32])), (In(36), Of(&[F32])),
        (In(37), Of(&[F32])), (In(38), Of(&[F32])), (In(39), Of(&[F32])), (In(40), Like(4)),
        (In(41), Like(4)), (In(42), Like(4)), (In(43), Like(4)), (In(44), Like(4)),
        (In(45), Like(4)), (In(46), Like(4)), (In(47), Like(4)), (Out(0), Of(&[F32])),
        (Out(1), Of(&[F32])),
    ])]),
];

#[rustfmt::skip]
const RNN: &[Case] = &[case(&[], &[
    (In(1), Of(&[F32, I8, U8])), (In(2), Like(1)), (In(3), Of(&[F32])), (In(4), Of(&[F32])),
    (Out(0), Of(&[F32])),
])];

/// The recurrent weights, 5 to 8, are compared elsewhere: some may be a diagonal.
#[rustfmt::skip]
const LSTM: &[Case] = &[
    case(&[(0, &[F32])], &[
        (In(4), Of(&[F32, I8, U8])), (In(1), Like(4)), (In(2), Like(4)), (In(3), Like(4)),
        (In(16), Like(4)), (In(18), Of(&[F32])), (In(19), Of(&[F32])), (Out(0), Of(&[F32])),
    ]),
    case(&[], &[
        (In(0), Of(&[F32, I8])), (In(4), Of(&[I8])), (In(1), Like(4)), (In(2), Like(4)),
        (In(3), Like(4)), (In(16), Like(4)), (In(18), Of(&[I8])), (In(19), Of(&[I16])),
        (Out(0), Of(&[I8])),
    ]),
];

/// Compares the types of an operator's tensors with what its kernel takes them for.
pub(super) fn verify(name: &str, operands: Operands<'_, '_>) -> Result {
    // That one looks at all types itself.
    if recurrent::is_basic(name, operands) {
        return Ok(());
    }
    let Some((_, cases)) = TABLE.iter().find(|(other, _)| *other == name) else {
        return Ok(());
    };
    let has = |&(position, types): &(usize, &[TensorType])| {
        (operands.dtype(In(position))).is_none_or(|dtype| types.contains(&dtype))
    };
    let Some(case) = cases.iter().find(|case| case.when.iter().all(has)) else {
        return Ok(());
    };
    for (at, types) in case.then {
        let Some(dtype) = operands.dtype(*at) else {
            continue;
        };
        let expected = match types {
            Of(types) => types.to_vec(),
            Like(position) => operands.dtype(In(*position)).into_iter().collect(),
            Not(types) if types.contains(&dtype) => {
                let place = "an input of this operator";
                return Err(ModelProblem::Type { dtype, place }.into());
            }
            Not(_) => continue,
        };
        expect(*at, dtype, expected)?;
    }
    Ok(())
}

/// Whether the type is one of those.
pub(super) fn expect(at: At, dtype: TensorType, expected: Vec<TensorType>) -> Result {
    if expected.is_empty() || expected.contains(&dtype) {
        return Ok(());
    }
    let (field, position) = at.parts();
    Err(ModelProblem::OperandType {
        field,
        position,
        dtype,
        expected,
    }
    .into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::enums::operator_name;

    #[test]
    fn the_names_are_the_schemas_and_there_once() {
        let known: Vec<_> = (0..).map_while(operator_name).collect();
        let mut names: Vec<_> = TABLE.iter().map(|(name, _)| *name).collect();
        assert!(names.iter().all(|name| known.contains(name)));
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), TABLE.len());
    }

    #[test]
    fn no_case_hides_behind_one_that_always_holds() {
        for (name, cases) in TABLE {
            let always = cases.iter().position(|case| case.when.is_empty());
            assert!(always.is_none_or(|at| at + 1 == cases.len()), "{name}");
        }
    }
}
