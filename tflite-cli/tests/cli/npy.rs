//! A reader and a writer of `.npy` files that share no code with the program.

use std::fs;
use std::path::Path;

/// An array as a file has it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Array {
    /// NumPy's name of the type, such as `<f4`.
    pub(crate) descr: String,
    pub(crate) shape: Vec<usize>,
    /// Little-endian, in row-major order.
    pub(crate) bytes: Vec<u8>,
}

/// The name of a type in a file, of its name in NumPy.
pub(crate) fn descr(dtype: &str) -> String {
    match dtype {
        "bool" => "|b1",
        "int8" => "|i1",
        "uint8" => "|u1",
        "int16" => "<i2",
        "uint16" => "<u2",
        "int32" => "<i4",
        "uint32" => "<u4",
        "int64" => "<i8",
        "uint64" => "<u8",
        "float16" => "<f2",
        "float32" => "<f4",
        "float64" => "<f8",
        "complex64" => "<c8",
        "complex128" => "<c16",
        "bfloat16" => "<V2",
        other => panic!("{other}"),
    }
    .to_owned()
}

pub(crate) fn write(path: &Path, array: &Array) {
    let dims: String = array.shape.iter().map(|dim| format!("{dim},")).collect();
    let mut header = format!(
        "{{'descr': '{}', 'fortran_order': False, 'shape': ({dims})}}",
        array.descr
    );
    header.push_str(&" ".repeat(63 - (10 + header.len()) % 64));
    header.push('\n');
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend(u16::try_from(header.len()).expect("short").to_le_bytes());
    bytes.extend(header.as_bytes());
    bytes.extend(&array.bytes);
    fs::write(path, bytes).expect("writable");
}

#[track_caller]
pub(crate) fn read(path: &Path) -> Array {
    let bytes = fs::read(path).expect("written");
    assert_eq!(bytes[..8], *b"\x93NUMPY\x01\x00");
    let length = usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    let header = std::str::from_utf8(&bytes[10..10 + length]).expect("text");
    assert_eq!((10 + length) % 64, 0, "NumPy aligns the elements");
    let after = |name: &str| header.split_once(name).expect(name).1;
    assert!(after("'fortran_order': ").starts_with("False"), "{header}");
    let dims = after("'shape': (").split_once(')').expect("a tuple").0;
    let dims = dims.split(',').map(str::trim).filter(|dim| !dim.is_empty());
    Array {
        descr: after("'descr': '")
            .split_once('\'')
            .expect("a string")
            .0
            .to_owned(),
        shape: dims.map(|dim| dim.parse().expect("a number")).collect(),
        bytes: bytes[10 + length..].to_vec(),
    }
}
