"""What holds in all tables together, and what breaks it: for operators (`scripts/check_tables.py`) and for tests."""
