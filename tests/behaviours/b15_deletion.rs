//! Behaviour 15. Deletion: confirmed, services dead at once, gone after the script, irreversible.
