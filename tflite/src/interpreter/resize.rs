//! Other input shapes than those in the model.

use std::ffi::c_int;

use super::Interpreter;
use super::native::{Native, Resizes};
use super::probe::{Probe, Verdict};
use super::state::State;
use crate::delegate::XnnpackStatus;
use crate::error::{Error, Operation, Result, TensorRole};
use crate::tensor::Shape;

impl Interpreter {
    /// Gives an input another shape and allocates all tensors anew. All inputs are zero then,
    /// and there are no outputs before the next invocation.
    /// [Buffers](Self::bind_input) are replaced by new ones.
    ///
    /// Only dimensions that the model leaves open can be changed: see
    /// [`shape_signature`](crate::Tensor::shape_signature). Operators are asked beforehand, so that
    /// a shape that does not fit changes nothing. If XNNPACK must not compute the new shapes, the
    /// runtime's own kernels do, and [`delegate_report`](Self::delegate_report) says so; that takes
    /// a new native interpreter, in which signatures' own subgraphs have the model's shapes again.
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
    /// assert!(interpreter.resize_input(0, &[5, 3]).is_err());
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
        self.resize(shapes, false)
    }

    /// As [`resize_inputs`](Self::resize_inputs), but dimensions that the model fixes, and their
    /// number, can be changed too, as C and Python do by default. The runtime's own kernels compute
    /// everything then.
    ///
    /// # Safety
    ///
    /// The model's operators must be able to compute these shapes, or notice that they are not.
    /// Most kernels notice most; some divide by 0, or read and write past the end of tensors.
    ///
    /// # Errors
    ///
    /// As [`resize_input`](Self::resize_input).
    ///
    /// ```
    /// # let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/models/add.tflite");
    /// # let model = tflite::Model::from_file(path)?;
    /// # let mut interpreter = tflite::Interpreter::new(&model, Default::default())?;
    /// assert!(interpreter.resize_inputs(&[(0, &[5])]).is_err());
    /// // SAFETY: the model adds; any number of elements will do.
    /// unsafe { interpreter.resize_inputs_relaxed(&[(0, &[5])]) }?;
    /// interpreter.invoke()?;
    /// # Ok::<(), tflite::Error>(())
    /// ```
    pub unsafe fn resize_inputs_relaxed(&mut self, shapes: &[(usize, &[usize])]) -> Result<()> {
        self.resize(shapes, true)
    }

    fn resize(&mut self, shapes: &[(usize, &[usize])], relaxed: bool) -> Result<()> {
        let mut resizes = self.resizes.clone();
        for &(index, shape) in shapes {
            self.check_input(index)?;
            let dims = check_shape(index, shape)?;
            resizes.retain(|(other, _)| *other != index);
            resizes.push((index, dims));
        }
        let probe = Probe::new(self.native.model(), self.options.shared(), &resizes)?;
        if !relaxed {
            check_open(&probe, shapes)?;
        }
        let verdict = match self.resize_in_place(&resizes, probe.ask()?)? {
            None => {
                self.resizes = resizes;
                return Ok(());
            }
            Some(verdict) => verdict,
        };
        let model = self.native.model().clone();
        let (native, xnnpack) = Native::build_for(&model, &self.options, &resizes, verdict)?;
        self.replace(native, xnnpack)?;
        self.resizes = resizes;
        Ok(())
    }

    /// Keeps the native interpreter, if it can compute these shapes; else says what to make another
    /// one for.
    fn resize_in_place(&mut self, resizes: &Resizes, verdict: Verdict) -> Result<Option<Verdict>> {
        let agreed = match (verdict, &self.xnnpack) {
            // After a failed invocation, there is nothing to build upon.
            (verdict, _) if self.state.check().is_err() => return Ok(Some(verdict)),
            (verdict, _) if self.has_bound_outputs() => return Ok(Some(verdict)),
            (Verdict::Fits(agreed), XnnpackStatus::Applied) => Some(agreed),
            (_, XnnpackStatus::Off | XnnpackStatus::Unavailable) => None,
            (verdict, _) => return Ok(Some(verdict)),
        };
        self.state = State::Poisoned(Operation::Resize);
        self.native.resize_inputs(resizes)?;
        self.rebind_inputs()?;
        self.state = State::Poisoned(Operation::Allocate);
        if let Some(agreed) = agreed {
            if let Some(difference) = self.native.allocate_for(agreed)? {
                return Ok(Some(Verdict::Refused(difference)));
            }
        } else {
            self.native.allocate()?;
        }
        self.state = State::Allocated;
        Ok(None)
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

/// Fails if the model fixes what these shapes change.
fn check_open(probe: &Probe, shapes: &[(usize, &[usize])]) -> Result<()> {
    for index in probe.relaxed() {
        if let Some((_, shape)) = shapes.iter().rfind(|(other, _)| *other == index) {
            let reason = "the model does not leave these dimensions open";
            return Err(Error::InvalidShape {
                index,
                shape: Shape::new(shape),
                reason,
            });
        }
    }
    Ok(())
}

/// The shape as C wants it.
pub(super) fn check_shape(index: usize, shape: &[usize]) -> Result<Vec<c_int>> {
    let shape = Shape::new(shape);
    shape.c_dims().map_err(|reason| Error::InvalidShape {
        index,
        shape,
        reason,
    })
}
