"""The business operations: what can be done to the things of a network, and which system role may do it.

`catalogue` is the table, `operation` the type it is made of, `roles` the six system roles, `document` the form in
which the contract's `…/Operations/` endpoints answer a tree.
"""
