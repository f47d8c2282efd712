//! An operator may outlive whoever made it.

fn main() {
    let factor = String::from("2");
    let _ = tflite::Operator::builder("Mine").invoke(|_| {
        assert_eq!(factor, "2");
        Ok(())
    });
}
