//! Bytes to pixels and tensors, with and without sparing work: the same result, no panic, and no
//! more memory than the limits admit.

#![no_main]

use keras_preprocess::{Filter, Limits, Mode, Preprocessor, decode};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let limits = Limits {
        max_pixels: 1 << 20,
        ..Limits::default()
    };
    let whole = decode(bytes, &limits);
    let preprocessor = Preprocessor::new(13, 9, Mode::Raw);
    let spared = preprocessor.run(bytes, &limits);
    match (&whole, &spared) {
        (Ok((_, picture)), Ok(spared)) => {
            let mut input = vec![0.0; preprocessor.len()];
            preprocessor.fill(picture, &mut input);
            assert!(input == *spared, "sparing work changes the pixels");
        }
        (Err(whole), Err(spared)) => assert_eq!(whole, spared),
        _ => panic!("sparing work changes whether a picture is decoded"),
    }
    let turned = preprocessor
        .filter(Filter::Bilinear)
        .exif_orientation(true)
        .reduced_jpeg(true)
        .run(bytes, &limits);
    assert_eq!(turned.is_ok(), whole.is_ok());
});
