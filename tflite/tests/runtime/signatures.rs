//! Running signatures.

use tflite::{Error, Operation, SignatureRunner, Xnnpack};

use super::{interpreter, model, with};

fn fill(runner: &mut SignatureRunner<'_>, name: &str, number: f32) {
    let mut input = runner.input_mut(name).expect("an input");
    input.data_mut::<f32>().expect("f32").fill(number);
}

fn read(runner: &SignatureRunner<'_>, name: &str) -> Vec<f32> {
    runner
        .output(name)
        .expect("an output")
        .data::<f32>()
        .expect("f32")
        .to_vec()
}

#[test]
fn each_computes_its_own() {
    for xnnpack in [Xnnpack::Auto, Xnnpack::Off] {
        let mut interpreter = with("signatures", xnnpack);
        for round in 0..3 {
            let number = round as f32;
            let mut double = interpreter.signature_runner("double").expect("there");
            assert_eq!(
                double.input("x").expect("x").data::<f32>().expect("f32"),
                [0.0; 2]
            );
            fill(&mut double, "x", number);
            double.invoke().expect("valid");
            assert_eq!(read(&double, "y"), [2.0 * number; 2]);
            let mut sum = interpreter.signature_runner("sum").expect("there");
            fill(&mut sum, "a", number);
            fill(&mut sum, "b", 10.0);
            sum.invoke().expect("valid");
            assert_eq!(read(&sum, "total"), [number + 10.0; 3]);
        }
    }
}

#[test]
fn what_is_not_there_is_named() {
    let mut interpreter = interpreter("signatures");
    let error = interpreter
        .signature_runner("triple")
        .map(drop)
        .expect_err("not there");
    let Error::NoSuchSignature { ref key, ref known } = error else {
        panic!("{error}")
    };
    assert_eq!(
        (key.as_str(), &known[..]),
        ("triple", &["double".into(), "sum".into()][..])
    );
    for key in ["", "double\0", "Double", "täglich"] {
        let error = interpreter
            .signature_runner(key)
            .map(drop)
            .expect_err("not there");
        assert!(matches!(error, Error::NoSuchSignature { .. }), "{error}");
    }

    let mut sum = interpreter.signature_runner("sum").expect("there");
    for name in ["total", "", "a\0", "A"] {
        let error = sum.input_mut(name).map(drop).expect_err("no input");
        let Error::NoSuchName {
            ref signature,
            ref known,
            ..
        } = error
        else {
            panic!("{error}")
        };
        assert_eq!(
            (signature.as_str(), &known[..]),
            ("sum", &["a".into(), "b".into()][..])
        );
        assert!(matches!(
            sum.resize_input(name, &[3]),
            Err(Error::NoSuchName { .. })
        ));
    }
    assert!(matches!(sum.output("a"), Err(Error::NoSuchName { .. })));
    sum.invoke().expect("nothing has happened");
}

#[test]
fn broken_signatures_are_not_run() {
    let mut interpreter = interpreter("broken_signatures");
    for key in ["an output as input", "twice"] {
        let error = interpreter
            .signature_runner(key)
            .map(drop)
            .expect_err("broken");
        assert!(matches!(error, Error::NoSuchSignature { .. }), "{error}");
    }
    let mut good = interpreter.signature_runner("good").expect("there");
    fill(&mut good, "x", 1.0);
    fill(&mut good, "z", 2.0);
    good.invoke().expect("valid");
    assert_eq!(read(&good, "y"), [3.0; 3]);
}

#[test]
fn an_input_without_a_name_would_be_memory_that_nobody_wrote() {
    assert!(model("unnamed_input").signatures().is_empty());
}

#[test]
fn functions_that_operators_call_are_not_run() {
    for xnnpack in [Xnnpack::Auto, Xnnpack::Off] {
        let mut interpreter = with("called_signature", xnnpack);
        for _ in 0..2 {
            let error = interpreter
                .signature_runner("step")
                .map(drop)
                .expect_err("its memory is the caller's");
            let Error::CalledSubgraph {
                ref signature,
                ref tensor,
            } = error
            else {
                panic!("{error}")
            };
            assert_eq!((&**signature, &**tensor), ("step", "input 0"));
            let mut main = interpreter.signature_runner("main").expect("there");
            fill(&mut main, "x", 3.0);
            main.invoke().expect("valid");
            assert_eq!(read(&main, "y"), [192.0]);
        }
    }
}

#[test]
fn a_model_without_signatures() {
    let mut interpreter = interpreter("duplicate_input");
    assert!(interpreter.model().signatures().is_empty());
    let error = interpreter
        .default_signature_runner()
        .map(drop)
        .expect_err("none");
    assert!(matches!(error, Error::NoSuchSignature { ref known, .. } if known.is_empty()));
}

#[test]
fn outputs_are_only_there_after_an_invocation() {
    let mut interpreter = interpreter("signatures");
    interpreter.invoke().expect("valid");
    let mut double = interpreter
        .default_signature_runner()
        .expect("the first subgraph's");
    assert_eq!(double.signature().key(), "double");
    let not_invoked = |error: Error| assert!(matches!(error, Error::NotInvoked { .. }), "{error}");
    not_invoked(
        double
            .output("y")
            .expect("y")
            .data::<f32>()
            .expect_err("not yet"),
    );
    double.invoke().expect("valid");
    assert_eq!(read(&double, "y"), [0.0; 2]);
    // The interpreter's own outputs are those of no inputs of its own now.
    let output = interpreter.output(0).expect("one");
    not_invoked(output.data::<f32>().expect_err("not since"));
}

#[test]
fn resizing_is_strict_and_lasts() {
    for xnnpack in [Xnnpack::Auto, Xnnpack::Off] {
        let mut interpreter = with("dynamic_signatures", xnnpack);
        let mut join = interpreter.signature_runner("join").expect("there");
        // Rows can be changed, columns and rank cannot; and both inputs must agree.
        let shapes: [&[(&str, &[usize])]; 4] = [
            &[("a", &[4, 5])],
            &[("a", &[4])],
            &[("a", &[4, 2])],
            &[("b", &[4, 3])],
        ];
        for shapes in shapes {
            let error = join.resize_inputs(shapes).expect_err("does not fit");
            assert!(matches!(error, Error::Runtime { .. }), "{error}");
            join.invoke().expect("nothing has happened");
        }
        assert!(matches!(
            join.resize_input("a", &[usize::MAX, 2]),
            Err(Error::InvalidShape { .. })
        ));
        join.resize_inputs(&[("a", &[4, 2]), ("b", &[4, 3])])
            .expect("both");
        fill(&mut join, "a", 1.0);
        join.invoke().expect("valid");
        assert_eq!(read(&join, "y").iter().sum::<f32>(), 4.0 * 5.0 + 8.0);

        let mut double = interpreter.signature_runner("double").expect("there");
        double.resize_input("x", &[3, 2]).expect("rows");
        fill(&mut double, "x", 1.5);
        double.invoke().expect("valid");
        assert_eq!(read(&double, "y"), [3.0; 6]);
        assert_eq!(interpreter.input(0).expect("x").shape(), [3, 2]);

        let join = interpreter.signature_runner("join").expect("there");
        assert_eq!(join.input("b").expect("b").shape(), [4, 3]);
        assert_eq!(
            join.input("a").expect("a").data::<f32>().expect("f32"),
            [0.0; 8]
        );

        interpreter.reset().expect("made anew");
        assert_eq!(interpreter.input(0).expect("x").shape(), [3, 2]);
        let join = interpreter.signature_runner("join").expect("there");
        assert_eq!(join.input("b").expect("b").shape(), [1, 3]);
    }
}

#[test]
fn shapes_that_xnnpack_must_not_compute_change_nothing() {
    let mut interpreter = with("dynamic_signatures", Xnnpack::Auto);
    // One in the interpreter's own subgraph, one in another.
    type Shapes<'a> = &'a [(&'a str, &'a [usize])];
    let shapes: [(&str, Shapes<'_>); 2] = [
        ("double", &[("x", &[0, 2])]),
        ("join", &[("a", &[0, 2]), ("b", &[0, 3])]),
    ];
    for (key, shapes) in shapes {
        let mut runner = interpreter.signature_runner(key).expect("there");
        let (name, _) = shapes[0];
        fill(&mut runner, name, 1.0);
        runner.invoke().expect("valid");
        let before = read(&runner, "y");
        let error = runner.resize_inputs(shapes).expect_err("no elements");
        let Error::XnnpackShapes { ref reason } = error else {
            panic!("{error}")
        };
        assert!(reason.contains("no elements"), "{reason}");
        assert_eq!(read(&runner, "y"), before);
        runner.invoke().expect("nothing has happened");
        assert_eq!(read(&runner, "y"), before);
        drop(runner);

        let mut without = with("dynamic_signatures", Xnnpack::Off);
        let mut runner = without.signature_runner(key).expect("there");
        runner
            .resize_inputs(shapes)
            .expect("the runtime's kernels can");
        runner.invoke().expect("nothing to do");
        assert_eq!(read(&runner, "y"), [0.0; 0]);
    }
}

#[test]
fn a_failed_invocation_poisons_the_interpreter_too() {
    let mut interpreter = interpreter("gather");
    let mut runner = interpreter.default_signature_runner().expect("there");
    let name = runner
        .signature()
        .input_names()
        .next()
        .expect("one")
        .to_owned();
    runner
        .input_mut(&name)
        .expect("i")
        .copy_from_slice(&[0, 5, 0])
        .expect("three");
    let error = runner.invoke().expect_err("5 is out of range");
    let Error::Runtime {
        operation: Operation::Invoke,
        ref log,
        ..
    } = error
    else {
        panic!("{error}");
    };
    assert!(log.contains("GATHER"), "{log}");
    assert!(matches!(runner.input(&name), Err(Error::Poisoned { .. })));
    assert!(matches!(runner.invoke(), Err(Error::Poisoned { .. })));
    assert!(matches!(interpreter.invoke(), Err(Error::Poisoned { .. })));
    assert!(matches!(
        interpreter.default_signature_runner(),
        Err(Error::Poisoned { .. })
    ));
    interpreter.reset().expect("made anew");
    interpreter
        .default_signature_runner()
        .expect("there")
        .invoke()
        .expect("0 is in range");
}
