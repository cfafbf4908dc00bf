"""The contract's HTTP manners, once for all endpoints."""
