//! Notices of refused answers, class ERROR: for the server's ears only.

use std::ffi::CString;

use puffs_core::msg::body::ErrorReq;

use super::call::{Call, Done};
use crate::kernerr;

/// Passes a notice on; `kind` is the operation number.
pub(super) fn notice(call: &mut Call<'_>, kind: u8) -> Done {
    let req: ErrorReq = call.fixed()?;
    let [text] = call.tails::<ErrorReq, 1>([req.textlen])?;
    let text = CString::new(text).map_err(|_| libc::EINVAL)?;
    kernerr::notify(call.pu, kind, req.error as i32, &text, call.cookie);
    call.answer_head()
}
