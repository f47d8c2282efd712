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

/// Features of newer processors, as of `-Ctarget-cpu=haswell`, for which not all of upstream's files compile
/// here: Abseil includes `bmi2intrin.h`, which compilers refuse by itself, and with AVX2 two of the kernels'
/// files have functions of the same name, which are compiled together. XNNPACK has code for all of these
/// and takes it by itself where the processor has them.
const LEFT_OUT: [&str; 10] = [
    "lzcnt", "bmi1", "bmi2", "f16c", "fma", "avx", "avx2", "avx512f", "avx512bw", "avx512vl",
];

/// Has the native library compiled for features that it compiles with.
fn leave_out_features() {
    const VARIABLE: &str = "CARGO_CFG_TARGET_FEATURE";
    let features = vars::cargo(VARIABLE).unwrap_or_default();
    let kept: Vec<_> = features
        .split(',')
        .filter(|feature| !LEFT_OUT.contains(feature))
        .collect();
    // SAFETY: this script has no other thread yet.
    unsafe { env::set_var(VARIABLE, kept.join(",")) };
}

/// Sets the flags that this compiler takes, and leaves out those that upstream's code does not take.
pub(crate) fn adapt_flags(target: &Target) {
    leave_out_features();
    let compiler = cc::Build::new().cpp(true).try_get_compiler();
    if !compiler.is_ok_and(|compiler| is_zig(&compiler)) {
        return;
    }
    vars::add_flags(target, FLAGS);
    // SAFETY: this script has no other thread yet.
    unsafe { env::set_var(NO_DEFAULTS, "1") };
}
