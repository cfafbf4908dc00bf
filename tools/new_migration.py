"""Writes the next migration: the difference between `storage/tables.py` and the last migration.

    python tools/new_migration.py "Add notes to devices"

Alembic compares the tables with an SQLite store that the existing migrations have made. Read what it writes, and raise
`HEAD` in `signfleet/foundation/storage/migrations/__init__.py`.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine

from signfleet.foundation.storage import migrations


def main(message: str) -> None:
    folder = Path(migrations.__file__).parent
    last = max((path.name[:4] for path in (folder / "versions").glob("[0-9]*.py")), default="0000")
    with tempfile.TemporaryDirectory() as data, create_engine(f"sqlite:///{data}/store.db").begin() as connection:
        config = Config()
        config.set_main_option("script_location", str(folder))
        config.attributes["connection"] = connection
        if last != "0000":
            migrations.upgrade(connection)
        command.revision(config, message, autogenerate=True, rev_id=f"{int(last) + 1:04d}")


if __name__ == "__main__":
    main(sys.argv[1])
