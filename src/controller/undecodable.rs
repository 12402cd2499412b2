//! What is said of an object that cannot be decoded.

pub(super) const MESSAGE: &str =
    "the stored object does not fit the CRD and cannot be read; nothing is done for it. Apply a correct one";
