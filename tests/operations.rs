//! The drills of `docs/recovery.md`: uninstalling in the wrong order, restoring, moving to another cluster, proxies, and what an
//! operator costs that has nothing to do.

mod gitops;
mod idle;
mod memory;
mod moves;
mod proxies;
mod renames;
mod restored_etcd;
mod uninstall;
