//! What a C program's first comment asks for: [`Plan::read`].
//!
//! A line of the form `c-test: link=static,shared run=plain,asan` may name, each with a list:
//!
//! | key | values | without it |
//! |---|---|---|
//! | `link` | `shared`, `static` (libpuffs), `kernel` (the kernel library) | `shared,static` |
//! | `run` | `plain`, `asan` (with UBSan), `tsan` (kernel only), `valgrind`, `helgrind` (kernel only) | `plain` |
//! | `lang` | `c11`, `c++17` | `c11` |
//! | `with` | further C files, relative to `c-tests/c` | none |
//! | `mount` | `yes`: it mounts, and runs where that can be done | |
//! | `timeout` | seconds for one run (twenty times as long under valgrind) | 60 |
//!
//! Every combination of `link`, `run` and `lang` is one test.

/// What is linked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    /// libpuffs.so.
    Shared,
    /// libpuffs.a.
    Static,
    /// The library that a kernel links, built for this machine.
    Kernel,
}

/// How the program is run, and compiled for that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Run {
    /// As it is.
    Plain,
    /// With AddressSanitizer, its leak check, and UndefinedBehaviorSanitizer.
    Asan,
    /// With ThreadSanitizer. It understands the kernel library only, whose hooks are the program's.
    Tsan,
    /// Under valgrind, leaks included.
    Valgrind,
    /// Under valgrind's eye for races and lock order. It understands the kernel library only, as ThreadSanitizer.
    Helgrind,
}

/// What it is compiled as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lang {
    /// ISO C11.
    C11,
    /// ISO C++17.
    Cxx17,
}

/// All that a program asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Libraries to link with, one after the other.
    pub link: Vec<Link>,
    /// Ways to run.
    pub run: Vec<Run>,
    /// Languages to compile as.
    pub lang: Vec<Lang>,
    /// Further C files.
    pub with: Vec<String>,
    /// Whether it mounts.
    pub mount: bool,
    /// Seconds for one run.
    pub timeout: u64,
}

/// One combination.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Variant {
    /// Library.
    pub link: Link,
    /// Way to run.
    pub run: Run,
    /// Language.
    pub lang: Lang,
}

impl Plan {
    /// Reads the plan of a program from its source.
    ///
    /// # Errors
    /// A sentence that says what is wrong with the line.
    pub fn read(source: &str) -> Result<Plan, String> {
        let mut plan = Plan {
            link: vec![Link::Shared, Link::Static],
            run: vec![Run::Plain],
            lang: vec![Lang::C11],
            with: Vec::new(),
            mount: false,
            timeout: 60,
        };
        let comment = source.split("*/").next().unwrap_or_default();
        let mut lines = comment.lines().filter_map(|line| {
            line.trim_start_matches([' ', '*', '/'])
                .strip_prefix("c-test:")
        });
        let Some(line) = lines.next() else {
            return Ok(plan);
        };
        if lines.next().is_some() {
            return Err("more than one c-test line".to_owned());
        }
        for pair in line.split_whitespace() {
            let (key, values) = pair
                .split_once('=')
                .ok_or_else(|| format!("{pair} is not of the form key=values"))?;
            match key {
                "link" => {
                    plan.link = list(
                        values,
                        &[
                            ("shared", Link::Shared),
                            ("static", Link::Static),
                            ("kernel", Link::Kernel),
                        ],
                    )?
                }
                "run" => {
                    plan.run = list(
                        values,
                        &[
                            ("plain", Run::Plain),
                            ("asan", Run::Asan),
                            ("tsan", Run::Tsan),
                            ("valgrind", Run::Valgrind),
                            ("helgrind", Run::Helgrind),
                        ],
                    )?
                }
                "lang" => plan.lang = list(values, &[("c11", Lang::C11), ("c++17", Lang::Cxx17)])?,
                "with" => plan.with = values.split(',').map(str::to_owned).collect(),
                "mount" => plan.mount = list(values, &[("yes", true)])?.contains(&true),
                "timeout" => {
                    plan.timeout = values
                        .parse()
                        .map_err(|_| format!("{values} is no number of seconds"))?
                }
                _ => return Err(format!("unknown key {key}")),
            }
        }
        let races = [Run::Tsan, Run::Helgrind];
        if plan.run.iter().any(|run| races.contains(run)) && plan.link != [Link::Kernel] {
            return Err(
                "tsan and helgrind are for link=kernel: they do not see how libpuffs synchronises"
                    .to_owned(),
            );
        }
        Ok(plan)
    }

    /// Every combination.
    pub fn variants(&self) -> Vec<Variant> {
        let mut all = Vec::new();
        for &link in &self.link {
            for &lang in &self.lang {
                for &run in &self.run {
                    all.push(Variant { link, run, lang });
                }
            }
        }
        all
    }
}

impl Variant {
    /// Its words, as in a plan.
    pub fn words(&self) -> [&'static str; 3] {
        [
            match self.link {
                Link::Shared => "shared",
                Link::Static => "static",
                Link::Kernel => "kernel",
            },
            match self.lang {
                Lang::C11 => "c11",
                Lang::Cxx17 => "c++17",
            },
            match self.run {
                Run::Plain => "plain",
                Run::Asan => "asan",
                Run::Tsan => "tsan",
                Run::Valgrind => "valgrind",
                Run::Helgrind => "helgrind",
            },
        ]
    }
}

fn list<T: Copy>(values: &str, known: &[(&str, T)]) -> Result<Vec<T>, String> {
    let find = |value| {
        let found = known.iter().find(|(word, _)| *word == value);
        found
            .map(|&(_, meaning)| meaning)
            .ok_or_else(|| format!("unknown value {value}"))
    };
    values.split(',').map(find).collect()
}

#[cfg(test)]
mod tests {
    use super::{Lang, Link, Plan, Run};

    #[test]
    fn without_a_line_both_libraries_are_linked_and_run_plainly() {
        let plan = Plan::read("/*\n * Words.\n */\nint x; /* c-test: link=kernel */").unwrap();
        assert_eq!(plan.link, [Link::Shared, Link::Static]);
        assert_eq!(plan.run, [Run::Plain]);
        assert_eq!(plan.variants().len(), 2);
    }

    #[test]
    fn every_combination_is_a_variant() {
        let plan = Plan::read(
            "/*\n * c-test: link=static,shared run=plain,asan,valgrind lang=c11,c++17 with=a.c,b.c mount=yes timeout=5\n */",
        )
        .unwrap();
        assert_eq!(plan.variants().len(), 12);
        assert_eq!(plan.lang, [Lang::C11, Lang::Cxx17]);
        assert_eq!(plan.with, ["a.c", "b.c"]);
        assert!(plan.mount);
        assert_eq!(plan.timeout, 5);
    }

    #[test]
    fn a_mistake_is_told() {
        for (line, told) in [
            ("link=dynamic", "unknown value dynamic"),
            ("links=static", "unknown key links"),
            ("link", "not of the form"),
            ("mount=no", "unknown value no"),
            ("timeout=soon", "no number"),
            ("run=tsan", "link=kernel"),
        ] {
            let error = Plan::read(&format!("/* c-test: {line} */")).unwrap_err();
            assert!(error.contains(told), "{error}");
        }
    }
}
