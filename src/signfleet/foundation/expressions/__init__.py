"""The expression language of collections: filters, sorts, groupings and projections over every property.

A `Catalogue` turns the texts of a request into a `Filter`, a `Sort` and a `Grouping`; a `Listing` runs them. A text
with a mistake raises `Invalid`, with the position and what is expected there.
"""
