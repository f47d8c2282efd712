//! The functions that register operators, and what stands in for them.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use crate::error::Error;
use crate::operators::{CUSTOM_OPERATOR_NAMES, OPERATOR_NAMES};

/// What upstream calls the functions of `CUSTOM_OPERATOR_NAMES`.
const CUSTOM_FUNCTIONS: [&str; CUSTOM_OPERATOR_NAMES.len()] = [
    "NUMERIC_VERIFY",
    "MFCC",
    "AUDIO_SPECTROGRAM",
    "DETECTION_POSTPROCESS",
    "HADAMARD_ROTATION",
];

/// A function of upstream's that registers an operator.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Function {
    pub(super) operator: &'static str,
    symbol: String,
    is_custom: bool,
}

impl Function {
    /// The function with this symbol, such as `_ZN6tflite3ops7builtin12Register_ABSEv`.
    pub(super) fn of(symbol: &str) -> Option<Self> {
        let rest = symbol.strip_prefix("_ZN6tflite3ops")?;
        let (is_custom, rest) = match rest.strip_prefix("7builtin") {
            Some(rest) => (false, rest),
            None => (true, rest.strip_prefix("6custom")?),
        };
        let rest = rest.trim_start_matches(|c: char| c.is_ascii_digit());
        let name = rest.strip_prefix("Register_")?.strip_suffix("Ev")?;
        let operator = if is_custom {
            let index = CUSTOM_FUNCTIONS.iter().position(|own| *own == name)?;
            CUSTOM_OPERATOR_NAMES[index]
        } else {
            OPERATOR_NAMES.into_iter().find(|own| *own == name)?
        };
        Some(Self {
            operator,
            symbol: symbol.to_owned(),
            is_custom,
        })
    }
}

/// Compiles functions that register nothing, and has the linker take all of them.
pub(super) fn compile(dropped: &BTreeSet<Function>, dir: &Path) -> Result<(), Error> {
    // A built-in operator may be none. One with a name must be something: the resolver copies what
    // it gets. This one fails. As TfLiteRegistration begins: init, free, prepare, invoke.
    let mut code = String::from(
        "// The operators that were not selected.\n\
         static int fail(void* context, void* node) { (void)context, (void)node; return 1; }\n\
         static const union { int (*function)(void*, void*); void* pointer; } nothing[32] = \
         {{0}, {0}, {fail}, {fail}};\n",
    );
    for function in dropped {
        let value = if function.is_custom { "nothing" } else { "0" };
        // Writing to a String does not fail.
        let _ = writeln!(
            code,
            "const void* {}(void) {{ return {value}; }}",
            function.symbol
        );
    }
    let file = dir.join("unselected.c");
    fs::write(&file, code).map_err(|error| Error::io("write", &file, error))?;
    cc::Build::new()
        .file(&file)
        .std("c11")
        .flag_if_supported("-fvisibility=hidden")
        // Nothing but the library asks for them, and it comes later.
        .link_lib_modifier("+whole-archive")
        .link_lib_modifier("-bundle")
        .compile("tflite_sys_unselected");
    Ok(())
}
