"""The data types of the contract: how points in time, time spans, flags, tag keys and names look on the wire.

Plain functions between wire text and the plain values used everywhere else (`str`, `int` milliseconds). Each parser
raises `ValueError` with one sentence that says what is expected; callers add the name of the field.
"""
