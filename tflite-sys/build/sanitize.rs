//! An instrumented library: the flags of Clang's sanitizers, for the compilers that `cc` and CMake
//! call.

use std::env;

use crate::error::Error;
use crate::vars::{self, Target};

/// What each name stands for. `address` is missing: `cc` takes it from `RUSTFLAGS`.
const FLAGS: &[(&str, &str)] = &[
    (
        "undefined",
        // Functions are called through pointers of C's types, and no file has type information.
        "-fsanitize=undefined -fno-sanitize=function,vptr",
    ),
    ("thread", "-fsanitize=thread"),
    // What libFuzzer follows.
    (
        "coverage",
        "-fsanitize-coverage=inline-8bit-counters,pc-table,trace-cmp",
    ),
];

/// Reports name files and lines.
const ALWAYS: &str = "-O1 -gline-tables-only -fno-omit-frame-pointer";

/// Has Clang itself take that level of optimisation in the place of CMake's: with -O3 the
/// instrumented library takes twice as long to build.
const OVERRIDE: (&str, &str) = ("CCC_OVERRIDE_OPTIONS", "#O1");

/// Adds the flags to those of the environment.
pub(crate) fn extend_flags(target: &Target) -> Result<(), Error> {
    let Some(names) = vars::get(vars::SANITIZE) else {
        return Ok(());
    };
    let names = names.to_string_lossy().into_owned();
    let mut flags = ALWAYS.to_owned();
    for name in names.split(',').map(str::trim) {
        let known = FLAGS.iter().find(|(known, _)| *known == name);
        let (_, own) = known.ok_or_else(|| Error::BadSanitizer(name.to_owned()))?;
        flags.push(' ');
        flags.push_str(own);
    }
    vars::add_flags(target, &flags);
    // SAFETY: this script has no other thread yet.
    unsafe { env::set_var(OVERRIDE.0, OVERRIDE.1) };
    Ok(())
}
