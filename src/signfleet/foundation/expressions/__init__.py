"""The expression language of collections: filters, sorts, groupings and projections over every property.

A `Catalogue` turns the texts of a request into a `Filter`, a `Sort` and a `Grouping`; a `Listing` runs them. What is
wrong with a text is raised as `Invalid`, with the position and what would have been right there.
"""
