//! Room and holes.

use core::ffi::c_int;

use libc::off_t;
use puffs_user::c::puffs_cookie_t;
use puffs_user::usermount::Usermount;

use super::{Op, errno};
use crate::errno::Errno;
use crate::server::Server;

macro_rules! ranges {
    ($($name:ident)*) => {$(
        pub(crate) unsafe extern "C" fn $name<S: Server>(
            pu: *mut Usermount,
            cookie: puffs_cookie_t,
            offset: off_t,
            len: off_t,
        ) -> c_int {
            // SAFETY: the dispatcher calls with its own context.
            let op = unsafe { Op::<S>::new(pu, stringify!($name)) };
            errno((|| {
                let number = |number: off_t| u64::try_from(number).map_err(|_| Errno::INVAL);
                let (offset, len) = (number(offset)?, number(len)?);
                op.call([cookie], |server, req, [node]| server.$name(req, node, offset, len))
            })())
        }
    )*};
}

ranges! { allocate discard }
