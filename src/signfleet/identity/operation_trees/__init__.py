"""The trees of business operations as a network shows them."""
