//! Zig as the compiler, as under `cargo zigbuild` and `cargo lambda`.

use std::env;

use crate::vars::{self, Target};

/// Has `cc` and CMake leave out the target in LLVM's notation. `cargo zigbuild`'s compiler has the
/// target, and the glibc with it, in Zig's notation, and drops the other one from its arguments, but
/// not from the response files that CMake makes; Zig does not understand it.
const NO_DEFAULTS: &str = "CRATE_CC_NO_DEFAULTS";

/// What `cc` would have added otherwise, but for the target.
const FLAGS: &str = "-O2 -ffunction-sections -fdata-sections -fPIC";

/// Whether the compiler is Zig's.
pub(crate) fn is_zig(compiler: &cc::Tool) -> bool {
    // Of a command such as `zig c++`, the path is the first word's.
    let name = compiler.path().file_name().unwrap_or_default();
    if name.to_string_lossy().starts_with("zig") {
        return true;
    }
    let mut command = compiler.to_command();
    command
        .arg("--version")
        .output()
        .is_ok_and(|output| String::from_utf8_lossy(&output.stdout).contains("ziglang"))
}

/// Sets the flags that Zig takes, where it is the compiler.
pub(crate) fn adapt_flags(target: &Target) {
    let compiler = cc::Build::new().cpp(true).try_get_compiler();
    if !compiler.is_ok_and(|compiler| is_zig(&compiler)) {
        return;
    }
    vars::add_flags(target, FLAGS);
    // SAFETY: this script has no other thread yet.
    unsafe { env::set_var(NO_DEFAULTS, "1") };
}
