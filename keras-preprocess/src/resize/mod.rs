//! Resizing as Pillow does it.

mod nearest;
mod resample;

use std::str::FromStr;

pub use nearest::nearest;
pub use resample::resample;

use crate::error::Error;

/// How Pillow's `resize` makes the pixels of another size.
///
/// `keras_image_helper` takes [`Filter::Nearest`].
///
/// ```
/// use keras_preprocess::Filter;
///
/// assert_eq!("bicubic".parse::<Filter>()?, Filter::Bicubic);
/// # Ok::<(), keras_preprocess::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
#[non_exhaustive]
pub enum Filter {
    /// The pixel under the centre.
    #[default]
    Nearest,
    /// The mean of the pixels under the new one.
    Box,
    /// Weights that fall linearly.
    Bilinear,
    /// Sharper than bilinear, as wide.
    Hamming,
    /// Keys' cubic convolution with a = -0.5.
    Bicubic,
    /// A windowed sinc, three lobes wide.
    Lanczos,
}

impl Filter {
    const ALL: [(&'static str, Self); 6] = [
        ("nearest", Self::Nearest),
        ("box", Self::Box),
        ("bilinear", Self::Bilinear),
        ("hamming", Self::Hamming),
        ("bicubic", Self::Bicubic),
        ("lanczos", Self::Lanczos),
    ];

    /// The name in lower case.
    pub fn name(self) -> &'static str {
        let entry = Self::ALL.iter().find(|(_, filter)| *filter == self);
        entry.map_or("", |(name, _)| name)
    }
}

impl FromStr for Filter {
    type Err = Error;

    /// # Errors
    ///
    /// [`Error::UnknownName`] for anything but a name of [`Filter::name`].
    fn from_str(text: &str) -> Result<Self, Error> {
        let name = text.to_ascii_lowercase();
        let entry = Self::ALL.iter().find(|(known, _)| *known == name);
        entry.map(|(_, filter)| *filter).ok_or(Error::UnknownName {
            name: text.to_owned(),
            known: "nearest, box, bilinear, hamming, bicubic and lanczos",
        })
    }
}
