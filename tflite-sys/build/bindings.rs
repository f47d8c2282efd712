//! Regenerates the bindings from the headers, with the feature `bindgen`.
//!
//! `cargo xtask bindings` compares the result with the committed `src/bindings.rs`.

use std::path::Path;

use crate::error::Error;

#[cfg(not(feature = "bindgen"))]
pub(crate) fn regenerate(_include: Option<&Path>) -> Result<(), Error> {
    Ok(())
}

/// Writes `bindings.rs` into Cargo's output folder.
#[cfg(feature = "bindgen")]
pub(crate) fn regenerate(include: Option<&Path>) -> Result<(), Error> {
    use std::path::PathBuf;

    use crate::vars;

    let include =
        include.ok_or_else(|| Error::Bindgen("the library came without headers".into()))?;
    let oldest =
        bindgen::RustTarget::stable(85, 0).map_err(|error| Error::Bindgen(error.to_string()))?;
    let bindings = bindgen::Builder::default()
        .header("wrapper.h")
        .clang_arg(format!("-I{}", include.display()))
        .clang_arg("-I.")
        .use_core()
        .rust_target(oldest)
        .rust_edition(bindgen::RustEdition::Edition2024)
        // The headers' comments are another project's text.
        .generate_comments(false)
        // A value that a newer library returns must not be undefined behaviour.
        .default_enum_style(bindgen::EnumVariation::Consts)
        .prepend_enum_name(false)
        .wrap_unsafe_ops(true)
        .allowlist_item("(k?TfLite|k?Tflite|tflite_sys_|TFLITE_).*")
        // They pass a va_list, whose type differs between platforms: shim/ has what serves.
        .blocklist_item(".*ErrorReporter|TfLiteOpaqueContextReportErrorVa")
        .blocklist_item("va_list|__builtin_va_list|__va_list_tag")
        .formatter(bindgen::Formatter::Prettyplease)
        .generate()
        .map_err(|error| Error::Bindgen(error.to_string()))?;
    let path = PathBuf::from(vars::cargo("OUT_DIR")?).join("bindings.rs");
    bindings
        .write_to_file(&path)
        .map_err(|error| Error::io("write", &path, error))
}
