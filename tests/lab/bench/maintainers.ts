/**
 * The change as K3s' maintainers describe it (k3s-io/k3s#8100 and #3409): other settings on all servers, K3s restarted
 * everywhere, Calico installed, and then everything restarted. Here pods are deleted for the last step; they ask for reboots,
 * which take longer.
 */
import { join } from "node:path";
import { readdirSync } from "node:fs";
import { labCharts } from "../charts";
import type { Lab } from "../lab";
import { waitFor } from "../processes";

const SETTINGS = "flannel-backend: none\ndisable-network-policy: true\n";

const object = (apiVersion: string, kind: string, name: string, spec: unknown) => ({
  apiVersion,
  kind,
  metadata: { name },
  spec,
});

const CALICO = {
  apiVersion: "v1",
  kind: "List",
  items: [
    object("crd.projectcalico.org/v1", "FelixConfiguration", "default", {}),
    object("operator.tigera.io/v1", "Installation", "default", {
      calicoNetwork: {
        bgp: "Disabled",
        // Calico finds it out by itself, the stand-in does not.
        mtu: 1450,
        containerIPForwarding: "Enabled",
        ipPools: [
          {
            name: "default-ipv4-ippool",
            cidr: "10.42.128.0/17",
            encapsulation: "VXLAN",
            natOutgoing: "Enabled",
            blockSize: 26,
            nodeSelector: "all()",
          },
        ],
      },
    }),
    object("operator.tigera.io/v1", "APIServer", "default", {}),
  ],
};

async function installCalico(lab: Lab): Promise<void> {
  const chart = labCharts(lab.folder.folder("maintainers"));
  const apply = (...words: string[]) => lab.kubectl(["apply", "--server-side", "--force-conflicts", ...words]);
  await lab.kubectl(["create", "namespace", "tigera-operator"]);
  await apply("-f", join(chart, "crds"));
  for (const file of readdirSync(join(chart, "templates"))) {
    await apply("-n", "tigera-operator", "-f", join(chart, "templates", file));
  }
  await waitFor("Calico's settings to be accepted", 60, () =>
    lab.kubectl(["apply", "--server-side", "-f", "-"], JSON.stringify(CALICO)).then(
      () => true,
      () => undefined,
    ),
  );
  await waitFor("Calico", 300, async () => {
    const status = await lab
      .kubectl(["get", "tigerastatus", "calico", "-o", 'jsonpath={.status.conditions[?(@.type=="Available")].status}'])
      .catch(() => "");
    return status === "True" || undefined;
  });
}

/** @param say told what comes next. */
export async function maintainersOrder(lab: Lab, say: (text: string) => void): Promise<void> {
  say("other settings on all servers, and a restart of K3s everywhere");
  for (const server of lab.servers) {
    await server.must("mkdir -p /etc/rancher/k3s/config.yaml.d && cat >/etc/rancher/k3s/config.yaml.d/99-cni.yaml", {
      input: SETTINGS,
    });
  }
  for (const host of lab.hosts) await host.must(`systemctl restart ${host.role === "server" ? "k3s" : "k3s-agent"}`);
  await lab.waitForNodes(false);
  say("installing Calico");
  await installCalico(lab);
  await lab.waitForNodes();
  say("restarting everything: all pods are deleted");
  await lab.kubectl(["delete", "pods", "--all-namespaces", "--all", "--wait=false"]);
  await waitFor("all Deployments", 300, () =>
    lab.kubectl(["wait", "deployment", "--all-namespaces", "--all", "--for=condition=Available", "--timeout=10s"]).then(
      () => true,
      () => undefined,
    ),
  );
}
