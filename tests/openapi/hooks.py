"""What schemathesis cannot make up from a shape alone, and the count of what it asked."""

import atexit
import base64
import collections
import json
import os

import schemathesis
from hypothesis import strategies

# Moments may not lie in the future after they were corrected by `sentAt`, which says more than a
# shape can: with a single moment none does.
MOMENT = "2020-01-01T00:00:00.000Z"

# Links lead only where the owner says; the host that is asked is always among it.
TARGET = os.environ["FIRSTGLANCE_URL"] + "/a?b=c#d"

MESSAGE = {
    "anonymousId": "a",
    "event": "Seen",
    "groupId": "g",
    "previousId": "b",
    "timestamp": MOMENT,
    "userId": "u",
    "writeKey": os.environ["FIRSTGLANCE_WRITE_KEY"],
}


def in_base64(text):
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


for name, value in {
    "date-time": MOMENT,
    "uri": TARGET,
    "byte": in_base64(json.dumps(MESSAGE)),
}.items():
    schemathesis.openapi.format(name, strategies.just(value))


@schemathesis.deserializer("image/gif")
def image(context, response):
    return whole(response, response.content.startswith(b"GIF89a"))


@schemathesis.deserializer("application/vnd.apache.parquet")
def parquet(context, response):
    content = response.content
    return whole(response, content.startswith(b"PAR1") and content.endswith(b"PAR1"))


@schemathesis.deserializer("text/csv")
def table(context, response):
    return whole(response, response.content.endswith(b"\r\n"))


@schemathesis.deserializer("application/x-ndjson")
def lines(context, response):
    text = response.content.decode()
    # Not `splitlines`, which finds ends of lines that JSON may have within a text.
    for line in text.split("\n")[:-1]:
        json.loads(line)
    return text


@schemathesis.deserializer("text/javascript", "application/wasm")
def file(context, response):
    return whole(response, response.content)


def whole(response, holds):
    if not holds:
        raise ValueError(f"the body is not what its type says: {response.content[:40]!r}")
    return response.content.decode("latin-1")


cases = collections.Counter()
failures = collections.Counter()


@schemathesis.hook
def after_call(context, case, response):
    cases[case.operation.label] += 1


@schemathesis.hook
def filter_failure(context, failure, case, response):
    failures[case.operation.label] += 1
    return True


@atexit.register
def tell():
    with open(os.environ["FIRSTGLANCE_COUNTS"], "w") as file:
        for operation, count in sorted(cases.items()):
            line = {"operation": operation, "cases": count, "failures": failures[operation]}
            print(json.dumps(line), file=file)
