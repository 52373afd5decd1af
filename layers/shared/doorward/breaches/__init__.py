"""Lists of common and breached passwords: the file of the accounts layer, the range API, and the form of an archive."""
