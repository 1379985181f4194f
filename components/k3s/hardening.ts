/**
 * What `k3s.hardening: cis` means on a machine: K3s' settings, kernel values, and the two files that the API server reads
 * when it starts. Pure.
 *
 * Source: docs.k3s.io `security/hardening-guide`, tab "v1.29 and Newer" (k3s-io/docs 035acb0), for K3s 1.32 and newer. Left to
 * people, as there: AlwaysPullImages, `request-timeout`, `pod-max-pids`, modes of PKI files, service account tokens of the
 * namespace default (docs/hardening.md).
 */
import type { StackConfig } from "../../config/schema";
import type { HostFile } from "./hosts";
import type { Settings } from "./settings";

/** Values that kubelet wants found when it may not set them itself. The name is K3s' own guide's. */
export const KERNEL_FILE = "/etc/sysctl.d/90-kubelet.conf";
/** Configuration of admission plugins, named by the API server's flag. */
export const ADMISSION_FILE = "/etc/rancher/k3s/admission.yaml";
/** Which requests the API server writes down. */
export const AUDIT_FILE = "/etc/rancher/k3s/audit-policy.yaml";
/** Where it writes them; the folder is made with mode 0700 (hosts/lib-hardening.sh). */
export const AUDIT_LOG = "/var/lib/rancher/k3s/server/logs/audit.log";

/**
 * Kernel values. With `protect-kernel-defaults` kubelet ends where one differs; without, it sets them. The first four
 * are those of K3s' guide; kubelet looks at the two limits of keys too (Kubernetes 1.33
 * `pkg/kubelet/cm/container_manager_linux.go`, setupKernelTunables), whose values are the kernel's own.
 */
export const KERNEL_VALUES: Readonly<Record<string, number>> = {
  "vm.panic_on_oom": 0,
  "vm.overcommit_memory": 1,
  "kernel.panic": 10,
  "kernel.panic_on_oops": 1,
  "kernel.keys.root_maxkeys": 1_000_000,
  "kernel.keys.root_maxbytes": 25_000_000,
};

const CIPHERS = [
  "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
  "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
  "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
  "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
  "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305",
  "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305",
];

const NODE: Settings = {
  "protect-kernel-defaults": true,
  "kubelet-arg": ["streaming-connection-idle-timeout=5m", `tls-cipher-suites=${CIPHERS.join(",")}`],
};

const SERVER: Settings = {
  ...NODE,
  "kube-apiserver-arg": [
    `admission-control-config-file=${ADMISSION_FILE}`,
    `audit-log-path=${AUDIT_LOG}`,
    `audit-policy-file=${AUDIT_FILE}`,
    // Days, files and MiB: at most 1 GiB on a server's disk.
    "audit-log-maxage=30",
    "audit-log-maxbackup=10",
    "audit-log-maxsize=100",
    "enable-admission-plugins=NodeRestriction,EventRateLimit",
    // A token of a pod that is not renewed ends after an hour and not after a year.
    "service-account-extend-token-expiration=false",
  ],
  "kube-controller-manager-arg": ["terminated-pod-gc-threshold=100"],
};

/** Settings that the profile adds to a machine's; none without it. Lists add to those that are there. */
export function hardeningSettings(
  role: "server" | "agent",
  { hardening }: Pick<StackConfig["k3s"], "hardening">,
): Settings {
  if (hardening !== "cis") return {};
  return role === "server" ? SERVER : NODE;
}

/** `# Written by seldon-k3s`: by this line the programs know which files they may take away. */
const HEADER = "# Written by seldon-k3s for k3s.hardening: cis.";

const kernelFile = (): string =>
  [HEADER, ...Object.entries(KERNEL_VALUES).map(([key, value]) => `${key} = ${value}`), ""].join("\n");

/**
 * Admission plugins. Pod Security: what a namespace's own labels say holds; where it has none, `restricted`. Event limits
 * keep a pod that fails in a loop from filling the datastore; an event over the limit is dropped, and nothing else.
 */
const admissionFile = (exempt: readonly string[]): string => `${HEADER}
apiVersion: apiserver.config.k8s.io/v1
kind: AdmissionConfiguration
plugins:
  - name: EventRateLimit
    configuration:
      apiVersion: eventratelimit.admission.k8s.io/v1alpha1
      kind: Configuration
      limits:
        - type: Server
          qps: 500
          burst: 1000
        - type: Namespace
          qps: 50
          burst: 100
          cacheSize: 2000
  - name: PodSecurity
    configuration:
      apiVersion: pod-security.admission.config.k8s.io/v1
      kind: PodSecurityConfiguration
      defaults:
        enforce: restricted
        enforce-version: latest
        audit: restricted
        audit-version: latest
        warn: restricted
        warn-version: latest
      exemptions:
        usernames: []
        runtimeClasses: []
        namespaces:
${exempt.map((namespace) => `          - ${JSON.stringify(namespace)}`).join("\n")}
`;

/**
 * Who did what to which object, never with its content: Secrets and tokens stay out of the log. What only says that the
 * cluster lives (leases, health, events) would be nine lines of ten.
 */
const AUDIT_POLICY = `${HEADER}
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages:
  - RequestReceived
rules:
  - level: None
    nonResourceURLs:
      - /healthz*
      - /livez*
      - /readyz*
      - /version
  - level: None
    users:
      - system:kube-controller-manager
      - system:kube-scheduler
    resources:
      - group: coordination.k8s.io
        resources: [leases]
  - level: None
    userGroups: [system:nodes]
    resources:
      - group: coordination.k8s.io
        resources: [leases]
  - level: None
    resources:
      - group: ""
        resources: [events]
      - group: events.k8s.io
        resources: [events]
  - level: Metadata
`;

/**
 * Files of the profile, beside K3s' own; none without it.
 *
 * @param exempt namespaces that Pod Security does not look at; undefined without the profile.
 */
export function hardeningFiles(role: "server" | "agent", exempt: readonly string[] | undefined): readonly HostFile[] {
  if (exempt === undefined) return [];
  const file = (path: string, content: string): HostFile => ({ path, mode: "0600", content });
  const kernel = file(KERNEL_FILE, kernelFile());
  return role === "agent"
    ? [kernel]
    : [file(ADMISSION_FILE, admissionFile(exempt)), file(AUDIT_FILE, AUDIT_POLICY), kernel];
}
