"""The Lambda authorizer: events of every kind of gateway in, one decision, answers of that kind out."""
