"""An event source for a play: posts an event a second, each under an identity of its own; runs in a pod until it is ended.

What is not answered 202 is sent again under the same identity. Prints one JSON line an answer: the event, its status
(0: there was none) and its deliveries (delivery → webhook).
"""

import json
import signal
import sys
import time
import urllib.error
import urllib.request
from itertools import count
from pathlib import Path


def post(url: str, name: str, token: str) -> tuple[int, dict[str, str]]:
    """(status, deliveries) of one try."""
    event = {"event_type": "AccessRequestGranted", "data": {"id": name, "friendly_id": name}}
    headers = {
        "authorization": f"Bearer {token}",
        "content-type": "application/json",
        "idempotency-key": name,
    }
    try:
        request = urllib.request.Request(url, json.dumps(event).encode(), headers)
        with urllib.request.urlopen(request, timeout=5) as answer:
            made = json.load(answer)["events"][0]["deliveries"]
            return answer.status, {each["id"]: each["webhook"] for each in made}
    except urllib.error.HTTPError as error:
        return error.code, {}
    except OSError:
        return 0, {}


def main() -> None:
    """Until SIGTERM."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    for number in count():
        name, status = f"{sys.argv[2]}-{number}", 0
        while status != 202:
            token = Path("/token/token").read_text().split("\n", 1)[0]
            status, made = post(f"{sys.argv[1]}/v1/events", name, token)
            print(json.dumps({"event": name, "status": status, "deliveries": made}), flush=True)
            time.sleep(1)


if __name__ == "__main__":
    main()
