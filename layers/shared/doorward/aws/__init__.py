"""The only package that knows AWS: the stores on DynamoDB, Secrets Manager, and API Gateway's sockets."""
