"""The business operations: what users can do in a network, and which system roles may do it.

`definitions` lists them, `operation` is their type, `roles` has the six system roles.
"""
