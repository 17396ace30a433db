//! What a server calls its nodes by, [`Node`], and the library's table of those that the kernel knows.
//!
//! The kernel names nodes by cookies, numbers that mean nothing to it. Here a cookie is a place in the table and
//! the place's generation: one that was made up, or kept beyond its node's end, finds nothing. The table counts how often
//! each node was handed out, since a lookup's answer may be on its way while the kernel gives the node back.

use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

#[cfg(not(target_pointer_width = "64"))]
compile_error!("a cookie holds a place and its generation");

/// A server's handle of a node. The library keeps one for each node that the kernel knows, from the lookup or creation that
/// brought it to [`Server::forget`](crate::Server::forget), and calls operations with it.
pub trait Node: 'static {
    /// Tells nodes apart: two handles with the same number are the same node. It stays what it is, and is not another
    /// node's while the library has the handle.
    fn id(&self) -> u64;
}

impl Node for u64 {
    fn id(&self) -> u64 {
        *self
    }
}

impl Node for u32 {
    fn id(&self) -> u64 {
        u64::from(*self)
    }
}

impl Node for usize {
    fn id(&self) -> u64 {
        *self as u64
    }
}

/// By address: a node lives as long as the server or the kernel knows it, without more to do.
impl<T: 'static> Node for Rc<T> {
    fn id(&self) -> u64 {
        Rc::as_ptr(self).addr() as u64
    }
}

/// By address: a node lives as long as the server or the kernel knows it, without more to do.
impl<T: 'static> Node for Arc<T> {
    fn id(&self) -> u64 {
        Arc::as_ptr(self).addr() as u64
    }
}

/// A node as the kernel names it.
pub(crate) type Cookie = usize;

struct Known<N> {
    node: Rc<N>,
    id: u64,
    count: u64,
}

struct Place<N> {
    generation: u32,
    known: Option<Known<N>>,
}

/// The nodes that the kernel knows.
pub(crate) struct Table<N> {
    places: Vec<Place<N>>,
    empty: Vec<u32>,
    by_id: HashMap<u64, Cookie>,
    root: Cookie,
}

impl<N> Table<N> {
    /// With the root in it, which never goes.
    pub(crate) fn new(root: N, id: u64) -> Self {
        let mut table = Table {
            places: Vec::new(),
            empty: Vec::new(),
            by_id: HashMap::new(),
            root: 0,
        };
        table.root = table.insert(root, id);
        table
    }

    pub(crate) fn root(&self) -> Cookie {
        self.root
    }

    /// The cookie of a node that is in the table.
    pub(crate) fn cookie(&self, id: u64) -> Option<Cookie> {
        self.by_id.get(&id).copied()
    }

    /// Puts in a node that is not there. It was handed out no time yet.
    pub(crate) fn insert(&mut self, node: N, id: u64) -> Cookie {
        let known = Known {
            node: Rc::new(node),
            id,
            count: 0,
        };
        let place = self.empty.pop().unwrap_or_else(|| {
            self.places.push(Place {
                generation: 0,
                known: None,
            });
            // More nodes than that do not fit into memory.
            (self.places.len() - 1) as u32
        });
        let slot = &mut self.places[place as usize];
        slot.known = Some(known);
        let cookie = (slot.generation as Cookie) << 32 | (place as Cookie + 1);
        self.by_id.insert(id, cookie);
        cookie
    }

    fn place(&self, cookie: Cookie) -> Option<usize> {
        let place = (cookie & u32::MAX as Cookie).checked_sub(1)?;
        let slot = self.places.get(place)?;
        (slot.generation as Cookie == cookie >> 32).then_some(place)
    }

    /// The node of a cookie, unless nobody has given that to the kernel, or the kernel has given it back.
    pub(crate) fn get(&self, cookie: Cookie) -> Option<Rc<N>> {
        let known = self.places[self.place(cookie)?].known.as_ref()?;
        Some(Rc::clone(&known.node))
    }

    /// The node was handed out once more.
    pub(crate) fn handed_out(&mut self, cookie: Cookie) {
        if let Some(place) = self.place(cookie)
            && let Some(known) = &mut self.places[place].known
        {
            known.count += 1;
        }
    }

    /// The kernel gives a node back that it was handed out `count` times. Returns the node if nobody has it any more.
    pub(crate) fn given_back(&mut self, cookie: Cookie, count: u64) -> Option<Rc<N>> {
        let place = self.place(cookie)?;
        let known = self.places[place].known.as_mut()?;
        known.count = known.count.saturating_sub(count);
        match known.count == 0 && cookie != self.root {
            true => self.take(place),
            false => None,
        }
    }

    fn take(&mut self, place: usize) -> Option<Rc<N>> {
        let slot = &mut self.places[place];
        let known = slot.known.take()?;
        slot.generation = slot.generation.wrapping_add(1);
        self.by_id.remove(&known.id);
        self.empty.push(place as u32);
        Some(known.node)
    }

    /// Takes out any node that is left.
    pub(crate) fn take_any(&mut self) -> Option<Rc<N>> {
        let place = self
            .places
            .iter()
            .rposition(|place| place.known.is_some())?;
        let node = self.take(place);
        // Nobody uses them any more: the next search need not begin at the end again.
        self.places.truncate(place);
        self.empty.clear();
        node
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_stays_as_long_as_it_is_known() {
        let mut table = Table::new(1_u64, 1);
        let cookie = table.insert(7, 7);
        assert_eq!((table.cookie(7), table.cookie(8)), (Some(cookie), None));
        table.handed_out(cookie);
        table.handed_out(cookie);
        assert!(table.given_back(cookie, 1).is_none());
        assert_eq!(table.get(cookie).as_deref(), Some(&7));
        assert_eq!(table.given_back(cookie, 1).as_deref(), Some(&7));
        assert!(table.get(cookie).is_none() && table.cookie(7).is_none());
    }

    #[test]
    fn an_old_cookie_is_not_its_places_new_node() {
        let mut table = Table::new(1_u64, 1);
        let old = table.insert(7, 7);
        assert!(table.given_back(old, 0).is_some());
        let new = table.insert(8, 8);
        assert_eq!(new as u32, old as u32, "the same place");
        assert!(table.get(old).is_none() && table.given_back(old, 9).is_none());
        assert_eq!(table.get(new).as_deref(), Some(&8));
    }

    #[test]
    fn what_nobody_handed_out_is_nothing() {
        let table = Table::new(1_u64, 1);
        for cookie in [0, 2, 1 << 32, usize::MAX, 0xffff_ffff] {
            assert!(table.get(cookie).is_none(), "{cookie:#x}");
        }
    }

    #[test]
    fn the_root_goes_only_with_all_others() {
        let mut table = Table::new(1_u64, 1);
        let root = table.root();
        table.handed_out(root);
        assert!(table.given_back(root, 5).is_none() && table.get(root).is_some());
        table.insert(2, 2);
        table.insert(3, 3);
        let mut left: Vec<u64> = std::iter::from_fn(|| table.take_any().map(|n| *n)).collect();
        left.sort_unstable();
        assert_eq!(left, [1, 2, 3]);
    }

    #[test]
    fn counted_pointers_are_told_apart_by_address() {
        let (a, b) = (Rc::new(()), Rc::new(()));
        assert_eq!(Rc::clone(&a).id(), a.id());
        assert_ne!(a.id(), b.id());
    }
}
