# Prints the access key's id and the region; once more for each line on stdin. See ../matrix.py.
import os
import sys

import boto3
from botocore.utils import InstanceMetadataRegionFetcher


def tell():
    key = boto3.Session().get_credentials().get_frozen_credentials().access_key
    region = os.environ["AWS_REGION"]
    if "AWS_CONTAINER_CREDENTIALS_FULL_URI" not in os.environ:
        config = {"ec2_metadata_service_endpoint": os.environ.get("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://169.254.169.254/")}
        region = InstanceMetadataRegionFetcher(config=config).retrieve_region()
    print(key, region, flush=True)


tell()
for _ in sys.stdin:
    tell()
