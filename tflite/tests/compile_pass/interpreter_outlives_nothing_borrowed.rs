//! An interpreter needs nothing that it was made from: it owns it.

use tflite::{Interpreter, InterpreterOptions, Model, Result};

fn case() -> Result<()> {
    let mut interpreter = {
        let bytes = std::fs::read("model.tflite").unwrap_or_default();
        let model = Model::from_bytes(&bytes)?;
        let options = InterpreterOptions::new().threads(2);
        Interpreter::new(&model, options)?
    };
    interpreter.invoke()?;
    let token = {
        let interpreter = interpreter;
        interpreter.cancellation_token()
    };
    token.cancel();
    Ok(())
}

fn main() {
    let _ = case;
}
