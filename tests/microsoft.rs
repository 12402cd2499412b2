//! The clients of Microsoft against a stub on loopback that plays the exact wire shapes: what each sends, and what each answer
//! is taken for. The stub is only a script of answers, so that requests of Microsoft's own packages can be held against the
//! same routes later.

mod acs;
mod graph;
mod hostile;
mod lists;
mod stub;
mod token;
