//! Behaviour 11. Retention: purged within a day after it ended, never invented, shortened only when confirmed.
