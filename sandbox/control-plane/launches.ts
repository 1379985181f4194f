/** How each process of the control plane is started (flags of etcd 3.6, Kubernetes 1.33, KWOK 0.8). */
import type { Binary } from "../build/tool-table";
import type { Launch } from "../supervisor";

/** Address ranges that the control plane hands out; those of the stack that is deployed into it. */
export interface ClusterNetwork {
  readonly clusterCidr: string;
  readonly serviceCidr: string;
  /** Prefix length of each node's podCIDR. */
  readonly nodeCidrMaskSize: number;
}

export interface Ports {
  readonly etcd: number;
  readonly etcdPeer: number;
  readonly apiServer: number;
  /** Where KWOK answers as the kubelet of every simulated node. */
  readonly kubelet: number;
}

/** Files of the run that the processes read or write. */
export interface ControlPlaneFiles {
  readonly etcdData: string;
  /** Folder in which the API server makes its own certificate. */
  readonly certificates: string;
  readonly tokens: string;
  readonly serviceAccountKey: string;
  readonly kubeconfig: string;
}

interface LaunchInput {
  readonly binaries: Readonly<Partial<Record<Binary, string>>>;
  readonly network: ClusterNetwork;
  readonly ports: Ports;
  readonly files: ControlPlaneFiles;
  /** Further flags of the API server. @default none */
  readonly apiServerFlags?: Readonly<Record<string, string>> | undefined;
}

const LOOPBACK = "127.0.0.1";

/** The certificate that the API server makes for itself, with the CA behind it. */
export const certificateOf = (files: ControlPlaneFiles) => `${files.certificates}/apiserver.crt`;

function launch(binary: Binary, { binaries }: LaunchInput, flags: Readonly<Record<string, string | number>>): Launch {
  const args = Object.entries(flags).map(([flag, value]) => `--${flag}=${value}`);
  return { name: binary, command: binaries[binary] ?? binary, args };
}

/** What must run before anything can be asked. */
export function storeAndServer(input: LaunchInput): Launch[] {
  const { files, network, ports } = input;
  const client = `http://${LOOPBACK}:${ports.etcd}`;
  const peer = `http://${LOOPBACK}:${ports.etcdPeer}`;
  return [
    launch("etcd", input, {
      "data-dir": files.etcdData,
      "listen-client-urls": client,
      "advertise-client-urls": client,
      "listen-peer-urls": peer,
      "initial-advertise-peer-urls": peer,
      "initial-cluster": `default=${peer}`,
      // The data is thrown away: no reason to wait for the disk.
      "unsafe-no-fsync": "true",
    }),
    launch("kube-apiserver", input, {
      "etcd-servers": client,
      "bind-address": LOOPBACK,
      "secure-port": ports.apiServer,
      "cert-dir": files.certificates,
      "token-auth-file": files.tokens,
      "anonymous-auth": "false",
      "authorization-mode": "RBAC",
      "allow-privileged": "true",
      "service-cluster-ip-range": network.serviceCidr,
      "service-account-issuer": "https://kubernetes.default.svc",
      "service-account-key-file": files.serviceAccountKey,
      "service-account-signing-key-file": files.serviceAccountKey,
      "kubelet-preferred-address-types": "InternalIP",
      // A loopback address cannot be an endpoint. An address for documentation is taken and never used, so that the
      // server also starts on a machine without a network.
      "advertise-address": "192.0.2.1",
      "endpoint-reconciler-type": "none",
      ...input.apiServerFlags,
    }),
  ];
}

/** What works on objects, once the API server answers. Neither serves a port. */
export function controllers(input: LaunchInput): Launch[] {
  const { files, network } = input;
  const common = { kubeconfig: files.kubeconfig, "leader-elect": "false", "secure-port": 0 };
  const rate = { "kube-api-qps": 200, "kube-api-burst": 400 };
  return [
    launch("kube-controller-manager", input, {
      ...common,
      ...rate,
      "service-account-private-key-file": files.serviceAccountKey,
      "root-ca-file": certificateOf(files),
      "allocate-node-cidrs": "true",
      "cluster-cidr": network.clusterCidr,
      "node-cidr-mask-size": network.nodeCidrMaskSize,
    }),
    launch("kube-scheduler", input, { ...common, ...rate }),
  ];
}

/** The simulated kubelets. KWOK serves with the API server's certificate, which the API server does not check. */
export function kwok(input: LaunchInput): Launch {
  const { files, network, ports } = input;
  return launch("kwok", input, {
    kubeconfig: files.kubeconfig,
    "manage-all-nodes": "true",
    cidr: network.clusterCidr,
    "node-ip": LOOPBACK,
    "node-port": ports.kubelet,
    "server-address": `${LOOPBACK}:${ports.kubelet}`,
    "tls-cert-file": certificateOf(files),
    "tls-private-key-file": certificateOf(files).replace(/crt$/, "key"),
    "enable-crds": "Stage,ClusterPortForward,PortForward,ClusterLogs,Logs",
    "node-lease-duration-seconds": 40,
  });
}
