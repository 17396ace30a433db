//! Building, comparing, hashing, moving and freeing, with and without functions of the server's.

use std::cell::{Cell, RefCell};

use proptest::prelude::*;

use super::*;
use crate::c::name::{PUFFS_KCN_NAMESIZE, puffs_kcn};
use crate::testing;

/// A path that borrows its bytes.
fn po(path: &[u8]) -> puffs_pathobj {
    puffs_pathobj {
        po_path: path.as_ptr().cast_mut().cast(),
        po_len: path.len(),
        po_hash: 0,
    }
}

/// The bytes of a path that is the library's, which goes; a NUL must be behind them.
fn take(path: puffs_pathobj) -> Vec<u8> {
    // SAFETY: built by the library: as many bytes as it says, and a NUL.
    unsafe {
        let bytes = slice::from_raw_parts(path.po_path.cast::<u8>(), path.po_len + 1);
        assert_eq!(bytes[path.po_len], 0);
        let bytes = bytes[..path.po_len].to_vec();
        libc::free(path.po_path);
        bytes
    }
}

fn joined(dir: &[u8], comp: &[u8], offset: usize) -> Vec<u8> {
    // SAFETY: two borrowed strings.
    take(unsafe { std_build(&po(dir), &po(comp), offset) }.unwrap())
}

fn malloced(path: &[u8]) -> puffs_pathobj {
    string([path, b"", b""]).unwrap()
}

/// A node at a path.
fn node_at(pu: &Usermount, path: &[u8]) -> *mut puffs_node {
    let node = crate::nodes::new(pu, ptr::null_mut());
    // SAFETY: just made.
    unsafe {
        (*node).pn_po = malloced(path);
        hash(pu, &mut (*node).pn_po);
    }
    node
}

fn path_of(node: *mut puffs_node) -> Vec<u8> {
    // SAFETY: a live node of these tests, whose path has as many bytes as it says.
    unsafe { bytes(&(*node).pn_po).to_vec() }
}

/// A name, for one test.
struct Name {
    _kcn: Box<puffs_kcn>,
    cn: puffs_cn,
}

impl Name {
    fn new(name: &[u8]) -> Name {
        let mut kcn = Box::new(puffs_kcn {
            pkcn_nameiop: 0,
            pkcn_flags: 0,
            pkcn_name: [0; PUFFS_KCN_NAMESIZE],
            pkcn_namelen: name.len(),
            pkcn_consume: 0,
        });
        for (to, from) in kcn.pkcn_name.iter_mut().zip(name) {
            *to = *from as _;
        }
        let cn = puffs_cn {
            pcn_pkcnp: &raw mut *kcn,
            pcn_cred: ptr::null_mut(),
            pcn_po_full: puffs_pathobj::NONE,
        };
        Name { _kcn: kcn, cn }
    }
}

#[test]
fn a_path_is_the_directory_and_the_name() {
    for (dir, comp, offset, path) in [
        ("/a", "b", 0, "/a/b"),
        ("/a//", "//b", 0, "/a/b"),
        ("/", "b", 0, "/b"),
        ("", "b", 0, "/b"),
        ("a", "b", 0, "a/b"),
        ("/new", "/old/x/y", 4, "/new/x/y"),
        ("/new", "/old", 4, "/new"),
        ("/new", "/old", 40, "/new"),
        ("/", "///", 0, "/"),
        ("/a", "..b", 0, "/a/..b"),
        ("/a", ".", 0, "/a/."),
        ("/a/b", "..", 0, "/a"),
        ("/a/b/", "..", 0, "/a"),
        ("/a//b", "..", 0, "/a"),
        ("/a", "..", 0, "/"),
        ("/", "..", 0, "/"),
        ("a/b", "..", 0, "a"),
        ("a", "..", 0, "."),
    ] {
        let got = joined(dir.as_bytes(), comp.as_bytes(), offset);
        assert_eq!(got, path.as_bytes(), "{dir} {comp} {offset}");
    }
}

#[test]
fn a_prefix_ends_at_a_slash() {
    for (a, b, len, prefix, same) in [
        ("/a/b", "/a", 2, true, true),
        ("/ab", "/a", 2, true, false),
        ("/a", "/a", 2, true, false),
        ("/a", "/a", 2, false, true),
        ("/a/b", "/a/c", 3, false, true),
        ("/a/b", "/a/c", 4, false, false),
        // More than there is.
        ("/a", "/a", 3, false, false),
        ("", "", 0, false, true),
    ] {
        // SAFETY: two borrowed strings.
        let got = unsafe { std_match(&po(a.as_bytes()), &po(b.as_bytes()), len, prefix) };
        assert_eq!(got, same, "{a} {b} {len}");
    }
}

#[test]
fn hashes_are_there_when_they_are_wanted() {
    let mut path = po(b"/a/b");
    let pu = testing::mount_with(&testing::OPS, PUFFS_FLAG_BUILDPATH);
    // SAFETY: borrowed strings.
    unsafe {
        hash(&pu, &mut path);
        assert_eq!(path.po_hash, 0);
        let pu = testing::mount_with(&testing::OPS, PUFFS_FLAG_BUILDPATH | PUFFS_FLAG_HASHPATH);
        hash(&pu, &mut path);
        let first = path.po_hash;
        assert_ne!(first, 0);
        path = po(b"/a/c");
        hash(&pu, &mut path);
        assert_ne!(path.po_hash, first);

        // A path whose hash differs is another one, without a look at it.
        let node = node_at(&pu, b"/a/c");
        assert!(is_at(&pu, node, &mut path));
        path.po_hash ^= 1;
        assert!(!is_at(&pu, node, &mut path));
        crate::nodes::put(node);
    }
}

#[test]
fn names_get_paths() {
    let pu = testing::mount_with(&testing::OPS, PUFFS_FLAG_BUILDPATH);
    let dir = node_at(&pu, b"/d");
    let bare = crate::nodes::new(&pu, ptr::null_mut());
    let mut name = Name::new(b"file");
    // SAFETY: names and nodes of ours.
    unsafe {
        build(&pu, &raw mut name.cn, dir).unwrap();
        assert_eq!(take(name.cn.pcn_po_full), b"/d/file");
        for none in [bare, ptr::null_mut()] {
            let mut name = Name::new(b"file");
            assert_eq!(build(&pu, &raw mut name.cn, none), Err(libc::EINVAL));
            assert!(name.cn.pcn_po_full.po_path.is_null());
        }
        assert!(!is_at(&pu, bare, &mut po(b"")));
        crate::nodes::put(dir);
        crate::nodes::put(bare);
    }
}

thread_local! {
    /// What the server's functions saw, and which of them is to fail.
    static SEEN: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
    static FAIL: Cell<&'static str> = const { Cell::new("") };
}

fn text(po: *const puffs_pathobj) -> String {
    // SAFETY: paths of these tests.
    String::from_utf8_lossy(unsafe { bytes(&*po) }).into_owned()
}

fn see(what: &'static str, more: &str) -> c_int {
    SEEN.with_borrow_mut(|seen| seen.push(format!("{what} {more}")));
    if FAIL.get() == what { libc::EPERM } else { 0 }
}

unsafe extern "C" fn transform(
    _: *mut Usermount,
    base: *const puffs_pathobj,
    pcn: *const puffs_cn,
    comp: *mut puffs_pathobj,
) -> c_int {
    // SAFETY: a name and room for a path.
    unsafe {
        let kcn = (*pcn).pcn_pkcnp;
        let len = (*kcn).pkcn_namelen;
        let name = slice::from_raw_parts((&raw const (*kcn).pkcn_name).cast::<u8>(), len);
        let rv = see("transform", &text(base));
        if rv == 0 {
            comp.write(malloced(&name.to_ascii_uppercase()));
        }
        rv
    }
}

unsafe extern "C" fn namemod(
    _: *mut Usermount,
    dir: *mut puffs_pathobj,
    pcn: *mut puffs_cn,
) -> c_int {
    // SAFETY: a name.
    unsafe { (*(*pcn).pcn_pkcnp).pkcn_name[0] = b'X' as _ };
    see("namemod", &text(dir))
}

unsafe extern "C" fn pathbuild(
    _: *mut Usermount,
    dir: *const puffs_pathobj,
    comp: *const puffs_pathobj,
    offset: usize,
    new: *mut puffs_pathobj,
) -> c_int {
    let rv = see("build", &format!("{} {} {offset}", text(dir), text(comp)));
    if rv == 0 {
        let path = format!("{}:{}", text(dir), &text(comp)[offset..]);
        // SAFETY: room for a path.
        unsafe { new.write(malloced(path.as_bytes())) };
    }
    rv
}

unsafe extern "C" fn pathfree(_: *mut Usermount, po: *mut puffs_pathobj) {
    see("free", &text(po));
    // SAFETY: paths of these tests are from malloc.
    unsafe { libc::free((*po).po_path) };
}

unsafe extern "C" fn pathcmp(
    _: *mut Usermount,
    a: *mut puffs_pathobj,
    b: *mut puffs_pathobj,
    len: usize,
    prefix: c_int,
) -> c_int {
    see("cmp", &format!("{} {} {len} {prefix}", text(a), text(b)));
    c_int::from(!text(a)[..len].eq_ignore_ascii_case(&text(b)[..len]))
}

/// A server with functions of its own.
fn with_hooks() -> Box<Usermount> {
    let pu = testing::mount_with(&testing::OPS, PUFFS_FLAG_BUILDPATH);
    pu.paths().build.set(Some(pathbuild));
    pu.paths().transform.set(Some(transform));
    pu.paths().cmp.set(Some(pathcmp));
    pu.paths().free.set(Some(pathfree));
    pu.paths().namemod.set(Some(namemod));
    SEEN.take();
    FAIL.set("");
    pu
}

#[test]
fn the_servers_functions_come_in_their_order() {
    let pu = with_hooks();
    let dir = node_at(&pu, b"d");
    let mut name = Name::new(b"file");
    // SAFETY: names and nodes of ours.
    unsafe { build(&pu, &raw mut name.cn, dir).unwrap() };
    let seen = ["transform d", "namemod d", "build d FILE 0", "free FILE"];
    assert_eq!(SEEN.take(), seen);
    assert_eq!(text(&raw const name.cn.pcn_po_full), "d:FILE");
    // What namemod changed the server sees; the component was made before.
    // SAFETY: the name of ours.
    assert_eq!(unsafe { (*name.cn.pcn_pkcnp).pkcn_name[0] }, b'X' as _);
    // SAFETY: nobody uses these any more.
    unsafe {
        free(&pu, &mut name.cn.pcn_po_full);
        assert!(name.cn.pcn_po_full.po_path.is_null());
        free(&pu, &mut name.cn.pcn_po_full);
        crate::nodes::put(dir);
    }
    assert_eq!(SEEN.take(), ["free d:FILE", "free d"]);
}

#[test]
fn without_a_transformation_the_path_sees_the_changed_name() {
    let pu = with_hooks();
    pu.paths().transform.set(None);
    let dir = node_at(&pu, b"d");
    let mut name = Name::new(b"file");
    // SAFETY: names and nodes of ours.
    unsafe {
        build(&pu, &raw mut name.cn, dir).unwrap();
        assert_eq!(text(&raw const name.cn.pcn_po_full), "d:Xile");
        free(&pu, &mut name.cn.pcn_po_full);
        crate::nodes::put(dir);
    }
}

#[test]
fn each_function_may_fail_and_nothing_is_left() {
    for (fail, calls) in [("transform", 1), ("namemod", 3), ("build", 4)] {
        let pu = with_hooks();
        let dir = node_at(&pu, b"d");
        FAIL.set(fail);
        let mut name = Name::new(b"file");
        // SAFETY: names and nodes of ours.
        unsafe {
            assert_eq!(build(&pu, &raw mut name.cn, dir), Err(libc::EPERM));
            assert!(name.cn.pcn_po_full.po_path.is_null());
            let seen = SEEN.take();
            assert_eq!(seen.len(), calls, "{seen:?}");
            assert!(fail == "transform" || seen.last().unwrap() == "free FILE");
            crate::nodes::put(dir);
        }
    }
}

#[test]
fn what_lies_below_follows_as_the_server_compares_and_builds() {
    let pu = with_hooks();
    let below = node_at(&pu, b"OLD/x");
    let same = node_at(&pu, b"OLD");
    // SAFETY: nodes of ours; borrowed paths.
    unsafe {
        follow(&pu, below, &mut po(b"old"), &po(b"new"));
        follow(&pu, same, &mut po(b"old"), &po(b"new"));
        assert_eq!(
            (text(&(*below).pn_po), text(&(*same).pn_po)),
            ("new:/x".into(), "OLD".into())
        );
        let seen = ["cmp OLD/x old 3 1", "build new OLD/x 3", "free OLD/x"];
        assert_eq!(SEEN.take(), seen);
        // One that cannot be built stays.
        FAIL.set("build");
        follow(&pu, below, &mut po(b"new"), &po(b"old"));
        assert_eq!(text(&(*below).pn_po), "new:/x");
        crate::nodes::put(below);
        crate::nodes::put(same);
    }
}

/// What a path is: its components, and whether it begins at the top.
fn model(path: &[u8]) -> (bool, Vec<Vec<u8>>) {
    let parts = path.split(|&b| b == b'/').filter(|part| !part.is_empty());
    (
        path.first() == Some(&b'/'),
        parts.map(<[u8]>::to_vec).collect(),
    )
}

fn component() -> impl Strategy<Value = String> {
    "[a-c.]{1,3}".prop_filter("a name", |name| name != "." && name != "..")
}

/// A path as people write it: some slashes too many.
fn written() -> impl Strategy<Value = String> {
    prop::collection::vec((component(), 1..3_usize), 1..5).prop_map(|parts| {
        let parts = parts.iter().map(|(name, n)| "/".repeat(*n) + name);
        parts.collect()
    })
}

/// A path as the library builds it.
fn tidy() -> impl Strategy<Value = String> {
    prop::collection::vec(component(), 1..5).prop_map(|parts| format!("/{}", parts.join("/")))
}

proptest! {
    #[test]
    fn a_built_path_has_the_components_of_both(
        dir in written(), end in 0..3_usize, start in 0..3_usize, name in component(),
    ) {
        let (written, comp) = (dir.clone() + &"/".repeat(end), "/".repeat(start) + &name);
        let (_, mut parts) = model(dir.as_bytes());
        let up = joined(written.as_bytes(), b"..", 0);
        prop_assert_eq!(model(&up).1, &parts[..parts.len() - 1]);
        parts.push(name.clone().into_bytes());
        let path = joined(written.as_bytes(), comp.as_bytes(), 0);
        prop_assert_eq!(model(&path), (true, parts));
        // Down and up again is where it began.
        prop_assert_eq!(model(&joined(&path, b"..", 0)), model(dir.as_bytes()));
    }

    /// A rename moves what is below a directory, and nothing else.
    #[test]
    fn a_rename_moves_the_tree_below(
        paths in prop::collection::vec(tidy(), 1..12), old in tidy(), new in tidy(),
    ) {
        let pu = testing::mount_with(&testing::OPS, PUFFS_FLAG_BUILDPATH);
        let nodes: Vec<_> = paths.iter().map(|path| node_at(&pu, path.as_bytes())).collect();
        let (mut from, mut to) = (po(old.as_bytes()), po(new.as_bytes()));
        let mut info = puffs_pathinfo { pi_old: &raw mut from, pi_new: &raw mut to };
        // SAFETY: nodes of ours, and paths that outlive the walk.
        unsafe { crate::nodes::walk(&pu, Some(follow_in_walk), (&raw mut info).cast()) };
        let (above, target) = (model(old.as_bytes()).1, model(new.as_bytes()).1);
        for (node, path) in nodes.iter().zip(&paths) {
            let was = model(path.as_bytes()).1;
            let expected = match was.strip_prefix(&above[..]) {
                Some(rest) if !rest.is_empty() => [&target[..], rest].concat(),
                _ => was,
            };
            prop_assert_eq!(model(&path_of(*node)).1, expected);
            // SAFETY: a node of ours.
            unsafe { crate::nodes::put(*node) };
        }
    }
}
