#!/usr/bin/env python3
"""limit.py ROUND: the bare program's exchanges per second, as visits of three on one core."""
import json
import sys

told = json.loads(sys.stdin.read())
print(json.dumps({"test": "visits", "sut": "limit-libxml2", "round": int(sys.argv[1]), "clients": 1,
                  "visits_per_s": round(told["docs_per_s"] / 3, 2),
                  "cpu_s_per_visit": round(3 / told["docs_per_s"], 4)}))
