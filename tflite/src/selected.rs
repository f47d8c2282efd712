//! Which operators are linked: with the feature `selected-ops`, those of a list.

#![forbid(unsafe_code)]

use tflite_sys as sys;

use crate::error::{Error, Result};
use crate::model::Model;
use crate::operator::Operator;
use crate::schema::enums::{builtin, operator_name};
use crate::schema::table::{Buffer, Malformed};
use crate::schema::{self, field};

/// Refuses a model with operators that could have been linked, and were not.
///
/// `own` are the operators that the user adds.
pub(crate) fn check(model: &Model, own: &[Operator]) -> Result<()> {
    let Some(selected) = sys::SELECTED_OPERATORS else {
        return Ok(());
    };
    let is_there = |name: &str| {
        selected.split(' ').any(|selected| selected == name)
            || own.iter().any(|operator| operator.name() == name)
    };
    // What the runtime does not know by itself, it will say so.
    let mut operators = names(model.as_bytes()).unwrap_or_default();
    operators.retain(|name| !is_there(name));
    if operators.is_empty() {
        return Ok(());
    }
    Err(Error::OperatorNotSelected { operators })
}

/// The runtime's own operators that the model lists. It looks up all of them, used or not.
fn names(file: &[u8]) -> std::result::Result<Vec<String>, Malformed> {
    use field::operator_code as at;
    let buffer = Buffer::new(file);
    let codes = schema::root(&buffer)?.tables(field::model::OPERATOR_CODES)?;
    let mut names = Vec::new();
    for code in codes.unwrap_or_default() {
        let number = schema::builtin_code(&code)?;
        let name = if number == builtin::CUSTOM {
            let name = code.text(at::CUSTOM)?;
            Some(name).filter(|name| sys::CUSTOM_OPERATOR_NAMES.contains(&name.as_str()))
        } else {
            operator_name(number).map(str::to_owned)
        };
        names.extend(name.filter(|name| !names.contains(name)));
    }
    Ok(names)
}
