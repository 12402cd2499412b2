//! Behaviour 8. The Graph filter is probed, warned about, and never blocks a save.
