//! The end of a mount: by whom, and what is left.

use std::sync::mpsc;

use puffs_server::{Handle, Options};

use crate::rig::Scripts;
use crate::toy::{alive, mounted, with};

#[test]
fn a_handle_goes_to_any_thread() {
    fn any_thread<T: Send + Sync + Clone + 'static>(_: &T) {}
    let scripts = Scripts::of(|line| {
        line.find("a").unwrap();
    })
    .staying();
    let mut mounted = mounted(&scripts);
    let handle: Handle = mounted.handle();
    any_thread(&handle);
    let (go, gone) = mpsc::channel();
    let other = std::thread::spawn(move || {
        gone.recv().unwrap();
        assert!(handle.unmount());
        handle
    });
    go.send(()).unwrap();
    mounted.run().unwrap();
    let handle = other.join().unwrap();
    assert_eq!((scripts.seen.unmounts.get(), alive()), (1, 0));
    // Harmless after the end, and after the end of everything.
    assert!(handle.unmount());
    assert!(mounted.run().is_err(), "it has been unmounted");
    drop(mounted);
    assert!(!handle.unmount() && !handle.clone().unmount());
}

#[test]
fn a_handle_from_before_the_loop_counts() {
    let scripts = Scripts::new().staying();
    let mut mounted = mounted(&scripts);
    assert!(mounted.handle().unmount());
    mounted.run().unwrap();
    assert_eq!(scripts.seen.unmounts.get(), 1);
}

#[test]
fn many_threads_may_want_the_end() {
    for _ in 0..50 {
        let scripts = Scripts::new().staying();
        let mut mounted = mounted(&scripts);
        let threads = [(); 4].map(|()| {
            let handle = mounted.handle();
            std::thread::spawn(move || while handle.unmount() {})
        });
        mounted.run().unwrap();
        drop(mounted);
        for thread in threads {
            thread.join().unwrap();
        }
    }
}

#[test]
fn one_that_never_ran_leaves_nothing() {
    let mounted = mounted(&Scripts::new());
    let handle = mounted.handle();
    assert_eq!(alive(), 1);
    let toy = mounted.into_server();
    assert_eq!((toy.log.join(", "), alive()), ("forget root".to_owned(), 0));
    assert!(!handle.unmount());
}

#[test]
fn options_reach_the_host() {
    let scripts = Scripts::new();
    let options = Options::new("toy")
        .device("/dev/toy")
        .read_only()
        .no_exec()
        .uncached_names()
        .max_transfer(64 << 10)
        .stack(100_000);
    drop(with(&scripts, &options));
    let args = scripts.seen.args.take().unwrap();
    assert_eq!((&*args.from, &*args.fstype), (c"/dev/toy", c"toy"));
    assert_eq!(
        (args.mntflags & 5, args.kflags, args.maxdata),
        (5, 1, 64 << 10)
    );
}

#[test]
fn a_mount_point_that_is_none_is_an_error() {
    use crate::toy::Toy;
    use puffs_server::mount_on;
    let scripts = Scripts::new();
    let mount = |dir: &str| {
        let mounted = mount_on(&scripts, Toy::default(), dir, &Options::new("toy"));
        mounted.map(drop).map_err(|error| error.kind())
    };
    assert_eq!(mount("/there/is/none"), Err(std::io::ErrorKind::NotFound));
    assert_eq!(mount("/a\0b"), Err(std::io::ErrorKind::InvalidInput));
    assert_eq!(alive(), 0);
    assert_eq!(mount("/"), Ok(()));
}
