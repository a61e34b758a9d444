"""One mapping of the document, read entry by entry; whatever is wrong is noted with its line."""

import re
from collections.abc import Collection, Sequence
from datetime import timedelta

from apps.approvals.rules.expressions import meant
from apps.approvals.rules.lines import List, Map, Problem, Text

UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
SHORTEST, LONGEST = timedelta(minutes=5), timedelta(days=366)


class Sheet:
    """Entries of a mapping; a problem is noted once and a harmless value returned instead.

    `what` names the mapping in sentences (`a rule`), `names` are the entries it may have.
    """

    def __init__(
        self, node: Map, problems: list[Problem], *, what: str, names: Collection[str]
    ) -> None:
        self.node, self.problems, self.what = node, problems, what
        for name in node.items:
            if name not in names:
                hint = meant(name, names) or f" It has {', '.join(names)}."
                self.wrong(name, f"{what.capitalize()} has no “{name[:40]}”.{hint}")

    def __contains__(self, name: str) -> bool:
        return name in self.node.items

    def line(self, name: str = "") -> int:
        """Return the line of an entry, or that of the mapping."""
        return self.node.lines.get(name, self.node.line)

    def wrong(self, name: str, sentence: str) -> None:
        """Note a problem at an entry, or at the mapping if there is no such entry."""
        self.problems.append(Problem(self.line(name), sentence))

    def text(self, name: str, *, most: int, example: str = "") -> str:
        """Return a text that has to be there, unless it comes without an `example`."""
        node = self.node.items.get(name)
        if node is None or (isinstance(node, Text) and not node.text):
            if example:
                self.wrong(name, f"{self.what.capitalize()} needs “{name}”, for example {example}.")
            return ""
        if not isinstance(node, Text):
            self.wrong(name, f"“{name}” is one text, not a list or a mapping.")
            return ""
        if len(node.text) > most:
            self.wrong(name, f"“{name}” has at most {most} characters; say it shorter.")
        return node.text

    def number(self, name: str, *, most: int) -> int:
        """Return a whole number from 1 to `most`; 1 where there is none."""
        text = self.text(name, most=40)
        if not text:
            return 1
        if re.fullmatch(r"[0-9]{1,4}", text) and 1 <= int(text) <= most:
            return int(text)
        self.wrong(name, f"“{name}” is a whole number from 1 to {most}.")
        return 1

    def flag(self, name: str) -> bool:
        """Return whether an entry says true."""
        text = self.text(name, most=40)
        if text not in ("", "true", "false"):
            self.wrong(name, f"“{name}” is true or false.")
        return text == "true"

    def choice(self, name: str, choices: Sequence[str]) -> str:
        """Return one of some words; the first where there is none."""
        text = self.text(name, most=60)
        if text and text not in choices:
            hint = meant(text, choices) or f" It is {' or '.join(choices)}."
            self.wrong(name, f"“{name}” cannot be “{text[:40]}”.{hint}")
        return text if text in choices else choices[0]

    def span(self, name: str) -> timedelta | None:
        """Return a duration as people write it: `30m`, `12h`, `2d`, `1w`."""
        text = self.text(name, most=20)
        if not text:
            return None
        found = re.fullmatch(r"([0-9]{1,5})\s?([mhdw])", text)
        if found is None:
            self.wrong(name, f"“{name}” is a duration: 30m, 12h, 2d or 1w.")
            return None
        span = timedelta(**{UNITS[found[2]]: int(found[1])})
        if not SHORTEST <= span <= LONGEST:
            self.wrong(name, f"“{name}” is between 5 minutes and 366 days.")
        return span

    def entries(self, name: str) -> List:
        """Return a list, empty where there is none."""
        node = self.node.items.get(name)
        if isinstance(node, List):
            if not node.items:
                self.wrong(name, f"“{name}” is an empty list; fill it, or delete the line.")
            return node
        if node is not None:
            self.wrong(name, f"“{name}” is a list, for example [one, another].")
        return List(self.line(name))

    def texts(self, name: str) -> list[Text]:
        """Return the texts of a list, each once."""
        found: list[Text] = []
        for node in self.entries(name).items:
            if not isinstance(node, Text) or not node.text:
                self.problems.append(Problem(node.line, f"“{name}” lists texts only."))
            elif any(node.text == one.text for one in found):
                sentence = f"“{node.text[:60]}” stands in “{name}” twice; delete one."
                self.problems.append(Problem(node.line, sentence))
            else:
                found.append(node)
        return found
