"""The data types of the contract: points in time, time spans, flags, tag keys and names as JSON has them.

Plain functions convert between the text in JSON and the values used everywhere else (`str`, `int` milliseconds). Each
parser raises `ValueError` with one sentence that states what is expected; callers add the name of the field.
"""
