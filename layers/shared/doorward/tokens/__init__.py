"""The forms of tokens: what is minted, and what is accepted."""
