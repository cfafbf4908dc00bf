"""The devices of a network: what operators want of them, what they report, and all that hangs on them."""
