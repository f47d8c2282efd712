"""Serves `server.py` at a port, in as many processes as asked for: `python serve.py PORT PROCESSES`.

`uvicorn --workers` would do, but hands on a socket of which asyncio does not see that it is TCP's. Then Nagle's
algorithm stays on, and each answer, sent as head and body, waits 40 ms for the client's acknowledgement.
"""

import os
import socket
import sys

import uvicorn


def main():
    port, processes = map(int, sys.argv[1:])
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    listener.listen(1024)
    # Before the model is loaded: each process has its own interpreter.
    for _ in range(processes - 1):
        if os.fork() == 0:
            break
    uvicorn.Server(uvicorn.Config("server:app", log_level="warning")).run(sockets=[listener])


if __name__ == "__main__":
    main()
