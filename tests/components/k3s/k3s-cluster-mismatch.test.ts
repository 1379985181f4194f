import { subjectOf } from "../../../checks/subject";
import { K3sCluster } from "../../../components/k3s/k3s-cluster";
import type * as Hosts from "../../../components/k3s/hosts";
import { HOSTS, networkStack } from "../../support/network-stack";
import { recordComponent } from "../../support/record";

// One configuration cannot make servers differ; a rendering that has gone wrong can.
jest.mock("../../../components/k3s/hosts", () => {
  const actual: typeof Hosts = jest.requireActual("../../../components/k3s/hosts");
  return {
    ...actual,
    renderHosts: (input: Hosts.RenderHostsInput): Hosts.HostFiles => {
      const files = actual.renderHosts(input);
      const changed = (files["server-2"] ?? []).map((file) => ({
        ...file,
        content: file.content.replace("10.43.0.0/16", "10.44.0.0/16"),
      }));
      return { ...files, "server-2": changed };
    },
  };
});

it("refuses to declare servers whose settings differ, naming setting, servers and values", async () => {
  const config = networkStack({ hosts: HOSTS });
  const { cluster, k3s, network, cni, hosts } = config;
  const subject = subjectOf("test", config);
  await expect(
    recordComponent(() => void new K3sCluster("k3s", { cluster, k3s, network, cni, hosts, subject })),
  ).rejects.toThrow('service-cidr: "10.43.0.0/16" on server-1, server-3; "10.44.0.0/16" on server-2');
});
