//! Which elements are shown, and how brackets and line breaks are put between them.

/// Tensors with more elements are summarised.
const THRESHOLD: usize = 1000;

/// How many of a dimension's elements are shown at each end of a summary.
const EDGE: usize = 3;

/// How long a line may be.
const WIDTH: usize = 75;

/// What stands for the elements that are left out.
const REST: &str = "...";

/// A shape, each length of which is at least 1, and how much of it is shown.
pub(super) struct Shown<'a> {
    shape: &'a [usize],
    is_summary: bool,
}

impl<'a> Shown<'a> {
    pub(super) fn new(shape: &'a [usize]) -> Self {
        let elements = shape
            .iter()
            .try_fold(1, |product: usize, &dim| product.checked_mul(dim));
        Self {
            shape,
            is_summary: elements.is_none_or(|elements| elements > THRESHOLD),
        }
    }

    /// Which elements are shown, in row-major order.
    pub(super) fn indices(&self) -> Vec<usize> {
        self.shape.iter().fold(vec![0], |indices, &dim| {
            let left_out = self.left_out(dim);
            let shown = |index: &usize| !left_out.contains(index);
            indices
                .into_iter()
                .flat_map(|index| (0..dim).filter(shown).map(move |inner| index * dim + inner))
                .collect()
        })
    }

    /// Which indices of a dimension are not shown.
    fn left_out(&self, dim: usize) -> std::ops::Range<usize> {
        if self.is_summary && dim > 2 * EDGE {
            EDGE..dim - EDGE
        } else {
            0..0
        }
    }

    /// The whole text, of words for each index.
    pub(super) fn lay_out(&self, words: Vec<String>) -> String {
        self.block(self.shape, &mut words.into_iter(), 1)
    }

    /// One dimension in brackets, with the dimensions inside it. `depth` brackets are open, which
    /// is also how far its lines are indented.
    fn block(
        &self,
        shape: &[usize],
        words: &mut impl Iterator<Item = String>,
        depth: usize,
    ) -> String {
        let Some((&dim, inner)) = shape.split_first() else {
            return words.next().unwrap_or_default();
        };
        let left_out = self.left_out(dim);
        let mut items: Vec<String> = (0..dim - left_out.len())
            .map(|_| self.block(inner, words, depth + 1))
            .collect();
        if !left_out.is_empty() {
            items.insert(left_out.start, REST.to_owned());
        }
        let indent = " ".repeat(depth);
        if inner.is_empty() {
            // Room for the brackets that are closed behind the line.
            return format!("[{}]", row(&items, &indent, WIDTH - depth.min(WIDTH)));
        }
        let between = "\n".repeat(inner.len()) + &indent;
        format!("[{}]", items.join(&between))
    }
}

/// Words with blanks between, in lines of at most `width` characters.
fn row(words: &[String], indent: &str, width: usize) -> String {
    let mut text = String::new();
    let mut length = indent.len();
    for (position, word) in words.iter().enumerate() {
        if position > 0 {
            length += 1;
            // A line has at least one word, however long that is.
            if length + word.len() > width {
                text.truncate(text.trim_end().len());
                text.push('\n');
                text.push_str(indent);
                length = indent.len();
            } else {
                text.push(' ');
            }
        }
        text.push_str(word);
        length += word.len();
    }
    text
}
