//! Files that are right, damaged, or mean harm.

use super::super::MAX_BYTES;
use super::*;

fn read(file: &[u8]) -> Result<Array, Problem> {
    super::read(file, MAX_BYTES)
}

fn file(version: u8, header: &str, data: &[u8]) -> Vec<u8> {
    let mut bytes = MAGIC.to_vec();
    bytes.extend([version, 0]);
    let length = u32::try_from(header.len()).expect("short").to_le_bytes();
    bytes.extend(if version == 1 { &length[..2] } else { &length });
    bytes.extend(header.as_bytes());
    bytes.extend(data);
    bytes
}

fn plain(shape: &str, data: &[u8]) -> Vec<u8> {
    let header = format!("{{'descr': '|i1', 'fortran_order': False, 'shape': {shape}, }}\n");
    file(1, &header, data)
}

#[test]
fn what_was_written_is_read() {
    for elements in [
        Elements::Plain(TensorType::Float16, (0..12).collect()),
        Elements::Plain(TensorType::Bool, vec![0, 1, 1, 0, 0, 1]),
        Elements::Plain(TensorType::Complex128, (0..96).collect()),
        Elements::Strings(["", "a", "äö", "x\0y", "", "z"].map(|s| s.into()).to_vec()),
    ] {
        let array = Array {
            shape: vec![2, 3],
            elements,
        };
        let mut bytes = Vec::new();
        write(&array, &mut bytes).expect("memory");
        assert_eq!(read(&bytes[..]).expect("valid"), array);
        // No prefix of it is an array, and nothing may follow.
        for length in 0..bytes.len() {
            read(&bytes[..length]).expect_err("cut off");
        }
        bytes.push(0);
        assert!(matches!(read(&bytes[..]), Err(Problem::Trailing { .. })));
    }
}

#[test]
fn every_damaged_byte_is_an_error_or_an_array() {
    let bytes = plain("(2, 3)", &[1, 2, 3, 4, 5, 6]);
    for index in 0..bytes.len() {
        for value in [0, b' ', b'(', b',', b'9', 0x7f, 0xff, bytes[index] ^ 1] {
            let mut damaged = bytes.clone();
            damaged[index] = value;
            // No panic, and as many elements as the shape says.
            if let Ok(array) = read(&damaged[..])
                && let Elements::Plain(_, elements) = array.elements
            {
                assert_eq!(array.shape.iter().product::<usize>(), elements.len());
            }
        }
    }
}

#[test]
fn sizes_that_lie_take_no_memory() {
    let huge = [
        "(1099511627776, 1099511627776)",
        "(18446744073709551615,)",
        "(4294967297,)",
        "(99999999999999999999999999,)",
    ];
    for shape in huge {
        read(&plain(shape, &[])[..]).expect_err("too large");
    }
    let error = read(&plain("(4294967296,)", &[1, 2])[..]).expect_err("cut off");
    assert!(
        matches!(error, Problem::Truncated { actual: 2, .. }),
        "{error}"
    );
    // Nothing, in any shape, is fine.
    let empty = read(&plain("(0, 18446744073709551615)", &[])[..]).expect("no elements");
    assert_eq!(empty.shape, [0, usize::MAX]);
    // What is left for an array counts as well.
    let five = plain("(5,)", &[0; 5]);
    super::read(&five[..], 5).expect("enough");
    let error = super::read(&five[..], 4).expect_err("one too many");
    assert!(matches!(error, Problem::TooLarge { max: 4, .. }), "{error}");
    // Strings without bytes would take memory all the same.
    let header = "{'descr': '|S0', 'fortran_order': False, 'shape': (4294967296,), }\n";
    let error = read(&file(1, header, &[])[..]).expect_err("too many");
    assert!(matches!(error, Problem::TooManyStrings { .. }), "{error}");
}

#[test]
fn headers_have_limits() {
    let long = file(2, &" ".repeat(10_001), &[]);
    assert!(matches!(read(&long[..]), Err(Problem::HeaderLength { .. })));
    let mut lying = MAGIC.to_vec();
    lying.extend([3, 0, 255, 255, 255, 255]);
    assert!(matches!(
        read(&lying[..]),
        Err(Problem::HeaderLength { .. })
    ));
    // Each bracket would double the parser's work, or end its stack.
    for bracket in ["[", "(", "{"] {
        let deep = file(2, &format!("{}\n", bracket.repeat(9_000)), &[]);
        assert!(matches!(read(&deep[..]), Err(Problem::Header(_))));
    }
    for header in [
        "",
        "\n",
        "{}\n",
        "1\n",
        "{'descr': '<f4'}\n",
        "{'descr': 1}\n",
    ] {
        read(&file(1, header, &[])[..]).expect_err("no header");
    }
    let other = &b"\x93NUMPX\x01\0\0\0"[..];
    assert!(matches!(read(other), Err(Problem::Header(_))));
    for version in [0, 4, 255] {
        read(&file(version, "\n", &[])[..]).expect_err("no such version");
    }
}

#[test]
fn structures_are_refused_by_name() {
    let header = "{'descr': [('a', '<i4')], 'fortran_order': False, 'shape': (1,), }\n";
    let error = read(&file(1, header, &[0; 4])[..]).expect_err("a structure");
    assert!(error.to_string().contains("('a', '<i4')"), "{error}");
}

#[test]
fn columns_first_becomes_rows_first() {
    let header = "{'descr': '|i1', 'fortran_order': True, 'shape': (2, 3), }\n";
    let array = read(&file(1, header, &[1, 4, 2, 5, 3, 6])[..]).expect("valid");
    let rows = Elements::Plain(TensorType::Int8, vec![1, 2, 3, 4, 5, 6]);
    assert_eq!(array.elements, rows);
}

#[test]
fn values_that_a_type_does_not_have_are_refused() {
    let header = "{'descr': '|b1', 'fortran_order': False, 'shape': (2,), }\n";
    let error = read(&file(1, header, &[1, 2])[..]).expect_err("no boolean");
    assert!(matches!(error, Problem::Boolean { index: 1, value: 2 }));
    let header = "{'descr': '<U1', 'fortran_order': False, 'shape': (), }\n";
    let surrogate = 0xd800_u32.to_le_bytes();
    let error = read(&file(1, header, &surrogate)[..]).expect_err("no character");
    assert!(matches!(error, Problem::Character { index: 0, .. }));
}
