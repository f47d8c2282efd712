//! The names of the model's outputs.

use std::{
    collections::HashSet,
    fs, io,
    path::{Path, PathBuf},
};

/// Why the labels cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LabelsError {
    /// The file cannot be read as UTF-8 text.
    #[error("the labels {} cannot be read: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// There is no label in the file.
    #[error("there are no labels in {}", .0.display())]
    Empty(PathBuf),
    /// A line between others is blank. Skipping it would shift the labels after it.
    #[error("line {line} of the labels {} is blank", path.display())]
    Blank {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
    },
}

/// Labels in the order of the outputs, each different from the others: the answer has a field for
/// each. ImageNet has two cranes and two maillots; the second one is `crane (2)` here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Labels(Vec<String>);

impl Labels {
    /// Reads a file with one label a line. Space around a label and blank lines at the end do not
    /// count.
    ///
    /// # Errors
    ///
    /// [`LabelsError`] if the file cannot be read, has no label or a blank line.
    pub fn from_file(path: &Path) -> Result<Self, LabelsError> {
        let text = fs::read_to_string(path).map_err(|source| LabelsError::Read {
            path: path.to_owned(),
            source,
        })?;
        Self::parse(&text, path)
    }

    /// As [`Labels::from_file`], from its text; `path` is for the messages.
    ///
    /// ```
    /// use lambda_fn::labels::Labels;
    ///
    /// let labels = Labels::parse("dress\nhat\n", "clothing.labels.txt".as_ref())?;
    /// assert_eq!(labels.as_slice(), ["dress", "hat"]);
    /// # Ok::<(), lambda_fn::labels::LabelsError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`Labels::from_file`].
    pub fn parse(text: &str, path: &Path) -> Result<Self, LabelsError> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text).trim_end();
        if text.is_empty() {
            return Err(LabelsError::Empty(path.to_owned()));
        }
        let mut seen = HashSet::new();
        let mut labels = Vec::new();
        for (index, line) in text.lines().enumerate() {
            let label = line.trim();
            if label.is_empty() {
                return Err(LabelsError::Blank {
                    path: path.to_owned(),
                    line: index + 1,
                });
            }
            let mut label = label.to_owned();
            let mut count = 1;
            while !seen.insert(label.clone()) {
                count += 1;
                label = format!("{} ({count})", line.trim());
            }
            labels.push(label);
        }
        Ok(Self(labels))
    }

    /// The labels.
    pub fn as_slice(&self) -> &[String] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Labels, String> {
        Labels::parse(text, Path::new("l.txt")).map_err(|error| error.to_string())
    }

    #[test]
    fn one_label_a_line() {
        let labels = parse("\u{feff}dress\r\nt-shirt \nlong sleeve\n\n").unwrap();
        assert_eq!(labels.as_slice(), ["dress", "t-shirt", "long sleeve"]);
    }

    #[test]
    fn a_label_that_comes_again_gets_a_number() {
        let labels = parse("crane\nhat\ncrane\ncrane (3)\ncrane\n").unwrap();
        let expected = ["crane", "hat", "crane (2)", "crane (3)", "crane (4)"];
        assert_eq!(labels.as_slice(), expected);
    }

    #[test]
    fn unusable_files_are_refused() {
        assert_eq!(parse(" \n\n").unwrap_err(), "there are no labels in l.txt");
        assert_eq!(
            parse("\na").unwrap_err(),
            "line 1 of the labels l.txt is blank"
        );
        assert_eq!(
            parse("a\n \nb").unwrap_err(),
            "line 2 of the labels l.txt is blank"
        );
        let missing = Labels::from_file(Path::new("no/such/file")).unwrap_err();
        assert!(
            missing
                .to_string()
                .starts_with("the labels no/such/file cannot be read")
        );
    }
}
