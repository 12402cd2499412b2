//! The Microsoft clients against a stub on loopback with the exact wire format: what each sends, and how each response is
//! interpreted. The stub only returns scripted responses.

mod acs;
mod graph;
mod hostile;
mod lists;
mod stub;
mod token;
