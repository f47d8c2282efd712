//! Resizing, allocating, invoking.

use tflite_sys as sys;

use super::{Native, Resizes, concerns};
use crate::buffer::AlignedBuffer;
use crate::delegate::{Census, Layouts};
use crate::error::{Error, Operation, Result, Status};
use crate::raw::RawInterpreter;
use crate::report::Reporter;

impl Native {
    pub(in crate::interpreter) fn resize_inputs(&mut self, resizes: &Resizes) -> Result<()> {
        resizes.iter().try_for_each(|(index, dims)| {
            self.run(Operation::Resize, |raw| raw.resize_input(*index, dims))
        })
    }

    /// Allocates after a tensor was given other memory. Shapes are what they were.
    pub(in crate::interpreter) fn allocate_again(&mut self) -> Result<()> {
        // SAFETY: XNNPACK may serve these shapes: it does.
        self.run(Operation::Allocate, |raw| unsafe { raw.allocate() })?;
        let has_strings = (0..self.raw.input_count()).any(|index| {
            let tensor = self.raw.input(index);
            tensor.is_some_and(|tensor| tensor.allocation_type() == sys::kTfLiteDynamic)
        });
        // Without such inputs, the runtime only looks at the sizes. With them, it allocates all
        // tensors anew.
        if has_strings { self.zero() } else { Ok(()) }
    }

    /// Gives a tensor other memory; whoever does it allocates again.
    ///
    /// # Safety
    ///
    /// The buffer must have the tensor's size. It must be kept, and nobody may use it, until another
    /// one takes its place or the interpreter is gone.
    pub(in crate::interpreter) unsafe fn set_memory(
        &mut self,
        tensor: usize,
        buffer: &AlignedBuffer,
    ) -> Result<()> {
        self.run(Operation::Bind, |raw| {
            // SAFETY: a buffer's memory is initialised and stays where it is; the rest is the
            // caller's promise.
            unsafe { raw.set_memory(tensor, buffer.as_ptr(), buffer.len()) }
        })
    }

    /// Allocates without XNNPACK.
    pub(in crate::interpreter) fn allocate(&mut self) -> Result<()> {
        debug_assert!(self.xnnpack.is_none());
        // SAFETY: XNNPACK is not there.
        self.run(Operation::Allocate, |raw| unsafe { raw.allocate() })?;
        self.zero()
    }

    /// Allocates with XNNPACK, for shapes that a probe found to fit. Says what is different if
    /// XNNPACK comes to other shapes nevertheless: then the interpreter must not be used.
    pub(in crate::interpreter) fn allocate_for(
        &mut self,
        agreed: Layouts,
    ) -> Result<Option<String>> {
        // SAFETY: a probe has been asked.
        self.run(Operation::Allocate, |raw| unsafe { raw.allocate() })?;
        // SAFETY: the interpreter is alive and borrowed exclusively.
        let layouts = unsafe { self.census.layouts_now() };
        let difference = layouts.difference(&agreed, |subgraph| concerns(&self.model, 0, subgraph));
        match &mut self.agreed {
            Some(old) => old.update(agreed, |subgraph| concerns(&self.model, 0, subgraph)),
            None => self.agreed = Some(agreed),
        }
        if difference.is_none() {
            self.zero()?;
        }
        Ok(difference)
    }

    /// Fails if the shapes leave nothing to compute where kernels rely on that.
    pub(in crate::interpreter) fn check_lengths(&self) -> Result<()> {
        match &self.empty {
            None => Ok(()),
            Some(tensor) => Err(Error::EmptyTensor {
                tensor: tensor.clone(),
            }),
        }
    }

    /// After [`check_lengths`](Self::check_lengths).
    pub(in crate::interpreter) fn invoke(&mut self) -> Result<()> {
        // SAFETY: allocation filled inputs of strings, and they are only written whole. It compared
        // the shapes, too; whoever learnt of a difference does not get here.
        self.run(Operation::Invoke, |raw| unsafe { raw.invoke() })
    }

    /// Sets variables to zero.
    pub(in crate::interpreter) fn reset_variables(&mut self) -> Result<()> {
        self.run(Operation::ResetVariables, RawInterpreter::reset_variables)
    }

    /// Applies a delegate now.
    ///
    /// # Safety
    ///
    /// The census must outlive the interpreter.
    pub(in crate::interpreter) unsafe fn modify_graph(
        &mut self,
        census: &Census,
    ) -> std::result::Result<(), Status> {
        // SAFETY: the census is valid, and the rest is the caller's promise.
        unsafe { self.raw.modify_graph(census.as_ptr()) }
    }

    /// The layouts when the interpreter was created.
    pub(in crate::interpreter) fn layouts_then(&self) -> Layouts {
        self.census.layouts_then()
    }

    pub(in crate::interpreter) fn take_log(&self) -> String {
        self.reporter.take()
    }

    /// Calls C, and puts what the runtime reports meanwhile into the error.
    fn run(
        &mut self,
        operation: Operation,
        call: impl FnOnce(&mut RawInterpreter) -> std::result::Result<(), Status>,
    ) -> Result<()> {
        let result =
            call(&mut self.raw).map_err(|status| failure(operation, status, &self.reporter));
        // What was said along with a success does not belong to the next failure.
        self.reporter.take();
        result
    }
}

/// The error for a C function's return value.
pub(in crate::interpreter) fn failure(
    operation: Operation,
    status: Status,
    reporter: &Reporter,
) -> Error {
    let log = reporter.take();
    match (operation, status) {
        (Operation::Invoke, Status::Cancelled) => Error::Cancelled,
        _ => Error::Runtime {
            operation,
            status,
            log,
        },
    }
}
