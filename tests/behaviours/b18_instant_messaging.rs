//! Behaviour 18. Instant messaging: guest accounts, and a test message once per token.
