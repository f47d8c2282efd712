//! Inputs and outputs in memory of the user's.

use tflite_sys as sys;

use super::Interpreter;
use super::native::Native;
use super::state::State;
use crate::buffer::AlignedBuffer;
use crate::error::{Error, Operation, Result, TensorRole};
use crate::tensor::TensorType;

/// The buffers that an interpreter works on, each with its tensor's own index. They outlive the
/// native interpreter.
pub(super) type Bound = Vec<(usize, AlignedBuffer)>;

impl Interpreter {
    /// Uses a buffer as an input, without copying it. The buffer that was bound before, if any, is
    /// returned: so two of them can take turns.
    ///
    /// The input has the buffer's contents, and can be read and written as before. There are no
    /// outputs before the next invocation. Other inputs keep their values, unless there are strings
    /// among the inputs: then those that are not bound are zero. After a resize or a reset, another
    /// buffer of zeros is bound, as large as the input is then.
    ///
    /// Wraps `TfLiteInterpreterSetCustomAllocationForTensor()` and
    /// `TfLiteInterpreterAllocateTensors()`.
    ///
    /// # Errors
    ///
    /// [`Error::LengthMismatch`], in bytes, if the buffer has not the size of the input;
    /// [`Error::Binding`] for a constant; [`Error::OpaqueType`] for strings, and for booleans,
    /// which must be checked; [`Error::NoSuchTensor`], [`Error::OptionalTensor`],
    /// [`Error::Poisoned`].
    ///
    /// ```
    /// # let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/models/add.tflite");
    /// # let model = tflite::Model::from_file(path)?;
    /// use tflite::AlignedBuffer;
    ///
    /// let mut interpreter = tflite::Interpreter::new(&model, Default::default())?;
    /// interpreter.bind_input(0, AlignedBuffer::from_slice(&[1.0_f32, 2.0, 3.0])?)?;
    /// interpreter.invoke()?;
    /// assert_eq!(interpreter.output(0)?.data::<f32>()?, [2.0, 4.0, 6.0]);
    /// let buffer = interpreter.take_input(0)?;
    /// assert_eq!(buffer.as_slice::<f32>(), Some(&[1.0, 2.0, 3.0][..]));
    /// # Ok::<(), tflite::Error>(())
    /// ```
    pub fn bind_input(
        &mut self,
        index: usize,
        buffer: AlignedBuffer,
    ) -> Result<Option<AlignedBuffer>> {
        self.bind(TensorRole::Input, index, buffer)
    }

    /// Takes a buffer back. A new one of zeros, of the same size, is bound in its place.
    ///
    /// # Errors
    ///
    /// [`Error::Binding`] if none is bound; [`Error::OutOfMemory`]; else as
    /// [`bind_input`](Self::bind_input).
    pub fn take_input(&mut self, index: usize) -> Result<AlignedBuffer> {
        self.take(TensorRole::Input, index)
    }

    /// Lets an output be written into a buffer. The buffer that was bound before, if any, is
    /// returned, with the last values. There are no outputs before the next invocation.
    ///
    /// A resize makes the native interpreter anew, which takes as long as
    /// [`reset`](Self::reset); else as for [`bind_input`](Self::bind_input).
    ///
    /// # Errors
    ///
    /// As [`bind_input`](Self::bind_input), and [`Error::Binding`] if shapes in the model depend
    /// on values. Booleans can be bound.
    ///
    /// ```
    /// # let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/models/add.tflite");
    /// # let model = tflite::Model::from_file(path)?;
    /// # let mut interpreter = tflite::Interpreter::new(&model, Default::default())?;
    /// interpreter.bind_output(0, tflite::AlignedBuffer::zeroed(12)?)?;
    /// interpreter.input_mut(0)?.copy_from_slice(&[1.0_f32, 2.0, 3.0])?;
    /// interpreter.invoke()?;
    /// let output = interpreter.take_output(0)?;
    /// assert_eq!(output.as_slice::<f32>(), Some(&[2.0, 4.0, 6.0][..]));
    /// # Ok::<(), tflite::Error>(())
    /// ```
    pub fn bind_output(
        &mut self,
        index: usize,
        buffer: AlignedBuffer,
    ) -> Result<Option<AlignedBuffer>> {
        self.bind(TensorRole::Output, index, buffer)
    }

    /// Takes a buffer back, with the last values. A new one of zeros, of the same size, is bound in
    /// its place.
    ///
    /// # Errors
    ///
    /// As [`take_input`](Self::take_input).
    pub fn take_output(&mut self, index: usize) -> Result<AlignedBuffer> {
        self.take(TensorRole::Output, index)
    }

    fn take(&mut self, role: TensorRole, index: usize) -> Result<AlignedBuffer> {
        let tensor = self.bindable(role, index)?;
        let bound = self.bound.iter().find(|(other, _)| *other == tensor);
        let none = || Error::Binding {
            role,
            index,
            reason: "no buffer is bound to it",
        };
        let length = bound.ok_or_else(none)?.1.len();
        let buffer = AlignedBuffer::zeroed(length)?;
        self.swap(tensor, buffer)?.ok_or_else(none)
    }

    fn bind(
        &mut self,
        role: TensorRole,
        index: usize,
        buffer: AlignedBuffer,
    ) -> Result<Option<AlignedBuffer>> {
        let tensor = self.bindable(role, index)?;
        let expected = self.native.raw().tensor(tensor).map(|raw| raw.byte_size());
        let expected = expected.unwrap_or(0);
        if expected != buffer.len() {
            return Err(Error::LengthMismatch {
                tensor: format!("{role} {index}, in bytes:"),
                expected,
                actual: buffer.len(),
            });
        }
        self.swap(tensor, buffer)
    }

    /// Which tensor it is, if it can be bound at all.
    fn bindable(&self, role: TensorRole, index: usize) -> Result<usize> {
        let view = match role {
            TensorRole::Input => self.input(index)?,
            _ => self.output(index)?,
        };
        let dtype = view.dtype();
        let is_checked = dtype == TensorType::Bool && role == TensorRole::Input;
        if !dtype.is_plain() || is_checked {
            return Err(Error::OpaqueType {
                tensor: format!("{role} {index}"),
                dtype,
            });
        }
        let raw = self.native.raw();
        let (indices, found) = match role {
            TensorRole::Input => (raw.input_indices(), raw.input(index)),
            _ => (raw.output_indices(), raw.output(index)),
        };
        let kind = found.map(|tensor| tensor.allocation_type());
        let reason = match kind {
            Some(sys::kTfLiteArenaRw | sys::kTfLiteArenaRwPersistent | sys::kTfLiteCustom) => {
                // Kernels may take memory of their own for such outputs.
                (role == TensorRole::Output && !self.native.is_static())
                    .then_some("shapes in the model depend on values")
            }
            Some(sys::kTfLiteDynamic) => Some("its shape depends on values"),
            _ => Some("it is a constant"),
        };
        let tensor = indices
            .get(index)
            .and_then(|&tensor| tensor.try_into().ok());
        match (tensor, reason) {
            (Some(tensor), None) => Ok(tensor),
            (_, reason) => Err(Error::Binding {
                role,
                index,
                reason: reason.unwrap_or("it is left out"),
            }),
        }
    }

    /// Binds a buffer that has the tensor's size, and returns the one before.
    fn swap(&mut self, tensor: usize, buffer: AlignedBuffer) -> Result<Option<AlignedBuffer>> {
        // SAFETY: the buffer is kept until another one is bound or the interpreter is replaced, and
        // nobody uses it meanwhile. It has the tensor's size: `bind` and `take` have looked.
        unsafe { self.native.set_memory(tensor, &buffer) }?;
        let position = self.bound.iter().position(|(other, _)| *other == tensor);
        let before = match position.and_then(|position| self.bound.get_mut(position)) {
            Some((_, old)) => Some(std::mem::replace(old, buffer)),
            None => {
                self.bound.push((tensor, buffer));
                None
            }
        };
        self.state = State::Poisoned(Operation::Allocate);
        self.native.allocate_again()?;
        self.state = State::Allocated;
        Ok(before)
    }

    /// Whether buffers are bound to something else than inputs. Their sizes are not known before
    /// tensors are allocated.
    pub(super) fn has_bound_outputs(&self) -> bool {
        let inputs = self.native.raw().input_indices();
        let is_input = |tensor: usize| {
            inputs
                .iter()
                .any(|&input| usize::try_from(input) == Ok(tensor))
        };
        !self.bound.iter().all(|(tensor, _)| is_input(*tensor))
    }

    /// After a resize, before the allocation: binds buffers of the inputs' new sizes.
    pub(super) fn rebind_inputs(&mut self) -> Result<()> {
        let Self { native, bound, .. } = self;
        // SAFETY: the buffers become those of the interpreter. Each of the old ones is dropped
        // after the runtime has got the new one.
        unsafe { native.bind_zeroed(bound) }
    }
}

impl Native {
    /// Binds new buffers of zeros, as large as their tensors are now, in place of these.
    ///
    /// # Safety
    ///
    /// The buffers must be kept as long as the interpreter, or until others are bound.
    pub(super) unsafe fn bind_zeroed(&mut self, bound: &mut Bound) -> Result<()> {
        for (tensor, buffer) in bound {
            let size = self.raw().tensor(*tensor).map(|raw| raw.byte_size());
            let zeroed = AlignedBuffer::zeroed(size.unwrap_or(0))?;
            // SAFETY: the caller's promise is the same; the size is the tensor's.
            unsafe { self.set_memory(*tensor, &zeroed) }?;
            *buffer = zeroed;
        }
        Ok(())
    }
}
