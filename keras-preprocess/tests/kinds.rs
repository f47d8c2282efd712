//! 300 small pictures of all kinds against Pillow and keras_image_helper. `golden/kinds.py` made
//! the pictures and the expected values.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic, too")]

use std::{collections::HashMap, fs, path::PathBuf};

use keras_preprocess::{Filter, Limits, Mode, Picture, Preprocessor, decode, picture::Samples};

fn golden(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/golden")
        .join(name)
}

/// The lines of a file, split at spaces.
fn table<const COLUMNS: usize>(name: &str) -> Vec<[String; COLUMNS]> {
    let text = fs::read_to_string(golden(name)).unwrap();
    let row = |line: &str| {
        let cells: Vec<String> = line.split(' ').map(str::to_owned).collect();
        cells.try_into().unwrap()
    };
    text.lines().map(row).collect()
}

/// Name and bytes of each picture.
fn pictures() -> HashMap<String, Vec<u8>> {
    let all = fs::read(golden("kinds.bin")).unwrap();
    let mut rest = all.as_slice();
    let mut pictures = HashMap::new();
    for [name, length, ..] in table::<5>("kinds.txt") {
        let (picture, behind) = rest.split_at(length.parse().unwrap());
        pictures.insert(name, picture.to_vec());
        rest = behind;
    }
    assert!(rest.is_empty());
    assert!(pictures.len() >= 300, "only {} pictures", pictures.len());
    pictures
}

fn crc(bytes: impl IntoIterator<Item = u8>) -> String {
    let bytes: Vec<u8> = bytes.into_iter().collect();
    format!("{:08x}", crc32fast::hash(&bytes))
}

fn rgb(picture: &Picture) -> Vec<u8> {
    let rows = 0..picture.height();
    rows.flat_map(|y| (0..picture.width()).flat_map(move |x| picture.rgb(x, y)))
        .collect()
}

fn tensor(input: &[f32]) -> String {
    crc(input.iter().flat_map(|value| value.to_le_bytes()))
}

#[test]
fn the_pixels_are_those_of_pillow() {
    let pictures = pictures();
    let mut wrong = Vec::new();
    for [name, _, width, height, expected] in table::<5>("kinds.txt") {
        match decode(&pictures[&name], &Limits::default()) {
            Ok((_, picture)) => {
                let size = (picture.width().to_string(), picture.height().to_string());
                if size != (width, height) || crc(rgb(&picture)) != expected {
                    wrong.push(name);
                }
            }
            Err(error) => wrong.push(format!("{name}: {error}")),
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_tensors_are_those_of_keras_image_helper() {
    let pictures = pictures();
    let rows = table::<8>("tensors.txt");
    assert!(rows.len() >= 900);
    let mut wrong = Vec::new();
    for row in rows {
        let [
            name,
            mode,
            filter,
            width,
            height,
            upright,
            reduced,
            expected,
        ] = &row;
        let mode: Mode = mode.parse().unwrap();
        let filter: Filter = filter.parse().unwrap();
        let preprocessor = Preprocessor::new(width.parse().unwrap(), height.parse().unwrap(), mode)
            .filter(filter)
            .exif_orientation(upright == "upright")
            .reduced_jpeg(reduced == "reduced");
        match preprocessor.run(&pictures[name], &Limits::default()) {
            Ok(input) if tensor(&input) == *expected => {}
            Ok(_) => wrong.push(row.join(" ")),
            Err(error) => wrong.push(format!("{name}: {error}")),
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Decoding only what is looked at gives what decoding all and looking at some gives.
#[test]
fn sparing_work_changes_nothing() {
    let limits = Limits::default();
    for (name, bytes) in pictures() {
        let (_, picture) = decode(&bytes, &limits).unwrap();
        for (width, height) in [(1, 1), (5, 7), (31, 3), (64, 64)] {
            let preprocessor = Preprocessor::new(width, height, Mode::Raw);
            let mut whole = vec![0.0; preprocessor.len()];
            preprocessor.fill(&picture, &mut whole);
            let spared = preprocessor.run(&bytes, &limits).unwrap();
            assert!(whole == spared, "{name} {width} x {height}");
        }
    }
}

#[test]
fn the_modes_are_equal_to_the_bit() {
    let rows = table::<2>("modes.txt");
    assert_eq!(rows.len(), 4);
    let greys = Picture::new(256, 1, Samples::Grey8, (0..=255).collect()).unwrap();
    for [mode, expected] in rows {
        let preprocessor = Preprocessor::new(256, 1, mode.parse().unwrap());
        let mut input = vec![f32::NAN; preprocessor.len()];
        preprocessor.fill(&greys, &mut input);
        assert_eq!(tensor(&input), expected, "{mode}");
    }
}
