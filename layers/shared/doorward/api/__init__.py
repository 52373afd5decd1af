"""HTTP at the edge: requests in, answers out, errors to statuses."""
