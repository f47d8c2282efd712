//! Variables that operators have a handle of, and what XNNPACK is not told of them.

use tflite::{Error, Interpreter, InterpreterOptions, Model, Xnnpack, XnnpackStatus};

use super::model;

fn with(model: &Model, xnnpack: Xnnpack) -> Interpreter {
    Interpreter::new(model, InterpreterOptions::new().xnnpack(xnnpack)).expect("valid")
}

/// XNNPACK does not look how much a variable holds.
#[test]
fn xnnpack_computes_the_rest() {
    let model = model("kept_wrong");
    let report = with(&model, Xnnpack::Auto).delegate_report();
    let info = model.info().expect("readable");
    let names = report.delegated_operators[0]
        .iter()
        .map(|operator| &*info.subgraphs[0].operators[*operator].name);
    assert_eq!(names.collect::<Vec<_>>(), ["ADD"]);
    assert_eq!(report.xnnpack, XnnpackStatus::Applied);
}

/// The variable is made when there are few rows, and must hold many.
#[test]
fn a_variable_grows_and_shrinks_with_its_input() {
    for xnnpack in [Xnnpack::Auto, Xnnpack::Off] {
        let mut interpreter = with(&model("kept_batch"), xnnpack);
        for rows in [1, 3000, 2, 70_000] {
            interpreter.resize_input(0, &[rows, 2]).expect("any batch");
            let values: Vec<f32> = (0..2 * rows).map(|value| value as f32).collect();
            for _ in 0..2 {
                let mut input = interpreter.input_mut(0).expect("x");
                input.copy_from_slice(&values).expect("as many");
                interpreter.invoke().expect("valid");
                let output = interpreter.output(0).expect("y");
                assert_eq!(output.shape(), [rows, 2]);
                let doubled = output.data::<f32>().expect("floats").iter().zip(&values);
                assert!(doubled.into_iter().all(|(y, x)| *y == 2.0 * x), "{rows}");
            }
        }
    }
}

/// A file that says that more is read than the variable holds.
#[test]
fn no_more_is_read_than_a_variable_holds() {
    for xnnpack in [Xnnpack::Auto, Xnnpack::Off] {
        let mut interpreter = with(&model("kept_wrong"), xnnpack);
        let error = interpreter.invoke().expect_err("5000 rows of one");
        let Error::Runtime { log, .. } = &error else {
            panic!("{error:?}")
        };
        assert!(log.contains("READ_VARIABLE"), "{log}");
    }
}
