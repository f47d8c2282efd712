//! Tables of text.

use std::io::{self, Write};

use crate::console::{FAINT, line, width};

/// Rows of cells, each column as wide as its widest cell.
pub(crate) struct Table {
    columns: Vec<Align>,
    head: Vec<String>,
    rows: Vec<Vec<String>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Align {
    Left,
    Right,
}

impl Table {
    /// A table with these columns. Without a title for any of them, there is no head.
    pub(crate) fn new(columns: &[(&str, Align)]) -> Self {
        Self {
            columns: columns.iter().map(|&(_, align)| align).collect(),
            head: columns
                .iter()
                .map(|(title, _)| (*title).to_owned())
                .collect(),
            rows: Vec::new(),
        }
    }

    /// Adds a row. What a terminal would take for more than text is escaped.
    pub(crate) fn row<const N: usize>(&mut self, cells: [String; N]) {
        debug_assert_eq!(N, self.columns.len());
        self.rows
            .push(cells.iter().map(|cell| line(cell)).collect());
    }

    /// Writes the table, each line indented by two blanks.
    pub(crate) fn write(&self, out: &mut impl Write) -> io::Result<()> {
        let has_head = self.head.iter().any(|title| !title.is_empty());
        let mut widths = vec![0; self.columns.len()];
        for row in self.rows.iter().chain(has_head.then_some(&self.head)) {
            for (most, cell) in widths.iter_mut().zip(row) {
                *most = width(cell).max(*most);
            }
        }
        if has_head {
            let head = self.line(&self.head, &widths);
            writeln!(out, "{FAINT}{head}{FAINT:#}")?;
        }
        for row in &self.rows {
            writeln!(out, "{}", self.line(row, &widths))?;
        }
        Ok(())
    }

    fn line(&self, cells: &[String], widths: &[usize]) -> String {
        let mut line = String::new();
        for ((cell, align), most) in cells.iter().zip(&self.columns).zip(widths) {
            let blanks = " ".repeat(most - width(cell));
            line.push_str("  ");
            match align {
                Align::Left => line.extend([cell.as_str(), &blanks]),
                Align::Right => line.extend([blanks.as_str(), cell]),
            }
        }
        line.truncate(line.trim_end().len());
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_by_what_is_seen() {
        let mut table = Table::new(&[("name", Align::Left), ("n", Align::Right)]);
        table.row(["漢".to_owned(), "5".to_owned()]);
        table.row(["\x1b[1m".to_owned(), "10".to_owned()]);
        let mut text = Vec::new();
        table.write(&mut text).expect("memory");
        let text = String::from_utf8(text).expect("text");
        let text = anstream::adapter::strip_str(&text).to_string();
        assert_eq!(text, "  name        n\n  漢          5\n  \\u{1b}[1m  10\n");
    }

    #[test]
    fn no_titles_no_head() {
        let mut table = Table::new(&[("", Align::Left)]);
        table.row(["a".to_owned()]);
        let mut text = Vec::new();
        table.write(&mut text).expect("memory");
        assert_eq!(text, b"  a\n");
    }
}
