//! Other input shapes than those in the model.

use std::ffi::c_int;

use super::Interpreter;
use super::native::Native;
use super::state::State;
use crate::error::{Error, Operation, Result, TensorRole};
use crate::tensor::Shape;

/// More dimensions than any operator supports; far below what the runtime's arrays can hold.
const MAX_RANK: usize = 64;

impl Interpreter {
    /// Gives an input another shape and allocates all tensors anew. All inputs are zero then,
    /// and there are no outputs before the next invocation.
    ///
    /// As in C and in Python, dimensions that the model fixes can be changed too; whether the
    /// operators accept that is another matter. They are asked in a trial run beforehand, so that
    /// a shape that does not fit changes nothing.
    ///
    /// Wraps `TfLiteInterpreterResizeInputTensor()` and `TfLiteInterpreterAllocateTensors()`.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchTensor`], [`Error::OptionalTensor`], [`Error::InvalidShape`];
    /// [`Error::Runtime`] if the operators do not accept the shape, or if memory does not suffice.
    ///
    /// ```
    /// # let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/models/dynamic_batch.tflite");
    /// let model = tflite::Model::from_file(path)?;
    /// let mut interpreter = tflite::Interpreter::new(&model, Default::default())?;
    /// interpreter.resize_input(0, &[5, 4])?;
    /// interpreter.invoke()?;
    /// assert_eq!(interpreter.output(0)?.shape(), [5, 3]);
    /// # Ok::<(), tflite::Error>(())
    /// ```
    pub fn resize_input(&mut self, index: usize, shape: &[usize]) -> Result<()> {
        self.resize_inputs(&[(index, shape)])
    }

    /// Gives several inputs other shapes at once, for operators that want them to fit together.
    ///
    /// # Errors
    ///
    /// As [`resize_input`](Self::resize_input).
    pub fn resize_inputs(&mut self, shapes: &[(usize, &[usize])]) -> Result<()> {
        let mut resizes = self.resizes.clone();
        for &(index, shape) in shapes {
            self.check_input(index)?;
            let dims = check_shape(index, shape)?;
            resizes.retain(|(other, _)| *other != index);
            resizes.push((index, dims));
        }
        Native::trial(self.native.model(), &resizes)?;
        if self.state.check().is_err() {
            // After a failed invocation, there is nothing to build upon.
            self.reset()?;
        }
        self.state = State::Poisoned(Operation::Resize);
        for &(index, _) in shapes {
            if let Some((_, dims)) = resizes.iter().find(|(other, _)| *other == index) {
                self.native.resize_input(index, dims)?;
            }
        }
        self.state = State::Poisoned(Operation::Allocate);
        self.native.allocate()?;
        self.native.zero_inputs()?;
        self.state = State::Allocated;
        self.resizes = resizes;
        Ok(())
    }

    /// As [`resize_input`](Self::resize_input), but changes only dimensions that the model leaves
    /// open.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidShape`] if the [signature](crate::Tensor::shape_signature) does not allow
    /// this shape; else as [`resize_input`](Self::resize_input).
    ///
    /// ```
    /// # let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/models/dynamic_batch.tflite");
    /// # let model = tflite::Model::from_file(path)?;
    /// # let mut interpreter = tflite::Interpreter::new(&model, Default::default())?;
    /// interpreter.resize_input_strict(0, &[5, 4])?;
    /// assert!(interpreter.resize_input_strict(0, &[5, 3]).is_err());
    /// # Ok::<(), tflite::Error>(())
    /// ```
    pub fn resize_input_strict(&mut self, index: usize, shape: &[usize]) -> Result<()> {
        let signature = self.input(index)?.shape_signature();
        let fits = signature.len() == shape.len()
            && signature
                .iter()
                .zip(shape)
                .all(|(fixed, dim)| fixed.is_none_or(|fixed| fixed == *dim));
        if !fits {
            let reason = "the model does not leave these dimensions open";
            return Err(Error::InvalidShape {
                index,
                shape: Shape::new(shape),
                reason,
            });
        }
        self.resize_input(index, shape)
    }

    /// Fails if there is no such input.
    fn check_input(&self, index: usize) -> Result<()> {
        let count = self.native.raw().input_count();
        if index >= count {
            return Err(Error::NoSuchTensor {
                role: TensorRole::Input,
                index,
                count,
            });
        }
        if self.native.raw().input(index).is_none() {
            return Err(Error::OptionalTensor {
                role: TensorRole::Input,
                index,
            });
        }
        Ok(())
    }
}

/// The shape as C wants it.
pub(super) fn check_shape(index: usize, shape: &[usize]) -> Result<Vec<c_int>> {
    let invalid = |reason| Error::InvalidShape {
        index,
        shape: Shape::new(shape),
        reason,
    };
    if shape.len() > MAX_RANK {
        return Err(invalid("no operator has more than 64 dimensions"));
    }
    // The largest element has 16 bytes. C's own check is one of the product alone.
    let elements = Shape::new(shape).elements();
    if elements.is_none_or(|elements| elements > isize::MAX.unsigned_abs() / 16) {
        return Err(invalid("no memory can hold so many elements"));
    }
    shape
        .iter()
        .map(|&dim| c_int::try_from(dim))
        .collect::<std::result::Result<_, _>>()
        .map_err(|_| invalid("a dimension is larger than 2147483647"))
}
