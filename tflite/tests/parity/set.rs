//! The set of models: what `make.py` has written.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use serde::Deserialize;

/// All models.
#[derive(Deserialize)]
pub(crate) struct Set {
    pub(crate) models: Vec<Entry>,
}

/// One model.
#[derive(Deserialize)]
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) family: String,
    pub(crate) kind: String,
    invocations: Vec<InvocationTypes>,
}

/// The types and shapes of one invocation.
#[derive(Deserialize)]
struct InvocationTypes {
    signature: Option<String>,
    inputs: Types,
    outputs: Types,
    /// Whether XNNPACK gives other values.
    xnnpack: bool,
}

/// NumPy's name of a type, and a shape.
type Type = (String, Vec<usize>);

#[derive(Deserialize)]
#[serde(untagged)]
enum Types {
    ByIndex(Vec<Type>),
    ByName(BTreeMap<String, Type>),
}

/// What goes in, and what the Python runtime brings out.
pub(crate) struct Invocation {
    /// `None` for the interpreter itself.
    pub(crate) signature: Option<String>,
    pub(crate) inputs: Vec<Golden>,
    pub(crate) plain: Vec<Golden>,
    pub(crate) xnnpack: Vec<Golden>,
}

/// The value of one input or output.
#[derive(Clone, Debug)]
pub(crate) struct Golden {
    /// In its signature; empty for the interpreter itself.
    pub(crate) name: String,
    pub(crate) dtype: String,
    pub(crate) shape: Vec<usize>,
    pub(crate) values: Values,
}

/// Elements in row-major order.
#[derive(Clone, Debug)]
pub(crate) enum Values {
    Floats(Vec<f32>),
    Doubles(Vec<f64>),
    /// With the bytes that they come from.
    Integers(Vec<i64>, Vec<u8>),
    Strings(Vec<Vec<u8>>),
}

fn folder() -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "tests/parity"]
        .iter()
        .collect()
}

impl Set {
    pub(crate) fn read() -> Self {
        let text = fs::read_to_string(folder().join("index.json")).expect("made by make.py");
        serde_json::from_str(&text).expect("an index")
    }
}

impl Entry {
    fn path(&self, extension: &str) -> PathBuf {
        folder().join(format!("data/{}.{extension}", self.name))
    }

    pub(crate) fn model(&self) -> tflite::Result<tflite::Model> {
        tflite::Model::from_file(self.path("tflite"))
    }

    pub(crate) fn invocations(&self) -> Vec<Invocation> {
        let bytes = fs::read(self.path("bin")).expect("made by make.py");
        let mut rest = &bytes[..];
        let read = |invocation: &InvocationTypes| {
            let inputs = read_all(&invocation.inputs, &mut rest);
            let plain = read_all(&invocation.outputs, &mut rest);
            let xnnpack = match invocation.xnnpack {
                true => read_all(&invocation.outputs, &mut rest),
                false => plain.clone(),
            };
            Invocation {
                signature: invocation.signature.clone(),
                inputs,
                plain,
                xnnpack,
            }
        };
        let invocations = self.invocations.iter().map(read).collect();
        assert!(rest.is_empty(), "{}: bytes are left over", self.name);
        invocations
    }
}

fn read_all(types: &Types, rest: &mut &[u8]) -> Vec<Golden> {
    let mut read = |name: &str, (dtype, shape): &Type| Golden {
        name: name.to_owned(),
        dtype: dtype.clone(),
        shape: shape.clone(),
        values: read_values(dtype, shape.iter().product(), rest),
    };
    match types {
        Types::ByIndex(types) => types.iter().map(|one| read("", one)).collect(),
        Types::ByName(types) => types.iter().map(|(name, one)| read(name, one)).collect(),
    }
}

fn read_values(dtype: &str, count: usize, rest: &mut &[u8]) -> Values {
    let mut take = |length| {
        let (taken, left) = rest.split_at(length);
        *rest = left;
        taken
    };
    if dtype == "string" {
        let string = |_| {
            let length = u32::from_le_bytes(take(4).try_into().expect("four bytes"));
            take(length as usize).to_vec()
        };
        return Values::Strings((0..count).map(string).collect());
    }
    let size = match dtype {
        "bool" | "int8" | "uint8" => 1,
        "int16" => 2,
        "float32" | "int32" | "uint32" => 4,
        "float64" | "int64" => 8,
        other => panic!("no model has {other}"),
    };
    Values::decode(dtype, take(count * size))
}

impl Values {
    pub(crate) fn decode(dtype: &str, bytes: &[u8]) -> Self {
        macro_rules! numbers {
            ($type:ty) => {
                bytes
                    .chunks_exact(size_of::<$type>())
                    .map(|chunk| <$type>::from_le_bytes(chunk.try_into().expect("its size")))
            };
        }
        macro_rules! integers {
            ($type:ty) => {
                Self::Integers(numbers!($type).map(i64::from).collect(), bytes.to_vec())
            };
        }
        match dtype {
            "float32" => Self::Floats(numbers!(f32).collect()),
            "float64" => Self::Doubles(numbers!(f64).collect()),
            "bool" | "uint8" => integers!(u8),
            "int8" => integers!(i8),
            "int16" => integers!(i16),
            "int32" => integers!(i32),
            "uint32" => integers!(u32),
            "int64" => integers!(i64),
            other => panic!("no model has {other}"),
        }
    }

    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Floats(values) => values.len(),
            Self::Doubles(values) => values.len(),
            Self::Integers(values, _) => values.len(),
            Self::Strings(values) => values.len(),
        }
    }
}
