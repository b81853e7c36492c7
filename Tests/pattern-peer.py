#!/usr/bin/env python3
"""Answers with Python's re what patterns match, so that the tests can compare.

pattern-peer.py < LINES     a JSON list of a pattern and texts -> a digit for each text: 1 where it matches somewhere
"""

import json
import re
import sys

for line in sys.stdin:
    pattern, *texts = json.loads(line)
    # `$` is also before a last newline in Python, and letters are those of Unicode.
    compiled = re.compile(re.sub(r"(?<!\\)\$", r"\\Z", pattern), re.ASCII)
    print("".join("1" if compiled.search(text) else "0" for text in texts))
