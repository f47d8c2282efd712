//! What some compilers need to be told: Zig, as under `cargo zigbuild` and `cargo lambda`, and those that
//! compile for newer processors, as `cargo lambda` has them do.

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

/// Abseil includes `bmi2intrin.h` where there is BMI2, and the compilers refuse that header by itself.
const WITH_BMI2: &str = "-include immintrin.h";

/// Sets the flags that this compiler and these features of the processor take.
pub(crate) fn adapt_flags(target: &Target) {
    let features = vars::cargo("CARGO_CFG_TARGET_FEATURE").unwrap_or_default();
    if features.split(',').any(|feature| feature == "bmi2") {
        vars::add_flags(target, &["CXXFLAGS"], WITH_BMI2);
    }
    let compiler = cc::Build::new().cpp(true).try_get_compiler();
    if !compiler.is_ok_and(|compiler| is_zig(&compiler)) {
        return;
    }
    vars::add_flags(target, &["CFLAGS", "CXXFLAGS"], FLAGS);
    // SAFETY: this script has no other thread yet.
    unsafe { env::set_var(NO_DEFAULTS, "1") };
}
