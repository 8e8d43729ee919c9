"""Finds the functions of a C++ file and their lengths, without a compiler: enough for this repository's own style, checked by the self-tests.

The scan keeps a stack of open braces. What stands between the last `;`, `{` or `}` and an opening brace (the head) says what the brace opens:
a scope to look into (namespace, class), a function, or an initialiser to skip.
"""
import re
from typing import NamedTuple

NOISE = re.compile(r"""R"(?P<tag>[^(\s]*)\(.*?\)(?P=tag)"|//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])+'""", re.S)
DIRECTIVE = re.compile(r"^[ \t]*#(?:[^\n\\]|\\\n|\\.)*", re.M)
SCOPE = re.compile(r"^(?:inline\s+)?namespace\b|\b(?:class|struct|union|extern)\b(?!.*\))")
BODY_FOLLOWS = re.compile(r"(?:[)}]|\b(?:const|noexcept|override|final|try|mutable)|&&?)\s*$")


class Function(NamedTuple):
    name: str
    line: int  # of the first line of its head
    lines: int  # head to closing brace, both included


def blank(match):
    """Same length and lines, no text."""
    return re.sub(r"[^\n]", " ", match[0])


def outside_parentheses(head):
    """The head without what stands in parentheses, so that default arguments and parameters don't confuse."""
    depth, kept = 0, []
    for char in head:
        depth -= char == ")"
        if depth == 0:
            kept.append(char)
        depth += char == "("
    return "".join(kept)


def opens(head):
    """'scope', 'function' or 'skip': what the brace after this head opens."""
    head = re.sub(r"\[\[.*?\]\]", " ", head).strip()
    plain = outside_parentheses(re.sub(r"<[^<>]*>", "", re.sub(r"<[^<>]*>", "", head)))
    if not head or SCOPE.search(plain):
        return "scope" if head and not re.match(r"(?:typedef\s+)?enum\b", head) else "skip"
    if "(" not in head or re.match(r"enum\b", head):
        return "skip"
    if re.search(r"(?<![=!<>])=(?!=)", plain) and "operator" not in plain:
        return "skip"
    if BODY_FOLLOWS.search(head) or "->" in plain:
        return "function"
    return "member"  # one braced member in a constructor's initialiser list: the head goes on behind it


def matching_brace(text, start):
    """Index of the brace that closes the one at start."""
    depth = 0
    for match in re.compile(r"[{}]").finditer(text, start):
        depth += 1 if match[0] == "{" else -1
        if depth == 0:
            return match.start()
    return len(text) - 1


def functions(text):
    """All functions of the file in order; a lambda or local class counts as part of its function."""
    text = DIRECTIVE.sub(blank, NOISE.sub(blank, text))
    found, position, head_start = [], 0, 0
    border = re.compile(r"[;{}]|\b(?:public|private|protected)\s*:")
    while match := border.search(text, position):
        position = match.end()
        if match[0] != "{":
            head_start = position
            continue
        head = text[head_start:match.start()]
        kind = opens(head)
        if kind == "scope":
            head_start = position
            continue
        end = matching_brace(text, match.start())
        position = end + 1
        if kind == "member":
            continue
        if kind == "function":
            start = head_start + len(head) - len(head.lstrip())
            first = text.count("\n", 0, start) + 1
            found.append(Function(name_of(head), first, text.count("\n", start, end) + 1))
        head_start = position
    return found


def name_of(head):
    """The name before the parameter list, for the report."""
    match = re.search(r"([\w:~]+|operator[^(]*)\s*\(", head)
    if match and match[1] in {"TEST", "TEST_F", "TEST_P"}:
        return "".join(head.split())
    return match[1] if match else "?"
