"""(g) Requests a second of `bootstrap serve` and of FastAPI under uvicorn, both with one interpreter for each processor."""

import json
import os
import re
import subprocess
import urllib.request

from . import stats
from .processes import free_port, resident, running, tree

CLIENTS = (1, 4, 16)
# Many short ones: which of FastAPI's processes a connection comes to is chance, and decides its rate.
ROUNDS = 15
SECONDS = 2
WARM_UP = 2

SCRIPT = """
local file = io.open(os.getenv("PICTURE"), "rb")
wrk.method = "POST"
wrk.headers["Content-Type"] = "image/jpeg"
wrk.body = file:read("*all")
file:close()
"""


def programs(setup, port):
    count = str(len(os.sched_getaffinity(0)))
    python = [setup.python, setup.peers / "serve.py", port, count]
    return {
        "ours": ([setup.bootstrap, "serve", "--port", port, "--concurrency", "64"], None, {"INTERPRETERS": count}),
        "FastAPI": (python, setup.peers, {}),
    }


def wrk(setup, url, picture, clients, seconds):
    script = setup.work / "post.lua"
    script.write_text(SCRIPT)
    command = ["wrk", "--threads", "1", "--connections", str(clients), "--duration", f"{seconds}s", "--latency"]
    return subprocess.run(
        [*command, "--timeout", "30s", "--script", str(script), url],
        env=setup.environment(PICTURE=str(picture)),
        check=True,
        capture_output=True,
        text=True,
    ).stdout


def load(setup, port, clients):
    """Requests in a second, after a check that the answer is one."""
    picture = setup.samples / "trousers.jpg"
    url = f"http://127.0.0.1:{port}/predict"
    request = urllib.request.Request(url, picture.read_bytes(), {"Content-Type": "image/jpeg"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        if "pants" not in json.load(answer):
            raise RuntimeError(f"{url}: no scores")
    # The first turn is not counted: by its end all processes have loaded the model.
    for seconds in (WARM_UP, SECONDS):
        text = wrk(setup, url, picture, clients, seconds)
    if re.search("Non-2xx|Socket errors", text):
        raise RuntimeError(text)
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", text)[1])
    value, unit = re.search(r"99%\s+([\d.]+)(us|ms|s)", text).groups()
    return rate, float(value) * {"us": 1e-3, "ms": 1.0, "s": 1e3}[unit]


def steps(setup):
    return len(CLIENTS) * ROUNDS


def run(setup, progress):
    found = []
    variables = setup.variables("clothing", threads=1)
    for clients in CLIENTS:
        rates, tails, memory = ({"ours": [], "FastAPI": []} for _ in range(3))
        for _ in range(ROUNDS):
            for side in rates:
                port = free_port()
                command, cwd, own = programs(setup, port)[side]
                environment = setup.environment(**variables, **own)
                with running(command, environment, setup.work / "server.log", port, cwd) as child:
                    rate, tail = load(setup, port, clients)
                    memory[side].append(resident(tree(child.pid)))
                rates[side].append(rate)
                tails[side].append(tail)
            progress()
        name = f"clothing, {clients} client{'s' * (clients > 1)}"
        found += stats.rows("serve", name, "requests/s", rates)
        found += stats.rows("serve", f"{name}, p99", "ms", tails)
        found += stats.rows("memory", f"{name}, server", "MB", memory)
    return found
