import type { StackFile } from "../../config/stack-file";

/** How big a generated stack is. */
export interface StackSize {
  readonly agents: number;
  /** Namespaces beside the first one. */
  readonly tenants: number;
}

/** A well-formed public key that no machine has. */
const HOST_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINcv38Ewc0xBD8M0pXFDjaqleQ66yk2DOUl+uS6udqbS";

/**
 * A stack of any size up to 2,000 machines: three servers and the agents, one runtime a tenant. The address ranges are
 * the same for every size, so that only the size differs.
 */
export function generatedStack({ agents, tenants }: StackSize): StackFile {
  const address = (index: number) => `172.16.${Math.floor(index / 250)}.${(index % 250) + 1}`;
  const machine = (role: string, index: number, offset: number) => ({
    name: `${role}-${index + 1}`,
    address: address(index + offset),
    hostKey: HOST_KEY,
  });
  const range = (count: number) => Array.from({ length: count }, (_, index) => index);
  return {
    project: "seldon-k3s",
    stack: `generated-${agents}-${tenants}`,
    values: {
      cluster: {
        name: "generated",
        kubeconfigFile: "kubeconfig.yaml",
        uid: "00000000-0000-4000-8000-00000000be9c",
        endpoint: `https://${address(0)}:6443`,
      },
      // A /12 holds 2,048 podCIDRs of /24 in its lower half and as many addresses for Calico in its upper one.
      network: { clusterCidr: "10.0.0.0/12", nodeCidrs: ["172.16.0.0/16"] },
      hosts: {
        servers: range(3).map((index) => machine("server", index, 0)),
        agents: range(agents).map((index) => machine("agent", index, 3)),
      },
      seldon: { tenants: range(tenants).map((index) => ({ namespace: `tenant-${index + 1}` })) },
    },
    secretKeys: [],
    other: { "pulumi:disable-default-providers": '["kubernetes"]' },
  };
}
