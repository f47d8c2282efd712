//! `C_API.md`: all functions, wrapped as it says, and tested.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use super::text::{Tests, code, has_word, is_test_name, read, rows, rust_files, without_comments};

/// Functions of the headers that are not bound: they take a `va_list`, or the last one is C++.
const UNBOUND: [&str; 5] = [
    "TfLiteModelCreateWithErrorReporter",
    "TfLiteModelCreateFromFileWithErrorReporter",
    "TfLiteInterpreterOptionsSetErrorReporter",
    "TfLiteOpaqueContextReportErrorVa",
    "TfLiteQuantizationClone",
];

/// How many functions each header has, where that is known from elsewhere.
const COUNTS: [(&str, usize); 7] = [
    ("c_api.h", 51),
    ("operator.h", 17),
    ("c_api_experimental.h", 24),
    ("c_api_opaque.h", 69),
    ("xnnpack_delegate.h", 14),
    ("external_delegate.h", 4),
    ("telemetry_setting.h", 9),
];

/// Beside `c_api.h`: what the safe interface must offer, in one way or another.
const OFFERED: [&str; 30] = [
    "TfLiteInterpreterResetVariableTensors",
    "TfLiteInterpreterGetVariableTensorCount",
    "TfLiteInterpreterGetVariableTensor",
    "TfLiteInterpreterGetInputTensorIndex",
    "TfLiteInterpreterGetOutputTensorIndex",
    "TfLiteInterpreterSetCustomAllocationForTensor",
    "TfLiteInterpreterOptionsSetTelemetryProfiler",
    "TfLiteInterpreterOptionsSetEnableDelegateFallback",
    "TfLiteSignatureRunnerCancel",
    "TfLiteOpaqueTensorGetNumDimsSignature",
    "TfLiteOpaqueTensorGetDimSignature",
    "TfLiteOpaqueTensorGetAllocationType",
    "TfLiteOpaqueTensorGetQuantization",
    "TfLiteOpaqueTensorGetStringCount",
    "TfLiteOpaqueTensorGetString",
    "TfLiteOpaqueTensorWriteStrings",
    "TfLiteTypeGetName",
    "TfLiteTensorRealloc",
    "TfLiteXNNPackDelegateCanUseInMemoryWeightCacheProvider",
    "TfLiteXNNPackDelegateInMemoryFilePath",
    "TfLiteXNNPackDelegateOptionsDefault",
    "TfLiteXNNPackDelegateCreate",
    "TfLiteXNNPackDelegateGetThreadPool",
    "TfLiteXNNPackDelegateGetOptions",
    "TfLiteXNNPackDelegateGetFlags",
    "TfLiteXNNPackDelegateDelete",
    "TfLiteXNNPackDelegateWeightsCacheCreate",
    "TfLiteXNNPackDelegateWeightsCacheCreateWithSize",
    "TfLiteXNNPackDelegateWeightsCacheFinalizeSoft",
    "TfLiteXNNPackDelegateWeightsCacheFinalizeHard",
];

struct Row {
    header: String,
    function: String,
    kind: String,
    by: String,
    tests: String,
}

fn table() -> Vec<Row> {
    let text = read("C_API.md");
    let mut table = Vec::new();
    for section in text.split("\n## ").skip(1) {
        let header = section.lines().next().expect("a title");
        for row in rows(section) {
            let [function, kind, by, tests] = row[..] else {
                panic!("{row:?}")
            };
            table.push(Row {
                header: header.to_owned(),
                function: function.trim_matches('`').to_owned(),
                kind: kind.to_owned(),
                by: by.to_owned(),
                tests: tests.to_owned(),
            });
        }
    }
    table
}

/// The source without comments and without the tests at the end of files.
fn source() -> String {
    let files = rust_files("src");
    let read = |path| without_comments(&fs::read_to_string(path).expect("readable"));
    let files: Vec<String> = files.iter().map(read).collect();
    let parts = files
        .iter()
        .filter_map(|file| file.split("#[cfg(test)]\nmod ").next());
    parts.collect()
}

/// Whether the crate has this public item: a function, a type, a type's method or variant.
fn has_item(source: &str, exports: &str, item: &str) -> bool {
    let (outer, inner) = match item.split_once("::") {
        Some((outer, inner)) => (outer, Some(inner)),
        None => (item, None),
    };
    let is_exported = has_word(exports, outer);
    let is_there = inner.is_none_or(|inner| {
        if inner.starts_with(char::is_uppercase) {
            has_word(source, inner)
        } else {
            has_word(source, &format!("pub fn {inner}"))
                || has_word(source, &format!("pub unsafe fn {inner}"))
        }
    });
    is_exported && is_there
}

#[test]
fn all_functions_are_in_the_table_once() {
    let bindings = read("../tflite-sys/src/bindings.rs");
    let bound = bindings
        .lines()
        .filter_map(|line| line.trim().strip_prefix("pub fn "))
        .filter_map(|line| line.split('(').next())
        .filter(|name| name.starts_with("TfLite"));
    let bound: BTreeSet<String> = bound.map(str::to_owned).collect();
    assert!(bound.len() > 200, "{}", bound.len());
    let mut all = bound.clone();
    all.extend(UNBOUND.map(str::to_owned));
    assert_eq!(all.len(), bound.len() + UNBOUND.len());

    let table = table();
    assert!(OFFERED.iter().all(|name| bound.contains(*name)));
    let listed: BTreeSet<String> = table.iter().map(|row| row.function.clone()).collect();
    assert_eq!(listed.len(), table.len(), "a function stands there twice");
    assert_eq!(listed, all);

    let mut counts = BTreeMap::new();
    for row in &table {
        *counts.entry(&row.header[..]).or_insert(0) += 1;
    }
    for (header, count) in COUNTS {
        assert_eq!(counts.get(header), Some(&count), "{header}");
    }
}

#[test]
fn functions_are_called_as_the_table_says() {
    let (source, exports) = (source(), read("src/lib.rs"));
    let exports = without_comments(&exports);
    let shim = ["tflite_sys.c", "profiler.c"]
        .map(|file| fs::read_to_string(super::text::root().join("../tflite-sys/shim").join(file)))
        .map(Result::unwrap_or_default)
        .concat();
    let problems: Vec<String> = table()
        .iter()
        .filter_map(|row| {
            let problem = problem(row, &source, &exports, &shim)?;
            Some(format!("{}: {problem}", row.function))
        })
        .collect();
    assert!(problems.is_empty(), "{problems:#?}");
}

/// What is wrong with a row, if anything is.
fn problem(row: &Row, source: &str, exports: &str, shim: &str) -> Option<String> {
    let ours = || code(&row.by).filter(|item| item.starts_with("tflite_sys_"));
    let is_called = has_word(source, &format!("sys::{}", row.function));
    match (&row.kind[..], is_called) {
        ("wrapped", true) | ("replaced", false) => {}
        ("shim", false) => {
            if !has_word(shim, &row.function) || ours().next().is_none() {
                return Some("the shim does not call it".to_owned());
            }
        }
        ("raw", false) => {
            // All of the stable interface is there, in one way or another.
            let must_be_offered = row.header == "c_api.h" || OFFERED.contains(&&row.function[..]);
            let is_right = row.by.len() > 5 && !must_be_offered;
            return (!is_right).then(|| "why is it raw?".to_owned());
        }
        (kind, is_called) => return Some(format!("{kind}, but called: {is_called}")),
    }
    if let Some(name) = ours().find(|name| !has_word(source, &format!("sys::{name}"))) {
        return Some(format!("`{name}` is not called"));
    }
    let is_item = |item: &&str| !item.starts_with("tflite_sys_") && *item != "va_list";
    if code(&row.by).filter(is_item).count() == 0 {
        return Some("by what?".to_owned());
    }
    code(&row.by)
        .filter(is_item)
        .find(|item| !has_item(source, exports, item))
        .map(|item| format!("there is no `{item}`"))
}

#[test]
fn functions_are_tested_as_the_table_says() {
    let tests = Tests::read();
    let mut problems = Vec::new();
    for row in table() {
        let names: Vec<&str> = code(&row.tests).collect();
        if names.is_empty() != (row.kind == "raw") {
            problems.push(format!("{}: {names:?}", row.function));
        }
        let is_missing = |name: &&&str| !is_test_name(name) || !tests.has(name);
        if let Some(name) = names.iter().find(is_missing) {
            problems.push(format!("{}: there is no {name}", row.function));
        }
    }
    assert!(problems.is_empty(), "{problems:#?}");
}
