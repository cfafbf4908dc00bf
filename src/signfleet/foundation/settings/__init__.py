"""Every setting of the server: declared in `declarations`, loaded in `loading`, put into words in `descriptions`."""

from signfleet.foundation.settings.declarations import Settings
from signfleet.foundation.settings.descriptions import SWITCH, SettingDescription, describe_settings
from signfleet.foundation.settings.loading import PREFIX, SettingsError, load

__all__ = ["PREFIX", "SWITCH", "SettingDescription", "Settings", "SettingsError", "describe_settings", "load"]
