"""The services and endpoints of the web wing."""

from __future__ import annotations

from signfleet.foundation.blobs.sized import SizedPictures
from signfleet.foundation.wiring import Foundation
from signfleet.web.files.routes import endpoints as file_endpoints
from signfleet.web.http.endpoint import Endpoint
from signfleet.web.http.event_streams import EventStreams
from signfleet.web.monitoring.gauges import Gauges
from signfleet.web.monitoring.readiness import Readiness
from signfleet.web.monitoring.routes import endpoints as monitoring_endpoints
from signfleet.web.monitoring.store_gauges import store_source


class WebServices(Foundation):
    """The foundation, open streams, and what watches the server."""

    def __init__(self, foundation: Foundation) -> None:
        super().__init__(**vars(foundation))
        self.event_streams = EventStreams()
        self.sized_pictures = SizedPictures(self.blobs, self.pictures)
        self.gauges = Gauges()
        self.gauges.add("store", store_source(self.store))
        self.readiness = Readiness(self.store, self.blobs, self.settings)


def endpoints() -> list[Endpoint]:
    """Returns the endpoints of files and of monitoring."""
    return [*file_endpoints, *monitoring_endpoints]
