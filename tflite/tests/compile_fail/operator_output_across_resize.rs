//! Resizing an output frees its memory.

fn main() {
    let _ = tflite::Operator::builder("Mine").invoke(|ctx| {
        let old: &mut [f32] = ctx.output_mut(0)?.into_data_mut()?;
        ctx.resize_output(0, &[1000])?;
        old.fill(1.0);
        Ok(())
    });
}
