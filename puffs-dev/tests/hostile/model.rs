//! What a call is said to give, in any state of its instance.

use puffs_core::msg::op::{CLASS_VN, FLAG_FAF, vn};
use puffs_core::msg::wire::{Req, StartReq};
use puffs_core::{Errno, Status, UserAddr};
use puffs_dev::events;

use super::world::{At, World};

impl World {
    pub(super) fn dies(&mut self, mount: usize) {
        let mounted = &mut self.mounts[mount];
        mounted.status = Status::Dying;
        mounted.touser.clear();
        mounted.awaited.clear();
    }

    /// What closing this instance leads to.
    pub(super) fn closes(&mut self, open: usize) {
        if let At::Mounted(mount) = self.opens[open].at
            && !self.mounts[mount].keep
        {
            self.dies(mount);
            self.mounts[mount].unmounts += 1;
        }
        self.opens[open].at = At::Closed;
    }

    /// What binding gives.
    pub(super) fn binds(&mut self, open: Option<usize>, mount: usize) -> Result<(), Errno> {
        let open = open.ok_or(Errno::Nxio)?;
        match self.opens[open].at {
            At::Embryo if self.bound(mount).is_none() => {
                self.opens[open].at = At::Mounted(mount);
                Ok(())
            }
            At::Embryo | At::Mounted(_) => Err(Errno::Busy),
            At::Dead | At::Closed => Err(Errno::Nxio),
        }
    }

    /// What a request into this queue gives.
    pub(super) fn enters(&mut self, mount: usize, faf: bool, len: usize) -> Result<(), Errno> {
        let mounted = &mut self.mounts[mount];
        if mounted.status == Status::Dying {
            return Err(Errno::Nxio);
        }
        let id = if faf { 0 } else { mounted.next_id };
        mounted.next_id += u64::from(!faf);
        mounted.touser.push_back((id, len));
        Ok(())
    }

    /// The mount behind an open that the server may use: of a dead one nothing is asked.
    pub(super) fn alive(&self, open: usize) -> Result<usize, Errno> {
        let mount = self.behind(open)?;
        match self.mounts[mount].status {
            Status::Dying => Err(Errno::Nxio),
            Status::Mounting | Status::Running => Ok(mount),
        }
    }

    /// What a getop without waiting gives: the header.
    pub(super) fn gets(&mut self, open: usize, arg: UserAddr) -> Result<Req, Errno> {
        let mount = self.alive(open)?;
        let offered: Req = self.read(arg)?;
        if self.mounts[mount].status == Status::Mounting {
            return Err(Errno::WouldBlock);
        }
        let head = self.mounts[mount].touser.front();
        let (id, len) = *head.ok_or(Errno::WouldBlock)?;
        if len > offered.auxlen {
            return Err(Errno::TooBig);
        }
        // The header can be written, since it could be read.
        self.reaches(UserAddr(offered.aux), len)?;
        self.mounts[mount].touser.pop_front();
        if id != 0 {
            self.mounts[mount].awaited.push((id, len));
        }
        Ok(Req {
            id,
            opclass: if id == 0 {
                CLASS_VN | FLAG_FAF
            } else {
                CLASS_VN
            },
            optype: vn::GETATTR,
            rv: 0,
            cookie: 1,
            auxlen: len,
            ..offered
        })
    }

    pub(super) fn puts(&mut self, open: usize, arg: UserAddr) -> Result<(), Errno> {
        let mount = self.alive(open)?;
        let answer: Req = self.read(arg)?;
        if self.mounts[mount].status == Status::Mounting {
            return Err(Errno::Inval);
        }
        let mut awaited = self.mounts[mount].awaited.iter();
        let found = awaited
            .position(|&(id, _)| id == answer.id)
            .ok_or(Errno::Inval)?;
        let (_, room) = self.mounts[mount].awaited.remove(found);
        let right = (CLASS_VN, vn::GETATTR) == (answer.opclass, answer.optype);
        if !right || !(0..=133).contains(&answer.rv) {
            Err(Errno::Inval)
        } else if answer.auxlen > 256 << 10 {
            Err(Errno::Fault)
        } else if answer.auxlen > room {
            Err(Errno::TooBig)
        } else {
            self.reaches(UserAddr(answer.aux), answer.auxlen)
        }
    }

    pub(super) fn starts(&mut self, open: usize, arg: UserAddr) -> Result<(), Errno> {
        let mount = self.behind(open)?;
        match self.mounts[mount].status {
            Status::Mounting => {}
            Status::Running => return Err(Errno::Busy),
            Status::Dying => return Err(Errno::Nxio),
        }
        self.read::<StartReq>(arg)?;
        self.mounts[mount].status = Status::Running;
        Ok(())
    }

    pub(super) fn polls(&self, open: usize, asked: u32) -> u32 {
        let Ok(mount) = self.behind(open) else {
            return events::ERR | events::HUP;
        };
        let mounted = &self.mounts[mount];
        match mounted.status {
            Status::Dying => events::ERR | events::HUP,
            Status::Running if !mounted.touser.is_empty() => {
                asked & (events::WRITABLE | events::READABLE)
            }
            _ => asked & events::WRITABLE,
        }
    }
}
