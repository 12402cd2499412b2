//! The longest texts of a status, in characters. The schema states them, and what makes a status cuts to them.

/// A word of another system: a state, a scope, a role, a version.
pub const WORD: usize = 64;
/// A kind of license.
pub const LICENSE_KIND: usize = 128;
/// A name, an id or a value.
pub const NAME: usize = 256;
/// What a Tenant's annotation may say to ask for a pass, as far as it is looked at.
pub const RECONCILE_TOKEN: usize = 256;
/// The stamp of a tenant.
pub const STAMP: usize = 512;
/// A link.
pub const LINK: usize = 1024;
/// A message; far below the 32768 that the API allows in a condition, to keep a status small.
pub const MESSAGE: usize = 1024;
