//! What an operation says about the node it found or made, `struct puffs_newinfo`.

use std::cell::Cell;

use libc::timespec;

use crate::c::puffs_cookie_t;
use crate::c::vattr::vattr;
use crate::vtype::Vtype;

/// What the operation is, and so which setters count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Made {
    /// Lookup: the server says everything.
    Found,
    /// Create, mknod, mkdir, symlink: type and device are those asked for.
    Created,
}

/// The setters' place, on the dispatcher's stack for one operation.
pub struct Newinfo {
    made: Made,
    cookie: Cell<puffs_cookie_t>,
    vtype: Cell<Vtype>,
    size: Cell<u64>,
    rdev: Cell<u64>,
    attr: Cell<Option<vattr>>,
    attr_ttl: Cell<timespec>,
    name_ttl: Cell<timespec>,
}

const NO_TTL: timespec = timespec {
    tv_sec: 0,
    tv_nsec: 0,
};

impl Newinfo {
    /// Nothing said yet; `vtype` and `rdev` as asked for, or 0 for a lookup.
    pub fn new(made: Made, vtype: Vtype, rdev: u64) -> Self {
        Newinfo {
            made,
            cookie: Cell::new(std::ptr::null_mut()),
            vtype: Cell::new(vtype),
            size: Cell::new(0),
            rdev: Cell::new(rdev),
            attr: Cell::new(None),
            attr_ttl: Cell::new(NO_TTL),
            name_ttl: Cell::new(NO_TTL),
        }
    }

    /// The node's cookie.
    pub fn set_cookie(&self, cookie: puffs_cookie_t) {
        self.cookie.set(cookie);
    }

    /// The node's type. Without effect in operations that create.
    pub fn set_vtype(&self, vtype: Vtype) {
        if self.made == Made::Found {
            self.vtype.set(vtype);
        }
    }

    /// The node's size. Without effect in operations that create.
    pub fn set_size(&self, size: u64) {
        if self.made == Made::Found {
            self.size.set(size);
        }
    }

    /// The node's device number. Without effect in operations that create.
    pub fn set_rdev(&self, rdev: u64) {
        if self.made == Made::Found {
            self.rdev.set(rdev);
        }
    }

    /// The node's attributes; they count with `PUFFS_KFLAG_CACHE_FS_TTL`.
    pub fn set_attr(&self, attr: &vattr) {
        self.attr.set(Some(*attr));
    }

    /// How long the attributes hold.
    pub fn set_attr_ttl(&self, ttl: timespec) {
        self.attr_ttl.set(ttl);
    }

    /// How long the name holds.
    pub fn set_name_ttl(&self, ttl: timespec) {
        self.name_ttl.set(ttl);
    }

    /// The cookie that was said; NULL at first.
    pub fn cookie(&self) -> puffs_cookie_t {
        self.cookie.get()
    }

    /// The type.
    pub fn vtype(&self) -> Vtype {
        self.vtype.get()
    }

    /// The size.
    pub fn size(&self) -> u64 {
        self.size.get()
    }

    /// The device number.
    pub fn rdev(&self) -> u64 {
        self.rdev.get()
    }

    /// The attributes, if they were said.
    pub fn attr(&self) -> Option<vattr> {
        self.attr.get()
    }

    /// How long the attributes hold; zero: not said.
    pub fn attr_ttl(&self) -> timespec {
        self.attr_ttl.get()
    }

    /// How long the name holds; zero: not said.
    pub fn name_ttl(&self) -> timespec {
        self.name_ttl.get()
    }
}
