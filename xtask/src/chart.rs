//! A bar chart for the terminal.

/// One line for each score: label, bar, value. Bars grow from the lowest score; the highest one is
/// marked.
pub(crate) fn bars(scores: &[(String, f64)]) -> String {
    const WIDTH: f64 = 40.0;
    let lowest = scores
        .iter()
        .map(|(_, score)| *score)
        .fold(f64::INFINITY, f64::min);
    let highest = scores
        .iter()
        .map(|(_, score)| *score)
        .fold(f64::NEG_INFINITY, f64::max);
    let range = if highest > lowest {
        highest - lowest
    } else {
        1.0
    };
    let column = scores
        .iter()
        .map(|(label, _)| label.chars().count())
        .max()
        .unwrap_or(0);
    let mut chart = String::new();
    for (label, score) in scores {
        let length = ((score - lowest) / range * WIDTH).round() as usize;
        let bar = "█".repeat(length);
        let mark = if score == &highest { "  <" } else { "" };
        chart.push_str(&format!(
            "  {label:>column$} {bar:<40} {score:>7.2}{mark}\n"
        ));
    }
    chart
}

#[cfg(test)]
mod tests {
    use super::bars;

    #[test]
    fn the_highest_score_has_the_longest_bar_and_the_mark() {
        let chart = bars(&[
            ("hat".into(), -4.0),
            ("pants".into(), 9.0),
            ("shirt".into(), 2.5),
        ]);
        let lengths: Vec<_> = chart
            .lines()
            .map(|line| line.chars().filter(|&c| c == '█').count())
            .collect();
        assert_eq!(lengths, [0, 40, 20]);
        let marked: Vec<_> = chart.lines().filter(|line| line.ends_with('<')).collect();
        assert_eq!(marked.len(), 1);
        assert!(marked[0].contains("pants"));
    }

    #[test]
    fn equal_scores_and_none_do_not_divide_by_zero() {
        assert_eq!(
            bars(&[("a".into(), 1.0), ("b".into(), 1.0)])
                .lines()
                .count(),
            2
        );
        assert_eq!(bars(&[]), "");
    }
}
