"""Webhooks: signed requests to addresses that an administrator of a network names."""
