//! Behaviour 10. Limits act at once, and lowering one never ends running tasks.
