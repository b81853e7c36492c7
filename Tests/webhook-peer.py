#!/usr/bin/env python3
"""Verifies signed webhooks with other people's code, so that the tests can compare.

webhook-peer.py check                      exits 0 where standardwebhooks is installed
webhook-peer.py verify SECRET < LINES      {"headers": {…}, "body": "…"} a line -> "good" or why not, a line
"""

import json
import sys

from standardwebhooks.webhooks import Webhook, WebhookVerificationError

if sys.argv[1] == "verify":
    for line in sys.stdin:
        request = json.loads(line)
        try:
            Webhook(sys.argv[2]).verify(request["body"], request["headers"])
            print("good")
        except WebhookVerificationError as error:
            print(f"bad: {error}")
