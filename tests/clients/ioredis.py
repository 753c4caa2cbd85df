#!/usr/bin/env python3
"""Runs ioredis.js against a server; installs ioredis into the build folder where npm is there.

Usage: ioredis.py BINARY BUILD_FOLDER. Exits with 77 (skipped) without node, npm or a registry.
"""
import os
import shutil
import subprocess
import sys

import server

HERE = os.path.dirname(os.path.abspath(__file__))
SKIPPED = 77


def install(folder):
    """True when ioredis is there."""
    if os.path.isdir(os.path.join(folder, "node_modules", "ioredis")):
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
    binary, folder = sys.argv[1], sys.argv[2]
    for program in ("node", "npm"):
        if shutil.which(program) is None:
            print(f"{program} is not installed: ioredis is not tested")
            return SKIPPED
    if not install(folder):
        print("npm could not install ioredis: it is not tested")
        return SKIPPED
    environment = {**os.environ, "NODE_PATH": os.path.join(folder, "node_modules")}
    with server.running(binary) as port:
        return subprocess.run(["node", os.path.join(HERE, "ioredis.js"), str(port)], env=environment,
                              timeout=120).returncode


if __name__ == "__main__":
    sys.exit(main())
