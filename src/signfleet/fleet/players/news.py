"""What a report has that is worth an event."""

from __future__ import annotations

from typing import Any, Final

from signfleet.notify.events.kinds import DownloadsReported, ErrorReported, EventData

#: A download with this status goes on: the report in which it ends is the news.
_GOES_ON: Final = "downloading"


def of_report(errors: list[dict[str, Any]], downloads: list[dict[str, Any]]) -> list[EventData]:
    """Returns the events of a report: each new error, and all downloads that have ended as one.

    `errors` and `downloads` are the rows that the report has added, so a flood that is folded there is folded here.
    """
    happened: list[EventData] = [
        ErrorReported(
            error_name=error["name"],
            error_event=error["event"],
            reason=error["reason"],
            response_code=error["response_code"] or None,
            count=error["count"],
        )
        for error in errors
    ]
    ended = [row for row in downloads if row["progress"] == 100 or row["status_key"] not in (None, _GOES_ON)]
    if ended:
        last = ended[-1]
        happened.append(
            DownloadsReported(
                file_name=last["file_name"], status=last["status"], progress=last["progress"], count=len(ended)
            )
        )
    return happened
