use std::io::{Cursor, Read as _};
use std::time::{Duration, SystemTime};

use super::*;

/// A folder of this test's own, removed in the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("package-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).expect("the temporary folder can be written to");
        Self(path)
    }

    fn file(&self, name: &str, content: &[u8]) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, content).expect("the temporary folder can be written to");
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn files(folder: &Folder) -> (PathBuf, PathBuf, PathBuf) {
    let program = folder.file("built", &b"\x7fELF and more of a program ".repeat(1000));
    let model = folder.file("some.tflite", &[7; 5000]);
    folder.file("some.labels.txt", b"dress\nhat\n");
    let more = folder.file("weights.cache", b"packed");
    (program, model, more)
}

#[test]
fn the_same_content_makes_the_same_bytes() {
    let folder = Folder::new("same");
    let (program, model, more) = files(&folder);
    let add = [more.clone()];
    let first = pack(&program, &model, &add, &folder.0.join("first")).expect("packed");

    // Neither when files were written, nor what they may be used for, nor what an earlier run has
    // left in the folder is part of it.
    let second = folder.0.join("second");
    fs::create_dir_all(second.join("task")).expect("made");
    fs::write(second.join("task/old.tflite"), b"of an earlier run").expect("written");
    for path in [&program, &model, &more] {
        mode(path, 0o640).expect("changed");
        fs::File::options()
            .append(true)
            .open(path)
            .and_then(|file| file.set_modified(SystemTime::now() - Duration::from_secs(86_400)))
            .expect("changed");
    }
    let second = pack(&program, &model, &add, &second).expect("packed");
    for (a, b) in [
        (&first.zip, &second.zip),
        (&first.program_zip, &second.program_zip),
    ] {
        assert!(fs::read(a).expect("read") == fs::read(b).expect("read"));
    }

    // And again into the same folder.
    let before = fs::read(&first.zip).expect("read");
    let again = pack(&program, &model, &add, &folder.0.join("first")).expect("packed");
    assert!(before == fs::read(again.zip).expect("read"));

    // But other content makes others.
    fs::write(&more, b"packed otherwise").expect("written");
    let other = pack(&program, &model, &add, &folder.0.join("first")).expect("packed");
    assert!(before != fs::read(other.zip).expect("read"));
}

#[test]
fn the_program_can_be_run_and_everything_can_be_read() {
    let folder = Folder::new("modes");
    let (program, model, more) = files(&folder);
    mode(&program, 0o600).expect("changed");
    let made = pack(&program, &model, &[more], &folder.0.join("out")).expect("packed");

    let bytes = fs::read(&made.zip).expect("read");
    let mut zip = zip::ZipArchive::new(Cursor::new(bytes)).expect("a zip");
    let mut found = Vec::new();
    for index in 0..zip.len() {
        let mut entry = zip.by_index(index).expect("an entry");
        let mut content = Vec::new();
        entry.read_to_end(&mut content).expect("readable");
        let name = entry.name().expect("a name").into_owned();
        let mode = entry.unix_mode().expect("Unix permissions") & 0o777;
        let (path, on_disk) = match name.as_str() {
            "bootstrap" => (made.program.clone(), 0o755),
            name => (folder.0.join("out/task").join(name), 0o644),
        };
        assert_eq!(content, fs::read(&path).expect("placed"), "{name}");
        let placed = fs::metadata(&path).expect("placed").permissions().mode() & 0o777;
        assert_eq!((mode, placed), (on_disk, on_disk), "{name}");
        found.push(name);
    }
    assert_eq!(
        found,
        [
            "bootstrap",
            "some.labels.txt",
            "some.tflite",
            "weights.cache"
        ]
    );

    let bytes = fs::read(&made.program_zip).expect("read");
    let zip = zip::ZipArchive::new(Cursor::new(bytes)).expect("a zip");
    let names: Vec<_> = zip.file_names().map(|name| name.expect("a name")).collect();
    assert_eq!(names, ["bootstrap"]);
}

#[test]
fn what_has_been_placed_can_be_packed_again() {
    let folder = Folder::new("again");
    let (program, model, _) = files(&folder);
    let out = folder.0.join("out");
    let made = pack(&program, &model, &[], &out).expect("packed");
    let before = fs::read(&made.zip).expect("read");
    // As after a build in a container, which has put it there.
    let again = pack(&made.program, &model, &[], &out).expect("packed");
    assert!(before == fs::read(again.zip).expect("read"));
}

#[test]
fn two_files_of_one_name_are_an_error() {
    let folder = Folder::new("twice");
    let (program, model, _) = files(&folder);
    let out = folder.0.join("out");
    let error = pack(&program, &model, std::slice::from_ref(&model), &out)
        .err()
        .expect("refused");
    assert!(error.contains("some.tflite"), "{error}");
}

#[test]
fn a_zip_that_is_too_large_is_an_error() {
    let folder = Folder::new("large");
    let file = folder.file("lambda.zip", &[0; 11]);
    at_most(&file, 11).expect("not larger");
    let error = at_most(&file, 10).expect_err("larger");
    assert!(error.contains("11 bytes"), "{error}");
}
