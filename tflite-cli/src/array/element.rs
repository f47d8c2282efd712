//! NumPy's names of types.

use tflite::TensorType;

use super::Problem;

/// The type of a file's elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Element {
    pub(super) kind: Kind,
    pub(super) is_big_endian: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Plain(TensorType),
    /// Bytes, filled up with NULs to this length.
    Bytes(usize),
    /// Characters of 4 bytes each, filled up with NULs to this number.
    Characters(usize),
}

/// The types that NumPy and tensors share. `V2` is what a `bfloat16` of `ml_dtypes` is saved as.
const NAMES: [(&str, TensorType); 15] = [
    ("b1", TensorType::Bool),
    ("i1", TensorType::Int8),
    ("i2", TensorType::Int16),
    ("i4", TensorType::Int32),
    ("i8", TensorType::Int64),
    ("u1", TensorType::UInt8),
    ("u2", TensorType::UInt16),
    ("u4", TensorType::UInt32),
    ("u8", TensorType::UInt64),
    ("f2", TensorType::Float16),
    ("f4", TensorType::Float32),
    ("f8", TensorType::Float64),
    ("c8", TensorType::Complex64),
    ("c16", TensorType::Complex128),
    ("V2", TensorType::BFloat16),
];

const SUPPORTED: &str = "booleans, integers, floating-point and complex numbers of up to 64 bits a part, \
     bytes (S) and text (U) are";

impl Element {
    /// Understands such as `<f4`.
    pub(super) fn parse(descr: &str) -> Result<Self, Problem> {
        let unsupported = |hint| Problem::Type {
            descr: format!("{descr:?}"),
            hint,
        };
        let (order, name) = match descr.split_at_checked(1) {
            Some((order @ ("<" | ">" | "|" | "="), name)) => (order, name),
            _ => ("=", descr),
        };
        let length = |length: &str| length.parse().map_err(|_| unsupported(SUPPORTED));
        let known = NAMES.iter().find(|(known, _)| *known == name);
        let kind = match (known, name.split_at_checked(1)) {
            (Some((_, dtype)), _) => Kind::Plain(*dtype),
            (None, Some(("S" | "a", bytes))) => Kind::Bytes(length(bytes)?),
            (None, Some(("U", characters))) => Kind::Characters(length(characters)?),
            (None, Some(("O", ""))) => {
                return Err(unsupported(
                    "they would have to be unpickled; for text, save dtype=str or dtype=bytes",
                ));
            }
            _ => return Err(unsupported(SUPPORTED)),
        };
        Ok(Self {
            kind,
            is_big_endian: match order {
                ">" => true,
                "<" => false,
                _ => cfg!(target_endian = "big"),
            },
        })
    }

    /// What NumPy calls a type that it has, in the machine's byte order.
    pub(super) fn descr(dtype: TensorType) -> Option<String> {
        let (name, _) = NAMES.iter().find(|(_, known)| *known == dtype)?;
        let order = match (size(dtype), cfg!(target_endian = "big")) {
            (1, _) => '|',
            (_, true) => '>',
            (_, false) => '<',
        };
        Some(format!("{order}{name}"))
    }

    /// How many bytes one takes; `None` if that is no number.
    pub(super) fn size(self) -> Option<usize> {
        match self.kind {
            Kind::Plain(dtype) => Some(size(dtype)),
            Kind::Bytes(length) => Some(length),
            Kind::Characters(length) => length.checked_mul(4),
        }
    }

    /// How many bytes lie in the file's byte order together.
    pub(super) fn unit(self) -> usize {
        match self.kind {
            Kind::Plain(TensorType::Complex64) | Kind::Characters(_) => 4,
            Kind::Plain(TensorType::Complex128) => 8,
            Kind::Plain(dtype) => size(dtype),
            Kind::Bytes(_) => 1,
        }
    }
}

/// How many bytes an element of one of the types above takes.
fn size(dtype: TensorType) -> usize {
    match dtype {
        TensorType::Bool | TensorType::Int8 | TensorType::UInt8 => 1,
        TensorType::Int16 | TensorType::UInt16 => 2,
        TensorType::Float16 | TensorType::BFloat16 => 2,
        TensorType::Int32 | TensorType::UInt32 | TensorType::Float32 => 4,
        TensorType::Complex128 => 16,
        _ => 8,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_go_both_ways() {
        for (name, dtype) in NAMES {
            let descr = Element::descr(dtype).expect("known");
            assert_eq!(&descr[1..], name);
            let element = Element::parse(&descr).expect("known");
            assert_eq!(element.kind, Kind::Plain(dtype));
            assert_eq!(element.is_big_endian, cfg!(target_endian = "big"));
        }
        assert_eq!(Element::descr(TensorType::Int4), None);
    }

    #[test]
    fn text_has_a_length() {
        let element = Element::parse("|S5").expect("bytes");
        assert_eq!((element.kind, element.size()), (Kind::Bytes(5), Some(5)));
        let element = Element::parse(">U3").expect("text");
        assert_eq!(element.kind, Kind::Characters(3));
        assert_eq!((element.size(), element.unit()), (Some(12), 4));
        assert!(element.is_big_endian);
        let element = Element::parse(&format!("<U{}", usize::MAX)).expect("text");
        assert_eq!(element.size(), None);
    }

    #[test]
    fn other_types_are_named() {
        for descr in [
            "<f16", "<i3", "<M8[ns]", "|V3", "", "<", "<S", "|S-1", "f", "ä4", "|O",
        ] {
            let error = Element::parse(descr).expect_err("not supported");
            assert!(error.to_string().contains(&format!("{descr:?}")), "{error}");
        }
    }
}
