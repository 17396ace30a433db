//! Executes one request: decodes the body, calls the server's operation, encodes the answer in the same buffer.
//!
//! [`execute`] is the only entry. Each file has the operations of a kind; [`call`] has what they share, [`check`] the
//! rules by which an operation's result is refused. Any bytes are safe: a body that is not as
//! [`puffs_core::msg::body`] says is answered with `EINVAL`, and the server never sees it.

mod attr;
mod call;
mod check;
mod control;
mod dir;
mod error;
mod extattr;
mod fs;
mod handle;
mod io;
mod life;
mod lock;
mod name;
mod node;
pub(crate) mod opdump;
mod open;
mod path;
mod poll;
mod space;
#[cfg(test)]
mod tests;

use puffs_core::msg::body::Head;
use puffs_core::msg::op::{self, vfs, vn};
use puffs_core::msg::wire;
use zerocopy::FromBytes;

use crate::c::consts::PUFFS_FLAG_OPDUMP;
use crate::cc::Cc;
use crate::usermount::Usermount;
use call::{Call, Done};

/// Executes the request whose header is `req` and whose body is at the start of `buffer`. Afterwards
/// `req.rv` and `req.auxlen` are the answer's.
pub(crate) fn execute(pu: &Usermount, req: &mut wire::Req, buffer: &mut [u8]) {
    let len = req.auxlen.min(buffer.len());
    let cc = context(&buffer[..len]);
    dumped(pu, req, |req| match &cc {
        Some(cc) => run(pu, cc, req, buffer),
        None => Err(libc::EINVAL),
    });
}

/// The context of a request with this body; `None` when its head is not valid.
pub(crate) fn context(body: &[u8]) -> Option<Cc> {
    let (head, _) = Head::read_from_prefix(body).ok()?;
    Cc::of(&head)
}

/// The same in a context that is there already, and stays where it is.
pub(crate) fn execute_in(pu: &Usermount, cc: &Cc, req: &mut wire::Req, buffer: &mut [u8]) {
    dumped(pu, req, |req| run(pu, cc, req, buffer));
}

/// Runs a request and puts its result in its header; prints both if the server wants that.
fn dumped(pu: &Usermount, req: &mut wire::Req, run: impl FnOnce(&wire::Req) -> Done) {
    let dump = pu.flags() & PUFFS_FLAG_OPDUMP != 0;
    if dump {
        opdump::request(req);
    }
    let done = run(req);
    (req.rv, req.auxlen) = match done {
        Ok(len) => (0, len),
        Err(errno) => (errno, 0),
    };
    if dump {
        opdump::answer(req);
    }
}

fn run(pu: &Usermount, cc: &Cc, req: &wire::Req, buffer: &mut [u8]) -> Done {
    let len = req.auxlen.min(buffer.len());
    cc.begin(pu);
    pu.set_current(cc);
    hook(pu, pu.settings().pre.get());
    let done = operation(
        &mut Call::new(pu, cc, req, buffer, len),
        req.opclass & op::CLASS_MASK,
        req.optype,
    );
    hook(pu, pu.settings().post.get());
    pu.set_current(std::ptr::null());
    done
}

fn hook(pu: &Usermount, hook: crate::c::hooks::pu_prepost_fn) {
    if let Some(f) = hook {
        // SAFETY: the server's own function, called as its type says.
        unsafe { f(pu.as_ptr()) };
    }
}

fn operation(call: &mut Call<'_>, class: u8, optype: u8) -> Done {
    match (class, optype) {
        (op::CLASS_VFS, vfs::UNMOUNT) => fs::unmount(call),
        (op::CLASS_VFS, vfs::STATVFS) => fs::statvfs(call),
        (op::CLASS_VFS, vfs::SYNC) => fs::sync(call),
        (op::CLASS_VFS, vfs::FHTOVP) => handle::fhtonode(call),
        (op::CLASS_VFS, vfs::VPTOFH) => handle::nodetofh(call),
        (op::CLASS_VFS, vfs::EXTATTRCTL) => control::extattrctl(call),
        (op::CLASS_VN, vn::LOOKUP) => node::lookup(call),
        (op::CLASS_VN, vn::CREATE) => node::create(call),
        (op::CLASS_VN, vn::MKNOD) => node::mknod(call),
        (op::CLASS_VN, vn::MKDIR) => node::mkdir(call),
        (op::CLASS_VN, vn::SYMLINK) => node::symlink(call),
        (op::CLASS_VN, vn::REMOVE) => name::remove(call),
        (op::CLASS_VN, vn::RMDIR) => name::rmdir(call),
        (op::CLASS_VN, vn::LINK) => name::link(call),
        (op::CLASS_VN, vn::RENAME) => name::rename(call),
        (op::CLASS_VN, vn::ABORTOP) => name::abortop(call),
        (op::CLASS_VN, vn::GETATTR) => attr::getattr(call),
        (op::CLASS_VN, vn::SETATTR) => attr::setattr(call),
        (op::CLASS_VN, vn::OPEN) => open::open(call),
        (op::CLASS_VN, vn::CLOSE) => open::close(call),
        (op::CLASS_VN, vn::ACCESS) => open::access(call),
        (op::CLASS_VN, vn::READ) => io::read(call),
        (op::CLASS_VN, vn::WRITE) => io::write(call),
        (op::CLASS_VN, vn::FSYNC) => io::fsync(call),
        (op::CLASS_VN, vn::READLINK) => io::readlink(call),
        (op::CLASS_VN, vn::READDIR) => dir::readdir(call),
        (op::CLASS_VN, vn::ADVLOCK) => lock::advlock(call),
        (op::CLASS_VN, vn::MMAP) => lock::mmap(call),
        (op::CLASS_VN, vn::SEEK) => lock::seek(call),
        (op::CLASS_VN, vn::POLL) => poll::poll(call),
        (op::CLASS_VN, vn::PATHCONF) => control::pathconf(call),
        (op::CLASS_VN, vn::PRINT) => control::print(call),
        (op::CLASS_VN, vn::GETEXTATTR) => extattr::get(call),
        (op::CLASS_VN, vn::SETEXTATTR) => extattr::set(call),
        (op::CLASS_VN, vn::LISTEXTATTR) => extattr::list(call),
        (op::CLASS_VN, vn::DELETEEXTATTR) => extattr::delete(call),
        (op::CLASS_VN, vn::FALLOCATE) => space::fallocate(call),
        (op::CLASS_VN, vn::FDISCARD) => space::fdiscard(call),
        (op::CLASS_VN, vn::INACTIVE) => life::inactive(call),
        (op::CLASS_VN, vn::RECLAIM) => life::reclaim(call),
        (op::CLASS_ERROR, kind) => error::notice(call, kind),
        _ => Err(libc::EOPNOTSUPP),
    }
}
