"""What every demo does: it says what it does in headlines and lines of at most 100 columns whose rest hangs below them, stays up on demand
(--keep), and leaves nothing behind."""
import sys
import textwrap
import time

from lib import bed

COLUMNS = 100


def headline(text):
    print(f"\n\033[1m{text}\033[0m" if sys.stdout.isatty() else f"\n== {text}", flush=True)


def say(text=""):
    for line in text.splitlines() or [""]:
        indent = " " * (len(line) - len(line.lstrip()) + 4)
        print("\n".join(textwrap.wrap(line.rstrip(), COLUMNS, subsequent_indent=indent, drop_whitespace=True,
                                      break_long_words=False,
                                      break_on_hyphens=False, replace_whitespace=False)), flush=True)


def stay(at, where):
    """With --keep: until ctrl-C; at: the deployment, where: the addresses of all that runs."""
    if "--keep" not in sys.argv[1:]:
        return
    say(f"\nstill running: deployment {at.path}, {where}")
    say(f"try: {bed.MLC} status --dir {at.path};   end with ctrl-C")
    try:
        while True:
            time.sleep(3600)
    except KeyboardInterrupt:
        pass


def play(main):
    """main gives the exit status."""
    try:
        status = main()
    finally:
        bed.clear_up()
    sys.exit(status)
