"""The expression language of collections: filters, sorts, groupings and projections over every property.

A `Catalogue` turns the texts of a request into a `Filter`, a `Sort` and a `Grouping`; a `Listing` runs them. What is
wrong with a text is raised as `signfleet.errors.Invalid`, with the position and what would have been right there.
"""

from signfleet.expressions.catalogue import Catalogue, Filter, Grouping
from signfleet.expressions.columns import Columns
from signfleet.expressions.kinds import Kind
from signfleet.expressions.markers import Position
from signfleet.expressions.parser import parse_projection
from signfleet.expressions.properties import Property, properties_of
from signfleet.expressions.sorting import Segment, Sort

__all__ = [
    "Catalogue",
    "Columns",
    "Filter",
    "Grouping",
    "Kind",
    "Position",
    "Property",
    "Segment",
    "Sort",
    "parse_projection",
    "properties_of",
]
