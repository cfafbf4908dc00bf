"""`/console/people/permissions`: what users and roles may do, on everything or on one thing, and why."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal, NamedTuple
from urllib.parse import quote

import msgspec

from signfleet.console.changes.deleting import Loss, question
from signfleet.console.forms import FormData
from signfleet.console.pages import Pages
from signfleet.console.people.explaining import explained
from signfleet.console.people.tabs import page
from signfleet.console.people.targets import KINDS, Target, Targets
from signfleet.console.view import View
from signfleet.console.words import word
from signfleet.fleet.permission_explanation.service import Explanations
from signfleet.foundation.errors import Invalid, NotFound, SignfleetError, Stale
from signfleet.identity.access.operations.definitions import EDIT_USER_PERMISSIONS, ROOTS, by_uid
from signfleet.identity.access.operations.operation import Operation
from signfleet.identity.access.permissions import Permissions
from signfleet.identity.access.schemas import Permission, Principal
from signfleet.identity.roles.service import Roles
from signfleet.identity.users.administration import UserAdministration
from signfleet.web.caller.session import Session
from signfleet.web.http.call import Answer

PATH: Final = "/console/people/permissions/"
VERDICTS: Final = {"allow": True, "deny": False}

_NOTHING: Final[Mapping[str, bool]] = {}

pages = Pages("/console/people/permissions")


Verdict = Literal["allow", "deny", ""]


class Line(NamedTuple):
    """An operation in the editor of a user or role: `stated` is the permission for it alone."""

    operation: Operation
    depth: int
    stated: Verdict
    #: What the form shows: the same, or what the reader has chosen in a form that was refused.
    wanted: Verdict
    is_allowed: bool


@pages.get("/", operation=EDIT_USER_PERMISSIONS)
async def choose(
    view: View, permissions: Permissions, explanations: Explanations, user_administration: UserAdministration
) -> Answer:
    """Get the forms that ask who may do what and why, and that lead to the permissions of one player or group."""
    answer = await explained(view, explanations, user_administration)
    template = "explanation.html" if view.is_fragment else "permissions.html"
    return await page(view, permissions, template, 400 if answer["error"] else 200, trees=ROOTS, **answer)


@pages.get("/find", operation=EDIT_USER_PERMISSIONS)
async def find(view: View) -> Answer:
    """Lead to the permissions of the player or group that the form names."""
    kind, ref = view.call.parameter("kind"), (view.call.parameter("ref") or "").strip()
    if kind not in KINDS or not ref:
        raise Invalid("'ref': name the serial or id of a player, or the name of a group.")
    return view.redirect(f"{PATH}{kind}/{quote(ref, safe='')}/")


@pages.get("/{kind}/{ref}/")
async def show(
    view: View,
    *,
    permissions: Permissions,
    permission_targets: Targets,
    roles: Roles,
    kind: str,
    ref: str,
) -> Answer:
    """Get the permissions of a user or role, or on a player or group."""
    target = await permission_targets.find(view.session, kind, ref)
    return await _shown(view, permissions, roles, permission_targets, target)


@pages.post("/{kind}/{ref}/")
async def change(
    view: View,
    *,
    permissions: Permissions,
    permission_targets: Targets,
    roles: Roles,
    kind: str,
    ref: str,
) -> Answer:
    """Change the permissions of the form, all or none."""
    target = await permission_targets.find(view.session, kind, ref)
    await permission_targets.require_to_edit(view.session, target)
    form = FormData(view.call)
    try:
        if target.principal is not None:
            removed, added = _differences(form, target.principal)
        else:
            removed, added = await _single(view.session, form, permission_targets, target)
        if target.principal is None and removed:
            loss = Loss("permission", _described(view, removed[0]))
            if (asked := question(view, loss, f"{PATH}{kind}/{target.id}/")) is not None:
                return asked
        if removed or added:
            grants = permission_targets.grants(kind)
            await grants.replace_permissions(view.session, str(target.id), removed, added, view.now)
    except (Invalid, NotFound) as error:
        return await _shown(view, permissions, roles, permission_targets, target, error=error, form=form)
    except Stale:
        target = await permission_targets.find(view.session, kind, ref)
        if any(each.wanted != each.stated for each in _lines(target, form=form)):
            return await _shown(view, permissions, roles, permission_targets, target, form=form)
    return view.redirect(f"{PATH}{kind}/{target.id}/?saved=1")


async def _shown(
    view: View,
    permissions: Permissions,
    roles: Roles,
    targets: Targets,
    target: Target,
    *,
    error: SignfleetError | None = None,
    form: FormData | None = None,
) -> Answer:
    values: dict[str, Any] = {
        "target": target,
        "may_change": await targets.may_edit(view.session, target),
        "error": None if error is None else error.message,
        "is_saved": view.call.parameter("saved") is not None and error is None,
        "trees": ROOTS,
        "kinds": KINDS,
        "asked": {
            "user": target.name if target.kind == "users" else "",
            "operation": "",
            "device": target.name if target.kind == "devices" else "",
        },
    }
    status = 400 if error else 412 if form else 200
    if target.principal is not None:
        lines = _lines(target, await targets.effective(view.session, target), form)
        return await page(
            view,
            permissions,
            "principal.html",
            status,
            lines=lines,
            conflict=[each for each in lines if each.wanted != each.stated] if form and error is None else None,
            single=[(each, by_uid(each.operation_uid)) for each in target.permissions if each.entity_id is not None],
            **values,
        )
    given = {name: "" if form is None else form.get(name) for name in ("principal", "operation", "verdict")}
    return await page(
        view,
        permissions,
        "object.html",
        status,
        stated=[(each, by_uid(each.operation_uid)) for each in target.permissions],
        operations=[each for each in KINDS[target.kind].root or () if "Instance" in each.appliance],
        given=given,
        roles=list((await roles.names(view.session.network)).values()),
        **values,
    )


def _lines(target: Target, allowed: Mapping[str, bool] = _NOTHING, form: FormData | None = None) -> list[Line]:
    """Returns the operations of all trees, as they stand or as a form that was refused has them."""
    stated: dict[str, Verdict] = {each.operation_uid: "allow" if each.is_allowed else "deny" for each in target.general}
    lines = []
    for root in ROOTS.values():
        for operation in root:
            now = stated.get(operation.uid, "")
            given: Any = now if form is None else _merged(form, operation, now)
            lines.append(Line(operation, len(operation.lineage) - 1, now, given, allowed.get(operation.uid, False)))
    return lines


def _merged(form: FormData, operation: Operation, now: str) -> str:
    """Returns what a form wants that was refused: what its reader has changed, and else what is stated now."""
    was, wanted = form.get(f"was-{operation.uid}"), form.get(f"p-{operation.uid}")
    return now if was == wanted or wanted not in ("", *VERDICTS) else wanted


def _differences(form: FormData, principal: Principal) -> tuple[list[Permission], list[Permission]]:
    """Returns the permissions to remove and to add: what differs from what the form showed."""
    removed, added = [], []
    for root in ROOTS.values():
        for operation in root:
            was, wanted = form.get(f"was-{operation.uid}"), form.get(f"p-{operation.uid}")
            if was == wanted:
                continue
            if was in VERDICTS:
                removed.append(_permission(operation.uid, principal, is_allowed=VERDICTS[was]))
            if wanted in VERDICTS:
                added.append(_permission(operation.uid, principal, is_allowed=VERDICTS[wanted]))
    return removed, added


async def _single(
    session: Session, form: FormData, targets: Targets, target: Target
) -> tuple[list[Permission], list[Permission]]:
    """Returns the permission on one thing that the form removes, or that it adds."""
    if form.get("remove"):
        for each in target.permissions:
            if form.get("remove") == f"{each.operation_uid} {each.principal.type} {each.principal.id}":
                return [each], []
        return [], []  # somebody else has removed it
    verdict = VERDICTS.get(form.get("verdict"))
    if verdict is None:
        raise Invalid("'verdict': choose whether to allow or to deny.")
    principal = await targets.principal(session, form.get("principal").strip())
    permission = _permission(form.get("operation"), principal, is_allowed=verdict)
    return [], [msgspec.structs.replace(permission, entity_id=target.id)]


def _described(view: View, permission: Permission) -> str:
    """Returns whose permission it is, and for what, in the reader's language."""
    operation, principal = by_uid(permission.operation_uid), permission.principal
    words = word(view.language, "operation", operation.singular) if operation else permission.operation_uid
    return f"{principal.login if principal.type == 'User' else principal.name}: {words}"


def _permission(uid: str, principal: Principal, *, is_allowed: bool) -> Permission:
    return Permission(operation_uid=uid, principal=principal, is_allowed=is_allowed)
