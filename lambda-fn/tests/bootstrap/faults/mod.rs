//! Faults of everything around the function, brought about on the loopback interface, with the real
//! program. After each of them a good request must work; `docs/faults.md` has what came of it.

mod clients;
mod disk;
mod model;
mod pictures;
mod server;
mod stop;

use crate::table;

#[test]
fn the_document_has_all_faults() {
    if std::env::var_os("UPDATE_DOCS").is_some() {
        return;
    }
    let text = std::fs::read_to_string(table::file()).unwrap();
    let rows = text.strip_prefix(table::HEAD).expect("another head");
    let names: Vec<_> = rows
        .lines()
        .map(|line| line.split(" | ").next().unwrap().trim_start_matches("| "))
        .collect();
    assert_eq!(names, table::FAULTS);
}
