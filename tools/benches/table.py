#!/usr/bin/env python3
"""table.py FILE: medians of what tools/bench has measured, and ours against each other system of the same test."""
import json
import statistics
import sys

OURS = "ml-connector"
# test -> the figures to show, and whether more is better
FIGURES = {
    "ingest": (("rate", True), ("p50_ms", False), ("p99_ms", False), ("cpu_ms_per_1000", False), ("peak_mb", False)),
    "sync": (("per_event", None),),
    "e2e": (("e2e_rate", True), ("delay_p50_ms", False), ("delay_p99_ms", False), ("cpu_s_per_1000", False),
            ("cpu_ms_per_1000", False), ("peak_mb", False)),
    "crash": (("accepted", None), ("lost", False), ("dup_sent_once", False), ("dup_same_key", None)),
    "outage": (("accepted", None), ("lost", False), ("dup", False), ("dup_same_key", None)),
    "visits": (("visits_per_s", True), ("mean_visit_ms", False), ("cpu_s_per_visit", False),
               ("host_mb", False), ("peak_mb", False)),
    "idle": (("rss_mb", False), ("pss_mb", False), ("ready_s", False), ("idle_cpu_pct", False)),
}
CASE = ("sink_ms", "offered", "flows", "kill9", "mode")
# The harness' names for what a peer's visits cost.
THEIRS = {"sessions_per_s": "visits_per_s", "mean_session_ms": "mean_visit_ms", "cpu_s_per_session": "cpu_s_per_visit"}


def main():
    groups = {}
    with open(sys.argv[1]) as f:
        for line in f:
            row = {THEIRS.get(name, name): value for name, value in json.loads(line).items()}
            row["test"] = "visits" if row.get("test") == "qbwc" else row.get("test")
            if row["test"] == "visits" and row.get("clients", 1) > 1:
                row["sut"] += f", {row['clients']} at once"
            if row.get("test") not in FIGURES:
                continue
            if "error" in row:
                print(f"{row['test']} of {row['sut']} failed: {row['error']}  {row.get('log', '')[-300:]}")
                continue
            case = ", ".join(f"{name} {row[name]}" for name in CASE if row.get(name) is not None)
            groups.setdefault((row["test"], case), {}).setdefault(row["sut"], []).append(row)
    for (test, case), systems in groups.items():
        print(f"\n{test}{' (' + case + ')' if case else ''}")
        medians = {}
        for sut, rows in systems.items():
            medians[sut] = {}
            for figure, _ in FIGURES[test]:
                values = [r[figure] for r in rows if isinstance(r.get(figure), (int, float))]
                if values:
                    medians[sut][figure] = statistics.median(values)
            busy = max((r.get("others_cpu") or 0) for r in rows)
            print(f"  {sut:20s} " + "  ".join(f"{k} {v:g}" for k, v in medians[sut].items()) + f"  (x{len(rows)}; others' CPU up to {100 * busy:.0f} %)")
        for ours in (name for name in systems if name.startswith(OURS)):
            for sut in (name for name in systems if not name.startswith(OURS)):
                ratios = [f"{k} {medians[ours][k] / v:.2f}" for k, v in medians[sut].items() if v and k in medians[ours]]
                if ratios:
                    print(f"  {ours} / {sut}: " + "  ".join(ratios))


if __name__ == "__main__":
    main()
