"""The allocator is tuned before the server starts."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import Any

import pytest

from signfleet.foundation import malloc
from signfleet.foundation.malloc import TUNED, restart_with_tuned_allocation

Restarts = list[tuple[str, list[str], Mapping[str, str]]]


@pytest.fixture
def restarts(monkeypatch: pytest.MonkeyPatch) -> Restarts:
    """What the process would have become; the C library is taken to be glibc."""
    seen: Restarts = []
    monkeypatch.setattr(os, "execve", lambda *arguments: seen.append(arguments))
    monkeypatch.setattr(os, "confstr", lambda _name: "glibc 2.36", raising=False)
    return seen


def test_the_interpreter_restarts_with_its_arguments(restarts: Restarts) -> None:
    restart_with_tuned_allocation({"HOME": "/root"})
    [(program, arguments, environment)] = restarts
    assert program == sys.executable
    assert arguments == [sys.executable, *sys.orig_argv[1:]]
    assert environment == {"HOME": "/root", **TUNED}


def test_it_restarts_only_once(restarts: Restarts) -> None:
    restart_with_tuned_allocation(dict(TUNED))
    assert restarts == []


def test_settings_of_the_operator_do_not_change(restarts: Restarts) -> None:
    restart_with_tuned_allocation({"MALLOC_TRIM_THRESHOLD_": "1"})
    [(_, _, environment)] = restarts
    assert environment["MALLOC_TRIM_THRESHOLD_"] == "1"


def no_such_name(_name: str) -> Any:
    raise ValueError


@pytest.mark.parametrize("confstr", [no_such_name, lambda _name: None])
def test_another_c_library_does_not_restart(restarts: Restarts, monkeypatch: pytest.MonkeyPatch, confstr: Any) -> None:
    monkeypatch.setattr(malloc.os, "confstr", confstr)
    restart_with_tuned_allocation({})
    assert restarts == []
