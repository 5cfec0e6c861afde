"""How many: few where a test runs beside all others, the promised number where it runs by itself (tools/test --soak sets MLC_SCALE)."""
import os


def many(few, promised):
    return promised if os.environ.get("MLC_SCALE") == "full" else few
