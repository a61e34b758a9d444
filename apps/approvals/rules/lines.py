"""Read YAML as texts, lists and mappings that know their lines; no types, anchors or tags.

Only what people write by hand passes: one document, flat enough to read. Texts stay texts, so
`no` is no boolean and `1_0` no number before somebody asks for one.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import yaml

MOST_LETTERS = 64_000
MOST_LINES = 4_000
MOST_NESTED = 8
MOST_SHOWN = 20


@dataclass(frozen=True, order=True)
class Problem:
    """What is wrong at a line (counted from 1), and what would pass."""

    line: int
    sentence: str


class PolicyError(Exception):
    """A document cannot be put in force; `problems` stand in the order of their lines."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(sorted(set(problems))[:MOST_SHOWN])
        super().__init__("\n".join(f"line {one.line}: {one.sentence}" for one in self.problems))


@dataclass(frozen=True)
class Text:
    """A text with its line."""

    line: int
    text: str


@dataclass(frozen=True)
class List:
    """A list with its line."""

    line: int
    items: Sequence["Node"] = ()


@dataclass(frozen=True)
class Map:
    """A mapping with its line; `lines` are those of its keys."""

    line: int
    items: Mapping[str, "Node"] = field(default_factory=dict)
    lines: Mapping[str, int] = field(default_factory=dict)


Node = Text | List | Map


def compose(text: str) -> Node:
    """Read one YAML document, or raise PolicyError with the line where it breaks."""
    if len(text) > MOST_LETTERS:
        raise PolicyError([Problem(1, f"A document has at most {MOST_LETTERS} characters.")])
    if text.count("\n") > MOST_LINES:
        raise PolicyError([Problem(MOST_LINES, f"A document has at most {MOST_LINES} lines.")])
    try:
        return _Composer(yaml.parse(text, Loader=yaml.SafeLoader)).whole()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        said = " ".join(str(error.problem or error.context).split())
        raise PolicyError([Problem(line, f"This is not YAML: {said}.")]) from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        sentence = "There is a character here that no text may have; delete it."
        raise PolicyError([Problem(line, sentence)]) from None
    except (ValueError, OverflowError):  # an escape beyond Unicode, a number beyond Python's
        raise PolicyError([Problem(1, "This is not YAML that can be read.")]) from None


class _Composer:
    """Builds nodes out of the parser's events, and refuses what is no plain document."""

    def __init__(self, events: Iterator[yaml.Event]) -> None:
        self.events = events
        self.depth = 0

    def whole(self) -> Node:
        next(self.events)  # the stream begins
        begin = next(self.events)
        if not isinstance(begin, yaml.DocumentStartEvent):
            raise PolicyError([Problem(1, "The document is empty; begin with “rules:”.")])
        if begin.version or begin.tags:
            raise PolicyError([Problem(1, "A line with % has no meaning here; delete it.")])
        found = self.node(next(self.events))
        next(self.events)  # the document ends
        after = next(self.events)
        if isinstance(after, yaml.DocumentStartEvent):
            raise _refused(after, "A second document begins here; there is only one.")
        return found

    def node(self, event: yaml.Event) -> Node:
        line = _line(event)
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise _refused(event, "Anchors (&) and aliases (*) are not read; write it out.")
        if getattr(event, "tag", None):
            raise _refused(event, "Tags (!) are not read; write the value without one.")
        if isinstance(event, yaml.ScalarEvent):
            return Text(line, _clean(event))
        self.depth += 1
        if self.depth > MOST_NESTED:
            raise _refused(event, f"Lists and mappings may be nested {MOST_NESTED} deep.")
        sequence = isinstance(event, yaml.SequenceStartEvent)
        found = List(line, list(self.items())) if sequence else self.mapping(line)
        self.depth -= 1
        return found

    def items(self) -> Iterator[Node]:
        while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
            yield self.node(event)

    def mapping(self, line: int) -> Map:
        items: dict[str, Node] = {}
        lines: dict[str, int] = {}
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            key = self.node(event)
            if not isinstance(key, Text):
                raise _refused(event, "A name has to be a text, followed by a colon.")
            if key.text in items:
                raise _refused(event, f"“{key.text[:60]}” stands here twice; delete one.")
            items[key.text] = self.node(next(self.events))
            lines[key.text] = key.line
        return Map(line, items, lines)


def _clean(event: yaml.ScalarEvent) -> str:
    text = " ".join(str(event.value).split())
    if not text.isprintable():
        raise _refused(event, "There is a character here that nobody can see; delete it.")
    return text


def _refused(event: yaml.Event, sentence: str) -> PolicyError:
    return PolicyError([Problem(_line(event), sentence)])


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 1
