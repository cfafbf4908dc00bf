"""Commands at hand: what the reader may send to a player, with a question first where it matters."""

from __future__ import annotations

from signfleet.console.forms import FormData
from signfleet.console.pages import Pages
from signfleet.console.player.command_forms import COMMANDS, Form, arguments_of, example_of
from signfleet.console.player.page import PlayerPages
from signfleet.console.view import View
from signfleet.fleet.commands.schemas import NewCommand
from signfleet.fleet.commands.service import Commands
from signfleet.foundation.errors import Forbidden, Invalid, NotFound, SignfleetError
from signfleet.foundation.wire.ids import id_of
from signfleet.identity.access.operations.definitions import VIEW_DEVICE
from signfleet.web.http.call import Answer
from signfleet.web.http.errors import status_of

pages = Pages("/console/players")


@pages.get("/{player}/commands/{command}/", operation=VIEW_DEVICE)
async def ask_command(view: View, player_pages: PlayerPages, player: str, command: str) -> Answer:
    """Ask for what a command needs, and whether it is meant."""
    form = await _form(view, player_pages, player, command)
    return await _ask(view, player_pages, player, command, form=form)


@pages.post("/{player}/commands/{command}/", operation=VIEW_DEVICE)
async def send_command(view: View, player_pages: PlayerPages, commands: Commands, player: str, command: str) -> Answer:
    """Send a command to a player."""
    form = await _form(view, player_pages, player, command)
    try:
        new = NewCommand(player, command, arguments_of(form, FormData(view.call)))
        await commands.send(view.session, new, None, view.now)
    except (Forbidden, NotFound):
        raise
    except SignfleetError as error:
        if form.is_immediate:
            raise
        return await _ask(view, player_pages, player, command, form=form, error=error)
    if view.is_fragment:
        return view.page("player/sent.html", label=form.words)
    return view.redirect(f"/console/players/{player}/")


@pages.post("/{player}/cancel", operation=VIEW_DEVICE)
async def cancel_command(view: View, player_pages: PlayerPages, commands: Commands, player: str) -> Answer:
    """Cancel a command that the player has not begun."""
    shown = await player_pages.get(view, player)
    id_ = id_of(FormData(view.call).get("command"))
    command = None if id_ is None else await commands.get(view.session, id_)
    if command is None or command.device.id != shown.health.id:
        raise NotFound("There is no such command to this player.")
    if command.name not in shown.commands:
        raise Forbidden(f"You are not allowed to cancel '{command.name}' of this player.")
    await commands.cancel(view.session, command.id, view.now)
    if view.is_fragment:
        return view.page("player/cancelled.html")
    return view.redirect(f"/console/players/{player}/")


async def _form(view: View, player_pages: PlayerPages, player: str, name: str) -> Form:
    """Returns the form of a command. Raises `NotFound` for an unknown one."""
    await player_pages.get(view, player)
    if name not in COMMANDS:
        raise NotFound(f"There is no command '{name}'.")
    return COMMANDS[name]


async def _ask(
    view: View, player_pages: PlayerPages, player: str, name: str, *, form: Form, error: SignfleetError | None = None
) -> Answer:
    shown = await player_pages.get(view, player)
    sent = FormData(view.call) if error else None
    values = {field.name: sent.get(field.name) if sent else field.value for field in form.fields}
    return view.page(
        "player/ask-fragment.html" if view.is_fragment else "player/ask.html",
        400 if isinstance(error, Invalid) else 200 if error is None else status_of(error),
        health=shown.health,
        command=name,
        form=form,
        values=values,
        arguments=example_of(form, values),
        error=None if error is None else error.message,
    )
