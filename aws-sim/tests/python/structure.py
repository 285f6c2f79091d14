"""Compares the element names of the simulation's answers with those of moto, for the same calls through boto3.

Usage: structure.py ENDPOINT ACCESS_KEY_ID SECRET. Prints one line per difference that is not listed below; exit 1 if any.
"""

import sys
import xml.etree.ElementTree as ElementTree

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError
from moto.server import ThreadedMotoServer

POLICY = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}'
TRUST = (
    '{"Version":"2012-10-17","Statement":'
    '[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"AWS":"*"}}]}'
)

# Where the two differ, AWS's API reference decides.
KNOWN = {
    ("moto", "AssumeRole", "AssumeRoleResponse/AssumeRoleResult/PackedPolicySize"):
        "AWS gives it only if there is a session policy or a tag",
    ("aws-sim", "ListAccessKeys", "ListAccessKeysResponse/ListAccessKeysResult/IsTruncated"):
        "AWS always gives it",
} | {
    ("moto", label, "ErrorResponse/Error/message"): "moto writes the message of an IAM error twice"
    for label in (
        "CreateAccessKey, one too many", "DeleteAccessKey, no such key", "GetUser, no such user",
    )
}


def paths(element, prefix=""):
    """Every path of element names below an element, with the namespace of the root."""
    namespace, _, name = element.tag.rpartition("}")
    path = f"{prefix}/{name}" if prefix else name
    yield f"{namespace[1:]} {path}" if not prefix else path
    for child in element:
        yield from paths(child, path)


class Recorder:
    """Clients of one endpoint that keep the element names of every answer."""

    def __init__(self, endpoint, key, secret):
        self.answers = {}
        self.arguments = dict(
            endpoint_url=endpoint,
            region_name="us-east-1",
            aws_access_key_id=key,
            aws_secret_access_key=secret,
            config=Config(retries={"total_max_attempts": 1}),
        )
        self.label = ""

    def client(self, service):
        client = boto3.client(service, **self.arguments)
        client.meta.events.register("before-parse", self.record)
        return client

    def record(self, response_dict, **_):
        document = ElementTree.fromstring(response_dict["body"])
        self.answers[self.label] = set(paths(document))

    def call(self, label, function, **arguments):
        self.label = label
        try:
            return function(**arguments)
        except ClientError as error:
            return error.response


def calls(recorder, role):
    """The calls that are compared; the same for both servers."""
    sts, iam = recorder.client("sts"), recorder.client("iam")
    call = recorder.call
    call("GetCallerIdentity", sts.get_caller_identity)
    call("GetSessionToken", sts.get_session_token)
    call("GetFederationToken", sts.get_federation_token, Name="bugs", Policy=POLICY)
    call("AssumeRole", sts.assume_role, RoleArn=role, RoleSessionName="me")
    call("GetAccessKeyInfo", sts.get_access_key_info, AccessKeyId=recorder.arguments["aws_access_key_id"])
    call("GetUser", iam.get_user, UserName="elmerfudd")
    call("ListUsers", iam.list_users)
    call("ListMFADevices", iam.list_mfa_devices, UserName="elmerfudd")
    created = call("CreateAccessKey", iam.create_access_key, UserName="elmerfudd")
    call("CreateAccessKey, one too many", iam.create_access_key, UserName="elmerfudd")
    call("ListAccessKeys", iam.list_access_keys, UserName="elmerfudd")
    key = created["AccessKey"]["AccessKeyId"]
    call("GetAccessKeyLastUsed, never", iam.get_access_key_last_used, AccessKeyId=key)
    call("UpdateAccessKey", iam.update_access_key, UserName="elmerfudd", AccessKeyId=key, Status="Inactive")
    call("DeleteAccessKey", iam.delete_access_key, UserName="elmerfudd", AccessKeyId=key)
    call("DeleteAccessKey, no such key", iam.delete_access_key, UserName="elmerfudd", AccessKeyId="AKIAIOSFODNN7EXAMPLE")
    call("GetUser, no such user", iam.get_user, UserName="nobody")
    return recorder.answers


def moto_answers():
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        endpoint = f"http://{host}:{port}"
        setup = Recorder(endpoint, "test", "test")
        iam = boto3.client("iam", **setup.arguments)
        iam.create_user(UserName="elmerfudd")
        key = iam.create_access_key(UserName="elmerfudd")["AccessKey"]
        device = iam.create_virtual_mfa_device(VirtualMFADeviceName="elmerfudd")["VirtualMFADevice"]["SerialNumber"]
        iam.enable_mfa_device(
            UserName="elmerfudd", SerialNumber=device, AuthenticationCode1="000000", AuthenticationCode2="000001"
        )
        role = iam.create_role(RoleName="Ops", AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
        return calls(Recorder(endpoint, key["AccessKeyId"], key["SecretAccessKey"]), role)
    finally:
        server.stop()


def differences(simulated, moto):
    unseen = set(KNOWN)
    for label in moto:
        for side, extra in (("moto", moto[label] - simulated[label]), ("aws-sim", simulated[label] - moto[label])):
            for path in sorted(extra):
                if (side, label, path) not in KNOWN:
                    yield f"{label}: only {side} has {path}"
                unseen.discard((side, label, path))
    for side, label, path in sorted(unseen):
        yield f"{label}: {side} no longer differs in {path}"


def main():
    endpoint, key, secret = sys.argv[1:]
    simulated = calls(Recorder(endpoint, key, secret), "arn:aws:iam::111122223333:role/Ops")
    found = list(differences(simulated, moto_answers()))
    print("\n".join(found) or f"{len(simulated)} answers have the same elements")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
