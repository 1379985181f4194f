import * as pulumi from "@pulumi/pulumi";
import { agentSettings, serverSettings, type SettingsInput } from "../../../components/k3s/settings";
import { snapshotSecretData } from "../../../components/k3s/snapshot-secret";
import { SnapshotStore } from "../../../components/k3s/snapshot-store";
import { containsSecret, revealSecrets } from "../../../inprocess/secrets";
import { HOSTS, networkStack } from "../../support/network-stack";
import { recordComponent } from "../../support/record";

const PEM = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
const stackOf = (s3: Record<string, unknown>) =>
  networkStack({
    hosts: HOSTS,
    k3s: { etcdSnapshots: { retention: 28, s3: { bucket: "snapshots", region: "eu-central-1", ...s3 } } },
  });
const settings = (s3: Record<string, unknown>) => {
  const config = stackOf(s3);
  const input: SettingsInput = { ...config, hosts: config.hosts!, hasToken: false };
  return {
    server: Object.entries(serverSettings(input.hosts.servers[1]!, input)).filter(([key]) => key.startsWith("etcd-s3")),
    agent: Object.keys(agentSettings(input.hosts.agents[0]!, input)).filter((key) => key.startsWith("etcd-s3")),
  };
};

describe("etcd snapshots in a bucket", () => {
  it("put the name of a Secret on servers and nothing else but the retention: K3s would ignore the Secret", () => {
    expect(settings({})).toEqual({
      server: [
        ["etcd-s3", true],
        ["etcd-s3-config-secret", "k3s-etcd-snapshot-s3-config"],
        ["etcd-s3-retention", 28],
      ],
      agent: [],
    });
    expect(settings({ retention: 90 }).server.at(-1)).toEqual(["etcd-s3-retention", 90]);
  });

  it.each([
    ["v1.32.7+k3s1", false],
    ["v1.32.8+k3s1", true],
    ["v1.33.3+k3s1", false],
    ["v1.33.4+k3s1", true],
    ["v1.34.0+k3s1", true],
  ])("knows whether K3s %s has a retention of its own for buckets: %s", (version, has) => {
    const config = stackOf({});
    const input: SettingsInput = { ...config, k3s: { ...config.k3s, version }, hosts: config.hosts!, hasToken: false };
    expect("etcd-s3-retention" in serverSettings(input.hosts.servers[0]!, input)).toBe(has);
  });

  it("give the Secret what K3s reads, with a folder for each cluster", () => {
    const data = (s3: Record<string, unknown>) =>
      snapshotSecretData(stackOf(s3).k3s.etcdSnapshots.s3!, { name: "seldon-prod" });
    expect(data({})).toEqual({
      "etcd-s3-bucket": "snapshots",
      "etcd-s3-folder": "seldon-prod",
      "etcd-s3-region": "eu-central-1",
    });
    expect(
      data({ endpoint: "https://s3.example.com:9000", endpointCa: PEM, forcePathStyle: true, folder: "k3s/prod" }),
    ).toEqual({
      "etcd-s3-bucket": "snapshots",
      "etcd-s3-bucket-lookup-type": "path",
      "etcd-s3-endpoint": "s3.example.com:9000",
      "etcd-s3-endpoint-ca": PEM,
      "etcd-s3-folder": "k3s/prod",
      "etcd-s3-region": "eu-central-1",
    });
    expect(data({ forcePathStyle: false })["etcd-s3-bucket-lookup-type"]).toBe("dns");
  });
});

describe("SnapshotStore", () => {
  const record = (secretKey?: string) => {
    const config = stackOf({});
    return recordComponent(
      () =>
        void new SnapshotStore("store", {
          cluster: config.cluster,
          store: config.k3s.etcdSnapshots.s3!,
          // Not marked: the component must do that itself.
          accessKey: pulumi.output("AKIAEXAMPLE"),
          secretKey: secretKey === undefined ? undefined : pulumi.output(secretKey),
        }),
    );
  };

  it("makes one Secret, in which the credentials stay secret", async () => {
    const recording = await record("MARK-secret-key");
    const { type, inputs } = recording.named("store-secret");
    expect(type).toBe("kubernetes:core/v1:Secret");
    expect(revealSecrets(inputs["metadata"])).toMatchObject({
      name: "k3s-etcd-snapshot-s3-config",
      namespace: "kube-system",
    });
    expect(inputs["type"]).toBe("etcd.k3s.cattle.io/s3-config-secret");
    expect(containsSecret(inputs["stringData"])).toBe(true);
    expect(revealSecrets(inputs["stringData"])).toMatchObject({
      "etcd-s3-bucket": "snapshots",
      "etcd-s3-access-key": "AKIAEXAMPLE",
      "etcd-s3-secret-key": "MARK-secret-key",
    });
    const all = JSON.stringify(recording.resources.map(({ inputs, outputs }) => ({ inputs, outputs })));
    expect(all).not.toMatch(/AKIAEXAMPLE|MARK-secret-key/);
  });

  it("refuses half of the credentials", async () => {
    await expect(record()).rejects.toThrow("no credentials for the bucket snapshots: got none, or half of them");
  });
});
