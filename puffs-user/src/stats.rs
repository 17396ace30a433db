//! `PUFFS_STATS`: how often each operation was executed, and how long that took, as a table when the main loop is over.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ffi::{CStr, OsStr, OsString};
use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Write as _};
use std::time::Duration;

use hdrhistogram::Histogram;
use puffs_core::msg::wire;

use crate::dispatch::opdump;
use crate::say;

/// Significant digits of the times.
const DIGITS: u8 = 3;

/// What was executed so far.
pub(crate) struct Stats {
    to: To,
    /// By the operation's name.
    rows: RefCell<BTreeMap<&'static str, Row>>,
}

/// Where the table goes.
#[derive(Debug, PartialEq, Eq)]
enum To {
    Stderr,
    File(OsString),
}

struct Row {
    errors: u64,
    nanoseconds: Histogram<u64>,
}

impl Stats {
    /// `None` unless the environment asks for it. Of a program with more rights than its user nobody may ask.
    pub(crate) fn wanted() -> Option<Self> {
        // SAFETY: a question without side effects.
        if unsafe { libc::getauxval(libc::AT_SECURE) } != 0 {
            return None;
        }
        To::named(std::env::var_os("PUFFS_STATS")?).map(Stats::new)
    }

    fn new(to: To) -> Self {
        Stats {
            to,
            rows: RefCell::default(),
        }
    }

    /// Counts a request that has its result.
    pub(crate) fn count(&self, req: &wire::Req, took: Duration) {
        let mut rows = self.rows.borrow_mut();
        let row = rows
            .entry(opdump::name(req.opclass, req.optype))
            .or_insert_with(Row::new);
        row.errors += u64::from(req.rv != 0);
        // It grows with what it is given; that fails for values only which no u64 has.
        let _ = row
            .nanoseconds
            .record(u64::try_from(took.as_nanos()).unwrap_or(u64::MAX));
    }

    /// Hands the table over. `what` is the file system's type.
    pub(crate) fn report(&self, what: &CStr) {
        let what = what.to_string_lossy();
        let text = format!(
            "puffs: operations of {what}, process {}, times in µs\n{}",
            std::process::id(),
            self.table()
        );
        match &self.to {
            To::Stderr => say::line(format_args!("{}", text.trim_end())),
            To::File(name) => {
                if let Err(error) = append(name, &text) {
                    say::warn(format_args!("PUFFS_STATS: {}: {error}", name.display()));
                }
            }
        }
    }

    /// A line for each operation, the most frequent first.
    fn table(&self) -> String {
        let rows = self.rows.borrow();
        let mut rows: Vec<_> = rows.iter().collect();
        // Stable, so that equals stay in the order of their names.
        rows.sort_by_key(|(_, row)| std::cmp::Reverse(row.nanoseconds.len()));
        let mut text = format!(
            "{:<16} {:>9} {:>8} {:>11} {:>11} {:>11} {:>11}\n",
            "operation", "count", "errors", "mean", "p50", "p99", "max"
        );
        for (name, row) in rows {
            let times = &row.nanoseconds;
            let microseconds = [
                times.mean(),
                times.value_at_quantile(0.5) as f64,
                times.value_at_quantile(0.99) as f64,
                times.max() as f64,
            ]
            .map(|time| time / 1000.0);
            let _ = write!(text, "{name:<16} {:>9} {:>8}", times.len(), row.errors);
            for time in microseconds {
                let _ = write!(text, " {time:>11.1}");
            }
            text.push('\n');
        }
        text
    }
}

impl To {
    fn named(value: OsString) -> Option<Self> {
        match value.as_encoded_bytes() {
            b"" => None,
            b"1" => Some(To::Stderr),
            _ => Some(To::File(value)),
        }
    }
}

impl Row {
    fn new() -> Self {
        Row {
            errors: 0,
            nanoseconds: Histogram::new(DIGITS).expect("so many digits are possible"),
        }
    }
}

/// In one write, so that the tables of servers that end at once stay apart.
fn append(name: &OsStr, text: &str) -> io::Result<()> {
    File::options()
        .append(true)
        .create(true)
        .open(name)?
        .write_all(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use puffs_core::msg::op::{CLASS_ERROR, CLASS_VFS, CLASS_VN, FLAG_FAF, vfs, vn};

    fn count(stats: &Stats, (opclass, optype): (u8, u8), rv: i32, took: u64) {
        let req = wire::Req {
            opclass,
            optype,
            rv,
            ..wire::Req::default()
        };
        stats.count(&req, Duration::from_micros(took));
    }

    /// The table in words.
    fn words(stats: &Stats) -> Vec<Vec<String>> {
        let line = |line: &str| line.split_whitespace().map(str::to_owned).collect();
        stats.table().lines().map(line).collect()
    }

    #[test]
    fn the_value_says_where() {
        assert_eq!(To::named("".into()), None);
        assert_eq!(To::named("1".into()), Some(To::Stderr));
        assert_eq!(To::named("/tmp/x".into()), Some(To::File("/tmp/x".into())));
    }

    #[test]
    fn operations_are_counted_each_for_itself() {
        let stats = Stats::new(To::Stderr);
        count(&stats, (CLASS_VFS, vfs::SYNC), 0, 7);
        for took in 1..=100 {
            count(
                &stats,
                (CLASS_VN, vn::LOOKUP),
                i32::from(took % 4 == 0),
                took,
            );
        }
        for _ in 0..2 {
            count(&stats, (CLASS_VN | FLAG_FAF, vn::RECLAIM), 0, 3_000_000);
        }
        let table = words(&stats);
        let expected = [
            "operation count errors mean p50 p99 max",
            "lookup 100 25 50.5 50.0 99.0 100.0",
            "reclaim 2 0 3000000.0 3000000.0 3000000.0 3000000.0",
            "sync 1 0 7.0 7.0 7.0 7.0",
        ];
        assert_eq!(table.len(), expected.len());
        for (line, expected) in table.iter().zip(expected) {
            let expected: Vec<_> = expected.split(' ').collect();
            assert_eq!(line[..3.min(line.len())], expected[..3]);
            // Times are good to three digits.
            for (word, expected) in line.iter().zip(expected).skip(3) {
                match (word.parse::<f64>(), expected.parse::<f64>()) {
                    (Ok(time), Ok(right)) => {
                        assert!((time - right).abs() <= right / 500.0, "{line:?}");
                    }
                    _ => assert_eq!(word, expected),
                }
            }
        }
    }

    #[test]
    fn columns_stand_below_each_other() {
        let stats = Stats::new(To::Stderr);
        count(&stats, (CLASS_VN, vn::DELETEEXTATTR), 1, 123_456_789);
        count(&stats, (CLASS_ERROR, 3), 0, 0);
        let table = stats.table();
        let widths: Vec<_> = table.lines().map(str::len).collect();
        assert_eq!(widths, [83; 3], "{table}");
        assert!(
            table.contains("\ndeleteextattr            1        1 "),
            "{table}"
        );
        assert!(
            table.contains("\nrefused answer           1        0         0.0 "),
            "{table}"
        );
    }

    #[test]
    fn tables_are_appended_to_the_file() {
        let name = std::env::temp_dir().join(format!("puffs-stats-{}", std::process::id()));
        let stats = Stats::new(To::File(name.clone().into()));
        count(&stats, (CLASS_VN, vn::MKDIR), 0, 1);
        stats.report(c"memfs");
        stats.report(c"other");
        let text = std::fs::read_to_string(&name).unwrap();
        std::fs::remove_file(name).unwrap();
        let heads: Vec<_> = text
            .lines()
            .filter(|line| line.contains("puffs: "))
            .collect();
        assert!(
            heads[0].starts_with("puffs: operations of memfs, process "),
            "{text}"
        );
        assert!(
            heads[1].starts_with("puffs: operations of other, process "),
            "{text}"
        );
        assert_eq!(text.matches("\nmkdir ").count(), 2, "{text}");
    }
}
