//! File servers in Rust: implement [`Server`], [`mount`] it, [`run`](Mounted::run) it.
//!
//! ```no_run
//! use std::ffi::OsStr;
//!
//! use puffs_server::{
//!     Attr, Errno, FileType, Intent, Io, Listing, Op, Ops, Options, Request, Server, mount,
//! };
//!
//! const TEXT: &[u8] = b"hello, world\n";
//! const ROOT: u32 = 1; // What the server calls its two nodes by.
//! const FILE: u32 = 2;
//!
//! /// A directory with one file to read.
//! struct Hello;
//!
//! impl Server for Hello {
//!     type Node = u32;
//!     const OPS: Ops = Ops::of(&[Op::Readdir, Op::Read]);
//!
//!     fn root(&mut self) -> u32 {
//!         ROOT
//!     }
//!
//!     fn lookup(&mut self, _: &Request, _: &u32, name: &OsStr, _: Intent) -> Result<u32, Errno> {
//!         if name == "hello" { Ok(FILE) } else { Err(Errno::NOENT) }
//!     }
//!
//!     fn getattr(&mut self, _: &Request, node: &u32) -> Result<Attr, Errno> {
//!         if *node == ROOT {
//!             return Ok(Attr::new(FileType::Directory, 0o755, 1));
//!         }
//!         let size = TEXT.len() as u64;
//!         Ok(Attr { size, ..Attr::new(FileType::File, 0o444, 2) })
//!     }
//!
//!     fn readdir(&mut self, _: &Request, _: &u32, at: u64, list: &mut Listing) -> Result<(), Errno> {
//!         if at == 0 {
//!             let _ = list.add(OsStr::new("hello"), 2, FileType::File, 1);
//!         }
//!         Ok(())
//!     }
//!
//!     fn read(&mut self, _: &Request, _: &u32, at: u64, data: &mut [u8], _: Io) -> Result<usize, Errno> {
//!         let rest = &TEXT[TEXT.len().min(at as usize)..];
//!         let len = rest.len().min(data.len());
//!         data[..len].copy_from_slice(&rest[..len]);
//!         Ok(len)
//!     }
//! }
//!
//! fn main() -> std::io::Result<()> {
//!     let options = Options::new("hello").unmount_on(&[2]); // SIGINT
//!     mount(Hello, "/mnt", &options)?.run() // until Ctrl-C, or umount /mnt
//! }
//! ```
//!
//! `examples/memfs.rs` is a whole file system.
//!
//! # Threads
//!
//! Everything of a mount happens on the thread that calls [`mount`] and [`Mounted::run`]: the server need not be `Send`, and its
//! operations get it as `&mut self`, one after the other, none while another runs. What goes to other threads is the
//! [`Handle`], which is `Send` and `Sync`. An operation that cannot be done yet returns [`Errno::LATER`]: its caller waits, others
//! are served, and it is called again after [`Request::retry`].
//!
//! Operations run on small stacks of their own, of [`Options::stack`] bytes with a guard page: too deep a recursion ends the
//! process. A server must not use files of its own mount: it would wait for itself.
//!
//! # Nodes
//!
//! A server names its nodes by whatever implements [`Node`]: numbers, or `Rc<Inode>`. From the lookup or creation that brings a
//! node to [`Server::forget`] the library keeps the handle, counts how often the kernel was told of it, and calls operations with
//! it. The kernel never sees it: it sees a number that the library checks, and a number that does not stand for a node
//! any more gets `ESTALE`, without the server's hearing of it.
//!
//! # Errors and panics
//!
//! An [`Errno`] is always an errno value that exists. What makes no sense, such as more bytes read than were asked for, a new node
//! that is known already, a name with a slash, is `EIO` for the caller and a line on stderr.
//!
//! A panic in an operation is caught on the operation's own stack, before it leaves the server's code. Its caller gets `EIO`, the
//! message goes to stderr, and the server goes on, in whatever state the operation has left it; or it
//! ends, with [`Options::end_on_panic`]. A panic in [`Server::forget`], or in the end of a handle, is met likewise. Where
//! panics abort (`panic = "abort"`), they do: the process ends, callers get `ENOTCONN` or `EIO`, as if it had been killed.
//!
//! # The end
//!
//! [`Mounted::run`] returns when the file system is unmounted: by umount(8), by [`Handle::unmount`] from an operation or another
//! thread, by a signal that [`Options::unmount_on`] names. The latter two unmount by force: whoever still uses the file
//! system gets errors. In every case each node is forgotten once, and [`Mounted::into_server`] gives the server back. Dropping a
//! [`Mounted`] that still runs unmounts it.
//!
//! A server that is killed leaves no caller hanging: they get errors, and what is still mounted says `ENOTCONN` until somebody
//! unmounts it.
//!
//! # Not here
//!
//! The rules: requests go through the same dispatcher and hosts as those of C servers (`puffs-user`, `puffs-fuse`), which check
//! what the other side sends and choose the host by `PUFFS_HOST`. File handles and paths kept by the library are not to
//! be had yet. Going into the background is left to whoever starts the server: a fork is nothing for a program with threads.

mod attr;
mod errno;
mod flags;
mod listing;
mod mount;
mod node;
mod ops;
mod request;
mod rules;
mod server;
mod shim;

pub use attr::{Attr, FileType, New, PERMISSIONS, SetAttr};
pub use errno::{Errno, Result};
pub use flags::{
    Access, Conflict, Fsync, Intent, Io, Lock, LockOp, Namespace, OpenFlags, Opened, Statvfs,
};
pub use listing::Listing;
pub use mount::{Handle, Mounted, Options, mount, mount_on};
pub use node::Node;
pub use ops::{Op, Ops};
pub use puffs_user::cred::Cred;
pub use puffs_user::host;
pub use request::Request;
pub use server::Server;
