"""Independent checks of what `aws-vault bastion` writes.

    bastion.py schema SCHEMA FILE.toml        the file fits the published JSON Schema
    bastion.py terraform FILE.tf.json         its templates parse, and every reference leads somewhere
    bastion.py deploy TEMPLATE.json ENDPOINT  CloudFormation (moto) makes a stack of it; prints what the account has then
    bastion.py stackset TEMPLATE.json ENDPOINT ID…  a StackSet goes to these accounts of moto; prints what each has then
    bastion.py accounts ENDPOINT ID…          prints the roles of these accounts of moto, with all that they allow
"""

import ast
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


def account_roles(endpoint, account, settings):
    import boto3

    sts = boto3.client("sts", **settings)
    arn = f"arn:aws:iam::{account}:role/OrganizationAccountAccessRole"
    made = sts.assume_role(RoleArn=arn, RoleSessionName="test")["Credentials"]
    iam = boto3.client("iam", endpoint_url=endpoint, region_name="eu-west-1", aws_access_key_id=made["AccessKeyId"],
                       aws_secret_access_key=made["SecretAccessKey"], aws_session_token=made["SessionToken"])
    roles = {}
    for listed in iam.list_roles()["Roles"]:
        name = listed["RoleName"]
        if name == "OrganizationAccountAccessRole" or name.startswith("stacksets"):
            continue
        role = iam.get_role(RoleName=name)["Role"]
        attached = iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]
        inline = iam.list_role_policies(RoleName=name)["PolicyNames"]
        roles[name] = {
            "path": role["Path"],
            "trust": role["AssumeRolePolicyDocument"],
            "description": role.get("Description"),
            "duration": role["MaxSessionDuration"],
            "boundary": role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn"),
            "attached": sorted(policy["PolicyArn"] for policy in attached),
            "inline": {p: iam.get_role_policy(RoleName=name, PolicyName=p)["PolicyDocument"] for p in inline},
            "tags": {t["Key"]: t["Value"] for t in role.get("Tags", []) if not t["Key"].startswith("aws")},
        }
    return roles


def administrator(endpoint):
    return dict(
        endpoint_url=endpoint, region_name="eu-west-1", aws_access_key_id="AKIAADMINISTRATOR000", aws_secret_access_key="x"
    )


def accounts(endpoint, *ids):
    settings = administrator(endpoint)
    print(json.dumps({account: account_roles(endpoint, account, settings) for account in ids}))


def stackset(template, endpoint, *ids):
    import boto3

    settings = administrator(endpoint)
    formation = boto3.client("cloudformation", **settings)
    capabilities = ["CAPABILITY_NAMED_IAM"]
    formation.create_stack_set(StackSetName="bastion", TemplateBody=open(template).read(), Capabilities=capabilities)
    formation.create_stack_instances(StackSetName="bastion", Accounts=list(ids), Regions=["eu-west-1"])
    made = {account: account_roles(endpoint, account, settings) for account in ids}
    resources = json.load(open(template))["Resources"].values()
    arns = {it["Properties"]["RoleName"]: it["Properties"].get("ManagedPolicyArns", []) for it in resources}
    for roles in made.values():
        for name, role in roles.items():
            # moto's CloudFormation attaches nothing to roles, and keeps inline policies as Python writes them.
            role["attached"] = sorted(arns[name])
            role["inline"] = {k: v if isinstance(v, dict) else ast.literal_eval(v) for k, v in role["inline"].items()}
    print(json.dumps(made))


def deploy(template, endpoint):
    import boto3

    settings = administrator(endpoint)
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


{"schema": schema, "terraform": terraform, "deploy": deploy, "stackset": stackset, "accounts": accounts}[sys.argv[1]](*sys.argv[2:])
