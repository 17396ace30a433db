//! Slots in chunks, which never move, and a hash of cookies that links them by index.

use alloc::boxed::Box;

use puffs_core::own::try_slice;
use puffs_core::{Cookie, Errno};

use super::{Node, NodeId, ROOT, VType};

/// Slots in the first chunk; each later one is as large as all before it.
const FIRST: usize = 64;
/// More chunks than there will ever be.
const CHUNKS: usize = 26;
/// No slot.
const NIL: u32 = u32::MAX;

/// Live nodes of one mount.
pub struct Nodes {
    chunks: [Option<Box<[Slot]>>; CHUNKS],
    /// Slots in all chunks.
    capacity: usize,
    /// First slots of the hash chains; a power of two of them.
    buckets: Box<[u32]>,
    /// First free slot.
    free: u32,
    live: usize,
}

struct Slot {
    generation: u32,
    /// The next slot of the hash chain, or the next free one.
    next: u32,
    node: Option<Node>,
}

/// A node that is not live any more. Reclaim is due, after inactive if that is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gone {
    /// The server's name for it; the table has forgotten it.
    pub cookie: Cookie,
    /// How often the cookie came from the server.
    pub nlookup: u32,
    /// An operation touched it since the last inactive.
    pub needs_inactive: bool,
    /// The server asked for inactive.
    pub asked_inactive: bool,
}

/// Why a node could not be made live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// A node was created whose cookie is already that of a live one.
    Live,
    /// No memory.
    NoMem,
}

impl Nodes {
    /// A table with the root alone.
    ///
    /// # Errors
    /// [`Errno::NoMem`].
    pub fn new(cookie: Cookie, vtype: VType, size: u64, rdev: u64) -> Result<Self, Errno> {
        let mut nodes = Nodes {
            chunks: [const { None }; CHUNKS],
            capacity: 0,
            buckets: try_slice(FIRST, || NIL)?,
            free: NIL,
            live: 0,
        };
        match nodes.insert(cookie, vtype, size, rdev) {
            Ok(id) if id == ROOT => Ok(nodes),
            _ => Err(Errno::NoMem),
        }
    }

    /// How many nodes are live, the root included.
    pub fn live(&self) -> usize {
        self.live
    }

    /// A live node.
    pub fn get(&self, id: NodeId) -> Option<&Node> {
        let slot = self.slot(u32::try_from(id.slot()).ok()?)?;
        match slot.generation == id.generation() {
            true => slot.node.as_ref(),
            false => None,
        }
    }

    /// A live node, to note something.
    pub fn get_mut(&mut self, id: NodeId) -> Option<&mut Node> {
        let slot = self.slot_mut(u32::try_from(id.slot()).ok()?)?;
        match slot.generation == id.generation() {
            true => slot.node.as_mut(),
            false => None,
        }
    }

    /// The number of the live node with this cookie.
    pub fn find(&self, cookie: Cookie) -> Option<NodeId> {
        let mut at = self.buckets[self.bucket(cookie)];
        loop {
            let slot = self.slot(at)?;
            if slot.node.as_ref().is_some_and(|node| node.cookie == cookie) {
                return Some(NodeId::new(at, slot.generation));
            }
            at = slot.next;
        }
    }

    /// A lookup or a creation brought a cookie: counts it, and holds its node as [`Nodes::hold`] does.
    /// What a live node is does not change by it.
    ///
    /// # Errors
    /// [`Refused::Live`] when it was `created` and is live. Nothing is counted or held then.
    pub fn instantiate(
        &mut self,
        (cookie, vtype): (Cookie, VType),
        size: u64,
        rdev: u64,
        created: bool,
    ) -> Result<NodeId, Refused> {
        let id = match self.find(cookie) {
            Some(_) if created => return Err(Refused::Live),
            Some(id) => id,
            None => self.insert(cookie, vtype, size, rdev)?,
        };
        if let Some(node) = self.get_mut(id) {
            node.nlookup = node.nlookup.saturating_add(1);
            node.busy += 1;
            node.needs_inactive = true;
        }
        Ok(id)
    }

    /// An operation on the node begins, so inactive is due some time after it.
    pub fn hold(&mut self, id: NodeId) -> Option<Node> {
        let node = self.get_mut(id)?;
        node.busy += 1;
        node.needs_inactive = true;
        Some(*node)
    }

    /// The operation is over.
    pub fn release(&mut self, id: NodeId) -> Option<Gone> {
        let node = self.get_mut(id)?;
        debug_assert!(node.busy > 0);
        node.busy -= 1;
        self.reap(id)
    }

    /// The host was told the node's number, once more.
    pub fn told(&mut self, id: NodeId) {
        if let Some(node) = self.get_mut(id) {
            node.known += 1;
        }
    }

    /// The host has forgotten what it was told `count` times.
    pub fn forget(&mut self, id: NodeId, count: u64) -> Option<Gone> {
        let node = self.get_mut(id)?;
        node.known = node.known.saturating_sub(count);
        self.reap(id)
    }

    /// One more open file uses the node.
    pub fn opened(&mut self, id: NodeId) {
        if let Some(node) = self.get_mut(id) {
            node.opens += 1;
        }
    }

    /// One less.
    pub fn closed(&mut self, id: NodeId) -> Option<Gone> {
        let node = self.get_mut(id)?;
        debug_assert!(node.opens > 0);
        node.opens -= 1;
        self.reap(id)
    }

    /// Takes the next node other than the root out of the table, whoever still uses it: the file system is
    /// unmounted. `from` is 0 at first and keeps the place.
    pub fn evict(&mut self, from: &mut u32) -> Option<Gone> {
        loop {
            *from += 1;
            if self.slot(*from)?.node.is_some() {
                return self.remove(*from);
            }
        }
    }

    fn reap(&mut self, id: NodeId) -> Option<Gone> {
        let node = self.get(id)?;
        if id == ROOT || node.known != 0 || !node.idle() {
            return None;
        }
        self.remove(id.slot() as u32)
    }

    fn insert(
        &mut self,
        cookie: Cookie,
        vtype: VType,
        size: u64,
        rdev: u64,
    ) -> Result<NodeId, Refused> {
        if self.free == NIL {
            self.grow()?;
        }
        if self.live >= self.buckets.len() {
            // Without memory for a larger hash the chains just get longer.
            let _ = self.rehash();
        }
        let (at, bucket) = (self.free, self.bucket(cookie));
        let first = self.buckets[bucket];
        let slot = self.slot_mut(at).ok_or(Refused::NoMem)?;
        let free = slot.next;
        slot.next = first;
        slot.node = Some(Node {
            cookie,
            vtype,
            rdev,
            size,
            needs_inactive: false,
            asked_inactive: false,
            noref: false,
            direct_io: false,
            known: 0,
            nlookup: 0,
            opens: 0,
            busy: 0,
        });
        let id = NodeId::new(at, slot.generation);
        self.free = free;
        self.buckets[bucket] = at;
        self.live += 1;
        Ok(id)
    }

    fn remove(&mut self, at: u32) -> Option<Gone> {
        let free = self.free;
        let slot = self.slot_mut(at)?;
        let node = slot.node.take()?;
        let next = slot.next;
        slot.next = free;
        // A slot whose generations are used up is not used again.
        let reusable = match slot.generation.checked_add(1) {
            Some(generation) => {
                slot.generation = generation;
                true
            }
            None => false,
        };
        if reusable {
            self.free = at;
        }
        self.live -= 1;
        self.unlink(node.cookie, at, next);
        Some(Gone {
            cookie: node.cookie,
            nlookup: node.nlookup,
            needs_inactive: node.needs_inactive,
            asked_inactive: node.asked_inactive,
        })
    }

    fn unlink(&mut self, cookie: Cookie, at: u32, next: u32) {
        let bucket = self.bucket(cookie);
        let mut link = self.buckets[bucket];
        if link == at {
            self.buckets[bucket] = next;
            return;
        }
        while let Some(slot) = self.slot_mut(link) {
            if slot.next == at {
                slot.next = next;
                return;
            }
            link = slot.next;
        }
    }

    fn grow(&mut self) -> Result<(), Refused> {
        let first = self.capacity as u32;
        let (chunk, _) = locate(first);
        let place = self.chunks.get_mut(chunk).ok_or(Refused::NoMem)?;
        let len = self.capacity.max(FIRST);
        let mut next = first;
        let mut slots = try_slice(len, || {
            next += 1;
            Slot {
                generation: 0,
                next,
                node: None,
            }
        })
        .map_err(|_| Refused::NoMem)?;
        if let Some(last) = slots.last_mut() {
            last.next = NIL;
        }
        *place = Some(slots);
        self.capacity += len;
        self.free = first;
        Ok(())
    }

    fn rehash(&mut self) -> Result<(), Errno> {
        self.buckets = try_slice(self.buckets.len() * 2, || NIL)?;
        for at in 0..self.capacity as u32 {
            let Some(cookie) = self
                .slot(at)
                .and_then(|s| s.node.as_ref())
                .map(|n| n.cookie)
            else {
                continue;
            };
            let bucket = self.bucket(cookie);
            let first = core::mem::replace(&mut self.buckets[bucket], at);
            if let Some(slot) = self.slot_mut(at) {
                slot.next = first;
            }
        }
        Ok(())
    }

    /// Cookies are mostly addresses: the multiplication brings their differences to the top.
    fn bucket(&self, cookie: Cookie) -> usize {
        let bits = self.buckets.len().trailing_zeros();
        let hash = (cookie.0 as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (hash >> 1 >> (63 - bits)) as usize
    }

    fn slot(&self, at: u32) -> Option<&Slot> {
        let (chunk, at) = locate(at);
        self.chunks.get(chunk)?.as_ref()?.get(at)
    }

    fn slot_mut(&mut self, at: u32) -> Option<&mut Slot> {
        let (chunk, at) = locate(at);
        self.chunks.get_mut(chunk)?.as_mut()?.get_mut(at)
    }
}

/// The chunk and the place in it: chunk 0 has `FIRST` slots, chunk k > 0 has `FIRST << (k - 1)`.
fn locate(slot: u32) -> (usize, usize) {
    let at = slot as usize;
    match (at / FIRST).checked_ilog2() {
        None => (0, at),
        Some(k) => (k as usize + 1, at - (FIRST << k)),
    }
}
