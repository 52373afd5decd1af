"""Rules as pure functions: nothing stored, nothing called."""
