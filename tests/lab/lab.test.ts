/** What the lab itself promises: real nodes, real Flannel, hosts like machines, and nothing left behind. */
import { existsSync, readFileSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { processesIn } from "../support/processes";
import { isRunning } from "../../sandbox/process-identity";
import type { LabHost } from "./host";
import { PROBE_IMAGE } from "./image/contents";
import { Lab } from "./lab";
import { waitFor } from "./processes";
import { whyNoLab } from "./tools";

const why = whyNoLab();
const suite = why === undefined ? describe : describe.skip;
const MINUTES = 60_000;
jest.setTimeout(MINUTES);

/** A web server that tells each caller the address it is seen by. */
const serverPod = (node: string): string => `
apiVersion: v1
kind: Pod
metadata: { name: web-${node}, labels: { app: web-${node} } }
spec:
  nodeName: ${node}
  terminationGracePeriodSeconds: 0
  containers:
    - name: web
      image: ${PROBE_IMAGE}
      command: [sh, -c]
      args:
        - |
          mkdir -p /www/cgi-bin
          printf '#!/bin/sh\\necho Content-Type: text/plain\\necho\\necho $REMOTE_ADDR\\n' >/www/cgi-bin/who
          chmod 755 /www/cgi-bin/who
          exec httpd -f -p 8080 -h /www
---
apiVersion: v1
kind: Service
metadata: { name: web-${node} }
spec: { selector: { app: web-${node} }, ports: [{ port: 80, targetPort: 8080 }] }
`;

suite(`a lab of one server and one agent${why === undefined ? "" : ` (skipped: ${why})`}`, () => {
  let lab: Lab;
  const interfacesBefore = Object.keys(networkInterfaces()).sort();
  const mountsBefore = labMounts();

  beforeAll(async () => {
    lab = await Lab.start({ topology: "1s1a" });
    await lab.kubectl(["apply", "-f", "-"], ["s1", "a1"].map(serverPod).join("---"));
    await lab.kubectl(["wait", "--for=condition=Ready", "pod", "--all", "--timeout=120s"]);
    await lab.waitForDns();
  }, 10 * MINUTES);

  afterAll(async () => {
    await lab?.stop();
  }, MINUTES);

  const field = (object: string, path: string) => lab.kubectl(["get", object, "-o", `jsonpath={${path}}`]);
  const ask = async (client: string, address: string) =>
    (await lab.kubectl(["exec", client, "--", "timeout", "5", "wget", "-qO-", `http://${address}/cgi-bin/who`])).trim();
  const seen = (address: string) => `[::ffff:${address}]`;

  test("has nodes of real kubelets that say that K3s is a stand-in", async () => {
    const nodes = await lab.kubectl(["get", "nodes", "--no-headers"]);
    expect(nodes).toMatch(/^a1\s+Ready\s/m);
    expect(nodes).toMatch(/^s1\s+Ready\s+control-plane,master\s/m);
    expect(await lab.host("s1").must("k3s --version")).toMatch(/^k3s version v1\.33\.1\+k3s1 \(lab\)\n.*not K3s/);
    expect(await lab.host("s1").must("k3s kubectl get --raw /readyz")).toBe("ok");
  });

  test("connects pods of different nodes by Flannel, with their addresses", async () => {
    const [onServer, onAgent] = await Promise.all([
      field("pod/web-s1", ".status.podIP"),
      field("pod/web-a1", ".status.podIP"),
    ]);
    expect(await ask("web-s1", `${onAgent}:8080`)).toBe(seen(onServer));
    expect(await ask("web-a1", `${onServer}:8080`)).toBe(seen(onAgent));
    expect(await ask("web-s1", await field("service/web-a1", ".spec.clusterIP"))).toBe(seen(onServer));
    expect(await ask("web-a1", "web-s1.default.svc.cluster.local")).toBe(seen(onAgent));
    for (const host of lab.hosts) {
      expect(await host.must("ip -d link show flannel.1")).toContain("vxlan id 1 ");
      expect(await host.must("grep conf_dir /var/lib/rancher/k3s/agent/etc/containerd/config.toml")).toContain(
        "/agent/etc/cni/net.d",
      );
    }
  });

  test("has hosts that are logged in to by pinned keys", async () => {
    const s1 = lab.host("s1");
    expect((await ssh(s1, s1.hostKey)).stdout).toBe("s1\n");
    const wrong = await ssh(s1, lab.host("a1").hostKey);
    expect([wrong.code, wrong.stderr]).toEqual([255, expect.stringContaining("Host key verification failed")]);
  });

  test("keeps containers running while K3s restarts", async () => {
    const a1 = lab.host("a1");
    const tasks = () => a1.must("k3s ctr -n k8s.io tasks ls -q | sort; pgrep -f '^httpd'");
    const unit = () => a1.must("systemctl show -p MainPID --value k3s-agent");
    const [before, first] = [await tasks(), await unit()];
    await a1.must("systemctl restart k3s-agent");
    expect(await tasks()).toBe(before);
    expect(await unit()).not.toBe(first);
  });

  test(
    "survives a power cut of a host, which is silent meanwhile and keeps its disk",
    async () => {
      const a1 = lab.host("a1");
      await a1.must("touch /etc/written-before; touch /run/lost");
      await a1.powerCut();
      expect((await lab.admin.run("ping", ["-c1", "-W1", a1.address])).code).toBe(1);
      await expect(a1.exec("true")).rejects.toThrow("switched off");
      await a1.boot();
      expect((await a1.exec("test -e /etc/written-before -a ! -e /run/lost")).code).toBe(0);
      await waitFor(
        "k3s-agent after the boot",
        60,
        async () => (await a1.exec("systemctl is-active k3s-agent")).code === 0 || undefined,
      );
      // The pod was killed with the host: kubelet starts its container again, in a new sandbox with a new address.
      await waitFor("an answer of the pod after the boot", 120, async () => {
        const address = await field("pod/web-a1", ".status.podIP");
        return (await answers("web-s1", address)) || undefined;
      });
    },
    5 * MINUTES,
  );

  const answers = async (client: string, address: string): Promise<boolean> =>
    ask(client, `${address}:8080`).then(
      (text) => text.startsWith("["),
      () => false,
    );

  test("cuts a host from the network and connects it again", async () => {
    const a1 = lab.host("a1");
    const ping = async () => (await lab.admin.run("ping", ["-c1", "-W1", a1.address])).code;
    await a1.cutNetwork();
    expect([await ping(), (await a1.exec("true")).code]).toEqual([1, 0]);
    await a1.restoreNetwork();
    expect(await waitFor("an answer to a ping", 10, async () => ((await ping()) === 0 ? 0 : undefined))).toBe(0);
  });

  test(
    "leaves nothing behind",
    async () => {
      const { folder } = lab;
      const record = folder.read();
      const hosts = lab.hosts.map(({ name }) => folder.power(name));
      await lab.stop();
      expect(existsSync(folder.path)).toBe(false);
      const identities = [record?.keeper?.outer, record?.keeper?.inner, ...hosts];
      expect(identities.filter((identity) => identity && isRunning(identity))).toEqual([]);
      expect(processesIn(folder.path)).toEqual([]);
      expect(cgroupsOf(folder.id)).toEqual([]);
      expect(labMounts()).toEqual(mountsBefore);
      expect(Object.keys(networkInterfaces()).sort()).toEqual(interfacesBefore);
    },
    MINUTES,
  );

  /** Logs in from the admin machine, with one host key pinned. */
  function ssh(host: LabHost, hostKey: string) {
    const known = lab.folder.write("known_hosts", `${host.address} ${hostKey}\n`);
    const options = [
      "BatchMode=yes",
      "StrictHostKeyChecking=yes",
      `UserKnownHostsFile=${known}`,
      "GlobalKnownHostsFile=/dev/null",
    ];
    return lab.admin.run("ssh", [...options.flatMap((option) => ["-o", option]), `root@${host.address}`, "hostname"]);
  }
});

/** Mounts of this machine that belong to a lab. */
function labMounts(): string[] {
  if (process.platform !== "linux") return [];
  return readFileSync("/proc/self/mounts", "utf8")
    .split("\n")
    .filter((line) => line.includes("seldon-k3s-lab") || line.includes("/run/netns"));
}

function cgroupsOf(id: string): string[] {
  return readFileSync("/proc/self/mounts", "utf8")
    .split("\n")
    .map((line) => line.split(" "))
    .filter(([, , kind]) => kind?.startsWith("cgroup"))
    .map(([, mountPoint]) => join(mountPoint ?? "", "seldon-k3s-lab", id))
    .filter((path) => existsSync(path));
}
