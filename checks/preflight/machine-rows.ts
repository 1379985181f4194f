/** What one machine must be like for a change of CNI. Pure: facts in, verdict out. */
import { CNI } from "../../components/k3s/cni";
import { encapsulationOverhead, podMtu } from "../../config/derive";
import type { Inspection } from "../hosts/inspect";
import type { Machines } from "../subject";
import { fail, type Outcome, pass } from "../verdict";

/** Calico's oldest kernel (docs "System requirements" of 3.31 and 3.32). */
const KERNEL = [5, 10] as const;
const GIB = 2 ** 30;
/** Free bytes that a change needs: Calico's images and a copy of the datastore; backups and configuration. */
const FREE: Readonly<Record<string, number>> = {
  "/var/lib/rancher": 3 * GIB,
  "/etc": 16 * 2 ** 20,
  "/": 512 * 2 ** 20,
};
/** Below this share the kubelet evicts pods (K3s sets 5 % for nodefs and imagefs). */
const FREE_SHARE = 0.05;

export interface MachineRow {
  readonly id: string;
  readonly title: string;
  readonly proves: string;
  readonly expected: string;
  readonly judge: (inspection: Inspection, host: { readonly address: string }, machines: Machines) => Outcome;
}

const gib = (bytes: number): string => `${(bytes / GIB).toFixed(1)} GiB`;

export const MACHINE_ROWS: readonly MachineRow[] = [
  {
    id: "kernel",
    title: "The kernel is new enough",
    proves: "Calico supports the kernel of every machine",
    expected: `Linux ${KERNEL.join(".")} or newer`,
    judge: ({ facts: { kernel } }) => {
      const [major = 0, minor = 0] = kernel.split(/[.-]/).map(Number);
      if (major > KERNEL[0] || (major === KERNEL[0] && minor >= KERNEL[1])) return pass(kernel);
      return fail(`Linux ${kernel}`, { fix: "upgrade the machine's operating system", final: true });
    },
  },
  {
    id: "disk",
    title: "There is room on the disks",
    proves: "images, the copy of the datastore and new settings fit, and the kubelet evicts nobody meanwhile",
    expected: `${Object.entries(FREE)
      .map(([path, bytes]) => `${path} ${gib(bytes)}`)
      .join(", ")} free, and ${FREE_SHARE * 100} %`,
    judge: ({ facts: { disks } }) => {
      const short = disks.flatMap(({ path, freeBytes, totalBytes }) => {
        const need = FREE[path];
        if (need === undefined) return [];
        if (freeBytes < need)
          return [`${path} has ${gib(freeBytes)} free of ${gib(totalBytes)}; ${gib(need)} are needed`];
        return freeBytes < FREE_SHARE * totalBytes
          ? [
              `${path} has ${gib(freeBytes)} free of ${gib(totalBytes)}, less than ${FREE_SHARE * 100} %: the kubelet evicts pods`,
            ]
          : [];
      });
      const found = disks.find(({ path }) => path === "/var/lib/rancher");
      if (short.length === 0) return pass(`/var/lib/rancher has ${gib(found?.freeBytes ?? 0)} free`);
      return fail(short.join("; "), { fix: "free space there: k3s crictl rmi --prune; old snapshots and logs" });
    },
  },
  {
    id: "iptables-backend",
    title: "One iptables backend is in use",
    proves: "Felix, kube-proxy and K3s write their rules where the kernel looks at all of them in one order",
    expected: "rules in nft or in legacy, not in both",
    judge: ({ facts: { iptables } }) => {
      const { nft, legacy } = iptables;
      if (nft === 0 || legacy === 0) return pass(`${nft} rules in nft, ${legacy} in legacy`);
      return fail(
        `${nft} rules in nft and ${legacy} in legacy: Felix can pick the wrong one (projectcalico/calico#8243)`,
        {
          fix: "find out who writes the fewer (iptables-legacy-save, iptables-nft-save), set one alternative for all (update-alternatives --set iptables ...) and reboot the machine",
        },
      );
    },
  },
  {
    id: "firewall",
    title: "No host firewall stands between the nodes",
    proves: "neither ufw nor firewalld drops forwarded packets or rewrites the rules of Felix and kube-proxy",
    expected: "ufw and firewalld inactive",
    judge: ({ facts: { firewall } }) => {
      if (!firewall.active) return pass(`${firewall.name} ${firewall.name === "none" ? "installed" : "inactive"}`);
      return fail(`${firewall.name} is active; Calico and K3s ask for it to be off (projectcalico/calico#7727)`, {
        fix:
          firewall.name === "ufw"
            ? "ufw disable, and filter outside of the nodes or by host endpoints"
            : `systemctl disable --now ${firewall.name}, and filter outside of the nodes or by host endpoints`,
      });
    },
  },
  {
    id: "interface",
    title: "The declared address is up, with the declared MTU",
    proves:
      "Calico finds the address that the nodes reach each other by, and a pod's largest packet fits into the tunnel",
    expected:
      "the interface of the declared address is up; its MTU is hostMtu and podMtu leaves room for encapsulation",
    judge: ({ facts: { interfaces } }, { address }, machines) => {
      const { network } = machines;
      const pods = podMtu(machines);
      const overhead = encapsulationOverhead(machines);
      const own = interfaces.find((one) => one.address.split("/")[0] === address);
      if (own === undefined) return fail(`no interface has ${address}`, { fix: "correct the address in hosts" });
      const shown = `${own.name} ${own.address}, MTU ${own.mtu}, ${own.state}`;
      if (own.state === "DOWN") return fail(shown, { fix: `ip link set ${own.name} up, and see why it is down` });
      if (own.mtu < pods + overhead) {
        return fail(`${shown}: pods of MTU ${pods} need ${pods + overhead}`, {
          fix: `set network.hostMtu: ${own.mtu} and network.podMtu: ${own.mtu - overhead}, or raise the MTU of ${own.name}`,
        });
      }
      if (own.mtu >= network.hostMtu) return pass(shown);
      return fail(`${shown}; network.hostMtu is ${network.hostMtu}`, { fix: `set network.hostMtu: ${own.mtu}` });
    },
  },
  {
    id: "cni-files",
    title: "No other CNI is configured",
    proves: "containerd will read the configuration of the CNI that is declared, which it takes in alphabetical order",
    expected: `nothing but ${Object.values(CNI)
      .map(({ conflist }) => conflist)
      .join(" and ")} in the two folders`,
    judge: ({ facts: { cniFiles } }) => {
      const known = Object.values(CNI).map(({ directories, conflist }) => `${directories.conf}/${conflist}`);
      const configurations = cniFiles.map(({ path }) => path).filter((path) => /\.(conf|conflist|json)$/.test(path));
      const foreign = configurations.filter((path) => !known.includes(path));
      if (foreign.length === 0) return pass(configurations.join(", ") || "none yet");
      return fail(`${foreign.join(", ")}: somebody else's CNI`, {
        fix: `find out whose it is; where it is left over: ${foreign.map((path) => `rm ${path}`).join("; ")}`,
      });
    },
  },
];
