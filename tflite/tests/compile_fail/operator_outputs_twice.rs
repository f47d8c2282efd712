//! One output at a time, or all of them once.

fn main() {
    let _ = tflite::Operator::builder("Mine").invoke(|ctx| {
        let all = ctx.outputs_mut()?;
        let first = ctx.output_mut(0)?;
        drop((all, first));
        Ok(())
    });
}
