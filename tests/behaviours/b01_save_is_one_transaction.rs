//! Behaviour 1. SAVE is one transaction over all tabs: one invalid tab blocks everything, and the status marks which tabs.
