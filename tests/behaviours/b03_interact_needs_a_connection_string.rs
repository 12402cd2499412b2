//! Behaviour 3. Interact needs a connection string while it is on; switching it on makes a script run pending.
