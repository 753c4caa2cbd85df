#!/usr/bin/env python3
"""Finds mutable globals in the object files of the rooms.

A mutable global is a symbol in a writable section (.data, .bss, .tdata, .tbss), static
variables of functions and thread_locals included. Constants that only need relocation
(.data.rel.ro) are not. Usage: check_globals.py BUILD_FOLDER
"""
import pathlib
import re
import subprocess
import sys

# Mutable globals that are allowed, and why.
ALLOWED = {
    "larder::memory::detail::t_charges": "the ledger's figures of this thread",
    "larder::memory::(anonymous namespace)::g_pages": "the ledger's figures of all threads",
    "larder::memory::data_blocks::(anonymous namespace)::g_blocks":
        "the allocator of the dataset, as jemalloc is that of all else",
    "larder::memory::(anonymous namespace)::g_spare_bytes":
        "an allocator that gets blocks back has no object to ask how much room there is",
    "larder::memory::detail::(anonymous namespace)::t_account":
        "a C library's allocator is not told for whom it allocates",
    "larder::base::detail::process_secret": "the secret of the keyed hash, drawn once",
    "larder::types::detail::(anonymous namespace)::t_tables":
        "numbers the tables of a thread, so that each has an order of its own",
    "larder::base::cycles_per_us()::kRate": "a constant of the machine, measured once",
    "larder::commands::index()::kRows": "a constant that is filled when it is first asked for",
    "larder::base::(anonymous namespace)::installed_handler()::handler":
        "a failed check has no object to ask what to do",
    "larder::memory::(anonymous namespace)::exhaustion_handler()::handler":
        "an allocation that fails has no object to ask what to do",
    "larder::memory::(anonymous namespace)::refused_count":
        "an allocation that the system refuses has no object to tell",
    "larder::memory::(anonymous namespace)::refused_bytes": "the same",
    "larder::memory::(anonymous namespace)::refused_from": "for tests: a system that refuses memory",
    "larder::memory::(anonymous namespace)::reserve":
        "an allocation that the system refuses has no object to ask for the reserve",
}
# Libraries whose templates and inline functions are compiled into our objects.
LIBRARIES = ("asio::", "std::", "spdlog::", "fmt::", "__gnu_cxx::")
SANITIZERS = re.compile(r"^(__odr_asan|__asan|__ubsan|__sanitizer|DW\.ref\.|\.L)")
# value, flags, section, size, [visibility], name
SYMBOL = re.compile(
    r"^[0-9a-f]+ (.{7}) (\.t?(?:data|bss)\S*)\t[0-9a-f]+ (?:\.(?:hidden|internal|protected) )?(.+)$")


def mutable_symbols(objects):
    """Pairs of object and demangled name, for every symbol in a writable section."""
    listing = subprocess.run(["objdump", "-tC", *map(str, objects)], check=True,
                             capture_output=True, text=True).stdout
    current = None
    for line in listing.splitlines():
        if ":     file format elf64" in line:
            current = line.split(":")[0]
            continue
        match = SYMBOL.match(line)
        if not match:
            continue
        flags, section, name = match.groups()
        is_section_or_file = "d" in flags
        if is_section_or_file or section.startswith(".data.rel.ro") or SANITIZERS.match(name):
            continue
        yield current, name


def is_of_a_library(name):
    name = name.removeprefix("guard variable for ").removeprefix("TLS init function for ")
    return name.startswith(LIBRARIES)


def source_of(path):
    """src/base/log.cc, from build/dev/CMakeFiles/larder_base.dir/src/base/log.cc.o."""
    return re.sub(r"^.*?\.dir/", "", path).removesuffix(".o")


def main():
    build = pathlib.Path(sys.argv[1])
    objects = sorted(build.glob("CMakeFiles/larder_*.dir/**/*.o"))
    if not objects:
        print(f"no objects of the rooms under {build}")
        return 1
    seen, problems = set(), []
    for path, name in mutable_symbols(objects):
        seen.add(name)
        plain = name.removeprefix("guard variable for ")
        if is_of_a_library(name) or plain in ALLOWED:
            continue
        problems.append(f"{source_of(path)}: {name}")
    if "larder::memory::detail::t_charges" not in seen:
        problems.append("the ledger's own counter was not found: the check does not see globals")
    for problem in sorted(set(problems)):
        print(problem)
    print(f"{len(objects)} objects, {len(seen)} writable symbols, {len(set(problems))} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
