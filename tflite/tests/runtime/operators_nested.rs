//! Custom operators in subgraphs: loops, branches, signatures.

use tflite::{Interpreter, InterpreterOptions, Operator, Xnnpack};

use super::model;
use super::operators::{floats, like_input, scale, with};

#[test]
fn loops_run_them_in_their_bodies_and_conditions() {
    let below = Operator::builder("Below")
        .prepare(|ctx| Ok(ctx.resize_output(0, &[])?))
        .invoke(|ctx| {
            let is_below = ctx.input(0)?.data::<i32>()? < ctx.input(1)?.data::<i32>()?;
            Ok(ctx.output_mut(0)?.copy_from_bools(&[is_below])?)
        })
        .build()
        .expect("valid");
    let next = Operator::builder("Next")
        .prepare(like_input)
        .invoke(|ctx| {
            let next = ctx.input(0)?.data::<i32>()?[0] + 1;
            Ok(ctx.output_mut(0)?.copy_from_slice(&[next])?)
        })
        .build()
        .expect("valid");
    for xnnpack in [Xnnpack::Auto, Xnnpack::Off] {
        let options = InterpreterOptions::new()
            .operator(below.clone())
            .operator(next.clone())
            .xnnpack(xnnpack);
        let mut interpreter = Interpreter::new(&model("custom/loop"), options).expect("valid");
        for to in [5, 0, 1, -3, 1000, 2] {
            interpreter
                .input_mut(0)
                .expect("one")
                .copy_from_slice(&[to])
                .expect("one");
            interpreter.invoke().expect("valid");
            let count = interpreter
                .output(0)
                .expect("one")
                .data::<i32>()
                .expect("i32")[0];
            assert_eq!(count, to.max(0));
        }
    }
}

#[test]
fn branches_run_theirs() {
    let mut interpreter = with("branches", scale(), Xnnpack::Auto);
    for (which, factor) in [(true, 2.5), (false, -1.0), (true, 2.5)] {
        interpreter
            .input_mut(0)
            .expect("which")
            .copy_from_bools(&[which])
            .expect("one");
        let mut input = interpreter.input_mut(1).expect("x");
        input.copy_from_slice(&[1.0_f32, 2.0, 3.0]).expect("three");
        interpreter.invoke().expect("valid");
        assert_eq!(
            floats(&interpreter, 0),
            [factor, 2.0 * factor, 3.0 * factor]
        );
    }
}

#[test]
fn signatures_run_theirs() {
    for xnnpack in [Xnnpack::Auto, Xnnpack::Off] {
        let mut interpreter = with("signatures", scale(), xnnpack);
        for (key, factor) in [("double", 2.0), ("tenfold", 10.0)] {
            let mut runner = interpreter.signature_runner(key).expect("known");
            for rows in [1, 3] {
                runner
                    .resize_input("x", &[rows, 4])
                    .expect("any number of rows");
                let mut input = runner.input_mut("x").expect("there");
                input
                    .copy_from_slice(&vec![1.5_f32; 4 * rows])
                    .expect("as many");
                runner.invoke().expect("valid");
                let output = runner.output("y").expect("there");
                assert_eq!(
                    output.data::<f32>().expect("floats"),
                    vec![1.5 * factor; 4 * rows]
                );
            }
        }
    }
}
