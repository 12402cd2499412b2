//! Behaviour 4. The check of a connection string: it can issue a token, and leaves nothing behind.
