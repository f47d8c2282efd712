//! Tables for people.

use std::path::Path;

use super::scores::Tally;

/// With more labels than this, nobody can read the matrix.
const MOST_LABELS: usize = 20;

/// How much of a label is over its column.
const SHORT: usize = 6;

/// How many unreadable pictures are named.
const MOST_NAMES: usize = 20;

/// One line for each label, and beside ours the other's numbers if there are any.
pub(super) fn classes(labels: &[String], ours: &Tally, theirs: Option<&Tally>) -> String {
    let column = column(labels);
    let mut text = format!(
        "{:column$}  pictures  right  precision  recall     F1",
        "label"
    );
    if theirs.is_some() {
        text.push_str("  | Python: right  precision  recall");
    }
    let share = |share: Option<f64>| share.map_or_else(|| "-".to_owned(), |x| format!("{x:.3}"));
    for (index, label) in labels.iter().enumerate() {
        text.push_str(&format!(
            "\n{label:column$}  {:>8}  {:>5}  {:>9}  {:>6}  {:>5}",
            ours.support(index),
            ours.hits(index),
            share(ours.precision(index)),
            share(ours.recall(index)),
            share(ours.f1(index)),
        ));
        if let Some(theirs) = theirs {
            text.push_str(&format!(
                "  | {:>13}  {:>9}  {:>6}",
                theirs.hits(index),
                share(theirs.precision(index)),
                share(theirs.recall(index)),
            ));
        }
    }
    text.push('\n');
    text
}

/// Rows are the pictures' labels, columns the answers.
pub(super) fn confusion(labels: &[String], tally: &Tally) -> String {
    if labels.len() > MOST_LABELS {
        return format!(
            "{} labels are too many to show what is taken for what; --json has it\n",
            labels.len()
        );
    }
    let column = column(labels);
    let mut text = format!("{:column$}", "taken for");
    for label in labels {
        let short: String = label.chars().take(SHORT).collect();
        text.push_str(&format!(" {short:>SHORT$}"));
    }
    for (label, row) in labels.iter().zip(tally.confusion()) {
        text.push_str(&format!("\n{label:column$}"));
        for count in row {
            let count = if *count == 0 {
                ".".to_owned()
            } else {
                count.to_string()
            };
            text.push_str(&format!(" {count:>SHORT$}"));
        }
    }
    text.push('\n');
    text
}

fn column(labels: &[String]) -> usize {
    let lengths = labels.iter().map(|label| label.chars().count());
    lengths.max().unwrap_or(0).max("taken for".len())
}

/// The pictures without scores, and why.
pub(super) fn unreadable(images: &Path, files: &[(&String, &String)]) -> String {
    let mut text = match files {
        [_] => "1 picture could not be classified:".to_owned(),
        _ => format!("{} pictures could not be classified:", files.len()),
    };
    for (file, error) in files.iter().take(MOST_NAMES) {
        text.push_str(&format!("\n  {}: {error}", images.join(file).display()));
    }
    if files.len() > MOST_NAMES {
        text.push_str(&format!("\n  and {} more", files.len() - MOST_NAMES));
    }
    text
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn tables_are_aligned() {
        let labels = ["hat", "longsleeve"].map(str::to_owned);
        let scores: BTreeMap<&str, &[f64]> =
            BTreeMap::from([("hat/1.jpg", &[1.0, 0.0][..]), ("hat/2.jpg", &[0.0, 1.0])]);
        let tally = Tally::new(&labels, &scores).expect("the labels fit");
        assert_eq!(
            classes(&labels, &tally, Some(&tally)),
            "\
label       pictures  right  precision  recall     F1  | Python: right  precision  recall
hat                2      1      1.000   0.500  0.667  |             1      1.000   0.500
longsleeve         0      0      0.000       -  0.000  |             0      0.000       -
"
        );
        assert_eq!(
            confusion(&labels, &tally),
            "\
taken for     hat longsl
hat             1      1
longsleeve      .      .
"
        );
    }

    #[test]
    fn unreadable_pictures_are_named() {
        let files: Vec<_> = (0..22)
            .map(|n| (format!("hat/{n}.jpg"), "damaged".to_owned()))
            .collect();
        let files: Vec<_> = files.iter().map(|(file, error)| (file, error)).collect();
        let text = unreadable(Path::new("dir"), &files);
        assert!(text.contains("22 pictures"), "{text}");
        assert!(text.contains("dir/hat/0.jpg: damaged"), "{text}");
        assert!(text.ends_with("and 2 more"), "{text}");
    }
}
