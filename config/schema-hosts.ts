/** The machines that K3s runs on and how to reach them: part of `config/schema.ts`. */
import { z } from "zod";
import { bucket, folder, region } from "./schema-bucket";
import { absolutePath, dnsSubdomain, hostName, httpsFile, httpsUrl, ipAddress, sha256, sshHostKey } from "./values";

const port = z.int().min(1).max(65535);
const user = z.string().regex(/^[a-z_][a-z0-9_-]{0,31}$/, { error: "expected a login name such as root or ubuntu" });
const hostKey = sshHostKey.describe(
  "Public host key as in /etc/ssh/ssh_host_ed25519_key.pub: type and key. Pinned: a machine with another key is not spoken to. `ssh-keyscan -t ed25519 HOST` prints it; compare it with the machine's own file before you trust it.",
);

/** A machine between the runner and the others. */
const bastion = z.strictObject({
  address: hostName.describe("Name or address of the bastion as the runner reaches it."),
  port: port.default(22).describe("SSH port of the bastion."),
  user: user.default("root").describe("Login on the bastion; needs no rights there but to open connections."),
  hostKey,
});

/** A machine that K3s runs on. */
export const host = z.strictObject({
  name: dnsSubdomain.describe("Node name as Kubernetes knows it; fixed when the node registers."),
  address: ipAddress.describe("IPv4 address by which the other nodes reach this machine (K3s `node-ip`)."),
  sshAddress: hostName
    .optional()
    .describe(
      "Name or address by which SSH reaches this machine. Default: its address. Through a bastion: seen from it.",
    ),
  hostKey,
  user: user.optional().describe("Login on this machine. Default: hosts.ssh.user."),
  port: port.optional().describe("SSH port of this machine. Default: hosts.ssh.port."),
  labels: z
    .record(z.string(), z.string())
    .default({})
    .describe("Node labels. K3s applies them only when the node registers for the first time."),
  taints: z
    .array(z.string())
    .default([])
    .describe("Node taints as `key=value:Effect`. K3s applies them only when the node registers for the first time."),
});

const ssh = z.strictObject({
  user: user
    .default("root")
    .describe("Login on every machine: root, or a user who may run `sudo -n`. Keys come from the SSH agent only."),
  port: port.default(22).describe("SSH port of every machine."),
  bastion: bastion.optional().describe("A machine through which all others are reached. One hop."),
});

const s3 = z.strictObject({
  bucket: bucket.describe("Bucket that keeps the copies. It must exist; nothing but copies is written to it."),
  region: region.describe(
    "Region of the bucket, which requests are signed for. With `endpoint`: what that store calls its region.",
  ),
  prefix: folder
    .default("seldon-k3s")
    .describe("Folder in the bucket. A copy is PREFIX/STACK/before-CNI-to-CNI-TIME.tar."),
  endpoint: httpsUrl
    .optional()
    .describe("Where a store that speaks S3 is reached, by https. Default: Amazon's own of the region."),
  forcePathStyle: z
    .boolean()
    .optional()
    .describe(
      "Name the bucket in the path of the URL and not in the host name. Default: true with `endpoint`, else false.",
    ),
  kmsKeyId: z
    .string()
    .regex(/^[A-Za-z0-9:/_-]{1,2048}$/, { error: "expected the id, the ARN or the alias of a KMS key" })
    .optional()
    .describe("KMS key that the store encrypts copies with (`aws:kms`). Default: the store's own keys (`AES256`)."),
});

const backup = z.strictObject({
  to: dnsSubdomain
    .optional()
    .describe(
      "Machine that the copy goes to, by its node name. Default, without `s3`: the second server. A cluster of one server must name a machine or `s3`.",
    ),
  s3: s3
    .optional()
    .describe(
      "Bucket that the copy goes to instead of a machine. Credentials are those of the runner's environment (AWS_ACCESS_KEY_ID, AWS_PROFILE, a role), never of the stack. They need s3:ListBucket, s3:GetObject, s3:PutObject, s3:AbortMultipartUpload, and s3:DeleteObject to remove a copy that turned out wrong. Old copies are removed by the bucket's own lifecycle rules.",
    ),
});

/** Image of probe pods: K3s' own images include it. */
export const DEFAULT_PROBE_IMAGE = "docker.io/rancher/mirrored-library-busybox:1.37.0";

export const hosts = z.strictObject({
  ssh: ssh.prefault({}).describe("How every machine is reached; a machine may differ."),
  servers: z.array(host).min(1).describe("Control-plane machines; the first one initialises the cluster."),
  agents: z.array(host).default([]).describe("Worker machines."),
  batch: z
    .int()
    .min(1)
    .max(20)
    .default(5)
    .describe("How many agents change at a time: what one faulty step can reach. Servers go one at a time."),
  moveUnitFlags: z
    .boolean()
    .default(false)
    .describe(
      "Move K3s flags that contradict the stack from the systemd unit to the stack's drop-in, by an override that the way back undoes. Off: such a flag stops the run.",
    ),
  converge: z
    .int()
    .min(0)
    .default(0)
    .describe("Raise it to have every machine's settings written and K3s restarted where they are not in force."),
  uninstallOnDelete: z
    .boolean()
    .default(false)
    .describe(
      "A machine that is removed from the stack is drained, deleted as a node, and K3s is uninstalled from it.",
    ),
  backup: backup.prefault({}).describe("Where the copy of the datastore goes before anything is disrupted."),
  probeImage: z
    .string()
    .min(1)
    .default(DEFAULT_PROBE_IMAGE)
    .describe("Image with busybox, for the pods that prove a node. K3s' own images include the default."),
});

const file = z.strictObject({
  url: httpsFile.describe("Where the bytes come from."),
  sha256: sha256.describe("SHA-256 of the bytes in hexadecimal; `npm run pin` computes it."),
});

/** What K3s is installed from: part of the section `k3s`. */
export const k3sInstall = z.strictObject({
  installer: file.describe("K3s' install.sh of the release."),
  binary: z
    .strictObject({
      amd64: file.optional().describe("The binary `k3s` of the release."),
      arm64: file.optional().describe("The binary `k3s-arm64` of the release."),
    })
    .describe("K3s' binary by architecture of the machines."),
  images: z
    .strictObject({
      amd64: file.optional().describe("`k3s-airgap-images-amd64.tar.zst` of the release."),
      arm64: file.optional().describe("`k3s-airgap-images-arm64.tar.zst` of the release."),
    })
    .optional()
    .describe("K3s' air-gap images (`k3s-airgap-images-ARCH.tar.zst`), where machines reach no registry."),
  folder: absolutePath
    .optional()
    .describe("Folder on every machine that holds these files under their own names: nothing is downloaded."),
  registries: z
    .string()
    .optional()
    .describe("Content of /etc/rancher/k3s/registries.yaml: mirrors of registries. Holds no password."),
});
