"""The places where devices stand, with what can be said of all devices there."""
