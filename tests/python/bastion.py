"""Independent checks of what `aws-vault bastion` writes.

    bastion.py schema SCHEMA FILE.toml        the file fits the published JSON Schema
    bastion.py terraform FILE.tf.json         its templates parse, and every reference leads somewhere
    bastion.py deploy TEMPLATE.json ENDPOINT  CloudFormation (moto) makes a stack of it; prints the roles it has
"""

import json
import re
import sys


def schema(schema_path, toml_path):
    import tomllib

    import jsonschema

    schema = json.load(open(schema_path))
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(tomllib.load(open(toml_path, "rb")), schema)


def terraform(path):
    import hcl2

    document = json.load(open(path))
    resources = document["resource"]
    aliases = {provider["alias"] for provider in document["provider"]["aws"]}

    def strings(value):
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict):
            for member in value.values():
                yield from strings(member)
        elif isinstance(value, list):
            for member in value:
                yield from strings(member)

    for kind, members in resources.items():
        for name, body in members.items():
            assert re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name), name
            assert body["provider"].removeprefix("aws.") in aliases, body
            for text in strings(body):
                hcl2.loads(f"x = {json.dumps(text)}\n")
                for reference in re.findall(r"(?<!\$)\$\{([^}]*)\}", text):
                    kind, name, _ = reference.split(".")
                    assert name in resources[kind], reference
    print(sum(len(members) for members in resources.values()))


def deploy(template, endpoint):
    import boto3

    settings = dict(
        endpoint_url=endpoint, region_name="eu-west-1", aws_access_key_id="AKIAADMINISTRATOR000", aws_secret_access_key="x"
    )
    formation = boto3.client("cloudformation", **settings)
    formation.create_stack(StackName="bastion", TemplateBody=open(template).read(), Capabilities=["CAPABILITY_NAMED_IAM"])
    status = formation.describe_stacks(StackName="bastion")["Stacks"][0]["StackStatus"]
    assert status == "CREATE_COMPLETE", status
    iam = boto3.client("iam", **settings)
    print(json.dumps({
        "roles": sorted(role["RoleName"] for role in iam.list_roles()["Roles"]),
        "groups": sorted(group["GroupName"] for group in iam.list_groups()["Groups"]),
        "users": sorted(user["UserName"] for user in iam.list_users()["Users"]),
    }))


{"schema": schema, "terraform": terraform, "deploy": deploy}[sys.argv[1]](*sys.argv[2:])
