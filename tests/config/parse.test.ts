import fc from "fast-check";
import { ConfigError, formatFault } from "../../config/faults";
import { parseConfig } from "../../config/parse";
import { changed, soundConfig } from "./cases/case";
import { NETWORK_CASES } from "./cases/network";
import { NODE_CASES } from "./cases/nodes";
import { PLATFORM_CASES } from "./cases/platform";
import { SELDON_CASES } from "./cases/seldon";

const NO_SECRETS: ReadonlySet<string> = new Set();

/** What is said about the sound configuration with changes, one line a fault. */
const said = (set: Record<string, unknown>, secrets = NO_SECRETS): string[] =>
  parseConfig(changed(set), secrets).faults.map(formatFault);

describe("single values", () => {
  test.each<[string, Record<string, unknown>, string]>([
    [
      "unknown section",
      { seldn: {} },
      'seldn: is an unknown key; allowed: cluster, k3s, network, cni, calico, hosts, seldon, ingress, policies, observability, charts, validation, drift, protect; fix: Did you mean "seldon"? [schema.unknown-key]',
    ],
    [
      "unknown key without a near one",
      { "validation.everything": true },
      "validation.everything: is an unknown key; allowed: enabled, timeoutSeconds, probePods, probeImage; fix: remove it [schema.unknown-key]",
    ],
    [
      "unknown key in a list",
      { "hosts.agents.1.adress": "192.0.2.9" },
      'hosts.agents[1].adress: is an unknown key; allowed: name, address, sshAddress, hostKey, user, port, labels, taints; fix: Did you mean "address"? [schema.unknown-key]',
    ],
    [
      "missing key",
      { "cluster.name": undefined },
      "cluster.name: is missing; allowed: a string: Name of the cluster; the Kubernetes provider's `clusterIdentifier`, so never change it.; fix: set cluster.name [schema.missing]",
    ],
    [
      "missing section",
      { cluster: undefined },
      "cluster: is missing; allowed: a mapping of keys to values: Which cluster this stack owns and how to reach it.; fix: set cluster [schema.missing]",
    ],
    [
      "number in quotes",
      { "network.hostMtu": "1500" },
      'network.hostMtu: has the wrong type; got "1500"; allowed: a number; fix: write it without quotes: 1500 [schema.type]',
    ],
    [
      "string without quotes",
      { "seldon.version": 2.1 },
      "seldon.version: is none of the known values; got 2.1; allowed: 2.9.1, 2.10.2; fix: choose one of these [schema.choice]",
    ],
    [
      "label value without quotes",
      { "hosts.agents.0.labels": { gpu: true } },
      'hosts.agents[0].labels.gpu: has the wrong type; got true; allowed: a string; fix: put it in quotes: "true" [schema.type]',
    ],
    [
      "word for a boolean",
      { protect: "yes" },
      'protect: has the wrong type; got "yes"; allowed: true or false; fix: write true or false without quotes [schema.type]',
    ],
    [
      "one item for a list",
      { "cluster.tlsSans": "k3s.example.com" },
      'cluster.tlsSans: has the wrong type; got "k3s.example.com"; allowed: a list; fix: write a list: [k3s.example.com] [schema.type]',
    ],
    [
      "key without a value",
      { k3s: null },
      "k3s: has no value; got null; allowed: K3s server settings.; fix: give it a value, or remove the key to take the default [schema.type]",
    ],
    [
      "misspelt choice",
      { "cni.provider": "calco" },
      'cni.provider: is none of the known values; got "calco"; allowed: calico, flannel; fix: Did you mean "calico"? [schema.choice]',
    ],
    [
      "number out of bounds",
      { "validation.timeoutSeconds": 5 },
      "validation.timeoutSeconds: is too small; got 5; allowed: at least 10; fix: use at least 10 [schema.bounds]",
    ],
    [
      "empty list",
      { "seldon.servers": [] },
      "seldon.servers: is too small; got []; allowed: at least 1 entries; fix: use at least 1 entries [schema.bounds]",
    ],
    [
      "host bits in a range",
      { "network.nodeCidrs": ["192.0.2.1/24"] },
      'network.nodeCidrs[0]: is malformed; got "192.0.2.1/24"; allowed: the network address of the range; fix: Did you mean "192.0.2.0/24"? [schema.form]',
    ],
    [
      "address for a range",
      { "policies.storage.cidrs": ["203.0.113.7"] },
      'policies.storage.cidrs[0]: is malformed; got "203.0.113.7"; allowed: an IPv4 range such as 10.42.0.0/16; fix: Did you mean "203.0.113.7/32"? [schema.form]',
    ],
    [
      "malformed UID",
      { "cluster.uid": "kube-system" },
      'cluster.uid: is malformed; got "kube-system"; allowed: a UUID such as 6f1c2a4e-3b5d-4c7e-8f90-123456789abc; fix: UID of the namespace kube-system, the cluster\'s identity: `kubectl get namespace kube-system -o jsonpath={.metadata.uid}`. Compared before the first write. May be left out only where the stack itself makes the cluster on its hosts; add it then. [schema.form]',
    ],
    [
      "port out of bounds",
      { "cluster.endpoint": "https://192.0.2.11:66443" },
      'cluster.endpoint: is malformed; got "https://192.0.2.11:66443"; allowed: an https URL without a path, such as https://192.0.2.11:6443; fix: write it in that form [schema.form]',
    ],
  ])("%s", (_, set, message) => expect(said(set)).toEqual([message]));
});

describe("secrets", () => {
  test("a secret in clear is refused without being shown", () => {
    const [message, ...more] = said({ kafkaPassword: "hunter2" });
    expect(more).toEqual([]);
    expect(message).toContain("kafkaPassword: is a secret in clear text");
    expect(message).toContain("pulumi config set --secret kafkaPassword");
    expect(message).not.toContain("hunter2");
  });

  test("a secret that is set needs no value here", () => {
    expect(said({ k3sToken: "[secret]" }, new Set(["k3sToken"]))).toEqual([]);
  });

  test("the empty default of Pulumi.yaml means absent", () => {
    expect(said({ k3sToken: "", kafkaPassword: "" })).toEqual([]);
  });
});

describe("all faults at once", () => {
  test("a malformed part does not hide what rules say about the rest, nor make them say more", () => {
    expect(
      parseConfig(
        changed({
          "network.clusterCidr": "10.42.0.1/16",
          "network.podMtu": 1500,
          "hosts.agents.0.address": "192.0.2",
          "hosts.servers.1.name": "server-1",
          "k3s.version": "1.33",
        }),
        NO_SECRETS,
      ).faults.map(({ rule, path }) => `${rule} ${path}`),
    ).toEqual([
      "schema.form network.clusterCidr",
      "schema.form hosts.agents[0].address",
      "versions.k3s-format k3s.version",
      "network.mtu-without-vxlan-room network.podMtu",
      "hosts.name-repeated hosts.servers[1].name",
    ]);
  });

  test("a misspelt key is read as the one that was meant", () => {
    expect(
      parseConfig(changed({ "network.nodeCidrs": undefined, "network.nodeCIDRs": ["198.51.100.0/24"] }), NO_SECRETS)
        .faults.map(({ rule, path }) => `${rule} ${path}`)
        .slice(0, 2),
    ).toEqual(["schema.unknown-key network.nodeCIDRs", "network.host-outside-nodes hosts.servers[0].address"]);
  });

  test("an empty configuration names what is missing", () => {
    expect(parseConfig({}, NO_SECRETS).faults.map(({ rule, path }) => `${rule} ${path}`)).toEqual([
      "schema.missing cluster",
      "schema.missing network",
    ]);
  });

  // Cases that change one value each, none of which another case of the list looks at.
  const independent = [
    ...PLATFORM_CASES.filter(({ rule }) => /snapshot-schedule|kubeconfig|uid-empty|folder|tls-san/.test(rule)),
    ...NETWORK_CASES.filter(({ rule }) => /dns-outside|mtu/.test(rule)),
    ...NODE_CASES.filter(({ rule }) => /registry|up-to-without|ports-equal|label-refused/.test(rule)),
    ...SELDON_CASES.filter(({ rule }) =>
      /client-labels|smoke-model-memory|kafka-without|storage-none|topic/.test(rule),
    ),
  ]
    .filter(({ set, secrets }) => Object.keys(set).length === 1 && secrets === undefined)
    .filter(
      ({ set }, index, all) => all.findIndex((each) => Object.keys(each.set)[0] === Object.keys(set)[0]) === index,
    );

  const malformed: [path: string, value: unknown, rule: string][] = [
    ["protect", "yes", "schema.type"],
    ["cluster.name", "Not a label", "schema.form"],
    ["validation.timeoutSeconds", 1, "schema.bounds"],
    ["k3s.datastor", "etcd", "schema.unknown-key"],
    ["calico.encapsulation", "IPIP", "schema.choice"],
  ];

  test("whatever is broken together is reported together", () => {
    expect(independent.length).toBeGreaterThanOrEqual(10);
    fc.assert(
      fc.property(fc.subarray(independent), fc.subarray(malformed), (cases, values) => {
        const raw = changed({
          ...Object.assign({}, ...cases.map(({ set }) => set)),
          ...Object.fromEntries(values.map(([path, value]) => [path, value])),
        } as Record<string, unknown>);
        const found = parseConfig(raw, NO_SECRETS).faults.map(({ rule, path }) => `${rule} ${path}`);
        const expected = [
          ...cases.map(({ rule, at }) => `${rule} ${at}`),
          ...values.map(([path, , rule]) => `${rule} ${path}`),
        ];
        expect(found.sort()).toEqual(expected.sort());
      }),
    );
  });

  test("nothing that YAML can say makes the parser throw", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...Object.keys(soundConfig()), "k3s", "seldon", "cni"),
        fc.jsonValue(),
        (key, value) => {
          const { config, faults } = parseConfig({ ...soundConfig(), [key]: value }, NO_SECRETS);
          expect(config === undefined).toBe(faults.length > 0);
        },
      ),
    );
  });
});

describe("the error", () => {
  test("lists every fault in one message", () => {
    const { faults } = parseConfig(changed({ protect: "yes", "network.podMtu": 1480 }), NO_SECRETS);
    const error = new ConfigError('configuration of stack "prod"', faults);
    expect(error.message.split("\n")).toEqual([
      '2 faults in the configuration of stack "prod":',
      `- ${formatFault(faults[0]!)}`,
      `- ${formatFault(faults[1]!)}`,
    ]);
    expect(error.faults).toBe(faults);
  });

  test("cuts long values", () => {
    const [message] = said({ "cluster.name": "x".repeat(1000) });
    expect(message!.length).toBeLessThan(500);
  });
});

test("defaults are filled in", () => {
  const { config } = parseConfig(soundConfig(), NO_SECRETS);
  expect(config).toMatchObject({
    k3s: { version: "v1.33.8+k3s1", datastore: "etcd", secretsEncryption: true, disable: [] },
    network: { clusterCidr: "10.42.0.0/16", serviceCidr: "10.43.0.0/16", clusterDns: "10.43.0.10" },
    cni: { provider: "calico" },
    calico: { version: "3.31.7", pool: { blockSize: 26 }, encapsulation: "VXLAN" },
    seldon: { version: "2.10.2", profile: "models", namespace: "financial-ml", tenants: [] },
    policies: { enabled: true },
    protect: true,
  });
});
