"""What went over the line to QuickBooks, as the twin wrote it down: was anything asked twice that must not be?"""
import re

from .tap import equal, holds

_ADD = re.compile(r"<(\w+)AddRq .*?</\1AddRq>", re.S)
_NAME = re.compile(r"<(?:RefNumber|Name)>(.*?)</")
_LOOK = re.compile(r"<\w+QueryRq [^>]*>(?:(?!QueryRq>).)*?<(?:RefNumber|FullName)>(.*?)</", re.S)


class Witness:
    """Give it every visit, in order."""

    def __init__(self):
        self.by_mark = {}   # mark -> its text
        self.asked = {}     # (entity, number) -> marks it was sent with, in order
        self.looked = {}    # number or name -> how many marked sets had left when it was last looked up
        self.refused = set()  # (mark, entity, number): QuickBooks said definitely no, or that it did not run
        self.again = 0      # sets that were sent more than once

    def see(self, visit):
        last = None
        for call in visit.get("calls", []):
            if last and call["method"] == "receiveResponseXML" and call.get("hresult") == "0x80040400":
                self.refuse(last)  # the parser's word: nothing of it ran
            text = call.get("qbxml")
            if not text:
                continue
            mark = text.partition(' newMessageSetID="')[2].partition('"')[0]
            if mark and "AddRq" in text or "ModRq" in text:
                self.see_set(mark, text, call)
                last = mark
            for number in _LOOK.findall(text):
                self.looked[number] = len(self.by_mark)

    def see_set(self, mark, text, call):
        holds(mark, f"a write without a mark: {text[:300]}")
        if mark in self.by_mark:
            equal(text, self.by_mark[mark], f"bytes of set {mark}, the second time")
            self.again += 1
            return
        self.by_mark[mark] = text
        for m in _ADD.finditer(text):
            key = m.group(1), _NAME.search(m.group(0)).group(1)
            earlier = self.asked.setdefault(key, [])
            if earlier and (earlier[-1], *key) not in self.refused:
                holds(self.looked.get(key[1], -1) >= list(self.by_mark).index(earlier[-1]) + 1,
                      f"{key} was sent with set {earlier[-1]} and again with {mark}, and nobody looked whether it is there")
            earlier.append(mark)
        if any(done["status"] for done in call.get("done", [])):
            self.refuse(mark)

    def refuse(self, mark):
        for key, marks in self.asked.items():
            if marks[-1] == mark:
                self.refused.add((mark, *key))
