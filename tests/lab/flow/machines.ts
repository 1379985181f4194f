/** What tests of machines ask a lab's hosts: what is on them, what they run, who is a member of what. */
import type { Lab } from "../lab";
import type { LabHost } from "../host";
import { hostState, type HostState } from "./host-state";

/** Folders that an installation writes to, beside what a CNI leaves. */
const TREES = "/etc/rancher /etc/systemd/system /usr/local/bin /var/lib/rancher/k3s/server/token /var/lib/seldon-k3s";

/**
 * A host with its network and its files by mode, path and content; programs by size and time, because they are large.
 *
 * @param without Paths that may be there or not.
 */
export async function hostPicture(host: LabHost, without: readonly string[] = []): Promise<HostState> {
  const list = await host.must(
    `find ${TREES} ! -type d 2>/dev/null | while read -r path; do
       if [ -L "$path" ]; then echo "link $(readlink "$path") $path"
       elif [ "\${path#/usr/local/bin/}" != "$path" ]; then stat -c '%a %s %Y %n' "$path"
       else echo "$(stat -c %a "$path") $(sha256sum <"$path" | cut -c 1-16) $path"; fi
     done
     find ${TREES} -type d -exec stat -c '%a folder %n' {} + 2>/dev/null; true`,
  );
  const kept = (line: string): boolean => line !== "" && !without.includes(line.split(" ").at(-1) ?? "");
  return { ...(await hostState(host)), files: list.split("\n").filter(kept).sort() };
}

/** K3s' main process on a host; another one after each restart, `0` where it does not run. */
export const mainProcess = (host: LabHost): Promise<string> =>
  host
    .must(`systemctl show -p MainPID --value ${host.role === "server" ? "k3s" : "k3s-agent"} 2>/dev/null || echo 0`)
    .then((text) => text.trim());

/** Names of etcd's members, as K3s calls them: the node's name without the random part. */
export async function etcdMembers(server: LabHost): Promise<string[]> {
  const list =
    "cd /var/lib/rancher/k3s/server/tls/etcd && curl -s --cacert server-ca.crt --cert client.crt --key client.key https://127.0.0.1:2379/v3/cluster/member/list -d '{}'";
  const { members } = JSON.parse(await server.must(list)) as { members: { name: string }[] };
  return members.map(({ name }) => name.replace(/-[0-9a-f]+$/, "")).sort();
}

/** Nodes with their readiness and kubelet version, as `NAME STATUS VERSION` sorted by name. */
export async function nodesOf(lab: Lab): Promise<string[]> {
  const template =
    '{range .items[*]}{.metadata.name} {.status.conditions[?(@.type=="Ready")].status} {.spec.unschedulable}{"\\n"}{end}';
  const text = await lab.kubectl(["get", "nodes", "-o", `jsonpath=${template}`]);
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "")
    .sort();
}
