//! XNNPACK.

use tflite::{
    Interpreter, InterpreterOptions, Xnnpack, XnnpackFlags, XnnpackOptions, XnnpackStatus,
};

use super::{double, model};

fn with(name: &str, xnnpack: Xnnpack) -> Interpreter {
    Interpreter::new(&model(name), InterpreterOptions::new().xnnpack(xnnpack)).expect("valid")
}

#[test]
fn it_is_on_by_default_and_computes() {
    let interpreter = Interpreter::new(&model("conv"), Default::default()).expect("valid");
    let report = interpreter.delegate_report();
    assert_eq!(report.xnnpack, XnnpackStatus::Applied);
    // Two convolutions, with a cumulative sum between them that XNNPACK does not have.
    assert_eq!(
        (report.operators, report.delegated, report.partitions),
        (3, 2, 2)
    );
    assert_eq!(report.delegated_operators, [[0, 2]]);
    let info = interpreter.model().info().expect("readable");
    assert_eq!(info.subgraphs[0].operators[1].name, "CUMSUM");
}

#[test]
fn it_can_be_turned_off() {
    let mut interpreter = with("add", Xnnpack::Off);
    let report = interpreter.delegate_report();
    assert_eq!(report.xnnpack, XnnpackStatus::Off);
    assert_eq!((report.delegated, report.partitions), (0, 0));
    assert_eq!(double(&mut interpreter, [1.0, 2.0, 3.0]), [2.0, 4.0, 6.0]);
}

/// `if_dense` has its branches in subgraphs of their own.
#[test]
fn operators_are_told_subgraph_by_subgraph() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/parity/data/if_dense.float32.tflite"
    );
    let model = tflite::Model::from_file(path).expect("a valid model");
    let interpreter = Interpreter::new(&model, Default::default()).expect("valid");
    let report = interpreter.delegate_report();
    let info = model.info().expect("readable");
    assert!(info.subgraphs.len() > 1);
    let is_delegated = |graph: usize, operator: usize| {
        let delegated = report.delegated_operators.get(graph);
        delegated.is_some_and(|delegated| delegated.contains(&operator))
    };
    assert_eq!(report.delegated_operators.len(), info.subgraphs.len());
    let mut delegated = 0;
    for (at, graph) in info.subgraphs.iter().enumerate() {
        for (index, operator) in graph.operators.iter().enumerate() {
            let has = is_delegated(at, index);
            delegated += usize::from(has);
            // XNNPACK has the one, and cannot have the other.
            assert!(operator.name != "FULLY_CONNECTED" || has, "{operator:?}");
            assert!(operator.name != "IF" || !has, "{operator:?}");
        }
    }
    assert_eq!(delegated, report.delegated);
    assert!(delegated > 0);
}

#[test]
fn a_model_may_have_nothing_for_it() {
    let report = with("gather", Xnnpack::Auto).delegate_report();
    assert_eq!(report.xnnpack, XnnpackStatus::Applied);
    assert_eq!((report.operators, report.delegated), (1, 0));
}

#[test]
fn it_stays_after_a_resize() {
    let mut interpreter = with("dynamic_batch", Xnnpack::Auto);
    let before = interpreter.delegate_report();
    assert!(before.delegated > 0, "{before:?}");
    interpreter.resize_input(0, &[9, 4]).expect("any batch");
    interpreter.invoke().expect("valid");
    assert_eq!(interpreter.delegate_report(), before);
}

#[test]
fn it_stays_after_a_reset() {
    let mut interpreter = with("conv", Xnnpack::Auto);
    let before = interpreter.delegate_report();
    interpreter.reset().expect("made anew");
    assert_eq!(interpreter.delegate_report(), before);
}

/// What a model computes from zeros, to the bit.
fn from_zeros(interpreter: &mut Interpreter) -> Vec<u8> {
    interpreter.invoke().expect("valid");
    let output = interpreter.output(0).expect("output");
    output.bytes().expect("numbers").to_vec()
}

#[test]
fn when_it_cannot_be_applied_the_own_kernels_serve() {
    // XNNPACK only finds out while it is applied that integers have no half precision.
    let options = XnnpackOptions::new().enable(XnnpackFlags::FORCE_FP16);
    let mut interpreter = with("int8_conv", options.into());
    let report = interpreter.delegate_report();
    let XnnpackStatus::Refused { reason } = &report.xnnpack else {
        panic!("{report:?}");
    };
    assert!(!reason.is_empty());
    assert_eq!((report.delegated, report.partitions), (0, 0));
    assert_eq!(
        from_zeros(&mut interpreter),
        from_zeros(&mut with("int8_conv", Xnnpack::Off))
    );
    interpreter.reset().expect("made anew");
    assert_eq!(interpreter.delegate_report(), report);
}

#[test]
fn flags_change_who_computes() {
    let without = XnnpackOptions::new().disable(XnnpackFlags::QS8);
    let report = with("int8_conv", without.into()).delegate_report();
    assert_eq!(
        (report.xnnpack, report.delegated),
        (XnnpackStatus::Applied, 0)
    );
    let report = with("int8_conv", Xnnpack::Auto).delegate_report();
    assert!(report.delegated > 0, "{report:?}");
}

#[test]
fn inputs_can_be_resized_with_fixed_shapes_too() {
    let fixed = XnnpackOptions::new().enable(XnnpackFlags::DISABLE_SUBGRAPH_RESHAPING);
    let mut fixed = with("dynamic_batch", fixed.into());
    let mut plain = with("dynamic_batch", Xnnpack::Off);
    for rows in [1, 7, 3] {
        for interpreter in [&mut fixed, &mut plain] {
            interpreter.resize_input(0, &[rows, 4]).expect("any batch");
        }
        assert_eq!(fixed.delegate_report().xnnpack, XnnpackStatus::Applied);
        assert_eq!(from_zeros(&mut fixed), from_zeros(&mut plain));
    }
}

/// Set in the child process in which the processors are hidden.
const HIDDEN: &str = "TFLITE_TEST_PROCESSORS_ARE_HIDDEN";

/// The system of AWS Lambda has no `/sys/devices/system/cpu`. There XNNPACK may not know what kind of
/// processor it has, and cannot be made. On most machines it finds another way.
#[test]
fn where_processors_are_hidden_it_works_all_the_same() {
    if std::env::var_os(HIDDEN).is_some() {
        let folder = std::path::Path::new("/sys/devices/system/cpu");
        assert_eq!(folder.read_dir().expect("mounted").count(), 0);
        let mut interpreter = with("conv", Xnnpack::Auto);
        let report = interpreter.delegate_report();
        match report.xnnpack {
            XnnpackStatus::Applied => assert_eq!(report.delegated, 2),
            XnnpackStatus::Unavailable => assert_eq!(report.delegated, 0),
            status => panic!("{status:?}"),
        }
        println!("XNNPACK: {:?}", interpreter.delegate_report().xnnpack);
        let output = from_zeros(&mut interpreter);
        let plain = from_zeros(&mut with("conv", Xnnpack::Off));
        let floats = |bytes: &[u8]| -> Vec<f32> {
            let (chunks, _) = bytes.as_chunks();
            chunks
                .iter()
                .map(|bytes| f32::from_ne_bytes(*bytes))
                .collect()
        };
        for (one, other) in floats(&output).iter().zip(floats(&plain)) {
            assert!((one - other).abs() <= 1e-5 * other.abs().max(1.0));
        }
        return;
    }
    let unshare = || {
        let mut command = std::process::Command::new("unshare");
        command.args(["--map-root-user", "--mount", "sh", "-c"]);
        command
    };
    let mount = "mount -t tmpfs none /sys/devices/system/cpu";
    if !unshare()
        .arg(mount)
        .output()
        .is_ok_and(|output| output.status.success())
    {
        println!("skipped: this system has no mount namespaces for everyone");
        return;
    }
    let program = std::env::current_exe().expect("this program");
    let output = unshare()
        .arg(format!("{mount} && exec \"$0\" \"$@\""))
        .arg(program)
        .args(["--exact", "--nocapture"])
        .arg("delegates::where_processors_are_hidden_it_works_all_the_same")
        .env(HIDDEN, "1")
        .output()
        .expect("started before");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{output:?}");
    assert!(
        text.contains("XNNPACK: ") && text.contains("1 passed"),
        "{text}"
    );
    println!("{text}");
}
