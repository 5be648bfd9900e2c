"""Sends a message of each type, and some more, by segment-analytics-python.

Arguments: the collector's origin, the write key, a name for the visitor, and "gzip" or "plain".
Never catches a failure: whoever starts this sees it.
"""

import sys
from datetime import datetime, timezone

from segment.analytics.client import Client

host, write_key, visitor, packing = sys.argv[1:]
failures = []
client = Client(
    write_key,
    host=host,
    gzip=packing == "gzip",
    upload_size=4,
    upload_interval=0.1,
    on_error=lambda error, _: failures.append(error),
)
common = {
    "context": {"library": {"name": "ours"}, "Ünïcode": [1, 2.5, {"deep": None}], "traits": {"plan": "gold"}},
    "integrations": {"All": False, "Amplitude": {"sessionId": 7}},
}
user = f"user-{visitor}"
client.identify(user, {"name": "Jo", "height": 1.8}, anonymous_id=visitor, **common)
client.track(user, "Order Completed", {"total": 9.5, "items": [{"id": "a"}]}, anonymous_id=visitor, **common)
client.page(user, "Shop", "Home", {"path": "/"}, anonymous_id=visitor, **common)
client.screen(user, "App", "Start", {"width": 3}, anonymous_id=visitor, **common)
client.group(user, "company-1", {"size": 12}, anonymous_id=visitor, **common)
client.alias(visitor, user, **common)
moment = datetime(2024, 2, 29, 12, 0, 0, 123000, tzinfo=timezone.utc)
client.track(user, "Long Ago", timestamp=moment, message_id=f"given-{visitor}", anonymous_id=visitor)
for number in range(5):
    client.track(user, "Counted", {"number": number}, anonymous_id=visitor)
client.flush()
client.join()
if failures:
    raise SystemExit(f"not delivered: {failures}")
