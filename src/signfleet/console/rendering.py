"""Fills in the templates of the console, in the language of the reader."""

from __future__ import annotations

from contextvars import ContextVar
from datetime import timedelta
from functools import cache, partial
from pathlib import Path
from typing import Any, Final

from babel.dates import format_datetime, format_timedelta
from babel.numbers import format_decimal
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from signfleet.console import durations
from signfleet.console.assets import asset
from signfleet.console.curl import curl, curl_for_token
from signfleet.console.translations import LANGUAGES, locale_of, translation
from signfleet.console.words import METRIC_UNITS, message, word
from signfleet.foundation.wire import datetime, timespan, zones
from signfleet.foundation.wire.json import encode

#: The time zone of the reader, for the task that fills in a template.
_zone: ContextVar[str] = ContextVar("zone", default="")
FOLDER: Final = Path(__file__).parent / "templates"


@cache
def _environment(language: str) -> Environment:
    """Returns the templates with the texts and formats of a language."""
    texts, locale = translation(language), locale_of(language)
    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    environment.install_gettext_callables(texts.gettext, texts.ngettext, newstyle=True)  # type: ignore[attr-defined]  # of the extension
    environment.globals |= {"asset": asset, "languages": LANGUAGES, "direction": locale.text_direction}

    def number(value: float) -> str:
        return format_decimal(value, locale=locale)

    def exact(value: int) -> str:
        return moment(language, _zone.get(), value)

    def ago(value: int, now: int) -> str:
        return format_timedelta(timedelta(milliseconds=value - now), add_direction=True, locale=locale)

    def in_ms(value: int | str) -> int:
        parsed = datetime.parse(value) if isinstance(value, str) else value
        return parsed or 0

    environment.filters |= {"number": number, "exact": exact, "ago": ago, "iso": datetime.format, "in_ms": in_ms}

    def measured(value: float, name: str) -> str:
        return f"{number(round(value, 2))}\N{NO-BREAK SPACE}{METRIC_UNITS.get(name, '')}".rstrip()

    environment.filters |= {
        "span": partial(durations.in_words, locale=locale),
        "minutes": lambda count: durations.in_words(timespan.format(count * timespan.MINUTE), locale),
        "amount": durations.amount,
        "measured": measured,
        "unit_of": lambda name: METRIC_UNITS.get(name, ""),
    }
    environment.globals["units"] = [(unit, word) for unit, (_, word) in durations.UNITS.items()]
    environment.filters |= {"merged": merged, "json": json_text, "message": partial(message, language)}
    environment.globals |= {"word": partial(word, language), "curl": curl, "curl_for_token": curl_for_token}
    environment.globals["ui"] = environment.get_template("components.html").module
    return environment


def merged(values: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Returns values with more of them, but for those that are nothing."""
    return values | {name: value for name, value in more.items() if value}


def moment(language: str, zone: str, ms: int) -> str:
    """Returns a date and time in a language and time zone, by default UTC."""
    text = format_datetime(ms / 1000, "medium", tzinfo=zones.zone(zone), locale=locale_of(language))
    return f"{text} {zone or 'UTC'}"


def json_text(value: Any) -> str:
    """Returns a value as JSON in one line, for people."""
    return encode(value).decode()


def render(language: str, name: str, block: str = "", /, *, zone: str = "", **values: Any) -> bytes:
    """Returns a template filled in, as UTF-8; only one block of it if it has one of this name.

    Its dates are those of a time zone, by default UTC.
    """
    _zone.set(zone)
    template = _environment(language).get_template(name)
    if block in template.blocks:
        context = template.new_context({"language": language, **values})
        return "".join(template.blocks[block](context)).encode()
    return template.render(language=language, **values).encode()


def text(language: str, message: str) -> str:
    """Returns a text that is not in a template in a language."""
    return translation(language).gettext(message)
