//! What `make install` puts in place: headers that stand alone, a `puffs.pc` that links, libraries that can be
//! linked beside others.

use std::path::{Path, PathBuf};
use std::process::Command;

use c_tests::build::{compile, compiler};
use c_tests::plan::{Lang, Run};
use c_tests::stage::Stage;

fn stage() -> Stage {
    Stage::get().unwrap_or_else(|error| panic!("{error}"))
}

/// Writes a source file for one test.
fn write(name: &str, text: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, text).unwrap();
    path
}

fn headers(stage: &Stage) -> Vec<String> {
    let entries = std::fs::read_dir(stage.include()).unwrap();
    entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".h"))
        .collect()
}

#[test]
fn every_header_compiles_alone_and_twice_in_c11_and_cxx17() {
    let stage = stage();
    let headers = headers(&stage);
    assert!(headers.len() >= 3, "{headers:?}");
    for header in headers {
        let text =
            format!("#include <{header}>\n#include <{header}>\nint main(void) {{ return 0; }}\n");
        let source = write(&format!("alone-{header}.c"), &text);
        for lang in [Lang::C11, Lang::Cxx17] {
            let mut command = compiler(lang).unwrap();
            // As a user's own directory: for a system's, compilers keep warnings to themselves.
            command.arg("-I").arg(stage.include());
            command.arg("-fsyntax-only").arg(&source);
            compile(&mut command).unwrap_or_else(|error| panic!("{error}"));
        }
    }
}

#[test]
fn a_kernel_includes_nothing_of_the_c_library() {
    let stage = stage();
    for header in ["puffs_msgif.h", "puffs_sys.h", "puffs_vfs.h"] {
        let text = format!(
            "typedef __SIZE_TYPE__ size_t;
             typedef __UINT8_TYPE__ uint8_t;
             typedef __UINT16_TYPE__ uint16_t;
             typedef __UINT32_TYPE__ uint32_t;
             typedef __UINT64_TYPE__ uint64_t;
             typedef __INT32_TYPE__ int32_t;
             typedef __INT64_TYPE__ int64_t;
             typedef __UINTPTR_TYPE__ uintptr_t;
             typedef _Bool bool;
             #define UINT64_MAX __UINT64_MAX__
             #define offsetof(type, member) __builtin_offsetof(type, member)
             #define PUFFS_KERNEL
             #include <{header}>
             int puffs_test_uses_a_type(struct puffs_req *);
             "
        );
        let source = write(&format!("kernel-{header}.c"), &text);
        let mut command = compiler(Lang::C11).unwrap();
        command.args(["-ffreestanding", "-nostdinc", "-fsyntax-only", "-I"]);
        command.arg(stage.include()).arg(source);
        compile(&mut command).unwrap_or_else(|error| panic!("{error}"));
    }
}

const CALLS: &str =
    "#include <puffs.h>\nint main(void) { return puffs_version() != PUFFS_VERSION; }\n";

/// Links a program with what pkg-config says and tells whether it needs libpuffs.so to run.
fn link_by_pkg_config(name: &str, flags: Vec<String>, extra: &[&str]) -> bool {
    let stage = stage();
    let source = write(&format!("{name}.c"), CALLS);
    let program = source.with_extension("");
    let mut command = compiler(Lang::C11).unwrap();
    command.arg("-o").arg(&program).arg(source);
    command.args(["-x", "none"]).args(extra).args(flags);
    compile(&mut command).unwrap_or_else(|error| panic!("{error}"));

    let dynamic = Command::new("readelf")
        .arg("-d")
        .arg(&program)
        .output()
        .unwrap();
    let status = Command::new(&program)
        .env("LD_LIBRARY_PATH", stage.lib())
        .status()
        .unwrap();
    assert!(status.success(), "{status}");
    String::from_utf8_lossy(&dynamic.stdout).contains("[libpuffs.so.0]")
}

#[test]
fn pkg_config_links_the_shared_library() {
    let flags = stage().pkg_config(&["--cflags", "--libs"]).unwrap();
    assert!(link_by_pkg_config("pc-shared", flags, &[]));
}

#[test]
fn pkg_config_static_links_the_archive_that_is_named() {
    let stage = stage();
    let flags = stage
        .pkg_config(&["--cflags", "--static", "--libs"])
        .unwrap();
    // The directory must be known before the archive is looked for; what the archive needs comes after it.
    let dir = format!("-L{}", stage.lib().display());
    let extra = [dir.as_str(), "-l:libpuffs.a", "-Wl,--as-needed"];
    assert!(!link_by_pkg_config("pc-static", flags, &extra));
}

#[test]
fn pkg_config_tells_the_version() {
    let version = stage().pkg_config(&["--modversion"]).unwrap();
    assert_eq!(version, [env!("CARGO_PKG_VERSION")]);
}

#[test]
fn the_archive_is_one_object_and_can_be_linked_beside_another_rust_archive() {
    let stage = stage();
    let archive = stage.lib().join("libpuffs.a");
    let members = Command::new("ar").arg("t").arg(&archive).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&members.stdout).lines().count(), 1);

    // The raw archives of libpuffs and the kernel library collide; made into one object each they only
    // share the names that both export.
    let source = write("two-archives.c", CALLS);
    let mut command = compiler(Lang::C11).unwrap();
    command.arg("-I").arg(stage.include());
    command.arg("-o").arg(source.with_extension("")).arg(source);
    command.args([
        "-x",
        "none",
        "-Wl,--allow-multiple-definition",
        "-Wl,--whole-archive",
    ]);
    command.arg(archive).arg(stage.kernel(Run::Plain).unwrap());
    command.arg("-Wl,--no-whole-archive");
    let libs = stage.pkg_config(&["--static", "--libs-only-l"]).unwrap();
    command.args(libs.iter().filter(|lib| *lib != "-lpuffs"));
    compile(&mut command).unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn the_server_in_the_readme_is_the_one_in_the_examples() {
    let readme = include_str!("../../README.md");
    let (_, code) = readme.split_once("```c\n").expect("a block of C");
    let (code, _) = code.split_once("```").expect("its end");
    assert_eq!(code, include_str!("../../examples/hello.c"));
    assert!(code.lines().count() < 40, "it is to stay short");
    let flags = stage().pkg_config(&["--cflags", "--libs"]).unwrap();
    let source = write("readme-server.c", code);
    let mut command = compiler(Lang::C11).unwrap();
    command.arg("-o").arg(source.with_extension("")).arg(source);
    command.args(["-x", "none"]).args(flags);
    compile(&mut command).unwrap_or_else(|error| panic!("{error}"));
}
