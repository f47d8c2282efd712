"""Asks a function that runs under the Lambda emulator about a picture, as the book's test.py does.

    pip install requests
    python samples/client.py http://127.0.0.1:8000/trousers.jpg
"""

import argparse
import json
import sys

import requests

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("url", help="address of the picture; the function fetches it")
parser.add_argument("--host", default="localhost:8080", help="where the emulator listens (%(default)s)")
arguments = parser.parse_args()

answer = requests.post(
    f"http://{arguments.host}/2015-03-31/functions/function/invocations",
    json={"url": arguments.url},
    timeout=60,
).json()
print(json.dumps(answer, indent=2))
sys.exit("errorType" in answer)
