#!/usr/bin/env python3
"""Runs a node script against a server; installs its packages into the build folder if npm is installed.

Usage: node.py BINARY BUILD_FOLDER SCRIPT. Exits with 77 (skipped) without node, npm or a registry.
"""
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
                if json.load(file)["version"] != version:
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


def main():
    binary, folder, script = sys.argv[1:4]
    for program in ("node", "npm"):
        if shutil.which(program) is None:
            print(f"{program} is not installed: {script} is not run")
            return SKIPPED
    if not install(folder):
        print(f"npm could not install the packages: {script} is not run")
        return SKIPPED
    environment = {**os.environ, "NODE_PATH": os.path.join(folder, "node_modules")}
    with server.running(binary) as port:
        where = {"host": "127.0.0.1", "port": port}
        return subprocess.run(["node", os.path.join(HERE, script), json.dumps(where)], env=environment,
                              timeout=120).returncode


if __name__ == "__main__":
    sys.exit(main())
