"""The commands of a player's page: their words, what they ask for, and which of them need a second look."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal, NamedTuple

from signfleet.console.forms import FormData
from signfleet.console.translations import later
from signfleet.foundation.errors import Invalid


class Field(NamedTuple):
    """An argument: its name, its words, and how it is asked for. Choices are (value, words)."""

    name: str
    words: str
    kind: Literal["text", "number", "lines", "choice"] = "text"
    value: str = ""
    choices: tuple[tuple[str, str], ...] = ()
    #: What the request of the API has where the form is still empty.
    example: str = ""


class Form(NamedTuple):
    """A command; it is sent at once if it has neither fields nor a question."""

    icon: str
    words: str
    fields: tuple[Field, ...] = ()
    #: What to consider before it is sent.
    question: str | None = None

    @property
    def is_immediate(self) -> bool:
        """Whether a press sends it."""
        return not self.fields and self.question is None


_LOGS: Final = (("system", later("System")), ("player", later("Player")), ("app", later("App")))
_TESTS: Final = (
    ("ping", later("Ping")),
    ("dns", later("Look up a name")),
    ("trace-route", later("Trace route")),
    ("interfaces", later("Interfaces")),
)
_SECTION: Final = (
    Field("section", later("Section"), example="networking"),
    Field("key", later("Key"), example="ntp"),
)

#: By the name of the command; those that only look come first.
COMMANDS: Final[dict[str, Form]] = {
    "screenshot": Form("camera", later("Take a picture")),
    "logs": Form(
        "scroll-text",
        later("Fetch logs"),
        (
            Field("source", later("Log"), "choice", choices=_LOGS),
            Field("maxBytes", later("Bytes at most"), "number", example="65536"),
        ),
    ),
    "diagnostics": Form(
        "search",
        later("Test the connection"),
        (
            Field("test", later("Test"), "choice", choices=_TESTS),
            Field("host", later("Host name or address, but for interfaces"), example="example.com"),
        ),
    ),
    "identify": Form("monitor", later("Identify")),
    "reload": Form("refresh-cw", later("Reload the content")),
    "settings": Form("settings", later("Fetch the settings")),
    "display": Form(
        "power",
        later("Switch the display"),
        (Field("power", later("Display"), "choice", choices=(("on", later("On")), ("off", later("Off")))),),
    ),
    "restart-app": Form(
        "refresh-cw", later("Restart the app"), question=later("What plays stops until the app runs again.")
    ),
    "reboot": Form("power", later("Reboot"), question=later("The screen is dark until the player runs again.")),
    "timezone": Form(
        "clock",
        later("Set the time zone"),
        (Field("timezone", later("Time zone, such as Europe/Paris"), example="Europe/Paris"),),
        later("Its schedule follows the new time at once."),
    ),
    "registry-get": Form("terminal", later("Read the registry"), _SECTION),
    "registry-set": Form(
        "terminal",
        later("Write the registry"),
        (*_SECTION, Field("value", later("Value"), example="time.example.com")),
        later("A wrong value can stop the player from starting."),
    ),
    "firmware": Form(
        "download",
        later("Update the firmware"),
        (
            Field("url", later("Address of the file"), example="https://example.com/update.bsfw"),
            Field("hash", later("Hash, such as SHA256:…"), example="SHA256:" + "0" * 64),
            Field("version", later("Version")),
        ),
        later("The player restarts, and does not come back if the file does not fit it."),
    ),
    "script": Form(
        "terminal",
        later("Run a script"),
        (
            Field("name", later("Script"), example="clean-up"),
            Field("arguments", later("Arguments, one on each line"), "lines"),
        ),
        later("The script may do anything on the player."),
    ),
}


def arguments_of(form: Form, sent: FormData) -> dict[str, Any]:
    """Returns the arguments of a submitted form; what is empty is left out. Raises `Invalid`."""
    return {field.name: value for field in form.fields if (value := _value(field, sent.get(field.name))) is not None}


def example_of(form: Form, values: Mapping[str, str]) -> dict[str, Any]:
    """Returns the arguments that the values of a form mean, with an example for each that is empty or no number."""
    arguments = {}
    for field in form.fields:
        example = field.example or (field.choices[0][0] if field.choices else "")
        try:
            value = _value(field, values[field.name] or example)
        except Invalid:
            value = _value(field, example)
        if value is not None:
            arguments[field.name] = value
    return arguments


def _value(field: Field, text: str) -> Any:
    text = text.strip()
    if not text:
        return None
    if field.kind == "lines":
        return text.splitlines()
    if field.kind != "number":
        return text
    if not (text.isascii() and text.isdigit() and len(text) < 16):
        raise Invalid(f"'arguments.{field.name}' is a whole number, not '{text[:64]}'.")
    return int(text)
