//! One file on a mount, its model, and what can be done to both.

use crate::{
    file_choice::{Can, Chooser, How, LONGEST, Op},
    mapping::Mapping,
    random::Budget,
    sparse::{PAGE, Sparse},
};
use rustix::{
    fd::OwnedFd,
    fs::{
        Advice, CWD, FallocateFlags, Mode, OFlags, SeekFrom, copy_file_range, fadvise, fallocate,
        fdatasync, fstat, fsync, ftruncate, open, seek, stat,
    },
    io::{Errno, pread, preadv, pwrite, pwritev, read, write},
};
use std::{
    collections::VecDeque,
    ffi::CString,
    io::{self, IoSlice, IoSliceMut},
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
    rc::Rc,
};

/// Operations that are shown when one goes wrong.
const SHOWN: usize = 25;

pub(crate) struct Subject {
    path: PathBuf,
    fds: Vec<(OwnedFd, How)>,
    map: Option<Rc<Mapping>>,
    model: Sparse,
    chooser: Chooser,
    noise: Vec<u8>,
    got: Vec<u8>,
    want: Vec<u8>,
}

type Outcome = Result<(), String>;

fn must<T>(what: &str, result: Result<T, Errno>) -> Result<T, String> {
    result.map_err(|error| format!("{what}: {error:?}"))
}

fn same<T: PartialEq + std::fmt::Debug>(what: &str, got: T, want: T) -> Outcome {
    if got == want {
        return Ok(());
    }
    Err(format!("{what}: {got:?}, it should be {want:?}"))
}

/// truncate(2): unlike ftruncate(2) it comes without a descriptor.
fn truncate(path: &Path, len: u64) -> Result<(), Errno> {
    let path = CString::new(path.as_os_str().as_bytes()).expect("no zero in it");
    // SAFETY: a string that ends with a zero.
    match unsafe { libc::truncate(path.as_ptr(), len.cast_signed()) } {
        0 => Ok(()),
        _ => Err(Errno::from_io_error(&io::Error::last_os_error()).expect("an errno")),
    }
}

impl Subject {
    pub(crate) fn new(path: PathBuf, seed: u64, number: usize, can: Can) -> Subject {
        let mut chooser = Chooser::new(seed, number, can);
        let noise = chooser.noise();
        Subject {
            path,
            fds: Vec::new(),
            map: None,
            model: Sparse::default(),
            chooser,
            noise,
            got: vec![0; LONGEST],
            want: vec![0; LONGEST],
        }
    }

    /// Operates until the budget is used up; the error says what went wrong and what came before.
    pub(crate) fn run(mut self, budget: Budget) -> Outcome {
        for how in [How::Both, How::Read, How::Append, How::Direct] {
            let fd = self.open(how, OFlags::CREATE)?;
            self.fds.push((fd, how));
        }
        let mut recent = VecDeque::with_capacity(SHOWN);
        let mut step = 0;
        while !budget.over(step) {
            let hows = std::array::from_fn(|slot| self.fds[slot].1);
            let op = self.chooser.choose(self.model.len(), hows);
            if recent.len() == SHOWN {
                recent.pop_front();
            }
            let before = self.model.len();
            recent.push_back((step, before, op));
            if let Err(what) = self.apply(op) {
                let mut report = format!("step {step}, {op:?}: {what}\nthe last operations:\n");
                for (step, size, op) in recent {
                    report += &format!("{step:8}  size {size:<14} {op:?}\n");
                }
                return Err(report);
            }
            step += 1;
        }
        self.apply(Op::Everything)
    }

    fn open(&self, how: How, more: OFlags) -> Result<OwnedFd, String> {
        let flags = match how {
            How::Both => OFlags::RDWR,
            How::Read => OFlags::RDONLY,
            How::Write => OFlags::WRONLY,
            How::Append => OFlags::RDWR | OFlags::APPEND,
            How::Direct => OFlags::RDWR | OFlags::DIRECT,
        };
        let flags = flags | more | OFlags::CLOEXEC;
        must("open", open(&self.path, flags, Mode::from(0o600)))
    }

    fn apply(&mut self, op: Op) -> Outcome {
        match op {
            Op::Read { fd, at, len } => {
                let n = must("pread", pread(&self.fds[fd].0, &mut self.got[..len], at))?;
                self.compare(at, len, n)
            }
            Op::ReadPieces { fd, at, len } => {
                let (one, two) = self.got[..len].split_at_mut(len / 3);
                let mut pieces = [IoSliceMut::new(one), IoSliceMut::new(two)];
                let n = must("preadv", preadv(&self.fds[fd].0, &mut pieces, at))?;
                self.compare(at, len, n)
            }
            Op::ReadOn { fd, at, len } => {
                let file = &self.fds[fd].0;
                must("lseek", seek(file, SeekFrom::Start(at)))?;
                let n = must("read", read(file, &mut self.got[..len]))?;
                let now = must("lseek", seek(file, SeekFrom::Current(0)))?;
                same("the position", now, at + n as u64)?;
                self.compare(at, len, n)
            }
            Op::Write { fd, at, data } => {
                let (file, how) = &self.fds[fd];
                let bytes = &self.noise[data.from..data.from + data.len];
                let n = must("pwrite", pwrite(file, bytes, at))?;
                let at = if *how == How::Append {
                    self.model.len()
                } else {
                    at
                };
                self.model.write(at, bytes);
                same("pwrite", n, data.len)
            }
            Op::WritePieces { fd, at, data } => {
                let (file, how) = &self.fds[fd];
                let bytes = &self.noise[data.from..data.from + data.len];
                let (one, two) = bytes.split_at(data.len / 3);
                let pieces = [IoSlice::new(one), IoSlice::new(two)];
                let n = must("pwritev", pwritev(file, &pieces, at))?;
                let at = if *how == How::Append {
                    self.model.len()
                } else {
                    at
                };
                self.model.write(at, bytes);
                same("pwritev", n, data.len)
            }
            Op::WriteOn { fd, at, data } => {
                let (file, how) = &self.fds[fd];
                let bytes = &self.noise[data.from..data.from + data.len];
                must("lseek", seek(file, SeekFrom::Start(at)))?;
                let n = must("write", write(file, bytes))?;
                let now = must("lseek", seek(file, SeekFrom::Current(0)))?;
                let at = if *how == How::Append && n > 0 {
                    self.model.len()
                } else {
                    at
                };
                self.model.write(at, bytes);
                same("write", n, data.len)?;
                same("the position", now, at + n as u64)
            }
            Op::Copy { from, to, len } => self.copy(from, to, len),
            Op::Truncate { by_path, len } => {
                if by_path {
                    must("truncate", truncate(&self.path, len))?;
                } else {
                    must("ftruncate", ftruncate(&self.fds[0].0, len))?;
                }
                self.model.set_len(len);
                self.size()
            }
            Op::Punch { at, len } => {
                let flags = FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE;
                must("fallocate", fallocate(&self.fds[0].0, flags, at, len))?;
                let len = len.min(self.model.len().saturating_sub(at));
                self.model.punch(at, len);
                self.size()
            }
            Op::Reserve { at, len } => {
                let none = FallocateFlags::empty();
                must("fallocate", fallocate(&self.fds[0].0, none, at, len))?;
                self.model.reserve(at + len);
                self.size()
            }
            Op::Map { page, pages } => {
                self.map = None;
                let map = Mapping::shared(&self.fds[0].0, page * PAGE, pages * PAGE as usize);
                self.map = Some(Rc::new(must("mmap", map)?));
                Ok(())
            }
            Op::MapRead { skip, len } => {
                // The rest of the last page is there as well, and zeros.
                let end = self.model.len().next_multiple_of(PAGE);
                let (map, skip, len) = self.mapped(skip, len, end);
                let Some(map) = map else { return Ok(()) };
                map.read(skip, &mut self.got[..len]);
                let at = map.offset() + skip as u64;
                let n = self.model.len().saturating_sub(at).min(len as u64) as usize;
                let zeros = self.got[n..len].iter().all(|byte| *byte == 0);
                same("zeros past the end", zeros, true)?;
                self.compare(at, n, n)
            }
            Op::MapWrite { skip, data } => {
                let (map, skip, len) = self.mapped(skip, data.len, self.model.len());
                let Some(map) = map else { return Ok(()) };
                let bytes = &self.noise[data.from..data.from + len];
                map.write(skip, bytes);
                self.model.write(map.offset() + skip as u64, bytes);
                Ok(())
            }
            Op::MapSync => match &self.map {
                Some(map) => must("msync", map.sync()),
                None => Ok(()),
            },
            Op::Unmap => {
                self.map = None;
                Ok(())
            }
            Op::MapPrivate { page, pages } => self.map_private(page * PAGE, pages * PAGE as usize),
            Op::Sync { data_only: true } => must("fdatasync", fdatasync(&self.fds[0].0)),
            Op::Sync { data_only: false } => must("fsync", fsync(&self.fds[0].0)),
            Op::Reopen { fd, how, truncate } => {
                let more = if truncate {
                    OFlags::TRUNC
                } else {
                    OFlags::empty()
                };
                self.fds[fd] = (self.open(how, more)?, how);
                if truncate {
                    self.model.set_len(0);
                }
                self.size()
            }
            Op::Size => self.size(),
            Op::SeekData { at } => self.seek_data(at),
            Op::Uncache => {
                let file = &self.fds[0].0;
                must("fadvise", fadvise(file, 0, None, Advice::DontNeed))
            }
            Op::Everything => self.everything(),
        }
    }

    /// Compares what was read: `n` of `len` bytes at `at`, in `got`.
    fn compare(&mut self, at: u64, len: usize, n: usize) -> Outcome {
        let want = &mut self.want[..len];
        let whole = self.model.read(at, want);
        same("the length", n, whole)?;
        if self.got[..n] == want[..n] {
            return Ok(());
        }
        let differ = || (0..n).filter(|i| self.got[*i] != self.want[*i]);
        let first = differ().next().unwrap_or(0);
        let show = |bytes: &[u8]| format!("{:02x?}", &bytes[first..n.min(first + 16)]);
        Err(format!(
            "{} of {n} bytes differ, the first at {}: {} instead of {}",
            differ().count(),
            at + first as u64,
            show(&self.got),
            show(&self.want)
        ))
    }

    /// The mapping, and the part of it before `end` of the file that an operation is about.
    fn mapped(&self, skip: usize, len: usize, end: u64) -> (Option<Rc<Mapping>>, usize, usize) {
        let Some(map) = self.map.clone() else {
            return (None, 0, 0);
        };
        let skip = skip % map.len();
        let left = end.saturating_sub(map.offset() + skip as u64);
        let len = len
            .min(map.len() - skip)
            .min(left.min(LONGEST as u64) as usize);
        (Some(map), skip, len)
    }

    fn map_private(&mut self, at: u64, len: usize) -> Outcome {
        let map = must("mmap", Mapping::private(&self.fds[0].0, at, len))?;
        let n = self.model.len().saturating_sub(at).min(len as u64) as usize;
        map.read(0, &mut self.got[..n]);
        self.compare(at, n, n)
    }

    fn copy(&mut self, from: u64, to: u64, len: usize) -> Outcome {
        let from = from.min(self.model.len());
        let len = self.model.len().saturating_sub(from).min(len as u64) as usize;
        if from.abs_diff(to) < len as u64 {
            return Ok(());
        }
        let file = &self.fds[0].0;
        let (mut source, mut target, mut left) = (from, to, len);
        while left > 0 {
            let copied = copy_file_range(file, Some(&mut source), file, Some(&mut target), left);
            let n = must("copy_file_range", copied)?;
            if n == 0 {
                return Err(format!("copy_file_range stopped {left} bytes early"));
            }
            left -= n;
        }
        self.model.read(from, &mut self.want[..len]);
        self.model.write(to, &self.want[..len]);
        Ok(())
    }

    fn size(&self) -> Outcome {
        let want = self.model.len();
        let size = must("fstat", fstat(&self.fds[0].0))?.st_size;
        same("the size", size.cast_unsigned(), want)?;
        let end = must("lseek", seek(&self.fds[1].0, SeekFrom::End(0)))?;
        same("the end", end, want)
    }

    /// Wherever the next data is said to be: what lies before it must be zeros.
    fn seek_data(&mut self, at: u64) -> Outcome {
        let data = match seek(&self.fds[0].0, SeekFrom::Data(at)) {
            Ok(data) => data,
            Err(Errno::NXIO) => self.model.len(),
            Err(error) => return Err(format!("SEEK_DATA: {error:?}")),
        };
        let pages: Vec<u64> = self.model.pages().collect();
        for page in pages {
            let (from, to) = ((page * PAGE).max(at), ((page + 1) * PAGE).min(data));
            if from < to {
                let bytes = &mut self.want[..(to - from) as usize];
                self.model.read(from, bytes);
                if bytes.iter().any(|byte| *byte != 0) {
                    return Err(format!(
                        "SEEK_DATA leads to {data}, past data of page {page}"
                    ));
                }
            }
        }
        Ok(())
    }

    /// The size by name, all that is not a hole, and what is before and behind it.
    fn everything(&mut self) -> Outcome {
        let size = must("stat", stat(&self.path))?.st_size;
        same("the size", size.cast_unsigned(), self.model.len())?;
        let mut ranges: Vec<(u64, u64)> = Vec::new();
        for page in self.model.pages() {
            match ranges.last_mut() {
                Some((_, end)) if page <= *end + 1 => *end = page + 1,
                _ => ranges.push((page.saturating_sub(1), page + 1)),
            }
        }
        for (from, to) in ranges {
            let (mut at, end) = (from * PAGE, (to + 1) * PAGE);
            while at < end {
                let len = (end - at).min(LONGEST as u64) as usize;
                let n = must("pread", pread(&self.fds[0].0, &mut self.got[..len], at))?;
                self.compare(at, len, n)?;
                at += len as u64;
            }
        }
        Ok(())
    }
}

impl Drop for Subject {
    fn drop(&mut self) {
        self.map = None;
        let _ = rustix::fs::unlinkat(CWD, &self.path, rustix::fs::AtFlags::empty());
    }
}
