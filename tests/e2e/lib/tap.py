"""A test file is a list of promises; each is a function, told apart and counted in TAP."""
import os
import sys
import time
import traceback

_cases = []


class Skip(Exception):
    pass


def promise(text):
    """Marks a function as the proof of a promise; text carries its number: "WOO-01: a new order ..."."""
    def mark(function):
        _cases.append((text, function))
        return function
    return mark


def skip(why):
    raise Skip(why)


def equal(got, want, what=""):
    if got != want:
        raise AssertionError(f"{what or 'value'}: want {want!r}, got {got!r}")


def holds(condition, what):
    if not condition:
        raise AssertionError(what)


def eventually(ask, what, seconds=20.0):
    """Asks until the answer is true, and gives it; the deadline is for a hung test, not a measurement."""
    end = time.monotonic() + seconds
    pause = 0.01
    while True:
        answer = ask()
        if answer:
            return answer
        if time.monotonic() > end:
            raise AssertionError(f"after {seconds:g} s still not: {what}")
        time.sleep(pause)
        pause = min(pause * 1.5, 0.2)


def run():
    only = sys.argv[1:]
    chosen = [case for case in _cases if not only or any(word in case[0] for word in only)]
    print(f"1..{len(chosen)}", flush=True)
    bad = 0
    for number, (text, function) in enumerate(chosen, 1):
        name = text.replace("#", "no.")
        try:
            try:
                function()
            finally:
                from . import bed
                bed.clear_up(keep=os.environ.get("MLC_KEEP") == "1")
            print(f"ok {number} - {name}", flush=True)
        except Skip as why:
            print(f"ok {number} - {name} # SKIP {why}", flush=True)
        except BaseException as error:  # a hung or broken case must not silence the others
            bad += 1
            print(f"not ok {number} - {name}", flush=True)
            for line in traceback.format_exc().splitlines():
                print(f"# {line}", flush=True)
            if isinstance(error, KeyboardInterrupt):
                break
    sys.exit(1 if bad else 0)
