"""HTTP: read requests, make answers, and turn errors into statuses."""
