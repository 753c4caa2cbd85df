#!/usr/bin/env python3
"""Checks every include against the order of the rooms, that only base/format.cc formats into
buffers by snprintf and similar functions, whose result may exceed the buffer, that no file is
longer than 500 lines, and that the files and names of which the documents speak exist.

The rooms, their numbers and their dependencies are declared once, in the larder_room lines of
CMakeLists.txt. Usage: check_rooms.py SOURCE_FOLDER
"""
import pathlib
import re
import sys

ROOM_LINE = re.compile(r"larder_room\(\s*(.*?)\)", re.DOTALL)
FORMATTER = "src/base/format.cc"
UNBOUNDED = re.compile(r"\bv?sn?printf\s*\(")
MOST_LINES = 500
FOLDERS = ("bench", "docs", "include", "scripts", "src", "tests")
SOURCES = (".h", ".cc")
# What documents put between backticks: files, `room::Name`, `Class::function`.
QUOTED = re.compile(r"`([^`\n]+)`")
FILE = re.compile(r"(?<![\w./<>*-])[\w./-]*\w\.(?:cc|h|py|md|cmake)(?![\w/<>*])")
NAME = re.compile(r"\b(\w+)::(\w+)")
COMMENT = re.compile(r"//.*")
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)


def read_rooms(text):
    """The number of each room, and the set of rooms that it may use."""
    orders, uses = {}, {}
    for line in ROOM_LINE.findall(text):
        words = line.split()
        name, part = words[0], None
        orders[name], uses[name] = None, set()
        for word in words[1:]:
            if word in ("ORDER", "USES", "LINKS"):
                part = word
            elif part == "ORDER":
                orders[name] = int(word)
            elif part == "USES":
                uses[name].add(word)
    return orders, uses


def wrong_uses(orders, uses):
    """Declarations that break the order themselves."""
    for room, used_rooms in uses.items():
        if orders[room] is None:
            yield f"CMakeLists.txt: room {room} has no ORDER"
            continue
        for used in used_rooms:
            if used not in orders:
                yield f"CMakeLists.txt: {room} uses {used}, which is no room"
            elif orders[used] >= orders[room]:
                yield f"CMakeLists.txt: {room} ({orders[room]}) uses {used} ({orders[used]})"


def wrong_includes(root, path, room, orders, uses):
    """The includes of one file of `room` that the declarations do not allow."""
    place = path.relative_to(root)
    for style, target in INCLUDE.findall(path.read_text()):
        parts = target.split("/")
        if parts[0] == "larder":
            used = parts[1]
            if used not in orders:
                yield f"{place}: includes {target}, which is in no room"
            elif used != room and used not in uses[room]:
                yield f"{place}: {room} may not use {used} ({target})"
            elif not (root / "include" / target).exists():
                yield f"{place}: includes {target}, which is not in include/"
        elif style == '"':
            if place.parts[0] == "include":
                yield f'{place}: a contract includes "{target}"; contracts include contracts'
                continue
            found = (path.parent / target).resolve()
            own = (root / "src" / room).resolve()
            if own not in found.parents:
                yield f"{place}: includes {target}, which is not in its own room"
            elif not found.exists():
                yield f"{place}: includes {target}, which does not exist"


def wrong_formatting(root, path):
    place = path.relative_to(root)
    if place.as_posix() != FORMATTER and UNBOUNDED.search(path.read_text()):
        yield f"{place}: formats with snprintf; use larder/base/format.h"


def long_files(root):
    for folder in FOLDERS:
        for path in sorted(p for p in (root / folder).rglob("*") if p.is_file()):
            if "__pycache__" in path.parts or any(part.endswith("corpus") for part in path.parts):
                continue
            lines = path.read_bytes().count(b"\n")
            if lines > MOST_LINES:
                yield f"{path.relative_to(root)}: {lines} lines; at most {MOST_LINES}: split it by subject"


def documents(root):
    return sorted([*root.glob("*.md"), *(root / "docs").rglob("*.md"), *(root / "tests").rglob("*.md")])


def wrong_references(root, rooms):
    """Files and names in the documents that do not exist. A file is named by its path, from the top,
    from include/larder or from the document's folder; or by its name alone."""
    files = [p for top in FOLDERS + ("cmake",) for p in (root / top).rglob("*") if p.is_file()]
    names = {p.name for p in files}
    words = {room: set() for room in rooms}
    for path in files:
        if path.suffix not in SOURCES:
            continue
        parts = path.relative_to(root).parts
        room = parts[2] if parts[:2] == ("include", "larder") else parts[1] if parts[0] == "src" else None
        if room in words:
            words[room].update(re.findall(r"\w+", COMMENT.sub("", path.read_text())))
    everywhere = set().union(*words.values())
    for document in documents(root):
        place = document.relative_to(root)
        tops = (root, root / "include" / "larder", document.parent)
        for quoted in QUOTED.findall(document.read_text()):
            for file in FILE.findall(quoted):
                exists = any((top / file).exists() for top in tops) if "/" in file else file in names
                if not exists:
                    yield f"{place}: `{file}` does not exist"
            for scope, name in NAME.findall(quoted):
                known = words[scope] if scope in words else everywhere
                if name not in known or (scope not in words and scope not in everywhere):
                    yield f"{place}: `{scope}::{name}` does not exist"


def check(root):
    orders, uses = read_rooms((root / "CMakeLists.txt").read_text())
    problems = list(wrong_uses(orders, uses))
    problems.extend(long_files(root))
    problems.extend(wrong_references(root, orders))
    files = 0
    for top in (root / "include" / "larder", root / "src"):
        for path in sorted(p for p in top.rglob("*") if p.suffix in (".h", ".cc")):
            files += 1
            problems.extend(wrong_formatting(root, path))
            room = path.relative_to(top).parts[0]
            if room not in orders:
                problems.append(f"{path.relative_to(root)}: {room} is no room")
            else:
                problems.extend(wrong_includes(root, path, room, orders, uses))
    if not orders or not files:
        problems.append("no rooms or no sources found: the check would be empty")
    return len(orders), files, problems


def main():
    rooms, files, problems = check(pathlib.Path(sys.argv[1]).resolve())
    for problem in problems:
        print(problem)
    print(f"{rooms} rooms, {files} files, {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
