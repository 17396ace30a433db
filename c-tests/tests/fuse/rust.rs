//! `examples/memfs.rs`, a server over the trait of `puffs-server`, called wrongly. What is true of any file system is tested with it
//! in other modules ([`crate::each`]); what the library does with panics is tested beside it.

use crate::stage::rust_memfs;
use std::process::Stdio;

#[test]
fn called_wrongly_it_says_so() {
    let said = |arguments: &[&str]| {
        let output = rust_memfs()
            .args(arguments)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        assert!(!output.status.success());
        String::from_utf8(output.stderr).unwrap()
    };
    let none = "/there/is/none";
    let wrong = [
        &[][..],
        &["-s", "12x", none],
        &["-s", "99999999999g", none],
        &["-x", "1", none],
        &[none, none, none, none],
    ];
    for arguments in wrong {
        assert!(said(arguments).starts_with("usage: "), "{arguments:?}");
    }
    assert!(said(&[none]).contains(none));
}
