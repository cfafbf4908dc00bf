"""What has happened on devices: errors and downloads, as players report them."""
