"""The web console: pages for people who run a fleet.

Pages call the services of the wings below, as the API does, and never a store. Templates, styles and scripts belong
here; rules about devices, people or rights do not.
"""
