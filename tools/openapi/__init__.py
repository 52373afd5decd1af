"""Make the API's OpenAPI document from the functions' routes and schemas, and the Markdown page from the document."""
