/** The files that a host of the lab has before it boots for the first time. */
import { appendFileSync, chmodSync, copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { LabFolder } from "./folder";
import { LOGIN_KEY, publicKey } from "./keys";

/** The lab's stand-in for https://get.k3s.io. */
export const INSTALLER = resolve(__dirname, "scripts/install.sh");

/** Version of the stand-in for K3s that hosts find in PINNED_FOLDER. */
export const DEFAULT_VERSION = "v1.33.1+k3s1";

/** Folder on every host with `k3s` and `install.sh`, as `k3s.install.folder` of the stack wants it. */
export const PINNED_FOLDER = "/opt/k3s-pinned";

const SSHD = `# The lab's hosts are reached with the lab's key only.
HostKey /etc/ssh/ssh_host_ed25519_key
PermitRootLogin prohibit-password
PasswordAuthentication no
KbdInteractiveAuthentication no
UsePAM no
UseDNS no
PrintMotd no
AuthorizedKeysFile .ssh/authorized_keys
MaxStartups 100:30:200
Subsystem sftp internal-sftp
`;

const SSH_UNIT = `[Unit]
Description=OpenBSD Secure Shell server

[Service]
ExecStart=/usr/sbin/sshd -D -e -f /etc/ssh/sshd_config
KillMode=process
Restart=on-failure

[Install]
WantedBy=multi-user.target
`;

interface HostFile {
  readonly path: string;
  readonly content: string | Buffer;
  readonly mode?: number;
}

/** Writes a file below a host's `files` folder. */
export function putFile(files: string, { path, content, mode = 0o644 }: HostFile): void {
  const target = join(files, path);
  mkdirSync(dirname(target), { recursive: true, mode: 0o755 });
  writeFileSync(target, content);
  chmodSync(target, mode);
}

/** What makes a host one that can be logged in to. */
export function putLogin(files: string, hostName: string, privateHostKey: Buffer, folder: LabFolder): void {
  putFile(files, { path: "etc/ssh/sshd_config", content: SSHD });
  putFile(files, { path: "etc/ssh/ssh_host_ed25519_key", content: privateHostKey, mode: 0o600 });
  putFile(files, { path: "etc/ssh/ssh_host_ed25519_key.pub", content: `${publicKey(folder, hostName)}\n` });
  mkdirSync(join(files, "root/.ssh"), { recursive: true });
  chmodSync(join(files, "root"), 0o700);
  chmodSync(join(files, "root/.ssh"), 0o700);
  putFile(files, { path: "root/.ssh/authorized_keys", content: `${publicKey(folder, LOGIN_KEY)}\n`, mode: 0o600 });
  putFile(files, { path: "etc/systemd/system/ssh.service", content: SSH_UNIT });
  putFile(files, { path: "etc/systemd/system/multi-user.target.wants/ssh.service", content: SSH_UNIT });
}

/**
 * Makes the program file of one version: the stand-in, with the version as its last line. Each version so has a SHA-256
 * of its own, and the same components behind it.
 */
export function writeVersion(k3s: string, version: string, target: string): void {
  mkdirSync(dirname(target), { recursive: true });
  copyFileSync(k3s, target);
  appendFileSync(target, `\nlab-k3s-version=${version}\n`);
  chmodSync(target, 0o755);
}

/** Name of K3s' image archive for machines without a registry. Here it is not compressed: the stand-in looks at the content. */
const IMAGES = `k3s-airgap-images-${process.arch === "arm64" ? "arm64" : "amd64"}.tar.zst`;

/** Puts a version, the installer and the images into a folder. */
export function putVersion(folder: string, k3s: string, version: string, images: string): void {
  writeVersion(k3s, version, join(folder, "k3s"));
  copyFileSync(INSTALLER, join(folder, "install.sh"));
  chmodSync(join(folder, "install.sh"), 0o755);
  copyFileSync(images, join(folder, IMAGES));
}
