#!/usr/bin/env python3
"""Runs a node script against a server; installs its packages into the build folder if npm is installed.

Usage: node.py BINARY BUILD_FOLDER SCRIPT [--beside]. Exits with 77 (skipped) without node, npm or a registry. With
--beside the script runs against an installed redis-server too, and the outcomes of its cases must be equal.
"""
import concurrent.futures
import json
import os
import shutil
import subprocess
import sys

import server

HERE = os.path.dirname(os.path.abspath(__file__))
SKIPPED = 77


def is_installed(folder):
    """Whether every package in package.json is installed in the given version."""
    with open(os.path.join(HERE, "package.json"), encoding="utf-8") as file:
        wanted = json.load(file)["dependencies"]
    for name, version in wanted.items():
        try:
            with open(os.path.join(folder, "node_modules", name, "package.json"), encoding="utf-8") as file:
                # An alias has the form npm:NAME@VERSION.
                if json.load(file)["version"] != version.rpartition("@")[2]:
                    return False
        except OSError:
            return False
    return True


def install(folder):
    if is_installed(folder):
        return True
    os.makedirs(folder, exist_ok=True)
    shutil.copy(os.path.join(HERE, "package.json"), folder)
    try:
        done = subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--silent"], cwd=folder,
                              stdin=subprocess.DEVNULL, timeout=300)
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def run(binary, folder, script, outcomes=False):
    """The exit status of the script, its output, and the outcomes of its cases by title."""
    environment = {**os.environ, "NODE_PATH": os.path.join(folder, "node_modules")}
    with server.running(binary) as port:
        where = json.dumps({"host": "127.0.0.1", "port": port, "outcomes": outcomes})
        done = subprocess.run(["node", os.path.join(HERE, script), where], env=environment, timeout=120,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    lines, found = [], {}
    for line in done.stdout.splitlines():
        if line.startswith('{"title":'):
            case = json.loads(line)
            found[case["title"]] = case.get("outcome")
        else:
            lines.append(line)
    return done.returncode, "\n".join(lines), found


def run_beside(binary, reference, folder, script):
    """Runs it against both at the same time."""
    with concurrent.futures.ThreadPoolExecutor() as pool:
        runs = [pool.submit(run, one, folder, script, True) for one in (binary, reference)]
        (status, text, ours), (reference_status, reference_text, theirs) = [one.result() for one in runs]
    print(f"{text}\nredis-server: {reference_text}")
    different = [title for title in {**theirs, **ours} if ours.get(title) != theirs.get(title)]
    for title in different:
        print(f"DIFFERENT {title}\n  redis-server {theirs.get(title)}\n  Larder       {ours.get(title)}")
    return status or reference_status or (1 if different else 0)


def main():
    binary, folder, script = sys.argv[1:4]
    for program in ("node", "npm"):
        if shutil.which(program) is None:
            print(f"{program} is not installed: {script} is not run")
            return SKIPPED
    if not install(folder):
        print(f"npm could not install the packages: {script} is not run")
        return SKIPPED
    reference = shutil.which("redis-server") if "--beside" in sys.argv[4:] else None
    if reference:
        return run_beside(binary, reference, folder, script)
    status, text, _ = run(binary, folder, script)
    print(text)
    return status


if __name__ == "__main__":
    sys.exit(main())
