//! A small tree of system variables, to be read: [`ask`]. Linux has none of NetBSD's kind, so these are what both know of themselves.
#![allow(non_camel_case_types)] // The names that C sees.

use core::ffi::{CStr, c_char, c_int, c_void};
use core::mem::{MaybeUninit, offset_of};

use static_assertions::const_assert_eq;

/// Instead of a last number: the nodes below.
pub const CTL_QUERY: c_int = -2;
/// Most numbers of a name.
pub const CTL_MAXNAME: usize = 12;
/// The version of [`sysctlnode`], in its flags.
pub const SYSCTL_VERSION: u32 = 0x0100_0000;
/// Where that is.
pub const SYSCTL_VERS_MASK: u32 = 0xff00_0000;

const CTLTYPE_NODE: u32 = 1;
const CTLTYPE_INT: u32 = 2;
const CTLTYPE_STRING: u32 = 3;
const CTLTYPE_QUAD: u32 = 4;

const NAMELEN: usize = 32;

/// A node as it is shown; `include/compat/sys/sysctl.h` declares the same.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct sysctlnode {
    /// Type and version.
    pub sysctl_flags: u32,
    /// Its number.
    pub sysctl_num: i32,
    /// Its name.
    pub sysctl_name: [c_char; NAMELEN],
    /// How often its parent has changed.
    pub sysctl_ver: u32,
    /// Room for nodes below.
    pub sysctl_csize: u32,
    /// How many are below.
    pub sysctl_clen: u32,
    /// Those; not told.
    pub sysctl_child: *mut sysctlnode,
    /// Size of the value.
    pub sysctl_size: usize,
    /// The value's place; not told.
    pub sysctl_data: *mut c_void,
    /// The node above; not told.
    pub sysctl_parent: *mut sysctlnode,
    /// The value, when it is a number that never changes; not used.
    pub sysctl_un: u64,
}

const_assert_eq!(size_of::<sysctlnode>(), 96);
const_assert_eq!(offset_of!(sysctlnode, sysctl_child), 56);

/// What a variable is now.
enum Value {
    Int(c_int),
    Quad(u64),
    Text(Vec<u8>),
}

/// A variable: number, name, how it is read.
type Variable = (c_int, &'static CStr, fn() -> Value);

/// All of them, with the reference's numbers.
const TREE: &[(c_int, &CStr, &[Variable])] = &[
    (
        1,
        c"kern",
        &[
            (1, c"ostype", || uname(|of| of.sysname)),
            (2, c"osrelease", || uname(|of| of.release)),
            (4, c"version", || uname(|of| of.version)),
            (8, c"argmax", || Value::Int(conf(libc::_SC_ARG_MAX))),
            (10, c"hostname", || uname(|of| of.nodename)),
        ],
    ),
    (
        6,
        c"hw",
        &[
            (1, c"machine", || uname(|of| of.machine)),
            (3, c"ncpu", || Value::Int(conf(libc::_SC_NPROCESSORS_CONF))),
            (4, c"byteorder", || {
                Value::Int(if cfg!(target_endian = "little") {
                    1234
                } else {
                    4321
                })
            }),
            (7, c"pagesize", || Value::Int(conf(libc::_SC_PAGESIZE))),
            (13, c"physmem64", || {
                Value::Quad(conf(libc::_SC_PHYS_PAGES) as u64 * conf(libc::_SC_PAGESIZE) as u64)
            }),
        ],
    ),
];

fn uname(field: fn(&libc::utsname) -> [c_char; 65]) -> Value {
    let mut of = MaybeUninit::zeroed();
    // SAFETY: room for the answer, which is made of C strings, all empty if it failed.
    let of = unsafe {
        libc::uname(of.as_mut_ptr());
        of.assume_init()
    };
    let text = field(&of).map(|byte| byte as u8);
    let end = text.iter().position(|byte| *byte == 0);
    Value::Text(text[..=end.unwrap_or(text.len() - 1)].to_vec())
}

fn conf(name: c_int) -> c_int {
    // SAFETY: any number may be asked for.
    c_int::try_from(unsafe { libc::sysconf(name) }).unwrap_or(c_int::MAX)
}

impl Value {
    fn kind(&self) -> u32 {
        match self {
            Value::Int(_) => CTLTYPE_INT,
            Value::Quad(_) => CTLTYPE_QUAD,
            Value::Text(_) => CTLTYPE_STRING,
        }
    }

    fn bytes(self) -> Vec<u8> {
        match self {
            Value::Int(int) => int.to_ne_bytes().to_vec(),
            Value::Quad(quad) => quad.to_ne_bytes().to_vec(),
            Value::Text(text) => text,
        }
    }
}

/// What there is to say of a name.
pub enum Answer {
    /// The nodes below.
    Nodes(Vec<sysctlnode>),
    /// The value, as it lies in memory.
    Value(Vec<u8>),
}

/// Looks for a name, in numbers, of which the last may be [`CTL_QUERY`].
///
/// # Errors
/// `EINVAL`: there is no number. `ENOENT`: there is no such node. `EISDIR`: a node has no value. `ENOTDIR`: a variable has nothing
/// below.
pub fn ask(name: &[c_int]) -> Result<Answer, c_int> {
    let (&last, above) = name.split_last().ok_or(libc::EINVAL)?;
    let query = last == CTL_QUERY;
    let mut path = if query { above } else { name }.iter();
    let Some(first) = path.next() else {
        let nodes = TREE
            .iter()
            .map(|(num, name, below)| node(*num, name, CTLTYPE_NODE, 0, below.len()));
        return Ok(Answer::Nodes(nodes.collect()));
    };
    let (_, _, below) = TREE
        .iter()
        .find(|(num, ..)| num == first)
        .ok_or(libc::ENOENT)?;
    let Some(second) = path.next() else {
        let nodes = below.iter().map(|(num, name, read)| {
            let value = read();
            let kind = value.kind();
            node(*num, name, kind, value.bytes().len(), 0)
        });
        return if query {
            Ok(Answer::Nodes(nodes.collect()))
        } else {
            Err(libc::EISDIR)
        };
    };
    let (_, _, read) = below
        .iter()
        .find(|(num, ..)| num == second)
        .ok_or(libc::ENOENT)?;
    if query || path.next().is_some() {
        return Err(libc::ENOTDIR);
    }
    Ok(Answer::Value(read().bytes()))
}

fn node(num: c_int, name: &CStr, kind: u32, size: usize, below: usize) -> sysctlnode {
    let mut node = sysctlnode {
        sysctl_flags: SYSCTL_VERSION | kind,
        sysctl_num: num,
        sysctl_name: [0; NAMELEN],
        sysctl_ver: 1,
        sysctl_csize: below as u32,
        sysctl_clen: below as u32,
        sysctl_child: core::ptr::null_mut(),
        sysctl_size: if kind == CTLTYPE_NODE {
            size_of::<sysctlnode>()
        } else {
            size
        },
        sysctl_data: core::ptr::null_mut(),
        sysctl_parent: core::ptr::null_mut(),
        sysctl_un: 0,
    };
    for (to, byte) in node.sysctl_name[..NAMELEN - 1]
        .iter_mut()
        .zip(name.to_bytes())
    {
        *to = *byte as c_char;
    }
    node
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nodes(name: &[c_int]) -> Vec<(i32, String, u32)> {
        let Ok(Answer::Nodes(nodes)) = ask(name) else {
            panic!("{name:?}");
        };
        let shown = nodes.iter().map(|node| {
            // SAFETY: a name with its NUL.
            let name = unsafe { CStr::from_ptr(node.sysctl_name.as_ptr()) };
            let kind = node.sysctl_flags & 0xf;
            (node.sysctl_num, name.to_str().unwrap().to_owned(), kind)
        });
        shown.collect()
    }

    fn value(name: &[c_int]) -> Vec<u8> {
        match ask(name) {
            Ok(Answer::Value(value)) => value,
            _ => panic!("{name:?}"),
        }
    }

    #[test]
    fn nodes_are_listed_and_all_that_is_listed_can_be_read() {
        let top = nodes(&[CTL_QUERY]);
        assert_eq!(top[0], (1, "kern".to_owned(), CTLTYPE_NODE));
        assert_eq!(top[1], (6, "hw".to_owned(), CTLTYPE_NODE));
        for (above, ..) in top {
            for (num, name, kind) in nodes(&[above, CTL_QUERY]) {
                let value = value(&[above, num]);
                let expected = match kind {
                    CTLTYPE_INT => 4,
                    CTLTYPE_QUAD => 8,
                    CTLTYPE_STRING => value.iter().position(|byte| *byte == 0).unwrap() + 1,
                    _ => panic!("{name}: {kind}"),
                };
                assert_eq!(value.len(), expected, "{name}");
            }
        }
        assert_eq!(value(&[1, 1]), b"Linux\0");
        assert_eq!(value(&[6, 7]), conf(libc::_SC_PAGESIZE).to_ne_bytes());
    }

    #[test]
    fn what_is_not_there_is_an_error() {
        let error = |name: &[c_int]| ask(name).err().unwrap();
        assert_eq!(error(&[]), libc::EINVAL);
        assert_eq!(error(&[99]), libc::ENOENT);
        assert_eq!(error(&[1, 99]), libc::ENOENT);
        assert_eq!(error(&[99, CTL_QUERY]), libc::ENOENT);
        assert_eq!(error(&[1]), libc::EISDIR);
        assert_eq!(error(&[1, 1, CTL_QUERY]), libc::ENOTDIR);
        assert_eq!(error(&[1, 1, 1]), libc::ENOTDIR);
        assert_eq!(error(&[CTL_QUERY, 1]), libc::ENOENT);
    }
}
