"""The stores on DynamoDB.

Only the module `client` imports the AWS SDK.
"""
