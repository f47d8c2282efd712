//! Making an operator from closures.

use std::ffi::CString;
use std::fmt;
use std::sync::Arc;

use super::callbacks::{self, Definition};
use super::{Inner, InvokeContext, Operator, OperatorError, OperatorResult, PrepareContext};
use crate::error::{Error, Result};

type Prepare = Box<dyn Fn(&mut PrepareContext<'_>) -> OperatorResult + Send + Sync>;
type Invoke = Box<dyn Fn(&mut InvokeContext<'_>) -> OperatorResult + Send + Sync>;

/// Makes an [`Operator`] without a state, or with one after [`init`](Self::init).
#[must_use]
pub struct OperatorBuilder {
    name: String,
    version: i32,
    prepare: Option<Prepare>,
    invoke: Option<Invoke>,
}

/// Makes an [`Operator`] whose nodes have a state `S` each.
#[must_use]
pub struct StatefulOperatorBuilder<S> {
    name: String,
    version: i32,
    init: callbacks::Init<S>,
    prepare: Option<callbacks::Prepare<S>>,
    invoke: Option<callbacks::Invoke<S>>,
}

impl OperatorBuilder {
    pub(super) fn new(name: String) -> Self {
        Self {
            name,
            version: 1,
            prepare: None,
            invoke: None,
        }
    }

    /// The version in the model, 1 if nothing is said. Nodes of other versions are not computed.
    pub fn version(mut self, version: i32) -> Self {
        self.version = version;
        self
    }

    /// Sets the shapes of the outputs. See [`Operator`].
    pub fn prepare(
        mut self,
        prepare: impl Fn(&mut PrepareContext<'_>) -> OperatorResult + Send + Sync + 'static,
    ) -> Self {
        self.prepare = Some(Box::new(prepare));
        self
    }

    /// Computes the outputs. See [`Operator`].
    pub fn invoke(
        mut self,
        invoke: impl Fn(&mut InvokeContext<'_>) -> OperatorResult + Send + Sync + 'static,
    ) -> Self {
        self.invoke = Some(Box::new(invoke));
        self
    }

    /// Gives each node a state, made from its custom options: any bytes, maybe none. The model can
    /// be anybody's, so they should be taken with care.
    pub fn init<S: Send + 'static>(
        self,
        init: impl Fn(&[u8]) -> S + Send + Sync + 'static,
    ) -> StatefulOperatorBuilder<S> {
        self.try_init(move |options| Ok(init(options)))
    }

    /// As [`init`](Self::init), for options that may be wrong. The error comes when the interpreter
    /// allocates its tensors.
    pub fn try_init<S: Send + 'static>(
        self,
        init: impl Fn(&[u8]) -> std::result::Result<S, OperatorError> + Send + Sync + 'static,
    ) -> StatefulOperatorBuilder<S> {
        let prepare = self.prepare.map(|prepare| -> callbacks::Prepare<S> {
            Box::new(move |_, context| prepare(context))
        });
        let invoke = self
            .invoke
            .map(|invoke| -> callbacks::Invoke<S> { Box::new(move |_, context| invoke(context)) });
        StatefulOperatorBuilder {
            name: self.name,
            version: self.version,
            init: Box::new(init),
            prepare,
            invoke,
        }
    }

    /// The operator.
    ///
    /// Wraps `TfLiteOperatorCreate()` and the `TfLiteOperatorSet…WithData()` functions.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidOperator`] if there is nothing to invoke, if the name is empty or has a NUL
    /// character, if the version is not positive.
    pub fn build(self) -> Result<Operator> {
        self.init(|_| ()).build()
    }
}

impl<S: Send + 'static> StatefulOperatorBuilder<S> {
    /// The version in the model, 1 if nothing is said. Nodes of other versions are not computed.
    pub fn version(mut self, version: i32) -> Self {
        self.version = version;
        self
    }

    /// Sets the shapes of the outputs. See [`Operator`].
    pub fn prepare(
        mut self,
        prepare: impl Fn(&mut S, &mut PrepareContext<'_>) -> OperatorResult + Send + Sync + 'static,
    ) -> Self {
        self.prepare = Some(Box::new(prepare));
        self
    }

    /// Computes the outputs. See [`Operator`].
    pub fn invoke(
        mut self,
        invoke: impl Fn(&mut S, &mut InvokeContext<'_>) -> OperatorResult + Send + Sync + 'static,
    ) -> Self {
        self.invoke = Some(Box::new(invoke));
        self
    }

    /// The operator.
    ///
    /// Wraps `TfLiteOperatorCreate()` and the `TfLiteOperatorSet…WithData()` functions.
    ///
    /// # Errors
    ///
    /// As [`OperatorBuilder::build`].
    pub fn build(self) -> Result<Operator> {
        let Self {
            name,
            version,
            init,
            prepare,
            invoke,
        } = self;
        let invalid = |reason| Error::InvalidOperator {
            name: name.clone(),
            version,
            reason,
        };
        if name.is_empty() {
            return Err(invalid("the name is empty"));
        }
        if version < 1 {
            return Err(invalid("versions start at 1"));
        }
        let c_name = CString::new(name.clone());
        let c_name = c_name.map_err(|_| invalid("the name has a NUL character"))?;
        let invoke = invoke.ok_or_else(|| invalid("there is nothing to invoke"))?;
        let definition = Arc::new(Definition::new(c_name, init, prepare, invoke));
        // SAFETY: the definition becomes a field behind the operator, and stays where it is: it is
        // behind an `Arc`.
        let native = unsafe { callbacks::create(&definition, version) };
        let native = native.ok_or_else(|| invalid("there is no memory"))?;
        Ok(Operator(Arc::new(Inner {
            native,
            name,
            version,
            _definition: definition,
        })))
    }
}

impl fmt::Debug for OperatorBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OperatorBuilder")
            .field("name", &self.name)
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

impl<S> fmt::Debug for StatefulOperatorBuilder<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StatefulOperatorBuilder")
            .field("name", &self.name)
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(builder: OperatorBuilder) -> &'static str {
        match builder.build() {
            Err(Error::InvalidOperator { reason, .. }) => reason,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_cannot_be_an_operator_is_refused() {
        let named = |name: &str| OperatorBuilder::new(name.to_owned()).invoke(|_| Ok(()));
        assert_eq!(reason(named("")), "the name is empty");
        assert_eq!(reason(named("a\0b")), "the name has a NUL character");
        for version in [0, -1, i32::MIN] {
            assert_eq!(reason(named("a").version(version)), "versions start at 1");
        }
        let empty = OperatorBuilder::new("a".to_owned()).prepare(|_| Ok(()));
        assert_eq!(reason(empty), "there is nothing to invoke");
    }

    #[test]
    fn a_good_one_keeps_its_name() {
        let operator = OperatorBuilder::new("Größe".to_owned())
            .version(7)
            .invoke(|_| Ok(()))
            .build()
            .expect("valid");
        assert_eq!((operator.name(), operator.version()), ("Größe", 7));
        assert_eq!(
            format!("{operator:?}"),
            r#"Operator { name: "Größe", version: 7, .. }"#
        );
    }
}
