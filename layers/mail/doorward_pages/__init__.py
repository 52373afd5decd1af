"""Pages that people see in a browser: rendered on the server, and all of them work without scripts.

The functions `pages`, `account_pages`, `admin_pages` and `links` answer with them. They call the same use cases as the
API. This package knows the API's requests and answers, and no AWS.
"""
