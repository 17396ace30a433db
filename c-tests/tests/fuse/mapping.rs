//! A part of a file, mapped into memory.

use rustix::{
    fd::AsFd,
    io::Errno,
    mm::{MapFlags, MsyncFlags, ProtFlags, mmap, msync, munmap},
};
use std::{ffi::c_void, ptr::null_mut};

/// Whoever reads or writes stays before the end of the file.
pub(crate) struct Mapping {
    addr: *mut c_void,
    offset: u64,
    len: usize,
}

impl Mapping {
    pub(crate) fn shared(file: impl AsFd, offset: u64, len: usize) -> Result<Mapping, Errno> {
        let protection = ProtFlags::READ | ProtFlags::WRITE;
        Mapping::new(file, offset, len, protection, MapFlags::SHARED)
    }

    pub(crate) fn private(file: impl AsFd, offset: u64, len: usize) -> Result<Mapping, Errno> {
        Mapping::new(file, offset, len, ProtFlags::READ, MapFlags::PRIVATE)
    }

    fn new(
        file: impl AsFd,
        offset: u64,
        len: usize,
        protection: ProtFlags,
        flags: MapFlags,
    ) -> Result<Mapping, Errno> {
        // SAFETY: a new mapping, at a place of the kernel's choice.
        let addr = unsafe { mmap(null_mut(), len, protection, flags, file, offset)? };
        Ok(Mapping { addr, offset, len })
    }

    pub(crate) fn offset(&self) -> u64 {
        self.offset
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn read(&self, skip: usize, buf: &mut [u8]) {
        assert!(skip + buf.len() <= self.len);
        // SAFETY: within the mapping, which no reference points into.
        unsafe {
            let from = self.addr.cast::<u8>().add(skip);
            from.copy_to_nonoverlapping(buf.as_mut_ptr(), buf.len());
        }
    }

    pub(crate) fn write(&self, skip: usize, bytes: &[u8]) {
        assert!(skip + bytes.len() <= self.len);
        // SAFETY: within the mapping, which no reference points into.
        unsafe {
            let to = self.addr.cast::<u8>().add(skip);
            to.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len());
        }
    }

    pub(crate) fn sync(&self) -> Result<(), Errno> {
        // SAFETY: our own mapping; its bytes do not change.
        unsafe { msync(self.addr, self.len, MsyncFlags::SYNC) }
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: our own mapping, which nobody uses any more.
        let _ = unsafe { munmap(self.addr, self.len) };
    }
}
