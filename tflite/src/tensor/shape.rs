//! Shapes.

use std::ffi::c_int;
use std::fmt;
use std::ops::Deref;

/// More dimensions than any operator supports; far below what the runtime's arrays can hold.
const MAX_RANK: usize = 64;

/// How many dimensions fit without a heap allocation.
const INLINE: usize = 6;

/// The lengths of a tensor's dimensions, outermost first: `[1, 224, 224, 3]`. A scalar has none.
///
/// It dereferences to `[usize]`.
#[derive(Clone)]
pub struct Shape(Dims);

#[derive(Clone)]
enum Dims {
    Inline([usize; INLINE], usize),
    Heap(Vec<usize>),
}

impl Shape {
    /// The shape with these dimensions.
    ///
    /// ```
    /// let shape = tflite::Shape::new(&[1, 224, 224, 3]);
    /// assert_eq!(shape[3], 3);
    /// assert_eq!(shape.elements(), Some(150_528));
    /// ```
    pub fn new(dims: &[usize]) -> Self {
        if dims.len() > INLINE {
            return Self(Dims::Heap(dims.to_vec()));
        }
        let mut inline = [0; INLINE];
        inline[..dims.len()].copy_from_slice(dims);
        Self(Dims::Inline(inline, dims.len()))
    }

    /// How many elements a tensor of this shape has: 1 for a scalar. `None` if that number does
    /// not fit a `usize`.
    pub fn elements(&self) -> Option<usize> {
        // A zero makes the product 0 wherever it stands.
        if self.contains(&0) {
            return Some(0);
        }
        self.iter()
            .try_fold(1, |product: usize, &dim| product.checked_mul(dim))
    }

    /// The dimensions as C wants them, or why no tensor can have them.
    pub(crate) fn c_dims(&self) -> Result<Vec<c_int>, &'static str> {
        if self.len() > MAX_RANK {
            return Err("no operator has more than 64 dimensions");
        }
        // The largest element has 16 bytes. C's own check is one of the product alone.
        let elements = self.elements();
        if elements.is_none_or(|elements| elements > isize::MAX.unsigned_abs() / 16) {
            return Err("no memory can hold so many elements");
        }
        self.iter()
            .map(|&dim| c_int::try_from(dim))
            .collect::<Result<_, _>>()
            .map_err(|_| "a dimension is larger than 2147483647")
    }
}

impl Deref for Shape {
    type Target = [usize];

    fn deref(&self) -> &[usize] {
        match &self.0 {
            Dims::Inline(dims, rank) => dims.get(..*rank).unwrap_or_default(),
            Dims::Heap(dims) => dims,
        }
    }
}

impl FromIterator<usize> for Shape {
    fn from_iter<I: IntoIterator<Item = usize>>(dims: I) -> Self {
        let mut inline = [0; INLINE];
        let mut rank = 0;
        let mut rest = dims.into_iter();
        for dim in rest.by_ref() {
            if rank == INLINE {
                let mut heap = inline.to_vec();
                heap.push(dim);
                heap.extend(rest);
                return Self(Dims::Heap(heap));
            }
            inline[rank] = dim;
            rank += 1;
        }
        Self(Dims::Inline(inline, rank))
    }
}

impl From<&[usize]> for Shape {
    fn from(dims: &[usize]) -> Self {
        Self::new(dims)
    }
}

impl AsRef<[usize]> for Shape {
    fn as_ref(&self) -> &[usize] {
        self
    }
}

impl PartialEq for Shape {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for Shape {}

impl<const N: usize> PartialEq<[usize; N]> for Shape {
    fn eq(&self, other: &[usize; N]) -> bool {
        **self == *other
    }
}

impl PartialEq<[usize]> for Shape {
    fn eq(&self, other: &[usize]) -> bool {
        **self == *other
    }
}

impl fmt::Debug for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // On one line even in `{:#?}`: a shape is one value.
        write!(f, "{:?}", &**self)
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", &**self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_rank_fits() {
        for rank in 0..20 {
            let dims: Vec<usize> = (1..=rank).collect();
            assert_eq!(Shape::new(&dims)[..], dims);
            assert_eq!(dims.iter().copied().collect::<Shape>()[..], dims);
        }
    }

    #[test]
    fn elements_do_not_wrap() {
        assert_eq!(Shape::new(&[]).elements(), Some(1));
        assert_eq!(Shape::new(&[2, 3]).elements(), Some(6));
        assert_eq!(Shape::new(&[usize::MAX, 2]).elements(), None);
        assert_eq!(Shape::new(&[usize::MAX, 2, 0]).elements(), Some(0));
    }

    #[test]
    fn it_prints_as_a_list() {
        assert_eq!(Shape::new(&[1, 10]).to_string(), "[1, 10]");
        assert_eq!(format!("{:#?}", Shape::new(&[1, 10])), "[1, 10]");
    }
}
