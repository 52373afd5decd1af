"""The OpenAPI document of the whole API, made from the functions' routes and schemas, and the pages made from it."""
