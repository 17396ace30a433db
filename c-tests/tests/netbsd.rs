//! Programs that are written for NetBSD, compiled with the headers of puffs-compat, and the interface of libpuffs(3) as it is
//! specified. Those that serve a mount are in `tests/fuse/netbsd.rs`.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use c_tests::build::{compile, netbsd};
use c_tests::stage::Stage;

fn stage() -> Stage {
    Stage::get().unwrap_or_else(|error| panic!("{error}"))
}

fn here(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("netbsd")
        .join(name)
}

fn scratch(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}

/// Writes a source and compiles it.
fn compiles(name: &str, text: &str, more: &[&str]) -> Result<(), String> {
    let source = scratch(&format!("netbsd-{name}"));
    std::fs::write(&source, text).unwrap();
    netbsd(&stage(), &source, more, &source.with_extension("out"))
}

/// The standards that gcc knows best, and what distributions add.
const FLAGS: &[&[&str]] = &[
    &[],
    &["-std=gnu11"],
    &["-std=gnu17", "-O2", "-D_FORTIFY_SOURCE=2"],
    &["-D_FILE_OFFSET_BITS=64", "-O1"],
    &[
        "-fsanitize=address,undefined",
        "-fno-sanitize-recover=all",
        "-fno-omit-frame-pointer",
    ],
];

/// Compiles a program in each of these ways and calls `run` with it.
fn each_way(name: &str, ways: &[&[&str]], run: impl Fn(&Path)) {
    for (way, flags) in ways.iter().enumerate() {
        let program = scratch(&format!("netbsd-{way}")).join(name);
        std::fs::create_dir_all(program.parent().unwrap()).unwrap();
        netbsd(&stage(), &here(&format!("{name}.c")), flags, &program)
            .unwrap_or_else(|error| panic!("{error}"));
        run(&program);
    }
}

/// Runs a command, and returns what it printed.
fn succeeds(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(
        output.status.success(),
        "{command:?}: {}: {}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn every_function_does_what_it_does_there() {
    each_way("every_call", FLAGS, |program| {
        let dir = tempfile::tempdir().unwrap();
        let mut command = Command::new(program);
        // Where there is a sanitizer: what cannot be allocated is what is looked for.
        command.env("ASAN_OPTIONS", "allocator_may_return_null=1:detect_leaks=1");
        succeeds(command.arg(dir.path()));
    });
}

#[test]
fn every_macro_and_type_is_there() {
    each_way("every_macro", FLAGS, |program| {
        succeeds(&mut Command::new(program));
    });
}

/// The eight ways in which servers include headers and understand options.
const OPTIONS: &[&str] = &[
    "caseless",
    "cipher",
    "memory",
    "nine",
    "null",
    "portal",
    "secure",
    "variables",
];

#[test]
fn servers_find_what_they_need_and_understand_options() {
    for name in OPTIONS {
        each_way(&format!("options/{name}"), &FLAGS[1..3], |program| {
            let run = |arguments: &[&str]| Command::new(program).args(arguments).output().unwrap();
            for (arguments, expected) in [
                (&["/mnt"][..], "/mnt 0 0 1"),
                (&["-s", "/mnt"], "/mnt 0 0 0"),
                (
                    &["-o", "ro,nosuid,nocache,dump", "/a"],
                    "/a 0x9 0x40000003 0",
                ),
                (
                    &["-o", "nodev,ro", "-o", "rw,noattrcache", "/a"],
                    "/a 0x10 0x40 1",
                ),
                (&["-so", "nopagecache,allops,noexec", "/a"], "/a 0x4 0x6 0"),
            ] {
                let output = run(arguments);
                let said = String::from_utf8_lossy(&output.stdout);
                assert_eq!(said, format!("{name} {expected}\n"), "{output:?}");
                assert!(output.status.success(), "{output:?}");
            }
            let fast = format!("{name}: -o fast: option not supported\n");
            let usage = format!("{name}: usage: {name} [-s] [-o options] mountpoint\n");
            for (arguments, expected) in [(&["-o", "ro,fast", "/a"][..], fast), (&[], usage)] {
                let output = run(arguments);
                assert_eq!(String::from_utf8_lossy(&output.stderr), expected);
                assert_eq!(output.status.code(), Some(1));
            }
        });
    }
}

/// The headers in the repository, relative to where they are.
fn compat_headers(dir: &Path) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        if entry.file_type().unwrap().is_dir() {
            let below = compat_headers(&entry.path());
            names.extend(below.iter().map(|below| format!("{name}/{below}")));
        } else {
            names.insert(name);
        }
    }
    names
}

#[test]
fn every_header_is_installed_and_stands_alone_and_before_all_others() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../include/compat");
    let headers = compat_headers(&source);
    let installed = compat_headers(&stage().include().join("puffs-compat"));
    assert_eq!(headers, installed);
    assert!(headers.contains("sys/statvfs.h"), "{headers:?}");
    for header in &headers {
        let flat = header.replace('/', "-");
        let text =
            format!("#include <{header}>\n#include <{header}>\nint main(void) {{ return 0; }}\n");
        for standard in ["-std=gnu99", "-std=gnu17"] {
            compiles(
                &format!("alone-{flat}.c"),
                &text,
                &["-fsyntax-only", "-pedantic", standard],
            )
            .unwrap();
        }
        compiles(
            &format!("alone-{flat}.cc"),
            &text,
            &["-fsyntax-only", "-Wredundant-decls"],
        )
        .unwrap();

        let mut text = format!("#include <puffs.h>\n#include <{header}>\n");
        for other in headers.iter().rev() {
            writeln!(text, "#include <{other}>").unwrap();
        }
        text +=
            "int main(void) { struct dirent d; struct statvfs s; (void)d, (void)s; return 0; }\n";
        compiles(&format!("after-{flat}.c"), &text, &["-fsyntax-only"]).unwrap();
        let text = text.replace("#include <puffs.h>\n", "");
        compiles(&format!("before-{flat}.c"), &text, &["-fsyntax-only"]).unwrap();
    }
}

#[test]
fn one_package_is_enough_to_ask_for() {
    let stage = stage();
    let both = stage
        .pkg_config_of(&["puffs-compat"], &["--cflags", "--libs"])
        .unwrap();
    let include = |dir| format!("-I{}", stage.include().join(dir).display());
    assert!(both.contains(&include("puffs-compat")), "{both:?}");
    let plain = stage.pkg_config(&["--cflags", "--libs"]).unwrap();
    assert!(plain.iter().all(|flag| both.contains(flag)), "{both:?}");
    let version = stage
        .pkg_config_of(&["puffs-compat"], &["--modversion"])
        .unwrap();
    assert_eq!(version, [env!("CARGO_PKG_VERSION")]);
}

#[test]
fn nobody_else_sees_the_headers() {
    let flags = stage().pkg_config(&["--cflags"]).unwrap();
    assert!(
        !flags.iter().any(|flag| flag.contains("puffs-compat")),
        "{flags:?}"
    );
    let source = scratch("netbsd-without.c");
    let text = "#define _DEFAULT_SOURCE 1
        #include <dirent.h>
        #include <sys/mount.h>
        #include <sys/statvfs.h>
        #include <puffs.h>
        #ifdef PUFFS_COMPAT
        #error not asked for
        #endif
        int main(void) {
            struct dirent d; struct statvfs s; struct puffs_dirent pd; struct puffs_statvfs ps;
            d.d_off = 1; s.f_favail = 2; pd.d_namlen = 3; ps.f_iosize = 4;
            return statvfs(\"/\", &s) == (int)MNT_FORCE || d.d_off + pd.d_namlen + (long)ps.f_iosize != 8;
        }\n";
    std::fs::write(&source, text).unwrap();
    let mut command = Command::new("cc");
    command.args(["-Wall", "-Wextra", "-Werror", "-std=gnu11"]);
    command.args(flags).arg(&source).arg("-o");
    command.arg(source.with_extension("out"));
    compile(&mut command).unwrap_or_else(|error| panic!("{error}"));
    succeeds(&mut Command::new(source.with_extension("out")));
}

/// Lines of `interface.def` of one kind, as they are between the outer parentheses.
fn interface(kind: &str) -> Vec<String> {
    let text = std::fs::read_to_string(here("interface.def")).unwrap();
    let begin = format!("{kind}(");
    let lines = text.lines().filter_map(|line| line.strip_prefix(&begin));
    lines
        .map(|line| line.strip_suffix(')').expect(line).to_owned())
        .collect()
}

/// The fields before the argument list, and that list.
fn fields(line: &str) -> (Vec<&str>, &str) {
    let (fields, arguments) = line.split_once(", (").expect(line);
    let fields = fields.split(", ").collect();
    (fields, arguments.strip_suffix(')').expect(line))
}

/// What the specification calls types.
const SHORT: &str = "#include <puffs.h>
typedef struct puffs_usermount *U;
typedef puffs_cookie_t C;
typedef const struct puffs_cred *CR;
typedef const struct puffs_cn *CN;
typedef struct puffs_newinfo *NI;
typedef struct vattr *VA;
typedef const struct vattr *cVA;
typedef struct puffs_framebuf *FB;
typedef struct puffs_cc *CC;
typedef struct puffs_node *PN;
typedef struct puffs_pathobj *PO;
typedef const struct puffs_pathobj *cPO;
typedef int (*READFRAME)(U, FB, int, int *);
typedef int (*CMPFRAME)(U, FB, FB, int *);
#define SAME(of, type) _Static_assert(__builtin_types_compatible_p(__typeof__(of), type), #of)
PUFFSOP_PROTOS(proto)
";

/// A name, and what C has to say of it.
fn assertions() -> Vec<(String, String)> {
    let mut all = Vec::new();
    for line in interface("FUNCTION") {
        let (field, arguments) = fields(&line);
        let [result, name] = field[..] else {
            panic!("{line}");
        };
        let says = format!("SAME(&{name}, {result} (*)({arguments}));");
        all.push((name.to_owned(), says));
    }
    assert_eq!(all.len(), 131);
    for line in interface("TYPE") {
        let (field, arguments) = fields(&line);
        let [name, result] = field[..] else {
            panic!("{line}");
        };
        let says = format!("SAME(({name})0, {result} (*)({arguments}));");
        all.push((name.to_owned(), says));
    }
    let mut nullops = interface("NULLOP");
    assert_eq!(nullops.len(), 19);
    for line in interface("OPERATION") {
        let (field, arguments) = fields(&line);
        let op = field[0];
        let slot = format!(
            "SAME(((struct puffs_ops *)0)->puffs_{op}, int (*)({arguments})); \
             SAME(&proto_{op}, int (*)({arguments}));"
        );
        all.push((format!("puffs_{op}"), slot));
        if nullops.iter().any(|null| null == op) {
            nullops.retain(|null| null != op);
            let name = format!("puffs_null_{op}");
            let says = format!("SAME(&{name}, int (*)({arguments}));");
            all.push((name, says));
        }
    }
    assert_eq!(nullops, Vec::<String>::new(), "no such operations");
    all
}

/// What libpuffs.so exports.
fn exported() -> BTreeSet<String> {
    let mut command = Command::new("readelf");
    let library = stage().lib().join("libpuffs.so");
    let table = succeeds(command.args(["-sW", "--dyn-syms"]).arg(library));
    let names = table.lines().filter_map(|line| {
        let mut words = line.split_whitespace().skip(4);
        let (bind, shown, place) = (words.next()?, words.next()?, words.next()?);
        let name = words.next()?.split('@').next()?;
        (bind == "GLOBAL" && shown == "DEFAULT" && place != "UND").then(|| name.to_owned())
    });
    names.collect()
}

#[test]
fn prototypes_are_those_of_the_specification() {
    let mut text = String::from(SHORT);
    for (_, says) in assertions() {
        writeln!(text, "{says}").unwrap();
    }
    text += "SAME(puffsmopts, const struct mntopt[]);\nint main(void) { return 0; }\n";
    compiles("prototypes.c", &text, &[]).unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn the_library_exports_what_the_specification_lists() {
    let exported = exported();
    assert!(exported.contains("puffs_init"), "{exported:?}");
    let functions = interface("FUNCTION")
        .into_iter()
        .map(|line| fields(&line).0[1].to_owned());
    let null = interface("NULLOP").into_iter();
    let mut names: Vec<String> = functions.collect();
    names.extend(null.map(|op| format!("puffs_null_{op}")));
    names.extend(interface("OBJECT"));
    for name in &names {
        assert!(exported.contains(name), "{name} is not exported");
    }
}
