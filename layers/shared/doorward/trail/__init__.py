"""The audit trail: the chain of a tenant's records, what appends to it, what reads it, and what verifies it."""
