//! Topologies of made-up hosts.

use std::path::Path;

use super::*;

fn write(root: &Path, name: &str, text: &str) {
    let path = root.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, format!("{text}\n")).unwrap();
}

/// Files of one CPU: threads of its core, package, CPUs of its last-level cache.
fn cpu(root: &Path, number: usize, threads: &str, package: u32, complex: &str) {
    let folder = format!("sys/devices/system/cpu/cpu{number}");
    write(root, &format!("{folder}/topology/core_cpus_list"), threads);
    write(root, &format!("{folder}/topology/physical_package_id"), &package.to_string());
    for (index, level, shared) in [(0, 1, threads), (3, 3, complex)] {
        write(root, &format!("{folder}/cache/index{index}/level"), &level.to_string());
        write(root, &format!("{folder}/cache/index{index}/shared_cpu_list"), shared);
    }
}

/// Two sockets of four cores with two hardware threads; two cores share a last-level cache.
fn two_sockets(root: &Path) {
    write(root, "sys/devices/system/cpu/online", "0-15");
    for core in 0..8 {
        let first = core / 2 * 2;
        for number in [core, core + 8] {
            let complex = format!("{first}-{},{}-{}", first + 1, first + 8, first + 9);
            cpu(root, number, &format!("{core},{}", core + 8), core as u32 / 4, &complex);
        }
    }
    write(root, "sys/devices/system/node/node0/cpulist", "0-3,8-11");
    write(root, "sys/devices/system/node/node1/cpulist", "4-7,12-15");
    write(root, "sys/devices/system/node/node2/cpulist", "");
}

#[test]
fn sockets_nodes_complexes_and_threads_are_found() {
    let root = tempfile::tempdir().unwrap();
    two_sockets(root.path());
    let all: Vec<usize> = (0..16).collect();
    let topology = topology_of(root.path(), &all);
    let known = |groups: &Fact<Vec<String>>| groups.known().unwrap().clone();
    assert_eq!(known(&topology.cores)[..2], ["0,8", "1,9"]);
    assert_eq!(known(&topology.complexes), ["0-1,8-9", "2-3,10-11", "4-5,12-13", "6-7,14-15"]);
    assert_eq!(known(&topology.packages), ["0-3,8-11", "4-7,12-15"]);
    assert_eq!(known(&topology.nodes), ["0-3,8-11", "4-7,12-15"], "a node of memory alone has no CPUs");
    assert_eq!(topology.kinds.known().unwrap()[0].name, "all alike");
    assert_eq!(topology.order(), all, "threads 8 to 15 come last, as it happens");
    assert_eq!((topology.separate(), topology.representative(), topology.siblings()), (8, Some(7), Some([7, 15])));
    assert_eq!(topology.shared_by(7), (Some(2), Some(4)), "cores, not threads");
    assert_eq!(topology.place(7), "CPU 7 (core of CPUs 7,15; package 1; node 1; kind all alike)");
}

#[test]
fn neighbours_in_number_may_be_threads_of_one_core() {
    let root = tempfile::tempdir().unwrap();
    write(root.path(), "sys/devices/system/cpu/online", "0-3");
    for number in 0..4 {
        cpu(root.path(), number, ["0-1", "2-3"][number / 2], 0, "0-3");
    }
    let topology = topology_of(root.path(), &[0, 1, 2, 3]);
    assert_eq!(topology.order(), [0, 2, 1, 3], "two cores before two threads of one");
    assert_eq!((topology.separate(), topology.representative(), topology.siblings()), (2, Some(2), Some([2, 3])));
    // Of each core one thread alone may be used.
    let half = topology_of(root.path(), &[1, 3]);
    assert_eq!((half.order(), half.separate(), half.siblings()), (vec![1, 3], 2, None));
    assert!(topology.limits().is_empty());
    assert_eq!(
        half.limits(),
        ["2 of 4 CPUs may be used (affinity or cpuset), 1,3: speeds of more busy cores are extrapolated"]
    );
    assert_eq!(half.representative(), Some(3));
}

#[test]
fn hybrid_hosts_are_measured_on_their_fast_cores() {
    let root = tempfile::tempdir().unwrap();
    write(root.path(), "sys/devices/system/cpu/online", "0-5");
    for (number, threads) in ["0-1", "0-1", "2-3", "2-3", "4", "5"].into_iter().enumerate() {
        cpu(root.path(), number, threads, 0, "0-5");
    }
    write(root.path(), "sys/devices/cpu_core/cpus", "0-3");
    write(root.path(), "sys/devices/cpu_atom/cpus", "4-5");
    let topology = topology_of(root.path(), &[0, 1, 2, 3, 4, 5]);
    assert_eq!(topology.order(), [0, 2, 4, 5, 1, 3]);
    assert_eq!(topology.representative(), Some(2), "not CPU 5, which is slower");
    assert_eq!(topology.place(4), "CPU 4 (package 0; kind efficiency)");
}

#[test]
fn big_and_little_cores_are_told_by_their_capacity() {
    let root = tempfile::tempdir().unwrap();
    write(root.path(), "sys/devices/system/cpu/online", "0-3");
    for (number, capacity) in ["446", "446", "1024", "1024"].into_iter().enumerate() {
        cpu(root.path(), number, &number.to_string(), 0, "0-3");
        write(root.path(), &format!("sys/devices/system/cpu/cpu{number}/cpu_capacity"), capacity);
    }
    let topology = topology_of(root.path(), &[0, 1, 2, 3]);
    let kinds: Vec<(&str, &str)> =
        topology.kinds.known().unwrap().iter().map(|kind| (&*kind.name, &*kind.cpus)).collect();
    assert_eq!(kinds, [("capacity 1024", "2-3"), ("capacity 446", "0-1")]);
    assert_eq!((topology.order(), topology.representative()), (vec![2, 3, 0, 1], Some(3)));
    let little = topology_of(root.path(), &[0, 1]);
    assert_eq!(little.representative(), Some(1), "of those that may be used");
}

#[test]
fn a_host_that_shows_nothing_still_has_an_order() {
    let topology = topology_of(Path::new("/nonexistent"), &[2, 5]);
    assert_eq!((topology.order(), topology.representative(), topology.separate()), (vec![2, 5], Some(5), 2));
    for groups in [&topology.cores, &topology.complexes, &topology.packages, &topology.nodes] {
        assert!(!groups.reason().unwrap().is_empty());
    }
    assert_eq!(topology.kinds.reason(), Some("sysfs does not show the CPUs"));
    let limits = topology.limits();
    assert_eq!(limits[0], "topology is not known, cores: CPU 2: thread_siblings_list: no such file");
    assert_eq!(limits.len(), 3);
    assert_eq!((topology.place(5), topology.shared_by(5)), ("CPU 5".to_owned(), (None, None)));
    let text = toml::to_string(&topology).unwrap();
    assert_eq!(toml::from_str::<Topology>(&text).unwrap(), topology, "unknown values have a form too");
}

#[test]
fn one_cpu_is_a_host_too() {
    let root = tempfile::tempdir().unwrap();
    write(root.path(), "sys/devices/system/cpu/online", "0");
    cpu(root.path(), 0, "0", 0, "0");
    let topology = topology_of(root.path(), &[0]);
    assert_eq!((topology.order(), topology.representative(), topology.siblings()), (vec![0], Some(0), None));
    assert_eq!(topology.shared_by(0), (Some(1), Some(1)));
    assert_eq!(topology.limits(), ["one CPU: how cores slow each other cannot be measured; it is extrapolated"]);
}

#[test]
fn a_list_that_contradicts_itself_is_not_believed() {
    let root = tempfile::tempdir().unwrap();
    write(root.path(), "sys/devices/system/cpu/online", "0-1");
    cpu(root.path(), 0, "1", 0, "0-1");
    cpu(root.path(), 1, "1", 0, "0-1");
    let topology = topology_of(root.path(), &[0, 1]);
    assert_eq!(topology.cores.reason(), Some("CPU 0 is not in its own list `1`"));
    assert_eq!(topology.order(), [0, 1]);
}

#[test]
fn this_host_has_a_topology() {
    let topology = topology();
    let order = topology.order();
    assert_eq!(order.len(), crate::host::usable_cpus().len());
    assert!(order.contains(&topology.representative().unwrap()));
}
