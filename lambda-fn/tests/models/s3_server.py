"""A server of S3's protocol with users and their rights, for moto.rs: moto, on the loopback interface.

Prints one line of JSON when it serves. Each line on its standard input is a command, after which it
prints "done"; it ends with the end of its input.
"""

import json
import logging
import sys
import urllib.request

import boto3
from moto.server import ThreadedMotoServer

REGION = "eu-west-1"


def rights(*statements):
    return json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Action": action, "Resource": resource} for action, resource in statements
            ],
        }
    )


def main():
    five, three, picture = sys.argv[1:]
    read = lambda path: open(path, "rb").read()
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    common = dict(
        endpoint_url=endpoint, region_name=REGION, aws_access_key_id="setup", aws_secret_access_key="setup"
    )
    iam = boto3.client("iam", **common)
    keys = {}
    for name, document in {
        "admin": rights(("s3:*", "*")),
        "reader": rights(("s3:GetObject", "arn:aws:s3:::models/*"), ("s3:GetObjectVersion", "arn:aws:s3:::models/*")),
        "nobody": None,
    }.items():
        iam.create_user(UserName=name)
        if document:
            iam.put_user_policy(UserName=name, PolicyName="rights", PolicyDocument=document)
        key = iam.create_access_key(UserName=name)["AccessKey"]
        keys[name] = [key["AccessKeyId"], key["SecretAccessKey"]]

    # From here on each request must be signed by a user with the right to it.
    urllib.request.urlopen(
        urllib.request.Request(
            f"{endpoint}/moto-api/reset-auth", data=b"0", headers={"Content-Type": "text/plain"}, method="POST"
        )
    )
    common.update(aws_access_key_id=keys["admin"][0], aws_secret_access_key=keys["admin"][1])
    s3 = boto3.client("s3", **common)
    where = {"CreateBucketConfiguration": {"LocationConstraint": REGION}}
    for bucket in ["models", "private"]:
        s3.create_bucket(Bucket=bucket, **where)
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})

    def put(model, labels):
        s3.put_object(Bucket="models", Key="m.txt", Body=labels)
        return s3.put_object(Bucket="models", Key="m.tflite", Body=read(model))["VersionId"]

    old = put(three, b"x\ny\nz\n")
    put(five, b"a\nb\nc\nd\ne\n")
    s3.put_object(Bucket="models", Key="odd/a b+é&=%41.png", Body=read(picture))
    s3.put_object(Bucket="private", Key="m.tflite", Body=read(five))
    print(json.dumps({"endpoint": endpoint, "region": REGION, "keys": keys, "old": old}), flush=True)
    for command in sys.stdin:
        if command.strip() == "replace":
            put(three, b"x\ny\nz\n")
        elif command.strip() == "stop":
            server.stop()
        print("done", flush=True)


main()
