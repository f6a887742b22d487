"""The REST interface under /api/v1: one table of operations, served on the app's own server.

`api.table` is the contract: routes, OpenAPI, the command line and docs/rest.md are made from it.
Nothing is imported here, so that the app starts without it.
"""
