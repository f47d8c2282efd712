//! Adds up the map that lld writes, by where the sections come from.

use std::collections::BTreeMap;

use crate::run::Result;

const TFLITE: &str = "TensorFlow Lite: kernels, runtime, checks";
const XNNPACK: &str = "XNNPACK and its delegate";
const MATRICES: &str = "Eigen, gemmlowp, ruy";
const OTHER_NATIVE: &str = "Abseil, cpuinfo, pthreadpool and others";
const CXX: &str = "C++ runtime";
const RING: &str = "ring";
const STD: &str = "Rust's standard library";
const UNNAMED: &str = "constants of Rust crates";
const OTHER_RUST: &str = "other Rust crates";
const LINKER: &str = "relocations, index of the unwind tables, merged strings";

/// The crates of what is one matter.
const CRATES: &[(&str, &str)] = &[
    (
        "HTTP and the Lambda runtime (reqwest, hyper, tokio, url)",
        "reqwest hyper hyper_util hyper_rustls http http_body http_body_util httparse httpdate tokio \
         tokio_rustls tokio_stream tokio_util lambda_runtime lambda_runtime_api_client tower \
         tower_http tower_service tower_layer url idna idna_adapter icu_normalizer icu_properties \
         icu_collections icu_provider icu_locale_core zerovec zerotrie percent_encoding \
         form_urlencoded futures futures_util futures_core futures_channel futures_executor bytes \
         mio socket2 ipnet slab indexmap async_stream serde_path_to_error http_serde want iri_string",
    ),
    (
        "TLS (rustls, webpki)",
        "rustls webpki webpki_roots rustls_native_certs rustls_pki_types rustls_platform_verifier \
         untrusted zeroize subtle openssl_probe",
    ),
    (
        "pictures (keras-preprocess, image, webp, png, tiff, gif)",
        "keras_preprocess image image_webp png tiff gif weezl fdeflate crc32fast adler2 simd_adler32 \
         moxcms pxfm fearless_simd flate2 byteorder_lite",
    ),
    ("tflite-native", "tflite tflite_sys twox_hash miniz_oxide"),
    ("lambda-fn", "lambda_fn bootstrap base64"),
    ("serde", "serde serde_core serde_json itoa zmij ryu"),
    (
        STD,
        "core alloc std rustc_demangle addr2line gimli object memchr hashbrown panic_unwind \
         compiler_builtins std_detect",
    ),
];

/// Sections that have no bytes in the file, or that are stripped.
const NOT_LOADED: [&str; 7] = [
    ".bss",
    ".tbss",
    ".comment",
    ".debug",
    ".symtab",
    ".strtab",
    ".shstrtab",
];

/// Members of the native archive that have not their project's name in each symbol.
const RUY: [&str; 3] = ["kernel_", "pack_", "fft"];

/// What the sections of a program take in its file, by part.
pub(super) fn of(map: &str) -> Result<BTreeMap<&'static str, u64>> {
    if !map.contains("VMA") || !map.contains("Out     In") {
        return Err("the map is not one of lld's: is another linker in use?".to_owned());
    }
    let mut parts = BTreeMap::new();
    let mut is_in_file = false;
    for line in map.lines() {
        let Some((size, what)) = row(line) else {
            continue;
        };
        // The names of output sections, of input sections and of symbols are indented by 0, 8, 16.
        match what.len() - what.trim_start().len() {
            0 => is_in_file = !NOT_LOADED.iter().any(|name| what.starts_with(name)),
            8 if is_in_file => *parts.entry(part(what.trim_start())).or_default() += size,
            _ => {}
        }
    }
    Ok(parts)
}

/// A row's size, and what stands behind its numbers.
fn row(line: &str) -> Option<(u64, &str)> {
    let mut rest = line;
    let mut columns = [""; 4];
    for column in &mut columns {
        rest = rest.trim_start();
        (*column, rest) = rest.split_once(' ')?;
    }
    let size = u64::from_str_radix(columns[2], 16).ok()?;
    Some((size, rest))
}

/// What part an input section is of, such as `…/libx.a(member.o):(.text.symbol)`.
fn part(section: &str) -> &'static str {
    let (file, section) = section.rsplit_once(":(").unwrap_or((section, ""));
    let file = file.rsplit('/').next().unwrap_or(file);
    if file.starts_with('<') {
        LINKER
    } else if file.starts_with("libtensorflowlite_c") {
        let member = file.split_once('(').map_or("", |(_, member)| member);
        native(member, section)
    } else if file.starts_with("libstdc++") || file.starts_with("libgcc") {
        CXX
    } else if file.starts_with("libring") {
        RING
    } else if file.ends_with(".rcgu.o") {
        rust(section)
    } else {
        OTHER_NATIVE
    }
}

fn native(member: &str, section: &str) -> &'static str {
    let has = |words: &[&str]| words.iter().any(|word| section.contains(word));
    // Whose function it is stands before whose types it is made for.
    let place = |word: &str| section.find(word).unwrap_or(usize::MAX);
    let is_matrices = ["Eigen", "gemmlowp", "3ruy"]
        .iter()
        .any(|word| place(word) < place("tflite"));
    if has(&["xnnpack", "XNNPack", "xnn_"]) {
        XNNPACK
    } else if is_matrices || RUY.iter().any(|own| member.starts_with(own)) {
        MATRICES
    } else if has(&["tflite", "tflrt"]) || member.starts_with("unity_") {
        TFLITE
    } else if member.contains(".c.o") && !member.contains("cpuinfo") {
        XNNPACK
    } else if has(&["absl"]) {
        OTHER_NATIVE
    } else if member.contains(".cc.o") {
        TFLITE
    } else {
        OTHER_NATIVE
    }
}

/// The first crate that a symbol names, but for the standard library: its generic code belongs to
/// whom it is made for.
fn rust(section: &str) -> &'static str {
    let Some((_, symbol)) = section.split_once("_ZN") else {
        return if section.contains("_R") { STD } else { UNNAMED };
    };
    let words = words(symbol);
    if words.iter().any(|word| word == "ring") {
        return RING;
    }
    let find = |is_std: bool| {
        words.iter().find_map(|word| {
            CRATES
                .iter()
                .filter(|(part, _)| (*part == STD) == is_std)
                .find(|(_, crates)| crates.split_whitespace().any(|own| own == word))
                .map(|(part, _)| *part)
        })
    };
    find(false).or_else(|| find(true)).unwrap_or(OTHER_RUST)
}

/// The identifiers of a mangled path, such as `10hyper_util6clientE`, and those within its types.
fn words(mut symbol: &str) -> Vec<String> {
    let mut words = Vec::new();
    loop {
        let digits = symbol.bytes().take_while(u8::is_ascii_digit).count();
        let (number, rest) = symbol.split_at(digits);
        let Some((part, rest)) = number
            .parse::<usize>()
            .ok()
            .and_then(|length| rest.split_at_checked(length))
        else {
            return words;
        };
        // `$LT$` and its like stand for signs, and `..` for `::`.
        let spaced = part.replace("..", " ");
        let outside = spaced.split('$').step_by(2);
        for word in outside.flat_map(str::split_whitespace) {
            let word = word.trim_start_matches('_');
            if !word.is_empty() {
                words.push(word.to_owned());
            }
        }
        symbol = rest;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_belong_to_those_who_made_them() {
        let deps = "/target/release/deps/bootstrap-1.rcgu.o";
        for (section, expected) in [
            ("<internal>:(.eh_frame_hdr)".to_owned(), LINKER),
            (
                format!("{deps}:(.text._ZN10hyper_util6client6legacy6client11origin_form17h1E)"),
                CRATES[0].0,
            ),
            (
                format!("{deps}:(.text._ZN4core3ptr44drop_in_place$LT$tflite..info..ModelInfo$GT$17h1E)"),
                "tflite-native",
            ),
            (
                format!("{deps}:(.text._ZN4core5slice4sort6stable9quicksort9quicksort17h1E)"),
                STD,
            ),
            (format!("{deps}:(.rodata..Lanon.1.2)"), UNNAMED),
            (
                "/c/libtensorflowlite_c.a(unity_4_cxx.cxx.o):(.text._ZN6tflite3ops7builtin12Register_ABSEv)"
                    .to_owned(),
                TFLITE,
            ),
            (
                "/c/libtensorflowlite_c.a(f32-vsin.c.o):(.text.xnn_f32_vsin_ukernel)".to_owned(),
                XNNPACK,
            ),
            ("/usr/lib/libstdc++.a(locale-inst.o):(.text.x)".to_owned(), CXX),
        ] {
            assert_eq!(part(&section), expected, "{section}");
        }
    }

    #[test]
    fn sizes_are_added_and_memory_without_a_file_is_not() {
        let map = "     VMA      LMA     Size Align Out     In      Symbol\n\
             10       10       20     1 .text\n\
             10       10        8     1         /c/libring.rlib(a.o):(.text.a)\n\
             10       10        8     1                 a\n\
             18       18       10     1         /c/libring.rlib(b.o):(.text.b)\n\
             30       30      100     1 .bss\n\
             30       30      100     1         /c/libring.rlib(b.o):(.bss.b)\n\
              0        0      100     1 .debug_info\n\
              0        0      100     1         /c/libring.rlib(b.o):(.debug_info)\n";
        assert_eq!(of(map), Ok(BTreeMap::from([(RING, 0x18)])));
        assert!(of("Archive member included").is_err());
    }
}
