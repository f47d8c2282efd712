//! What a quantized tensor's integers mean.

/// Per-tensor quantization: a real number is `scale * (integer - zero_point)`.
///
/// A convolution's weights may have one scale per channel instead; those are constants inside
/// the model, not inputs or outputs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quantization {
    /// The distance between two neighbouring integers. Never 0.
    pub scale: f32,
    /// The integer that stands for 0.0.
    pub zero_point: i32,
}

impl Quantization {
    /// The real number that `value` stands for.
    ///
    /// ```
    /// let quantization = tflite::Quantization { scale: 0.5, zero_point: -1 };
    /// assert_eq!(quantization.dequantize(3), 2.0);
    /// ```
    pub fn dequantize(self, value: i32) -> f32 {
        // An i64, because the difference of two i32 may be one bit longer.
        self.scale * (i64::from(value) - i64::from(self.zero_point)) as f32
    }
}
