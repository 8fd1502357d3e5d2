"""Many event sources in one pod: each posts ten events a second until SIGTERM, half of them by connections that they keep.

Prints one JSON line an event: when it was sent (epoch seconds), how it was answered (0: it was not), its deliveries. What
was not answered is not sent again.
usage: crowd.py HOST PORT SOURCES
"""

import http.client
import json
import signal
import sys
import threading
import time
from itertools import count
from pathlib import Path

TOKEN = Path("/token/token").read_text().split("\n", 1)[0].split()[-1]
HEADERS = {"authorization": f"Bearer {TOKEN}", "content-type": "application/json"}
ENDS, SAYING = threading.Event(), threading.Lock()


def say(**what: object) -> None:
    """One line, whole."""
    with SAYING:
        print(json.dumps(what), flush=True)


def post(connection: http.client.HTTPConnection, name: str) -> tuple[int, list[str]]:
    """(status, deliveries) of one event."""
    event = {"event_type": "AccessRequestGranted", "data": {"id": name, "friendly_id": name}}
    try:
        connection.request("POST", "/v1/events", json.dumps(event).encode(), HEADERS)
        answer = connection.getresponse()
        body = answer.read()
    except (OSError, http.client.HTTPException) as error:
        say(error=repr(error))
        connection.close()
        return 0, []
    events = json.loads(body).get("events", [])
    return answer.status, [each["id"] for event in events for each in event["deliveries"]]


def source(number: int) -> None:
    """One of them."""
    connection = http.client.HTTPConnection(sys.argv[1], int(sys.argv[2]), timeout=20)
    for event in count():
        if ENDS.is_set():
            return
        began = time.time()
        status, deliveries = post(connection, f"crowd-{number}-{event}")
        say(time=began, status=status, deliveries=deliveries)
        if number % 2:
            connection.close()
        ENDS.wait(max(0.0, began + 0.1 - time.time()))


def main() -> None:
    """Until SIGTERM, and then until all answers are there."""
    sources = [threading.Thread(target=source, args=(number,)) for number in range(int(sys.argv[3]))]
    for each in sources:
        each.start()
    signal.sigwait([signal.SIGTERM])
    ENDS.set()
    for each in sources:
        each.join()
    say(ended=True)


if __name__ == "__main__":
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
    main()
