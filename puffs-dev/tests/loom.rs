//! Models of the device's races, the interleavings of their threads tried by loom: close, unmount, open, bind and the
//! calls of a server. At the end no instance is open, every mount is dead and freed, and nothing is leaked.
//!
//! The kernel is that of the queue's models. Each model lists the ends that its schedules may have, and each is the end
//! of some schedule.
//!
//! Bounds: two or three threads, up to 3 preemptions, or what `LOOM_MAX_PREEMPTIONS` says.

#[path = "../../puffs-core/tests/loom/kernel.rs"]
#[allow(dead_code)] // The queue's models use the rest.
mod kernel;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use kernel::{Loom, Model, TestMount};
use loom::thread;
use puffs_core::msg::wire::Req;
use puffs_core::{Config, Errno, Mount, MountHost, Ref, Status, UserAddr};
use puffs_dev::{Instance, Lwp, OpenFiles, Registry};
use zerocopy::IntoBytes;

type TestInstance = Ref<Instance<Loom>, Loom>;

/// A host that counts its unmounts, and says when it is freed.
struct Host {
    unmounts: Arc<AtomicUsize>,
    freed: Arc<AtomicUsize>,
}

impl MountHost<Loom> for Host {
    fn unmount(&self, mount: &TestMount) {
        assert_eq!(mount.status(), Status::Dying, "death comes first");
        self.unmounts.fetch_add(1, Relaxed);
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        self.freed.fetch_add(1, Relaxed);
    }
}

struct NoFiles;

impl OpenFiles<Loom> for NoFiles {
    fn instance(&self, _: i32, _: i32) -> Option<TestInstance> {
        None
    }
}

/// A device with one open instance, and a mount to be bound to it.
struct World {
    registry: Registry<Loom>,
    instance: TestInstance,
    mount: TestMount,
    /// How often the host was asked to unmount.
    unmounts: Arc<AtomicUsize>,
}

/// Runs a model of a device, and looks at what it leaves.
fn device<E: PartialEq + std::fmt::Debug + Send + Sync + 'static, const N: usize>(
    ends: [E; N],
    f: impl Fn(&World) -> E + Send + Sync + 'static,
) {
    Model::DEFAULT.ends_in(ends, move |_, _| {
        let registry = Registry::<Loom>::with_limit(2).unwrap();
        let instance = registry.open(&Lwp::default()).unwrap();
        let (unmounts, freed) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let host = Host {
            unmounts: unmounts.clone(),
            freed: freed.clone(),
        };
        let mount = Mount::new(Config::default(), Some(Box::new(host))).unwrap();
        mount.start(&Default::default()).unwrap();
        let world = World {
            registry,
            instance,
            mount,
            unmounts,
        };
        let end = f(&world);
        assert_eq!(world.registry.open_count(), 0);
        assert_eq!(world.mount.load(), (0, 0));
        drop(world);
        assert_eq!(freed.load(Relaxed), 1);
        end
    });
}

impl World {
    fn bound(&self) {
        self.registry.bind(&self.instance, &self.mount).unwrap();
    }

    fn close(&self) -> thread::JoinHandle<()> {
        let (registry, instance) = (self.registry.clone(), self.instance.clone());
        thread::spawn(move || registry.close(&instance))
    }
}

/// PUFFSGETOP without buffers for a body.
fn getop(instance: &TestInstance, nonblock: bool) -> Result<(), Errno> {
    let mut req = Req::default();
    let arg = UserAddr(req.as_mut_bytes().as_mut_ptr().expose_provenance());
    instance.getop(arg, nonblock)
}

#[test]
fn loom_close_against_unmount_and_open() {
    // The host unmounts once, or somebody else does; the newcomer gets the lowest minor that is free.
    device([(0, 0), (0, 1), (1, 0), (1, 1)], |world| {
        world.bound();
        let close = world.close();
        let opener = thread::spawn({
            let registry = world.registry.clone();
            move || {
                let fresh = registry.open(&Lwp::default()).unwrap();
                assert_eq!(fresh.mount().err(), Some(Errno::NoEnt));
                fresh
            }
        });
        world.registry.nuke(&world.mount);
        close.join().unwrap();
        assert_eq!(world.mount.status(), Status::Dying);
        assert_eq!(world.instance.mount().err(), Some(Errno::NoEnt));
        // A second close finds nothing, though the minor may be the newcomer's by now.
        let fresh = opener.join().unwrap();
        world.registry.close(&world.instance);
        assert_eq!(world.registry.open_count(), 1);
        (world.unmounts.load(Relaxed), fresh.minor())
    });
}

#[test]
fn loom_close_against_sleeping_getop() {
    // The getter found its mount and died with it, or came too late.
    device([Errno::Nxio, Errno::Intr, Errno::NoEnt], |world| {
        world.bound();
        let close = world.close();
        let told = getop(&world.instance, false).unwrap_err();
        close.join().unwrap();
        assert_eq!(world.mount.status(), Status::Dying);
        assert_eq!(world.unmounts.load(Relaxed), 1);
        told
    });
}

#[test]
fn loom_two_closes() {
    device([()], |world| {
        world.bound();
        let close = world.close();
        world.registry.close(&world.instance);
        close.join().unwrap();
        assert_eq!(world.mount.status(), Status::Dying);
        assert_eq!(world.unmounts.load(Relaxed), 1);
    });
}

#[test]
fn loom_setpmp_against_close() {
    // Bound and then closed, or nothing to be bound to.
    let ends = [
        (Ok(()), Status::Dying, 1),
        (Err(Errno::Nxio), Status::Running, 0),
    ];
    device(ends, |world| {
        let close = world.close();
        let bound = world
            .registry
            .setpmp(&Lwp::default(), -1, &world.mount, &NoFiles);
        close.join().unwrap();
        (bound, world.mount.status(), world.unmounts.load(Relaxed))
    });
}

#[test]
fn loom_bind_against_poll_and_arrival() {
    // Whoever polls before the bind is woken by it, or by the arrival.
    device([()], |world| {
        let poller = thread::spawn({
            let instance = world.instance.clone();
            move || {
                instance.poll_point().poll(|| {
                    let now = instance.mount().ok()?.readiness();
                    (now.requests > 0).then_some(())
                })
            }
        });
        let sender = thread::spawn({
            let mount = world.mount.clone();
            move || mount.send(kernel::out()).unwrap()
        });
        world.bound();
        sender.join().unwrap();
        poller.join().unwrap();
        world.registry.close(&world.instance);
    });
}
