#!/usr/bin/env python3
"""Verifies signed webhooks with the public library standardwebhooks, so that tests can compare results.

webhook-peer.py check                      exits with 0 if standardwebhooks is installed
webhook-peer.py verify SECRET < LINES      reads one {"headers": {…}, "body": "…"} a line, and prints "good" or
                                           "bad: REASON" for each
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
