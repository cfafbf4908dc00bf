"""Answers of B-Deploy: long pages leave other requests their turn."""

from __future__ import annotations

import asyncio

from signfleet.fleet.provisioning.envelope import ROWS_AT_ONCE, encoded


async def test_others_get_their_turn_while_a_page_is_encoded() -> None:
    turns: list[int] = []
    rows: list[int] = []

    async def take_turns() -> None:
        while True:
            turns.append(len(rows))
            await asyncio.sleep(0)

    def entity(row: int) -> dict[str, int]:
        rows.append(row)
        return {"row": row}

    other = asyncio.create_task(take_turns())
    page = await encoded(range(4 * ROWS_AT_ONCE + 1), entity)
    other.cancel()
    assert [bytes(row) for row in page] == [b'{"row":%d}' % row for row in range(4 * ROWS_AT_ONCE + 1)]
    assert turns == [ROWS_AT_ONCE * number for number in range(1, 5)]
