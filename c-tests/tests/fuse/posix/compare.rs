//! Comparing what a topic printed in two places, given which lines may differ.

use std::{
    collections::{BTreeMap, HashMap},
    fmt::Write,
};

/// A difference that is known, and why it is there.
pub(super) struct Difference {
    pub(super) why: &'static str,
    /// A line up to its arrow, what memfs gives, what tmpfs gives; `*` stands for anything.
    pub(super) rows: &'static [(&'static str, &'static str, &'static str)],
}

/// What is said when there is no such line at all.
const NOTHING: &str = "(no such line)";

/// A line up to its arrow, and how often it came before: scenes may ask the same again.
type Key<'l> = (&'l str, usize);

/// The lines in their order, and their results.
fn parse(text: &str) -> (Vec<Key<'_>>, HashMap<Key<'_>, &str>) {
    let (mut order, mut results, mut times) = (Vec::new(), HashMap::new(), BTreeMap::new());
    for line in text.lines() {
        let (what, result) = line.rsplit_once(" -> ").unwrap_or((line, ""));
        let before = times.entry(what).or_insert(0_usize);
        order.push((what, *before));
        results.insert((what, *before), result);
        *before += 1;
    }
    (order, results)
}

/// Whether `text` is as `pattern` says.
fn fits(pattern: &str, text: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else {
        return pattern == text;
    };
    text.strip_prefix(start).is_some_and(|text| {
        let mut ends = text.char_indices().map(|(at, _)| at).chain([text.len()]);
        ends.any(|at| fits(rest, &text[at..]))
    })
}

/// Holds the lines of a topic against each other. Every difference must fit a row, and every row of this
/// topic a difference.
///
/// # Errors
/// What is not so, in words.
pub(super) fn compare<'d>(
    topic: &str,
    ours: &str,
    theirs: &str,
    known: impl Iterator<Item = &'d Difference>,
) -> Result<(), String> {
    let ((order, theirs), (our_order, ours)) = (parse(theirs), parse(ours));
    let mut told = String::new();
    if order.is_empty() {
        return Err(format!("{topic} printed nothing"));
    }
    let of_topic = |line: &str| line.split('/').next() == Some(topic);
    let rows: Vec<_> = known
        .flat_map(|difference| difference.rows)
        .filter(|(line, ..)| of_topic(line))
        .collect();
    let mut used = vec![false; rows.len()];
    let more = our_order.iter().filter(|key| !theirs.contains_key(*key));
    for key in order.iter().chain(more) {
        let get = |results: &HashMap<Key<'_>, _>| results.get(key).copied().unwrap_or(NOTHING);
        let (our, their) = (get(&ours), get(&theirs));
        if our == their {
            continue;
        }
        let fitting = rows.iter().position(|(line, ours, tmpfs)| {
            fits(line, key.0) && fits(ours, our) && fits(tmpfs, their)
        });
        match fitting {
            Some(row) => used[row] = true,
            None => {
                let again = match key.1 {
                    0 => String::new(),
                    n => format!(" (time {})", n + 1),
                };
                let _ = writeln!(
                    told,
                    "{}{again}\n    ours: {our}\n    tmpfs: {their}",
                    key.0
                );
            }
        }
    }
    for (row, _) in rows.iter().zip(used).filter(|(_, used)| !used) {
        let _ = writeln!(told, "no longer different, take the row away: {}", row.0);
    }
    if told.is_empty() { Ok(()) } else { Err(told) }
}

#[cfg(test)]
mod tests {
    use super::{Difference, compare, fits};

    const THEIRS: &str = "t/a: open() -> ok\nt/a: open() -> EEXIST\nt/b: a -> b -> 5\n";
    const KNOWN: &[Difference] = &[Difference {
        why: "a test",
        rows: &[("t/*: a -> b", "6", "*"), ("u/x: y", "1", "2")],
    }];

    #[test]
    fn the_same_is_the_same() {
        assert_eq!(compare("t", THEIRS, THEIRS, [].iter()), Ok(()));
    }

    #[test]
    fn each_difference_is_told() {
        let told = |ours: &str| compare("t", ours, THEIRS, [].iter()).unwrap_err();
        let second = told("t/a: open() -> ok\nt/a: open() -> ENOENT\nt/b: a -> b -> 5\n");
        assert_eq!(
            second,
            "t/a: open() (time 2)\n    ours: ENOENT\n    tmpfs: EEXIST\n"
        );
        assert!(told("t/a: open() -> ok\nt/b: a -> b -> 5\n").contains("ours: (no such line)"));
        assert!(told(&format!("{THEIRS}t/c: more -> 1\n")).contains("tmpfs: (no such line)"));
        assert!(told("").contains("no such line"));
        assert!(compare("t", "", "", [].iter()).is_err());
    }

    #[test]
    fn known_differences_must_be_there() {
        let known = || KNOWN.iter();
        let ours = THEIRS.replace("-> 5", "-> 6");
        assert_eq!(compare("t", &ours, THEIRS, known()), Ok(()));
        let gone = compare("t", THEIRS, THEIRS, known()).unwrap_err();
        assert!(gone.starts_with("no longer different"), "{gone}");
        let other = THEIRS.replace("-> 5", "-> 7");
        assert!(compare("t", &other, THEIRS, known()).is_err());
    }

    #[test]
    fn stars_stand_for_anything() {
        for pattern in ["abc", "*", "a*", "*c", "a*c", "*b*", "**", "ab*c*"] {
            assert!(fits(pattern, "abc"), "{pattern}");
        }
        for pattern in ["", "ab", "b*", "*b", "a*d", "abcd*"] {
            assert!(!fits(pattern, "abc"), "{pattern}");
        }
    }
}
