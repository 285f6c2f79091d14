// Prints the access key's id and the region; once more for each line on stdin. See ../matrix.py.
import { createInterface } from "node:readline";
import { fromHttp, fromInstanceMetadata } from "@aws-sdk/credential-providers";
import { MetadataService } from "@aws-sdk/ec2-metadata-service";

const container = Boolean(process.env.AWS_CONTAINER_CREDENTIALS_FULL_URI);
const provider = container ? fromHttp() : fromInstanceMetadata({ ec2MetadataV1Disabled: true });

async function region() {
  if (container) return process.env.AWS_REGION;
  const endpoint = process.env.AWS_EC2_METADATA_SERVICE_ENDPOINT;
  const service = new MetadataService({ endpoint: endpoint?.replace(/\/$/, ""), disableFetchToken: false });
  return service.request("/latest/meta-data/placement/region", {});
}

async function tell() {
  const { accessKeyId } = await provider();
  console.log(`${accessKeyId} ${await region()}`);
}

await tell();
for await (const _ of createInterface({ input: process.stdin })) await tell();
