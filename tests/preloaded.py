"""Runs the command `signfleet` in a process that has loaded its modules already.

Loading them takes a second of CPU, more than most tests of a running server do. So one process for each test process
loads them once, and every command is a fork of it that continues as `python -m signfleet` does, with arguments,
environment and outputs of its own. The whole way from a new interpreter is in `tests/deploy`, `tests/testing`,
`tests/foundation/test_output.py` and `test_it_can_be_stopped_at_any_moment`.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import runpy
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection

from signfleet.foundation.malloc import TUNED

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["alembic.command", "signfleet.app.cli.demo", "signfleet.app.server", __name__])


class Command:
    """A running command, with those members of `subprocess.Popen` that tests use; `module` as after `python -m`."""

    def __init__(self, arguments: Sequence[str], environment: Mapping[str, str], *, module: str = "signfleet") -> None:
        outputs = [_CONTEXT.Pipe(duplex=False) for _ in range(2)]
        # Without these settings of the allocator, a command replaces its process by a new interpreter.
        variables = {**TUNED, **environment}
        writing = [end for _, end in outputs]
        self._process = _CONTEXT.Process(target=_continue, args=(module, list(arguments), variables, writing))
        self._process.start()
        for end in writing:
            end.close()
        self.stdout, self.stderr = (os.fdopen(os.dup(end.fileno()), encoding="utf-8") for end, _ in outputs)
        for end, _ in outputs:
            end.close()
        assert self._process.pid is not None
        self.pid: int = self._process.pid

    def __enter__(self) -> Command:
        return self

    def __exit__(self, *_error: object) -> None:
        self.stdout.close()
        self.stderr.close()
        self.wait()

    @property
    def returncode(self) -> int | None:
        """The exit code, minus the number of the signal that ended it; None while it runs."""
        return self._process.exitcode

    def poll(self) -> int | None:
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        self._process.join(timeout)
        if self.returncode is None:
            raise subprocess.TimeoutExpired("signfleet", timeout or 0)
        return self.returncode

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        """Waits for the end; returns the rest of both outputs. Kills a command that takes longer than `timeout`."""
        with ThreadPoolExecutor(2) as readers:
            outputs = [readers.submit(output.read) for output in (self.stdout, self.stderr)]
            try:
                self.wait(timeout)
            except subprocess.TimeoutExpired:
                self.kill()
                raise
            return outputs[0].result(), outputs[1].result()

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def _continue(
    module: str, arguments: Sequence[str], environment: Mapping[str, str], outputs: Sequence[Connection]
) -> None:
    """Runs the module in this process as `python -m` does."""
    for descriptor, end in enumerate(outputs, 1):
        os.dup2(end.fileno(), descriptor)
        end.close()
    # Python's own objects may belong to a file, in which they have a position.
    sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)
    sys.stderr = os.fdopen(2, "w", buffering=1, encoding="utf-8", closefd=False)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv[:] = [module, *arguments]
    gc.freeze()  # what is loaded never becomes garbage
    runpy.run_module(module, run_name="__main__", alter_sys=True)
