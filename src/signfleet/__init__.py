"""An open, self-hosted control plane for fleets of digital-signage players."""

__version__ = "0.1.0"
