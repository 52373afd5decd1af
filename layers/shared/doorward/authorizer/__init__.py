"""The Lambda authorizer: it reads the events of every kind of gateway, decides, and answers in the gateway's form."""
