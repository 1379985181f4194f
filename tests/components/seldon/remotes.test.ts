import { remotesOf, remoteSecret, remoteText } from "../../../components/seldon/remotes";
import { seldonStack } from "../../support/seldon-stack";

const S3 = { kind: "s3", name: "s3", region: "eu-central-1" };
const MINIO = { kind: "minio", name: "minio", endpoint: "http://minio.minio.svc:9000", namespaces: ["tenant-a"] };
const GCS = { kind: "gcs", name: "gcs", parameters: { location: "eu" } };
const { seldon } = seldonStack({
  seldon: { tenants: [{ namespace: "tenant-a" }], storage: { remotes: [S3, MINIO, GCS] } },
});
const [s3, minio, gcs] = seldon.storage.remotes;

const KEYS = { access_key_id: "AKIA", secret_access_key: "secret/with+signs" };
const CREDENTIALS = JSON.stringify({
  s3: KEYS,
  minio: { ...KEYS, endpoint: "http://other:9000" },
  gcs: { service_account_credentials: '{"type":"service_account"}' },
});

test("a remote goes to every runtime, or to those that it names", () => {
  expect(remotesOf(seldon, "financial-ml").map(({ name }) => name)).toEqual(["s3", "gcs"]);
  expect(remotesOf(seldon, "tenant-a").map(({ name }) => name)).toEqual(["s3", "minio", "gcs"]);
});

test("each remote has a Secret of its own, because the agent takes one key only", () => {
  expect(remoteSecret("a", s3!)).toEqual({
    metadata: { name: "seldon-remote-s3", namespace: "a", labels: { "app.kubernetes.io/managed-by": "seldon-k3s" } },
  });
});

test.each([
  [
    "S3",
    s3!,
    {
      name: "s3",
      type: "s3",
      parameters: { provider: "AWS", env_auth: "false", region: "eu-central-1", ...KEYS },
    },
  ],
  [
    "MinIO, where the credentials win over what the kind brings",
    minio!,
    {
      name: "minio",
      type: "s3",
      parameters: { provider: "Minio", env_auth: "false", endpoint: "http://other:9000", ...KEYS },
    },
  ],
  [
    "Google Cloud Storage with a further parameter",
    gcs!,
    {
      name: "gcs",
      type: "google cloud storage",
      parameters: {
        bucket_policy_only: "true",
        location: "eu",
        service_account_credentials: '{"type":"service_account"}',
      },
    },
  ],
])("the agent reads %s", (_, remote, expected) => {
  expect(JSON.parse(remoteText(remote, CREDENTIALS))).toEqual(expected);
});

test("a plan, which has no secrets at hand, passes its placeholder on", () => {
  expect(remoteText(s3!, "[secret]")).toBe("[secret]");
});

test.each([
  ["no JSON", "hunter2{", "is no JSON"],
  ["a list", "[1]", "has no mapping s3"],
  ["nothing for the remote", '{"other":{"a":"hunter2"}}', "has no mapping s3"],
  ["a number", '{"s3":{"access_key_id":"hunter2","secret_access_key":1}}', "has a value that is no text in s3"],
  ["half of the credentials", '{"s3":{"access_key_id":"hunter2"}}', "s3 has no secret_access_key"],
])("credentials that are %s are refused without a word of them", (_, secret, says) => {
  const look = () => remoteText(s3!, secret);
  expect(look).toThrow(says);
  expect(look).toThrow(/^(?![^]*hunter2)/);
});
