import { load } from "js-yaml";
import { podSecurityExemptions } from "../../../config/pod-security";
import { ADMISSION_FILE, AUDIT_FILE, hardeningFiles, KERNEL_FILE } from "../../../components/k3s/hardening";
import { renderHosts } from "../../../components/k3s/hosts";
import { agentSettings, serverSettings, type SettingsInput } from "../../../components/k3s/settings";
import { HOSTS, networkStack } from "../../support/network-stack";

const stackOf = (k3s: Record<string, unknown>, sections: Record<string, unknown> = {}) =>
  networkStack({ hosts: HOSTS, k3s, ...sections });
const inputOf = (k3s: Record<string, unknown>): SettingsInput => {
  const config = stackOf(k3s);
  return { ...config, hosts: config.hosts!, hasToken: false };
};
const CIS = { hardening: "cis" };

describe("the CIS profile", () => {
  it("adds to a server's settings, and keeps what its lists held", () => {
    const input = inputOf(CIS);
    const plain = serverSettings(input.hosts.servers[0]!, inputOf({}));
    const cis = serverSettings(input.hosts.servers[0]!, input);
    expect(cis).toMatchObject(
      Object.fromEntries(Object.entries(plain).filter(([key]) => key !== "kube-controller-manager-arg")),
    );
    expect(cis["kube-controller-manager-arg"]).toEqual(["node-cidr-mask-size=24", "terminated-pod-gc-threshold=100"]);
    expect(cis["protect-kernel-defaults"]).toBe(true);
    expect(cis["kube-apiserver-arg"]).toEqual([
      "admission-control-config-file=/etc/rancher/k3s/admission.yaml",
      "audit-log-path=/var/lib/rancher/k3s/server/logs/audit.log",
      "audit-policy-file=/etc/rancher/k3s/audit-policy.yaml",
      "audit-log-maxage=30",
      "audit-log-maxbackup=10",
      "audit-log-maxsize=100",
      "enable-admission-plugins=NodeRestriction,EventRateLimit",
      "service-account-extend-token-expiration=false",
    ]);
  });

  it("gives an agent what its kubelet needs, and no setting that only servers know", () => {
    const input = inputOf(CIS);
    const plain = agentSettings(input.hosts.agents[0]!, inputOf({}));
    const added = Object.entries(agentSettings(input.hosts.agents[0]!, input)).filter(([key]) => !(key in plain));
    expect(added.map(([key]) => key)).toEqual(["protect-kernel-defaults", "kubelet-arg"]);
  });

  it("changes nothing where it is not asked for", () => {
    for (const k3s of [{}, { hardening: "none" }]) {
      const config = stackOf(k3s);
      expect(podSecurityExemptions(config)).toBeUndefined();
      expect(serverSettings(config.hosts!.servers[0]!, inputOf(k3s))).toEqual(
        serverSettings(config.hosts!.servers[0]!, inputOf({})),
      );
      const files = renderHosts({ ...config, hasToken: false });
      expect(
        Object.values(files)
          .flat()
          .map(({ path }) => path),
      ).toEqual(Object.keys(files).map(() => "/etc/rancher/k3s/config.yaml"));
    }
  });

  it("writes files by role, readable by root only, each with the line by which it is known", () => {
    const paths = (role: "server" | "agent") => hardeningFiles(role, ["kube-system"]).map(({ path }) => path);
    expect(paths("server")).toEqual([ADMISSION_FILE, AUDIT_FILE, KERNEL_FILE]);
    expect(paths("agent")).toEqual([KERNEL_FILE]);
    for (const { mode, content } of hardeningFiles("server", ["kube-system"])) {
      expect(mode).toBe("0600");
      expect(content).toMatch(/^# Written by seldon-k3s for k3s\.hardening: cis\.\n[^]*[^\n]\n$/);
    }
    expect(hardeningFiles("server", undefined)).toEqual([]);
  });

  it("has kernel values that kubelet compares with its own", () => {
    const [, , kernel] = hardeningFiles("server", ["kube-system"]);
    expect(kernel?.content.split("\n").slice(1)).toEqual([
      "vm.panic_on_oom = 0",
      "vm.overcommit_memory = 1",
      "kernel.panic = 10",
      "kernel.panic_on_oops = 1",
      "kernel.keys.root_maxkeys = 1000000",
      "kernel.keys.root_maxbytes = 25000000",
      "",
    ]);
  });

  it("exempts K3s and the declared CNI from Pod Security, what is named, and Seldon while a cluster is taken over", () => {
    const own = { ...CIS, podSecurityExemptions: ["monitoring", "kube-system"] };
    expect(podSecurityExemptions(stackOf(own, { cni: { provider: "calico" } }))).toEqual([
      "calico-apiserver",
      "calico-system",
      "kube-system",
      "monitoring",
      "tigera-operator",
    ]);
    const seldon = { namespace: "ml", tenants: [{ namespace: "team-a" }] };
    const settled = stackOf(CIS, { cni: { provider: "flannel" }, seldon });
    // The labels of its namespaces would be void.
    expect(podSecurityExemptions(settled)).toEqual(["kube-system"]);
    const flannel = stackOf(CIS, { cni: { provider: "flannel" }, seldon, cluster: { takeOver: true } });
    expect(podSecurityExemptions(flannel)).toEqual(["kube-system", "ml", "team-a"]);

    const [admission] = hardeningFiles("server", podSecurityExemptions(flannel));
    const { plugins } = load(admission!.content) as {
      plugins: { name: string; configuration: { defaults?: Record<string, string>; exemptions?: unknown } }[];
    };
    expect(plugins.map(({ name }) => name)).toEqual(["EventRateLimit", "PodSecurity"]);
    expect(plugins[1]?.configuration).toMatchObject({
      defaults: { enforce: "restricted", audit: "restricted", warn: "restricted" },
      exemptions: { usernames: [], runtimeClasses: [], namespaces: ["kube-system", "ml", "team-a"] },
    });
  });

  it("writes no content of any object into the audit log", () => {
    const [, audit] = hardeningFiles("server", ["kube-system"]);
    const { rules } = load(audit!.content) as { rules: { level: string; resources?: unknown; users?: unknown }[] };
    expect([...new Set(rules.map(({ level }) => level))].sort()).toEqual(["Metadata", "None"]);
    // The last rule is for everything that no other one names.
    expect(rules.at(-1)).toEqual({ level: "Metadata" });
  });
});
