"""What linters of deployment descriptions cannot know: whether they deploy this function as meant.

    python check.py expand template.yaml...
    python check.py sam template.yaml
    python check.py serverless zip|image iam|public BUCKET|none packaged.json
    python check.py samples FILE...

The SAM template is expanded by SAM's own translator, which `expand` writes down, and then resolved for each combination of its
parameters. What Serverless packages is a template of CloudFormation already. Samples are direct invocations, and compared with
the schema of requests in the function's OpenAPI document.
"""

import itertools
import json
import re
import sys
from pathlib import Path

from jsonschema import Draft202012Validator
from openapi_spec_validator import validate
from samcli.yamlhelper import yaml_parse
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

ROOT = Path(__file__).resolve().parent.parent
STACK, REGION, ACCOUNT = "the-stack", "eu-west-1", "123456789012"
PSEUDO = {
    "AWS::StackName": STACK,
    "AWS::Region": REGION,
    "AWS::AccountId": ACCOUNT,
    "AWS::Partition": "aws",
    "AWS::URLSuffix": "amazonaws.com",
}
NO_VALUE = object()
BUCKET, IMAGE = "my-pictures", f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/x:1"
# What the function may do beside reading the one bucket.
LOG = {"logs:CreateLogStream", "logs:CreateLogGroup", "logs:TagResource", "logs:PutLogEvents"}
READ = {"s3:GetObject", "s3:GetObjectVersion"}


class Stack:
    """A template with its parameters set: no function of CloudFormation is left in `resources`."""

    def __init__(self, template, given):
        self.parameters = {
            name: given.get(name, parameter.get("Default"))
            for name, parameter in template.get("Parameters", {}).items()
        }
        unknown = given.keys() - self.parameters.keys()
        assert not unknown, f"no such parameters: {unknown}"
        self.conditions = template.get("Conditions", {})
        self.types, self.names = {}, {}
        everything = template["Resources"]
        self.types = {
            name: resource["Type"]
            for name, resource in everything.items()
            if "Condition" not in resource or self.holds(resource["Condition"])
        }
        for name in self.types:
            self.names[name] = self.physical(everything[name]) or f"<{name}>"
        self.resources = {
            name: {"Type": kind, **self.resolve(everything[name].get("Properties", {}))}
            for name, kind in self.types.items()
        }
        self.outputs = self.resolve(template.get("Outputs", {}))

    def physical(self, resource):
        properties = resource.get("Properties", {})
        for name in ("FunctionName", "LogGroupName"):
            # Of a permission, that is somebody else's.
            if name in properties and resource["Type"] != "AWS::Lambda::Permission":
                return self.resolve(properties[name])
        return None

    def holds(self, condition):
        return self.resolve(self.conditions[condition])

    def ref(self, name):
        if name == "AWS::NoValue":
            return NO_VALUE
        for known in (PSEUDO, self.parameters, self.names):
            if name in known:
                return known[name]
        raise AssertionError(f"{name} is referred to and not made")

    def sub(self, text, variables):
        def value(match):
            name = match[1]
            if name in variables:
                return str(variables[name])
            return self.attribute(*name.split(".", 1)) if "." in name else str(self.ref(name))

        return re.sub(r"\$\{([^}]+)\}", value, text)

    def attribute(self, name, attribute):
        kind, physical = self.types.get(name), self.ref(name)
        if attribute == "Arn" and kind == "AWS::Lambda::Function":
            return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{physical}"
        if attribute == "Arn" and kind == "AWS::Logs::LogGroup":
            return f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{physical}:*"
        return f"{physical}.{attribute}"

    def resolve(self, value):
        if isinstance(value, list):
            items = (self.resolve(item) for item in value)
            return [item for item in items if item is not NO_VALUE]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            (name, argument), = value.items()
            if name == "Ref":
                return self.ref(argument)
            if name == "Condition" and isinstance(argument, str):
                return self.holds(argument)
            if name == "Fn::If":
                condition, then, otherwise = argument
                return self.resolve(then if self.holds(condition) else otherwise)
            if name == "Fn::GetAtt":
                return self.attribute(*(argument.split(".", 1) if isinstance(argument, str) else argument))
            if name == "Fn::Sub":
                text, variables = (argument, {}) if isinstance(argument, str) else argument
                return self.sub(text, self.resolve(variables))
            if name == "Fn::Join":
                return argument[0].join(map(str, self.resolve(argument[1])))
            if name == "Fn::Equals":
                left, right = self.resolve(argument)
                return str(left) == str(right)
            if name == "Fn::Not":
                return not self.resolve(argument)[0]
            assert not name.startswith("Fn::"), f"{name} is not understood here"
        pairs = ((name, self.resolve(item)) for name, item in value.items())
        return {name: item for name, item in pairs if item is not NO_VALUE}

    def all(self, kind):
        return [resource for resource in self.resources.values() if resource["Type"] == kind]

    def only(self, kind):
        found = self.all(kind)
        assert len(found) == 1, f"{len(found)} resources are {kind}"
        return found[0]


def equal(what, found, expected):
    assert found == expected, f"{what} is {found!r}, not {expected!r}"


def documented_variables():
    text = (ROOT / "lambda-fn/src/lib.rs").read_text()
    return set(re.findall(r"^//! \| `([A-Z0-9_]+)` \|", text, re.MULTILINE))


def check_function(stack, variant, architecture):
    function = stack.only("AWS::Lambda::Function")
    equal("PackageType", function.get("PackageType", "Zip"), variant.capitalize())
    equal("Architectures", function["Architectures"], [architecture])
    equal("MemorySize", function["MemorySize"], 1024)
    equal("Timeout", function["Timeout"], 30)
    equal("LogFormat", function["LoggingConfig"]["LogFormat"], "JSON")
    if variant == "zip":
        equal("Runtime", function["Runtime"], "provided.al2023")
        assert "ImageUri" not in function["Code"], function["Code"]
    else:
        assert "Runtime" not in function and "Handler" not in function, function
        assert function["Code"]["ImageUri"].startswith(ACCOUNT), function["Code"]
    names = set(function["Environment"]["Variables"])
    unknown = names - documented_variables()
    assert not unknown, f"variables that the function does not read: {unknown}"
    # Lambda keeps these to itself, and refuses them.
    assert not any(name.startswith("AWS_") for name in names), names
    group = stack.only("AWS::Logs::LogGroup")
    assert group["RetentionInDays"] > 0
    used = function["LoggingConfig"].get("LogGroup", f"/aws/lambda/{function['FunctionName']}")
    equal("the function's log", used, group["LogGroupName"])


def check_rights(stack, bucket):
    role = stack.only("AWS::IAM::Role")
    equal("managed policies", role.get("ManagedPolicyArns", []), [])
    policies = role["Policies"] + stack.all("AWS::IAM::Policy")
    statements = [s for policy in policies for s in policy["PolicyDocument"]["Statement"]]
    read = []
    for statement in statements:
        equal("Effect", statement["Effect"], "Allow")
        resources = statement["Resource"]
        resources = [resources] if isinstance(resources, str) else resources
        if set(statement["Action"]) <= LOG:
            log = f":log-group:{stack.only('AWS::Logs::LogGroup')['LogGroupName']}:"
            assert all(log in resource for resource in resources), resources
        else:
            assert set(statement["Action"]) <= READ, statement
            read += resources
    equal("what may be read", read, [f"arn:aws:s3:::{bucket}/*"] if bucket else [])


def check_url(stack, access):
    (name,) = (name for name, kind in stack.types.items() if kind == "AWS::Lambda::Url")
    public = access == "public"
    equal("AuthType", stack.resources[name]["AuthType"], "NONE" if public else "AWS_IAM")
    everybody = [p["Action"] for p in stack.all("AWS::Lambda::Permission") if p["Principal"] == "*"]
    wanted = ["lambda:InvokeFunctionUrl", "lambda:InvokeFunction"] if public else []
    equal("what everybody may", everybody, wanted)


def check_api(stack, access, integration):
    body = stack.only("AWS::ApiGateway::RestApi")["Body"]
    validate(body)
    equal("paths", list(body["paths"]), ["/predict"])
    methods = body["paths"]["/predict"]
    post = methods["post"]
    equal("security", post["security"], [] if access == "public" else [{"iam": []}])
    for name, method in methods.items():
        to = method["x-amazon-apigateway-integration"]
        book = integration == "book" and name == "post"
        equal("integration", to["type"], "aws" if book else "aws_proxy")
        assert book == ("responses" in to), to
        assert f":function:{STACK}/invocations" in to["uri"], to["uri"]
    (permission,) = (
        p for p in stack.all("AWS::Lambda::Permission") if p["Principal"] == "apigateway.amazonaws.com"
    )
    assert permission["SourceArn"].endswith("/*/*/predict"), permission


def check_alarms(stack, metrics, topic):
    timeout = stack.only("AWS::Lambda::Function")["Timeout"]
    alarms = {alarm["MetricName"]: alarm for alarm in stack.all("AWS::CloudWatch::Alarm")}
    wanted = {"Errors", "Throttles", "Duration"} | ({"faults"} if metrics else set())
    equal("alarms", set(alarms), wanted)
    for name, alarm in alarms.items():
        equal("actions", alarm["AlarmActions"], [topic] if topic else [])
        equal("Namespace", alarm["Namespace"], metrics if name == "faults" else "AWS/Lambda")
        dimension = "functionName" if name == "faults" else "FunctionName"
        equal("Dimensions", alarm["Dimensions"], [{"Name": dimension, "Value": STACK}])
    assert 0.5 <= alarms["Duration"]["Threshold"] / (timeout * 1000) < 1


def expanded(path):
    template = yaml_parse(Path(path).read_text())
    # What `sam package` puts there.
    template["Resources"]["ZipFunction"]["Properties"]["CodeUri"] = "s3://code/lambda.zip"
    # The translator looks for a region, and asks nobody.
    return Translator({}, Parser()).translate(sam_template=template, parameter_values={})


def expand(*paths):
    """Writes what CloudFormation gets to a file beside, as JSON."""
    for path in paths:
        Path(path).with_suffix(".json").write_text(json.dumps(expanded(path), indent=1))


def check_sam(path):
    plain = expanded(path)
    guide = (ROOT / "docs/deploy.md").read_text()
    untold = [name for name in plain["Parameters"] if f"`{name}`" not in guide]
    equal("what docs/deploy.md does not tell of", untold, [])
    choices = itertools.product(
        ["zip", "image"],
        ["x86_64", "arm64"],
        ["iam", "public"],
        ["proxy", "book"],
        ["", BUCKET],
        ["", "Pictures"],
        ["", f"arn:aws:sns:{REGION}:{ACCOUNT}:alarms"],
        [0, 5],
    )
    count = 0
    for variant, architecture, access, integration, bucket, metrics, topic, most in choices:
        given = {
            "Variant": variant,
            "Architecture": architecture,
            "ImageUri": IMAGE if variant == "image" else "",
            "Access": access,
            "Integration": integration,
            "Bucket": bucket,
            "MetricsNamespace": metrics,
            "AlarmTopic": topic,
            "MaxConcurrency": most,
        }
        try:
            stack = Stack(plain, given)
            check_function(stack, variant, architecture)
            check_rights(stack, bucket)
            check_url(stack, access)
            check_api(stack, access, integration)
            check_alarms(stack, metrics, topic)
            concurrency = stack.only("AWS::Lambda::Function").get("ReservedConcurrentExecutions")
            equal("ReservedConcurrentExecutions", concurrency, most or None)
        except AssertionError as error:
            raise AssertionError(f"{error}, with {given}") from error
        count += 1
    print(f"{count} stacks")


def check_serverless(variant, access, bucket, path):
    stack = Stack(json.loads(Path(path).read_text()), {})
    check_function(stack, variant, "x86_64")
    check_rights(stack, "" if bucket == "none" else bucket)
    method = stack.only("AWS::ApiGateway::Method")
    equal("AuthorizationType", method["AuthorizationType"], "NONE" if access == "public" else "AWS_IAM")
    equal("HttpMethod", method["HttpMethod"], "POST")
    equal("integration", method["Integration"]["Type"], "AWS_PROXY")
    equal("PathPart", stack.only("AWS::ApiGateway::Resource")["PathPart"], "predict")
    kinds = stack.only("AWS::ApiGateway::RestApi")["BinaryMediaTypes"]
    equal("BinaryMediaTypes", kinds, ["image/*", "multipart/form-data"])


def check_samples(*paths):
    document = json.loads((ROOT / "lambda-fn/openapi.json").read_text())
    schema = {"$ref": "#/components/schemas/Request", "components": document["components"]}
    validator = Draft202012Validator(schema)
    for path in paths:
        errors = list(validator.iter_errors(json.loads(Path(path).read_text())))
        assert not errors, f"{path}: {errors[0].message[:200]}"
    print(f"{len(paths)} samples")


def main():
    kind, *arguments = sys.argv[1:]
    commands = {
        "expand": expand,
        "sam": check_sam,
        "serverless": check_serverless,
        "samples": check_samples,
    }
    try:
        commands[kind](*arguments)
    except AssertionError as error:
        sys.exit(str(error))


main()
