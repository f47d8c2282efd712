//! XNNPACK.

use tflite::{Interpreter, InterpreterOptions, Xnnpack, XnnpackStatus};

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
