"""The history of devices: errors and downloads, as players report them."""
