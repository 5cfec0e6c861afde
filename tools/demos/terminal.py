"""What the demos say: headlines, and lines of at most 100 columns whose rest hangs below them."""
import sys
import textwrap

COLUMNS = 100


def headline(text):
    print(f"\n\033[1m{text}\033[0m" if sys.stdout.isatty() else f"\n== {text}", flush=True)


def say(text=""):
    for line in text.splitlines() or [""]:
        indent = " " * (len(line) - len(line.lstrip()) + 4)
        print("\n".join(textwrap.wrap(line.rstrip(), COLUMNS, subsequent_indent=indent, drop_whitespace=True, break_long_words=False,
                                      break_on_hyphens=False, replace_whitespace=False)), flush=True)
