"""TLS in front of a server, under the fixed host names of clients, for tests and closed networks."""
