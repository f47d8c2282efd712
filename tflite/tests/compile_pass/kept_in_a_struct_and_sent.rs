//! No lifetime parameter stands in the way of a struct, a static or another thread.

use std::sync::{LazyLock, Mutex};
use std::thread;

use tflite::{CancellationToken, Interpreter, Model};

struct Service {
    interpreter: Mutex<Interpreter>,
    token: CancellationToken,
    model: Model,
}

static SERVICE: LazyLock<Option<Service>> = LazyLock::new(|| None);

fn case(interpreter: Interpreter) {
    let token = interpreter.cancellation_token();
    let worker = thread::spawn(move || interpreter);
    token.cancel();
    drop(worker.join());
    if let Some(service) = &*SERVICE {
        service.token.cancel();
        println!("{:?} {:?}", service.interpreter, service.model);
    }
}

fn main() {
    let _ = case;
}
