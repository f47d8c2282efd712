"""The same model behind FastAPI: `POST /predict` takes a picture as the body."""

import io
from threading import Lock

from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from PIL import Image

from handler import classify, preprocessor

app = FastAPI()
# One interpreter in each process, as many processes as processors.
turn = Lock()


def predict(body):
    image = preprocessor.convert_to_tensor(Image.open(io.BytesIO(body)))
    with turn:
        return classify(image)


@app.post("/predict")
async def answer(request: Request):
    return await run_in_threadpool(predict, await request.body())
