//! The `nimbus-operator` binary.
fn main() {}
