"""What `docs/scaling.md` is computed from: what Lambda would put on the bill, with one thread and with two.

A runtime API of our own stands in for Lambda's: it sees when a function asks for its first event, and how long each
answer takes, without the time of an HTTP client and of the emulator around it.
"""

import base64
import datetime
import json
import os
import queue
import statistics
import subprocess
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from . import stats
from .processes import resident, tree
from .setup import pinned

MODEL = "clothing"
# How often each function is started with each number of threads, and how many requests it then answers.
STARTS = 16
WARM = 100
THREADS = (1, 2)
TIMEOUT = 60


def sides(setup):
    return {
        "ours": [setup.bootstrap],
        "python": [setup.python, "-m", "awslambdaric", "handler.lambda_handler"],
    }


LABELS = {"ours": "ours", "python": "Python"}


class RuntimeApi(BaseHTTPRequestHandler):
    """The three requests that a function makes: for the next event, with an answer, with an error."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_):
        pass

    def do_GET(self):
        self.server.asked.put(time.perf_counter())
        event = self.server.events.get()
        if event is None:
            return
        self.server.given = time.perf_counter()
        self.respond(200, event)

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))) or self.chunks()
        self.server.answers.put((time.perf_counter(), self.path, body))
        self.respond(202, b'{"status":"OK"}')

    def chunks(self):
        """A body of unknown length."""
        parts = []
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            while length := int(self.rfile.readline().split(b";")[0], 16):
                parts.append(self.rfile.read(length))
                self.rfile.readline()
            self.rfile.readline()
        return b"".join(parts)

    def respond(self, status, body):
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Lambda-Runtime-Aws-Request-Id", "00000000-0000-0000-0000-000000000000")
        self.send_header("Lambda-Runtime-Deadline-Ms", str(int((time.time() + TIMEOUT) * 1e3)))
        self.send_header("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:us-east-1:123456789012:function:f")
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()


@contextmanager
def runtime_api():
    server = ThreadingHTTPServer(("127.0.0.1", 0), RuntimeApi)
    server.daemon_threads = True
    server.asked, server.events, server.answers = queue.Queue(), queue.Queue(), queue.Queue()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        server.events.put(None)
        server.shutdown()
        server.server_close()


def one_start(setup, command, threads, event):
    """Milliseconds to the first question, of the first request, and of the warm ones; the memory in the end."""
    with runtime_api() as server:
        environment = setup.environment(
            AWS_LAMBDA_RUNTIME_API=f"127.0.0.1:{server.server_port}",
            AWS_LAMBDA_FUNCTION_NAME="f",
            AWS_LAMBDA_FUNCTION_VERSION="1",
            AWS_LAMBDA_INITIALIZATION_TYPE="on-demand",
            AWS_LAMBDA_FUNCTION_MEMORY_SIZE=str(1769 * threads),
            LAMBDA_TASK_ROOT=str(setup.peers),
            **setup.variables(MODEL, threads),
        )
        begin = time.perf_counter()
        child = subprocess.Popen(
            [str(part) for part in command],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=environment,
            cwd=setup.peers,
            preexec_fn=pinned(threads),
        )
        try:
            init = server.asked.get(timeout=TIMEOUT) - begin
            times = []
            for _ in range(1 + WARM):
                server.events.put(event)
                arrived, path, body = server.answers.get(timeout=TIMEOUT)
                if not path.endswith("/response") or "pants" not in json.loads(body):
                    raise RuntimeError(f"{command[0]}: {path} {body[:300]}")
                times.append((arrived - server.given) * 1e3)
                server.asked.get(timeout=TIMEOUT)
            memory = resident(tree(child.pid))
        finally:
            child.kill()
            child.wait()
    return init * 1e3, times[0], times[1:], memory


def steps(_setup):
    return STARTS * len(THREADS)


def run(setup, progress):
    """No rows of the report: only what `measured` puts together."""
    picture = (setup.samples / "trousers.jpg").read_bytes()
    event = json.dumps({"image": base64.b64encode(picture).decode()}).encode()
    programs = sides(setup)
    found = {side: {"init": [], "first": [], "rss": [], "warm": {threads: [] for threads in THREADS}} for side in programs}
    for threads in THREADS:
        for attempt in range(STARTS):
            for side, command in programs.items():
                init, first, warm, memory = one_start(setup, command, threads, event)
                if attempt == 0:
                    # The first one has filled the page cache.
                    continue
                of_side = found[side]
                of_side["init"].append(init)
                of_side["first"].append(first)
                of_side["rss"].append(memory)
                of_side["warm"][threads] += warm
            progress()
    return found


def measured(found, machine):
    """What `bench/simulate` reads."""

    def implementation(side):
        of_side = found[side]
        return {
            "label": LABELS[side],
            "init_ms": round(statistics.median(of_side["init"]), 1),
            "first_ms": round(statistics.median(of_side["first"]), 1),
            "warm": [
                {
                    "threads": threads,
                    "p50_ms": round(stats.percentile(times, 0.5), 2),
                    "p99_ms": round(stats.percentile(times, 0.99), 2),
                }
                for threads, times in of_side["warm"].items()
            ],
            "rss_mb": round(statistics.median(of_side["rss"])),
        }

    busy = machine["busy_before"] > 0.2
    work = ", busy with other work" if busy else ""
    return {
        "preliminary": busy,
        "date": datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d"),
        "machine": f"{os.uname().machine} virtual machine ({machine['processor']}), as many processors as threads{work}",
        "workload": f"model/{MODEL}.tflite, model/sample/trousers.jpg as base64 in the event, at the runtime API",
        "implementations": {side: implementation(side) for side in found},
    }
