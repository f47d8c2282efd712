//! Outputs as files.

use std::collections::HashSet;
use std::io::Write;
use std::path::Path;

use tflite::{Tensor, TensorType};

use super::inputs::numpy_type;
use crate::array::{self, Array, Elements, Format};
use crate::console;
use crate::error::{Failure, Result};
use crate::table::{Align, Table};
use crate::target::Target;

/// The longest name of a file without its extension, in bytes. File systems allow 255 with all.
const MAX_NAME: usize = 200;

/// Writes all outputs, and says where.
pub(super) fn write(out: &mut impl Write, target: &Target<'_>, path: &Path) -> Result<()> {
    let format = Format::of(path);
    let mut used = HashSet::new();
    let mut arrays = Vec::with_capacity(target.outputs.len());
    let mut rows = Vec::with_capacity(target.outputs.len());
    for place in &target.outputs {
        let tensor = target.output(place)?;
        let array = array(&tensor)
            .map_err(|error| Failure::runtime(format!("the output {:?}", place.name), error))?;
        note_lost(&array, &place.name);
        let shape = tensor.shape().to_string();
        rows.push([place.name.clone(), tensor.dtype().to_string(), shape]);
        arrays.push((file_name(&place.name, place.index, &mut used), array));
    }
    let paths = array::write(path, format, &arrays)
        .map_err(|(path, source)| Failure::Write { path, source })?;
    let mut table = Table::new(&[("", Align::Left); 4]);
    for ([name, dtype, shape], path) in rows.into_iter().zip(paths) {
        table.row([name, dtype, shape, path.display().to_string()]);
    }
    table.write(out)?;
    Ok(())
}

/// A copy of a tensor, with types that NumPy has.
fn array(tensor: &Tensor<'_>) -> tflite::Result<Array> {
    let dtype = numpy_type(tensor.dtype());
    Ok(Array {
        shape: tensor.shape().to_vec(),
        elements: match tensor.dtype() {
            TensorType::String => {
                let strings = tensor.strings()?;
                Elements::Strings(strings.into_iter().map(<[u8]>::to_vec).collect())
            }
            TensorType::Bool => {
                let bools = tensor.to_bools()?;
                Elements::Plain(dtype, bools.into_iter().map(u8::from).collect())
            }
            TensorType::Int4 | TensorType::UInt4 | TensorType::Int2 => {
                let integers = tensor.unpack()?;
                let bytes = integers.into_iter().map(i8::cast_unsigned);
                Elements::Plain(dtype, bytes.collect())
            }
            _ => Elements::Plain(dtype, tensor.bytes()?.to_vec()),
        },
    })
}

/// Says what a file does not keep: NumPy takes NULs at the end of bytes for padding.
fn note_lost(array: &Array, name: &str) {
    if let Elements::Strings(strings) = &array.elements
        && strings.iter().any(|string| string.ends_with(b"\0"))
    {
        let text =
            format!("the output {name:?} has strings with NULs at the end, which NumPy drops");
        console::note(&text);
    }
}

/// A name that is good for a file in any folder, and that no other output has. Tensors' names come
/// from the model: they may be paths to somewhere else.
fn file_name(name: &str, index: usize, used: &mut HashSet<String>) -> String {
    let safe = |char: char| match char {
        'a'..='z' | 'A'..='Z' | '0'..='9' | '.' | '_' | '-' => char,
        _ => '_',
    };
    let mut base: String = name.chars().map(safe).take(MAX_NAME).collect();
    // Neither hidden, nor an option of some tool, nor the folder above.
    base.drain(..base.len() - base.trim_start_matches(['.', '-']).len());
    if base.trim_matches(['.', '_']).is_empty() {
        base = format!("output_{index}");
    }
    let mut unique = base.clone();
    let mut number = 2;
    // Some file systems do not tell letters from capitals.
    while !used.insert(unique.to_lowercase()) {
        unique = format!("{base}_{number}");
        number += 1;
    }
    unique
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_in_their_folder() {
        let name = |name: &str| file_name(name, 7, &mut HashSet::new());
        for (tensor, file) in [
            ("StatefulPartitionedCall_1:0", "StatefulPartitionedCall_1_0"),
            ("../../etc/passwd", "_.._etc_passwd"),
            ("/etc/passwd", "_etc_passwd"),
            ("..", "output_7"),
            ("", "output_7"),
            (".hidden", "hidden"),
            ("-rf", "rf"),
            ("a\0b\nc", "a_b_c"),
            ("C:\\x", "C__x"),
            ("Größe", "Gr__e"),
        ] {
            assert_eq!(name(tensor), file, "{tensor:?}");
        }
        assert_eq!(name(&"x".repeat(5000)).len(), MAX_NAME);
    }

    #[test]
    fn no_output_overwrites_another() {
        let mut used = HashSet::new();
        let names = ["a", "A", "a", "a_2", "a:b", "a/b", "", ""];
        let names: Vec<_> = names
            .iter()
            .map(|name| file_name(name, 0, &mut used))
            .collect();
        let different: HashSet<_> = names.iter().map(|name| name.to_lowercase()).collect();
        assert_eq!(different.len(), names.len(), "{names:?}");
    }
}
