//! Delegates in shared libraries.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use tflite::{
    Error, ExternalDelegate, Interpreter, InterpreterOptions, MAX_DELEGATE_OPTIONS,
    SharedWeightCache, WeightCache, WeightCacheStatus, Xnnpack, XnnpackOptions, XnnpackStatus,
};

use super::{double, model};

fn folder() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("plugin");
    std::fs::create_dir_all(&folder).expect("a folder of the tests");
    folder
}

/// Compiles a C file to a shared library; `None` if there is no compiler.
fn compile(source: &Path, to: &Path) -> Option<PathBuf> {
    let include = tflite_sys::INCLUDE?;
    let mut command = Command::new(std::env::var_os("CC").unwrap_or("cc".into()));
    command.args(["-std=c11", "-shared", "-fPIC", "-fvisibility=hidden", "-o"]);
    let status = command.arg(to).arg("-I").arg(include).arg(source).status();
    status
        .is_ok_and(|status| status.success())
        .then(|| to.to_owned())
}

/// The library with the delegate of the tests.
fn library() -> Option<&'static Path> {
    static LIBRARY: OnceLock<Option<PathBuf>> = OnceLock::new();
    let library = LIBRARY.get_or_init(|| {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/runtime/plugin/delegate.c");
        let to = folder().join(format!("libplugin-{}.so", std::process::id()));
        compile(&source, &to)
    });
    if library.is_none() {
        println!("skipped: there is no C compiler, or there are no headers");
    }
    library.as_deref()
}

fn load(options: &[(&str, &str)]) -> Option<ExternalDelegate> {
    // SAFETY: the library is that of the tests, made with the headers of the linked version.
    let mut delegate = unsafe { ExternalDelegate::load(library()?) }.expect("a library");
    for (key, value) in options {
        delegate = delegate.option(key, value).expect("an option");
    }
    Some(delegate)
}

fn with(name: &str, delegate: ExternalDelegate) -> tflite::Result<Interpreter> {
    let options = InterpreterOptions::new().external_delegate(delegate);
    Interpreter::new(&model(name), options)
}

#[test]
fn it_computes_and_lives_as_long_as_its_interpreter() {
    let log = folder().join(format!("log-{}", std::process::id()));
    let _ = std::fs::remove_file(&log);
    let path = log.to_str().expect("a plain path").to_owned();
    let Some(delegate) = load(&[("factor", "10"), ("log", &path)]) else {
        return;
    };
    let letters = || std::fs::read_to_string(&log).unwrap_or_default();
    let mut interpreter = with("add", delegate).expect("valid");
    let report = interpreter.delegate_report();
    assert_eq!((report.operators, report.delegated), (1, 1));
    // The operator is XNNPACK's otherwise, and doubles.
    assert_eq!(
        double(&mut interpreter, [1.0, 2.0, 3.0]),
        [10.0, 20.0, 30.0]
    );
    let living = |letters: String| letters.matches('c').count() - letters.matches('d').count();
    assert_eq!(living(letters()), 1);
    interpreter.reset().expect("made anew");
    assert_eq!(living(letters()), 1);
    assert!(letters().matches('c').count() > 1, "a new one");
    assert_eq!(
        double(&mut interpreter, [1.0, 2.0, 3.0]),
        [10.0, 20.0, 30.0]
    );
    let thread = std::thread::spawn(move || double(&mut interpreter, [4.0, 0.0, 0.0]));
    assert_eq!(thread.join().expect("no panic"), [40.0, 0.0, 0.0]);
    assert_eq!(living(letters()), 0);
}

#[test]
fn xnnpack_computes_the_rest() {
    let Some(delegate) = load(&[("factor", "10")]) else {
        return;
    };
    let interpreter = with("conv", delegate.clone()).expect("valid");
    assert_eq!(
        interpreter.delegate_report().xnnpack,
        XnnpackStatus::Applied
    );
    assert_eq!(interpreter.delegate_report().delegated, 2);
    let cache = WeightCache::Shared(SharedWeightCache::new());
    let options = InterpreterOptions::new()
        .external_delegate(delegate)
        .xnnpack(XnnpackOptions::new().weight_cache(cache));
    let report = Interpreter::new(&model("conv"), options)
        .expect("valid")
        .delegate_report();
    let WeightCacheStatus::Unavailable { reason } = report.weight_cache else {
        panic!("{report:?}");
    };
    assert!(reason.contains("other delegates"), "{reason}");
}

#[test]
fn a_resize_keeps_it() {
    let Some(delegate) = load(&[("factor", "10")]) else {
        return;
    };
    let options = InterpreterOptions::new()
        .external_delegate(delegate)
        .xnnpack(Xnnpack::Off);
    let mut interpreter = Interpreter::new(&model("dynamic_batch"), options).expect("valid");
    interpreter.resize_input(0, &[6, 4]).expect("any batch");
    interpreter.invoke().expect("valid");
    assert_eq!(interpreter.output(0).expect("output").shape(), [6, 3]);
}

/// The runtime applies such a delegate, and all others, anew after a resize.
#[test]
fn one_that_wants_fixed_shapes() {
    for xnnpack in [Xnnpack::Off, Xnnpack::Auto] {
        let Some(delegate) = load(&[("factor", "10"), ("shapes", "fixed")]) else {
            return;
        };
        let options = InterpreterOptions::new()
            .external_delegate(delegate)
            .xnnpack(xnnpack);
        let mut interpreter = Interpreter::new(&model("add"), options.clone()).expect("valid");
        assert_eq!(
            double(&mut interpreter, [1.0, 2.0, 3.0]),
            [10.0, 20.0, 30.0]
        );
        let mut interpreter = Interpreter::new(&model("dynamic_batch"), options).expect("valid");
        for rows in [6, 2] {
            interpreter.resize_input(0, &[rows, 4]).expect("any batch");
            interpreter.invoke().expect("valid");
            assert_eq!(interpreter.output(0).expect("output").shape(), [rows, 3]);
        }
        println!("{:?}", interpreter.delegate_report());
    }
}

#[test]
fn each_failure_has_its_words() {
    for (when, words) in [
        ("prepare", "the plugin is not prepared"),
        ("init", "the plugin does not want node 7"),
        ("node", "the plugin does not want node 7"),
    ] {
        let Some(delegate) = load(&[("fail", when)]) else {
            return;
        };
        let error = with("add", delegate).expect_err("it fails").to_string();
        assert!(error.contains(words), "{when}: {error}");
    }
    let Some(delegate) = load(&[("fail", "create")]) else {
        return;
    };
    match with("add", delegate).expect_err("it fails") {
        Error::CreateDelegate { path, log } => {
            assert_eq!(Some(&*path), library());
            assert_eq!(log, "there is no such device\nand no other one\n");
        }
        error => panic!("{error}"),
    }
    let Some(delegate) = load(&[("fail", "invoke")]) else {
        return;
    };
    let mut interpreter = with("add", delegate).expect("so far, so good");
    let error = interpreter.invoke().expect_err("it fails").to_string();
    assert!(error.contains("the plugin cannot invoke"), "{error}");
    assert!(matches!(interpreter.invoke(), Err(Error::Poisoned { .. })));
}

#[test]
fn libraries_that_cannot_be_loaded() {
    let reason = |path: &Path| {
        // SAFETY: there is nothing to run.
        match unsafe { ExternalDelegate::load(path) } {
            Err(Error::LoadDelegate {
                path: culprit,
                reason,
            }) => {
                assert_eq!(culprit, path);
                reason
            }
            other => panic!("{other:?}"),
        }
    };
    let missing = folder().join("missing.so");
    assert!(
        reason(&missing).contains("No such file"),
        "{}",
        reason(&missing)
    );
    let text = folder().join("text.so");
    std::fs::write(&text, "no library").expect("writable");
    assert!(!reason(&text).is_empty());
    assert!(reason(Path::new("a\0b")).contains("NUL"));
    // A library that is none of a delegate.
    let source = folder().join("other.c");
    std::fs::write(&source, "int unrelated(void) { return 1; }\n").expect("writable");
    match compile(&source, &folder().join("other.so")) {
        Some(other) => {
            let reason = reason(&other);
            assert!(reason.contains("tflite_plugin_create_delegate"), "{reason}");
        }
        None => println!("skipped: there is no C compiler, or there are no headers"),
    }
}

#[test]
fn options_have_limits() {
    let Some(mut delegate) = load(&[]) else {
        return;
    };
    for (key, value) in [("a\0", "b"), ("a", "b\0")] {
        let error = delegate.clone().option(key, value).expect_err("a NUL");
        assert!(matches!(error, Error::DelegateOption { .. }), "{error}");
    }
    for _ in 0..MAX_DELEGATE_OPTIONS {
        delegate = delegate.option("factor", "10").expect("up to the limit");
    }
    let error = delegate
        .clone()
        .option("one", "more")
        .expect_err("too many");
    assert!(error.to_string().contains("256"), "{error}");
    let mut interpreter = with("add", delegate).expect("valid");
    assert_eq!(double(&mut interpreter, [1.0, 0.0, 0.0]), [10.0, 0.0, 0.0]);
}

#[test]
fn any_order_of_drops() {
    // A model, a delegate, options with it, and an interpreter.
    for order in super::orders_of_four() {
        let Some(delegate) = load(&[("factor", "10")]) else {
            return;
        };
        let (mut model, mut delegate) = (Some(model("add")), Some(delegate));
        let options = InterpreterOptions::new();
        let options = options.external_delegate(delegate.clone().expect("not dropped yet"));
        let mut options = Some(options);
        let made = Interpreter::new(
            model.as_ref().expect("not dropped yet"),
            options.clone().expect("not dropped yet"),
        );
        let mut interpreter = Some(made.expect("valid"));
        for item in order {
            match item {
                0 => drop(model.take()),
                1 => drop(delegate.take()),
                2 => drop(options.take()),
                _ => drop(interpreter.take()),
            }
            if let Some(interpreter) = &mut interpreter {
                assert_eq!(double(interpreter, [1.0, 2.0, 3.0]), [10.0, 20.0, 30.0]);
            }
        }
    }
}
