"""`python -m signfleet` is the command `signfleet`."""

from signfleet.cli import main

main()
