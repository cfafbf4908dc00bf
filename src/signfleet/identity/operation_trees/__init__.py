"""The trees of business operations, as a network sees them."""
