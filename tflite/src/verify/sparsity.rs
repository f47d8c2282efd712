//! Sparse constants: trees of dimensions, of which some list the indices that are stored.

use super::ModelProblem;
use super::error::Fault;
use crate::schema::field::{dimension, index_vector, sparsity as at};
use crate::schema::table::{Table, Vector};

type Result<T = ()> = std::result::Result<T, Fault>;

const DENSE: i8 = 0;
const SPARSE_CSR: i8 = 1;

/// How many elements are stored, after a check that each of them has a place in the shape.
pub(super) fn count_stored(sparsity: &Table<'_, '_>, shape: Vector<'_, i32>) -> Result<u64> {
    let order = sparsity.numbers::<i32>(at::TRAVERSAL_ORDER)?;
    let blocks = sparsity.numbers::<i32>(at::BLOCK_MAP)?;
    let dimensions = sparsity.tables(at::DIMENSIONS)?.unwrap_or_default();
    let rank = shape.len();
    let total = order.len();
    let count = |field, count, expected| ModelProblem::Count {
        field,
        count,
        minimum: expected,
        maximum: expected,
    };
    if dimensions.len() != total {
        return Err(count(at::DIMENSIONS.1, dimensions.len(), total).into());
    }
    // A block has no more dimensions than the tensor; otherwise two of them would share one.
    if total < rank || total > 2 * rank {
        return Err(ModelProblem::Count {
            field: at::TRAVERSAL_ORDER.1,
            count: total,
            minimum: rank,
            maximum: 2 * rank,
        }
        .into());
    }
    if blocks.len() != total - rank {
        return Err(count(at::BLOCK_MAP.1, blocks.len(), total - rank).into());
    }
    is_permutation(order, 0, rank)?;
    is_in_order(order, blocks, rank)?;

    let sizes = sizes(shape, order, blocks, &dimensions)?;
    let mut stored = 1_u64;
    for (dimension, original) in dimensions.iter().zip(order.iter()) {
        let size = usize::try_from(original)
            .ok()
            .and_then(|original| sizes.get(original).copied())
            .unwrap_or(0);
        stored = count_level(dimension, stored, size)?;
    }
    Ok(stored)
}

/// Rows that list which blocks of a few columns are stored.
pub(super) struct Rows {
    /// How many columns a block has; 1 if there are no blocks.
    pub(super) block: i32,
    /// The most blocks that a row has.
    longest: i32,
    /// The greatest index of a block.
    last: i32,
}

impl Rows {
    /// Whether neither a row's length nor an index is greater.
    pub(super) fn fits(&self, maximum: i32) -> bool {
        self.longest <= maximum && self.last <= maximum
    }
}

/// Describes a constant that `count_stored` accepts; `None` if it is sparse in another way.
pub(super) fn rows(sparsity: &Table<'_, '_>) -> Result<Option<Rows>> {
    let order = sparsity.numbers::<i32>(at::TRAVERSAL_ORDER)?.to_vec();
    let blocks = sparsity.numbers::<i32>(at::BLOCK_MAP)?.to_vec();
    let dimensions = sparsity.tables(at::DIMENSIONS)?.unwrap_or_default();
    let (Some(outer), Some(inner)) = (dimensions.first(), dimensions.get(1)) else {
        return Ok(None);
    };
    let block = match (order.as_slice(), blocks.as_slice(), dimensions.get(2)) {
        ([0, 1], [], _) => 1,
        ([0, 1, 2], [1], Some(block)) if block.number::<i8>(dimension::FORMAT)? == DENSE => {
            block.number::<i32>(dimension::DENSE_SIZE)?
        }
        _ => return Ok(None),
    };
    if outer.number::<i8>(dimension::FORMAT)? != DENSE
        || inner.number::<i8>(dimension::FORMAT)? != SPARSE_CSR
    {
        return Ok(None);
    }
    let segments = indices(inner, dimension::SEGMENTS_TYPE, dimension::SEGMENTS)?;
    let stored = indices(inner, dimension::INDICES_TYPE, dimension::INDICES)?;
    let lengths = segments.windows(2).map(|pair| match *pair {
        [start, end] => end - start,
        _ => 0,
    });
    Ok(Some(Rows {
        block,
        longest: lengths.max().unwrap_or(0),
        last: stored.into_iter().max().unwrap_or(0),
    }))
}

/// Whether a part of the order contains each number from `start` to `end` once.
fn is_permutation(order: Vector<'_, i32>, start: usize, end: usize) -> Result {
    let mut seen = vec![false; end - start];
    for dim in order.iter().take(end).skip(start) {
        let place = usize::try_from(dim)
            .ok()
            .and_then(|dim| dim.checked_sub(start))
            .and_then(|dim| seen.get_mut(dim));
        match place {
            Some(seen) if !*seen => *seen = true,
            _ => {
                return Err(ModelProblem::Contents {
                    what: "the traversal order is no permutation",
                    value: dim.into(),
                    expected: i64::try_from(end).unwrap_or(i64::MAX) - 1,
                }
                .into());
            }
        }
    }
    Ok(())
}

/// The runtime takes the sizes of blocks from other dimensions if they are not in order.
fn is_in_order(order: Vector<'_, i32>, blocks: Vector<'_, i32>, rank: usize) -> Result {
    let mut previous = -1;
    for (block, mapped) in blocks.iter().enumerate() {
        let own = order
            .get(rank + block)
            .and_then(|own| usize::try_from(own).ok());
        if mapped <= previous || own != Some(rank + block) {
            return Err(ModelProblem::Contradiction(
                "the blocks of a sparse constant are not in the order of its dimensions",
            )
            .into());
        }
        previous = mapped;
    }
    Ok(())
}

/// The size of each dimension: first the tensor's, in blocks, then the blocks'.
fn sizes(
    shape: Vector<'_, i32>,
    order: Vector<'_, i32>,
    blocks: Vector<'_, i32>,
    dimensions: &[Table<'_, '_>],
) -> Result<Vec<i32>> {
    let rank = shape.len();
    let mut sizes = shape.to_vec();
    sizes.resize(order.len(), 0);
    for (block, mapped) in blocks.iter().enumerate() {
        let size = match dimensions.get(rank + block) {
            Some(dimension) => dimension.number::<i32>(dimension::DENSE_SIZE)?,
            None => 0,
        };
        let mapped = usize::try_from(mapped)
            .ok()
            .filter(|&mapped| mapped < rank)
            .ok_or(ModelProblem::Index {
                field: at::BLOCK_MAP.1,
                index: mapped.into(),
                count: rank,
            })?;
        let whole = sizes.get(mapped).copied().unwrap_or(0);
        if size < 1 || whole % size != 0 {
            return Err(ModelProblem::Contents {
                what: "the size of a block does not divide the dimension",
                value: size.into(),
                expected: whole.into(),
            }
            .into());
        }
        if let Some(whole) = sizes.get_mut(mapped) {
            *whole /= size;
        }
        let own = order
            .get(rank + block)
            .and_then(|own| usize::try_from(own).ok());
        if let Some(own) = own.and_then(|own| sizes.get_mut(own)) {
            *own = size;
        }
    }
    Ok(sizes)
}

/// How many elements there are after one more dimension of this size.
fn count_level(dimension: &Table<'_, '_>, before: u64, size: i32) -> Result<u64> {
    match dimension.number::<i8>(dimension::FORMAT)? {
        DENSE => {
            let dense = dimension.number::<i32>(dimension::DENSE_SIZE)?;
            match u64::try_from(dense) {
                Ok(count) if dense == size => Ok(before.saturating_mul(count)),
                _ => Err(ModelProblem::Contents {
                    what: "the size of a dense dimension",
                    value: dense.into(),
                    expected: size.into(),
                }
                .into()),
            }
        }
        SPARSE_CSR => {
            let segments = indices(dimension, dimension::SEGMENTS_TYPE, dimension::SEGMENTS)?;
            let indices = indices(dimension, dimension::INDICES_TYPE, dimension::INDICES)?;
            count_sparse(&segments, &indices, before, size)
        }
        format => Err(ModelProblem::Range {
            field: dimension::FORMAT.1,
            value: format.into(),
            minimum: DENSE.into(),
            maximum: SPARSE_CSR.into(),
        }
        .into()),
    }
}

/// Each element before has a segment of the indices, which may be empty.
fn count_sparse(segments: &[i32], indices: &[i32], before: u64, size: i32) -> Result<u64> {
    let problem = |what, value: i64, expected: i64| ModelProblem::Contents {
        what,
        value,
        expected,
    };
    let signed = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
    let expected = before.saturating_add(1);
    if u64::try_from(segments.len()) != Ok(expected) {
        let expected = i64::try_from(expected).unwrap_or(i64::MAX);
        return Err(problem("the number of segments", signed(segments.len()), expected).into());
    }
    let mut previous = 0;
    for (index, &end) in segments.iter().enumerate() {
        if end < previous || (index == 0 && end != 0) {
            return Err(problem("where a segment starts", end.into(), previous.into()).into());
        }
        previous = end;
    }
    if i64::from(previous) != signed(indices.len()) {
        let count = signed(indices.len());
        return Err(problem("the number of indices", count, previous.into()).into());
    }
    match indices.iter().find(|&&index| index < 0 || index >= size) {
        Some(&index) => Err(problem("a stored index", index.into(), i64::from(size) - 1).into()),
        None => Ok(u64::try_from(indices.len()).unwrap_or(u64::MAX)),
    }
}

/// A vector of 32, 16 or 8 bits.
fn indices(
    dimension: &Table<'_, '_>,
    kind: crate::schema::table::Field,
    field: crate::schema::table::Field,
) -> Result<Vec<i32>> {
    let missing = ModelProblem::Missing { field: field.1 };
    let kind = dimension.number::<u8>(kind)?;
    let Some(table) = dimension.table(field)? else {
        return Err(missing.into());
    };
    let values = index_vector::VALUES;
    let numbers = match kind {
        1 => table.vector::<i32>(values)?.map(Vector::to_vec),
        2 => table
            .vector::<u16>(values)?
            .map(|numbers| numbers.iter().map(i32::from).collect()),
        3 => table
            .vector::<u8>(values)?
            .map(|numbers| numbers.iter().map(i32::from).collect()),
        _ => None,
    };
    numbers.ok_or_else(|| missing.into())
}
