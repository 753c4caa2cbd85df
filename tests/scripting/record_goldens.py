#!/usr/bin/env python3
"""Writes the cases of tests/scripting/golden/ anew, with what redis-server gives for them.

Usage: record_goldens.py [--port PORT] [--cases N] [--seed N] [--into FOLDER]

With another folder, seed and more cases it compares at length: run scripting_tests with LARDER_GOLDENS
set to the folder.
"""
import argparse
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import time

import redis

from golden_cases import Formats, Json, MessagePack, Patterns, Values, mutated, quoted
from golden_fixed import FIXED

HERE = pathlib.Path(__file__).resolve().parent


def bit_case(rng):
    values = Values(rng)
    name = rng.choice(["tobit", "tohex", "bnot", "band", "bor", "bxor", "lshift", "rshift", "arshift", "rol", "ror",
                       "bswap"])
    count = rng.choice([1, 2, 2, 2, 3]) if name in ("band", "bor", "bxor") else rng.choice([1, 2, 2, 2])
    arguments = [values.number() if rng.random() < 0.9 else values.scalar() for _ in range(count)]
    return "return bit.%s(%s)" % (name, ", ".join(arguments))


def struct_pack_case(rng):
    values, formats = Values(rng), Formats(rng)
    layout = formats.format()
    arguments = []
    for option in layout:
        if option in "cs":
            arguments.append(values.text() if rng.random() < 0.9 else values.scalar())
        elif option in "bBhHlLTiIfd":
            arguments.append(values.number() if rng.random() < 0.95 else values.scalar())
    if arguments and rng.random() < 0.05:
        arguments.pop()
    text = quoted(layout.encode("latin-1"))
    if rng.random() < 0.15:
        return "return struct.size(%s)" % text
    return "return struct.pack(%s)" % ", ".join([text] + arguments)


def struct_unpack_case(rng):
    layout = quoted(Formats(rng).format().encode("latin-1"))
    data = quoted(bytes(rng.choice([0, 1, 2, 3, 127, 128, 255, rng.randrange(256)])
                        for _ in range(rng.choice([0, 1, 4, 20, 60, 100]))))
    start = rng.choice(["", "", "", ", 1", ", 2", ", 5", ", 0", ", -1", ", 1000", ", 2^40"])
    return "return struct.unpack(%s, %s%s)" % (layout, data, start)


def cmsgpack_pack_case(rng):
    values = Values(rng)
    kind = rng.randrange(20)
    if kind == 0:
        return "return cmsgpack.pack(%s)" % values.nested(rng.randrange(12, 20))
    if kind == 1:
        return "return cmsgpack.pack(string.rep(%s, %d))" % (values.text(), rng.choice([0, 3, 7, 12]))
    count = rng.choice([1, 1, 1, 2, 3, 0])
    return "return cmsgpack.pack(%s)" % ", ".join(values.value() for _ in range(count))


def cmsgpack_unpack_case(rng):
    data = quoted(MessagePack(rng).stream())
    kind = rng.randrange(4)
    if kind == 0:
        return "return cmsgpack.unpack_one(%s%s)" % (data, rng.choice(["", ", 0", ", 1", ", 3", ", -1", ", 1000"]))
    if kind == 1:
        return "return cmsgpack.unpack_limit(%s%s)" % (
            data, rng.choice(["", ", 0", ", 1", ", 2", ", -2", ", 1, 1", ", 0, 2", ", 2, 3", ", 1, -1", ", 1, 500"]))
    return "return cmsgpack.unpack(%s)" % data


def cjson_encode_case(rng):
    values = Values(rng)
    if rng.random() < 0.1:
        return "return cjson.encode(%s)" % values.nested(rng.choice([1, 2, 30, 150]))
    return "return cjson.encode(%s)" % values.value()


def cjson_decode_case(rng):
    return "return cjson.decode(%s)" % quoted(Json(rng).document())


def cjson_settings_case(rng):
    values, json = Values(rng), Json(rng)
    word = rng.choice(["true", "false", "'on'", "'off'", "'null'", "'x'", "1", "nil"])
    number = rng.choice(["0", "1", "2", "3", "5", "14", "15", "16", "-1", "2.7", "'4'", "2^31", "2^32+3", "nil", "{}"])
    setting = rng.choice([
        "encode_sparse_array(%s, %s, %s)" % (word, number, rng.choice(["0", "3", "10", "nil"])),
        "encode_max_depth(%s)" % number, "decode_max_depth(%s)" % number, "encode_number_precision(%s)" % number,
        "encode_keep_buffer(%s)" % word, "encode_invalid_numbers(%s)" % word, "decode_invalid_numbers(%s)" % word])
    if rng.random() < 0.2:
        return "return cjson.new().%s" % setting
    if "decode" in setting:
        action = "decode(%s)" % quoted(mutated(rng, json.value().encode(), b'"[]{}0+-.'))
    else:
        action = "encode(%s)" % values.value()
    return "local json = cjson.new() json.%s return json.%s" % (setting, action)


def search_case(rng):
    patterns = Patterns(rng)
    text, pattern, place = patterns.text(), patterns.pattern(), patterns.place()
    kind = rng.randrange(8)
    if kind < 2:
        plain = rng.choice(["", "", "", ", true", ", false"]) if place else ""
        return "return string.find(%s, %s%s%s)" % (text, pattern, place, plain)
    if kind < 4:
        return "return string.match(%s, %s%s)" % (text, pattern, place)
    if kind == 4:
        return ("local t = {} for a, b in string.gmatch(%s, %s) do t[#t + 1] = a t[#t + 1] = b or 'nil' end "
                "return unpack(t)" % (text, pattern))
    most = rng.choice(["", "", "", ", 0", ", 1", ", 2", ", -1", ", 1000", ", 'x'"])
    return "return string.gsub(%s, %s, %s%s)" % (text, pattern, patterns.replacement(), most)


FILES = {"bit": bit_case, "struct_pack": struct_pack_case, "struct_unpack": struct_unpack_case,
         "cmsgpack_pack": cmsgpack_pack_case, "cmsgpack_unpack": cmsgpack_unpack_case,
         "cjson_encode": cjson_encode_case, "cjson_decode": cjson_decode_case,
         "cjson_settings": cjson_settings_case, "search": search_case}


def record(client, folder, name, seed, count):
    show = (HERE / "golden" / "show.lua").read_text()
    rng = random.Random("%s %d" % (name, seed))
    cases = list(FIXED.get(name, []))
    while len(cases) < count:
        case = FILES[name](rng)
        if len(case) < 1500:
            cases.append(case)
    with open(folder / (name + ".txt"), "w", encoding="latin-1") as out:
        for case in cases:
            script = show + "return show_all(pcall(function() " + case + "\nend))\n"
            result = client.eval(script, 0).decode("latin-1")
            out.write("> %s\n< %s\n" % (case, result))
    print("%s: %d cases" % (name, len(cases)))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=21349)
    parser.add_argument("--cases", type=int, default=240)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--into", type=pathlib.Path, default=HERE / "golden")
    options = parser.parse_args()
    if not shutil.which("redis-server"):
        sys.exit("redis-server is not installed")
    options.into.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        server = subprocess.Popen(["redis-server", "--port", str(options.port), "--save", "", "--dir", folder],
                                  stdout=subprocess.DEVNULL)
        try:
            client = redis.Redis(port=options.port)
            for _ in range(100):
                try:
                    client.ping()
                    break
                except redis.ConnectionError:
                    time.sleep(0.05)
            for name in FILES:
                record(client, options.into, name, options.seed, options.cases)
        finally:
            server.terminate()
            server.wait()


if __name__ == "__main__":
    main()
