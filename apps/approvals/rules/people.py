"""Read who decides: a role in the request's scope, people by e-mail, or a group of them."""

from collections.abc import Collection, Mapping, Sequence

from apps.approvals.rules.expressions import meant
from apps.approvals.rules.lines import Problem, Text
from apps.approvals.rules.sheet import Sheet
from apps.approvals.rules.words import ALL, Who
from apps.teams.roles import Action

ROLES: Mapping[str, Action] = {
    "platform": Action.DECIDE_PLATFORM,
    "finance": Action.DECIDE_FINANCE,
    "security": Action.DECIDE_SECURITY,
    "team": Action.DECIDE_TEAM,
}
WHO = ("who", "people", "group")
MOST_PEOPLE = 50
NOBODY = Who()


def mails(sheet: Sheet, name: str, known: Collection[str] | None) -> tuple[str, ...]:
    """Read a list of e-mail addresses; with `known`, only these exist."""
    found = sheet.texts(name)
    if len(found) > MOST_PEOPLE:
        sheet.wrong(name, f"“{name}” lists at most {MOST_PEOPLE} people; make it a role instead.")
    for one in found[:MOST_PEOPLE]:
        if sentence := _unknown(one, known):
            sheet.problems.append(Problem(one.line, sentence))
    return tuple(one.text.lower() for one in found)


def _unknown(one: Text, known: Collection[str] | None) -> str:
    mail = one.text.lower()
    if "@" not in mail:
        return f"“{one.text[:60]}” is no e-mail address; name people by theirs."
    if known is not None and mail not in known:
        return f"Nobody here has the address {one.text[:80]}.{meant(mail, known)}"
    return ""


def who(sheet: Sheet, groups: Mapping[str, Sequence[str]], known: Collection[str] | None) -> Who:
    """Read the one entry that says who; note a problem where none or two do."""
    said = [name for name in WHO if name in sheet]
    if len(said) != 1:
        names = " or ".join(f"“{name}”" for name in WHO)
        sheet.wrong(said[-1] if said else "", f"{sheet.what.capitalize()} has one of {names}.")
        return NOBODY
    if said[0] == "people":
        return Who(people=mails(sheet, "people", known))
    if said[0] == "who":
        role = sheet.text("who", most=40, example="who: platform")
        if role and role not in ROLES:
            hint = meant(role, ROLES) or f" It is {' or '.join(ROLES)}."
            sheet.wrong("who", f"“who” cannot be “{role}”.{hint}")
        return Who(ROLES[role]) if role in ROLES else NOBODY
    group = sheet.text("group", most=40, example="group: ai-board")
    if group and group not in groups:
        hint = meant(group, groups) or " Write it under “groups”."
        sheet.wrong("group", f"There is no group “{group}”.{hint}")
    return Who(people=tuple(groups.get(group, ())), group=group)


def quorum(sheet: Sheet, deciders: Who) -> int:
    """Read how many yeses it takes: `any` (one), `all`, or a number."""
    text = sheet.text("quorum", most=10) or "any"
    if text in ("any", "all"):
        return 1 if text == "any" else ALL
    needed = int(text) if text.isascii() and text.isdigit() else 0
    if not 1 <= needed <= MOST_PEOPLE:
        sheet.wrong("quorum", f"“quorum” is any, all, or a number from 1 to {MOST_PEOPLE}.")
    elif deciders.people and needed > len(deciders.people):
        sheet.wrong(
            "quorum",
            f"{needed} yeses are wanted of {len(deciders.people)} people; "
            "name more of them, or ask for fewer yeses.",
        )
    return needed or 1
