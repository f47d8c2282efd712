//! What an operator is shown is gone after the callback.

fn main() {
    let kept = std::sync::Mutex::new(Vec::<&[f32]>::new());
    let _ = tflite::Operator::builder("Mine").invoke(move |ctx| {
        kept.lock().unwrap().push(ctx.input(0)?.data::<f32>()?);
        Ok(())
    });
}
