"""Events, as others see them, and webhooks: who is told of them, and how (docs/webhooks.md)."""
