//! The figures: a table for people, JSON for machines.

use std::io;
use std::path::Path;

/// A case beside its peer, in nanoseconds.
pub(crate) struct Row {
    case: &'static str,
    ours: f64,
    peer_is: &'static str,
    peer: f64,
}

impl Row {
    pub(crate) fn new(case: &'static str, ours: f64, peer_is: &'static str, peer: f64) -> Self {
        Row {
            case,
            ours,
            peer_is,
            peer,
        }
    }

    fn ratio(&self) -> f64 {
        self.ours / self.peer
    }
}

/// Prints the table.
pub(crate) fn print(rows: &[Row]) {
    println!(
        "{:<48} {:>10} {:>10} {:>7}  peer",
        "case", "ours, ns", "peer, ns", "ratio"
    );
    for row in rows {
        println!(
            "{:<48} {:>10.0} {:>10.0} {:>7.2}  {}",
            row.case,
            row.ours,
            row.peer,
            row.ratio(),
            row.peer_is
        );
    }
}

/// Writes the same to a file.
pub(crate) fn write(rows: &[Row], file: &Path) -> io::Result<()> {
    let rows: Vec<_> = rows
        .iter()
        .map(|row| {
            serde_json::json!({
                "case": row.case,
                "ours_ns": row.ours,
                "peer": row.peer_is,
                "peer_ns": row.peer,
                "ratio": row.ratio(),
            })
        })
        .collect();
    std::fs::write(file, serde_json::to_string_pretty(&rows)? + "\n")
}
