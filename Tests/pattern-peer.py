#!/usr/bin/env python3
"""Matches patterns with Python's re, so that the tests can compare the results.

pattern-peer.py < LINES     a JSON list of a pattern and texts -> a digit for each text: 1 if the pattern matches in it
"""

import json
import re
import sys

for line in sys.stdin:
    pattern, *texts = json.loads(line)
    # In Python, `$` also matches before a last newline, and `\w` matches Unicode letters unless re.ASCII is set.
    compiled = re.compile(re.sub(r"(?<!\\)\$", r"\\Z", pattern), re.ASCII)
    print("".join("1" if compiled.search(text) else "0" for text in texts))
