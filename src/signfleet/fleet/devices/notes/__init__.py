"""Notes: what operators write down about devices, in words."""
