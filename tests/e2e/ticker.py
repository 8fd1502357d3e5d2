"""Posts the event in /ticker/event.json twice a second until it is told to stop; runs in a pod.

Prints one JSON line a try: the time (epoch seconds) and the deliveries, none where the answer was not 202.
"""

import json
import signal
import sys
import time
import urllib.request
from pathlib import Path

EVENT = Path("/ticker/event.json").read_bytes()
TOKEN = Path("/token/token").read_text().split("\n", 1)[0]


def deliveries(url: str) -> list[str]:
    """Of one event. OSError where it was not accepted."""
    headers = {"authorization": f"Bearer {TOKEN}", "content-type": "application/json"}
    with urllib.request.urlopen(urllib.request.Request(url, EVENT, headers), timeout=5) as answer:
        return [each["id"] for each in json.load(answer)["events"][0]["deliveries"]]


def main() -> None:
    """Until SIGTERM."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    while True:
        began = time.time()
        try:
            made = deliveries(f"{sys.argv[1]}/v1/events")
        except OSError:
            made = []
        print(json.dumps({"time": began, "deliveries": made}), flush=True)
        time.sleep(max(0.0, began + 0.5 - time.time()))


if __name__ == "__main__":
    main()
