//! Advisory locks.

use core::ffi::{c_int, c_short, c_void};

use puffs_user::c::puffs_cookie_t;
use puffs_user::usermount::Usermount;

use super::{Op, errno};
use crate::errno::Errno;
use crate::flags::{Lock, LockOp};
use crate::server::Server;

pub(crate) unsafe extern "C" fn advlock<S: Server>(
    pu: *mut Usermount,
    cookie: puffs_cookie_t,
    owner: *mut c_void,
    what: c_int,
    flock: *mut libc::flock,
    flags: c_int,
) -> c_int {
    // SAFETY: the dispatcher calls with its own context and lock.
    let (op, flock) = unsafe { (Op::<S>::new(pu, "lock"), &mut *flock) };
    errno((|| {
        let lock = Lock::of_c(owner.addr() as u64, what, flock, flags).ok_or(Errno::INVAL)?;
        let conflict = op.call([cookie], |server, req, [node]| {
            server.lock(req, node, &lock)
        })?;
        if lock.op != LockOp::Test {
            return Ok(());
        }
        let Some(conflict) = conflict else {
            flock.l_type = libc::F_UNLCK as c_short;
            return Ok(());
        };
        let offset = |number: u64| i64::try_from(number).map_err(|_| Errno::IO);
        flock.l_type = match conflict.exclusive {
            true => libc::F_WRLCK as c_short,
            false => libc::F_RDLCK as c_short,
        };
        flock.l_start = offset(conflict.start)?;
        flock.l_len = offset(conflict.len)?;
        flock.l_pid = conflict.pid as libc::pid_t;
        Ok(())
    })())
}
