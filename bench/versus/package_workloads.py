"""Measurements of packages from npm whose work is done by scripts, for scripts/versus: the server's CPU time for one job,
which includes the system's for connections and loop turns. The packages are those that the tests of clients installed."""
import os
import shutil
import subprocess

from family_workloads import Link
from measuring import DRIVER_CORE, ROOT, Table, medians, servers

HERE = os.path.dirname(os.path.abspath(__file__))
MODULES = os.path.join(ROOT, "build", "clients", "node_modules")
# package, jobs
WORKLOADS = [("bullmq", 5_000), ("bull", 5_000), ("bee-queue", 10_000), ("rate-limiter-flexible", 20_000)]


def compare(arguments, is_wanted):
    wanted = [w for w in WORKLOADS if is_wanted("packages: " + w[0])]
    if not wanted:
        return
    if shutil.which("node") is None or not os.path.isdir(MODULES):
        print("packages: node or the packages are not installed (ctest -R clients_bullmq installs them)")
        return
    table = Table("Packages", ["package", "redis-server jobs/s", "Larder jobs/s", "redis-server µs CPU", "Larder µs CPU", "CPU ratio"],
                  arguments.markdown)
    with servers(arguments) as pair:
        for package, jobs in wanted:
            figures = medians(arguments, lambda s: measure(s, package, jobs), *pair)
            table.row(package, *(f"{figures[i]:,.0f}" for i in (0, 2)), *(f"{figures[i]:.1f}" for i in (1, 3)), f"{figures[4]:.2f}")


def measure(server, package, jobs):
    """Jobs a second, the start of node included, and CPU microseconds of each."""
    link = Link(server)
    link.ask("FLUSHALL")
    began, clock = link.cpu(), os.times().elapsed
    subprocess.run(["taskset", "-c", DRIVER_CORE, "node", os.path.join(HERE, "packages.js"), package, str(server.port), str(jobs)],
                   check=True, env={**os.environ, "NODE_PATH": MODULES, "NODE_NO_WARNINGS": "1"})
    return jobs / (os.times().elapsed - clock), (link.cpu() - began) / jobs * 1e6
