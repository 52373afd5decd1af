"""The stores on DynamoDB. Importing this package imports no AWS SDK; `client` does."""
