//! Decoding and preprocessing against Pillow and keras_image_helper. `golden/make.py` made the
//! pictures and the expected values.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic, too")]

use std::{fs, path::PathBuf};

use keras_preprocess::{
    Limits, decode,
    picture::Picture,
    preprocess::{Mode, Preprocessor},
    resize::nearest,
};

fn golden(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/golden")
        .join(name)
}

/// The lines of a file, split at spaces. There must be some.
fn table(name: &str) -> Vec<Vec<String>> {
    let text = fs::read_to_string(golden(name)).unwrap();
    let rows: Vec<Vec<String>> = text
        .lines()
        .map(|line| line.split(' ').map(str::to_owned).collect())
        .collect();
    assert!(!rows.is_empty(), "{name}");
    rows
}

fn crc(bytes: impl IntoIterator<Item = u8>) -> String {
    format!(
        "{:08x}",
        crc32fast::hash(&bytes.into_iter().collect::<Vec<u8>>())
    )
}

fn open(name: &str) -> Picture {
    let bytes = fs::read(golden("pictures").join(name)).unwrap();
    decode(&bytes, &Limits::default())
        .unwrap_or_else(|error| panic!("{name}: {error}"))
        .1
}

fn rgb(picture: &Picture) -> Vec<u8> {
    let rows = 0..picture.height();
    rows.flat_map(|y| (0..picture.width()).flat_map(move |x| picture.rgb(x, y)))
        .collect()
}

/// The expected RGB of a lossy picture.
fn expected_rgb(name: &str) -> Option<Picture> {
    let name = format!("{name}.rgb.png");
    golden("pictures").join(&name).exists().then(|| open(&name))
}

#[test]
fn lossless_pictures_are_equal_to_the_bit() {
    let mut wrong = Vec::new();
    let mut seen = 0;
    for row in table("rgb.txt") {
        let [name, width, height, expected] = row.as_slice() else {
            panic!("{row:?}")
        };
        if expected_rgb(name).is_some() {
            continue;
        }
        let picture = open(name);
        let size = (picture.width().to_string(), picture.height().to_string());
        if size != (width.clone(), height.clone()) || crc(rgb(&picture)) != *expected {
            wrong.push(name.clone());
        }
        seen += 1;
    }
    assert!(wrong.is_empty(), "{wrong:?}");
    assert!(seen > 30, "only {seen} pictures");
}

/// The largest and the mean difference of a channel.
fn difference(ours: &[u8], theirs: &[u8]) -> (u8, f64) {
    assert_eq!(ours.len(), theirs.len());
    let differences = ours.iter().zip(theirs).map(|(a, b)| a.abs_diff(*b));
    let sum: f64 = differences.clone().map(f64::from).sum();
    (differences.max().unwrap(), sum / ours.len() as f64)
}

/// JPEG leaves the rounding to the decoder; this one rounds as Pillow's does. The pictures
/// themselves are kept so that a difference can be told in numbers.
#[test]
fn lossy_pictures_are_equal_to_the_bit() {
    let mut wrong = Vec::new();
    let mut seen = 0;
    for row in table("rgb.txt") {
        let [name, width, height, expected] = row.as_slice() else {
            panic!("{row:?}")
        };
        let Some(theirs) = expected_rgb(name) else {
            continue;
        };
        let theirs = rgb(&theirs);
        assert_eq!(
            crc(theirs.iter().copied()),
            *expected,
            "{name}.rgb.png is not what it was"
        );
        let ours = open(name);
        assert_eq!(
            (ours.width().to_string(), ours.height().to_string()),
            (width.clone(), height.clone())
        );
        let (largest, mean) = difference(&rgb(&ours), &theirs);
        println!("{name:24} largest {largest:3}  mean {mean:.4}");
        if largest > 0 {
            wrong.push(format!("{name}: largest {largest}, mean {mean:.4}"));
        }
        seen += 1;
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(seen > 10, "only {seen} pictures");
}

fn preprocess(name: &str, width: &str, height: &str) -> Vec<f32> {
    let preprocessor = Preprocessor::new(width.parse().unwrap(), height.parse().unwrap(), Mode::Tf);
    let mut input = vec![f32::NAN; preprocessor.len()];
    preprocessor.fill(&open(name), &mut input);
    input
}

#[test]
fn the_input_tensor_is_that_of_keras_image_helper() {
    for row in table("input.txt") {
        let [name, width, height, expected] = row.as_slice() else {
            panic!("{row:?}")
        };
        let input = preprocess(name, width, height);
        let bytes = input.into_iter().flat_map(f32::to_le_bytes);
        assert_eq!(crc(bytes), *expected, "{name} {width} x {height}");
    }
}

#[test]
fn resizing_takes_the_pixels_that_pillow_takes() {
    for row in table("resized.txt") {
        let [name, width, height, expected] = row.as_slice() else {
            panic!("{row:?}")
        };
        let picture = open(name);
        let columns: Vec<u32> = nearest(picture.width(), width.parse().unwrap()).collect();
        let rows = nearest(picture.height(), height.parse().unwrap());
        let bytes = rows.flat_map(|y| {
            let picture = &picture;
            columns.iter().flat_map(move |&x| picture.rgb(x, y))
        });
        assert_eq!(
            crc(bytes.collect::<Vec<u8>>()),
            *expected,
            "{name} {width} x {height}"
        );
    }
}

#[test]
fn the_positions_are_those_of_pillow() {
    for row in table("nearest.txt") {
        let [source, target, expected] = row.as_slice() else {
            panic!("{row:?}")
        };
        let positions = nearest(source.parse().unwrap(), target.parse().unwrap());
        assert_eq!(
            crc(positions.flat_map(u32::to_le_bytes)),
            *expected,
            "{source} to {target}"
        );
    }
}

#[test]
fn mode_tf_is_equal_to_the_bit() {
    let expected = table("tf.txt");
    assert_eq!(expected.len(), 256);
    for (value, expected) in expected.iter().enumerate() {
        let picture = Picture::new(
            1,
            1,
            keras_preprocess::picture::Samples::Grey8,
            vec![u8::try_from(value).unwrap()],
        )
        .unwrap();
        let mut input = [f32::NAN; 3];
        Preprocessor::new(1, 1, Mode::Tf).fill(&picture, &mut input);
        assert_eq!(
            format!("{:08x}", input[0].to_bits()),
            expected[0],
            "{value}"
        );
    }
}
