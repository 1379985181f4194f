/** K3s' own kubeconfig, made to lead to the cluster from outside. Pure. */
import { dump, load } from "js-yaml";
import { z } from "zod";

/**
 * All that is taken over. A kubeconfig can name a program that whoever reads it runs (`exec`), a proxy, and that no certificate
 * is checked: a server must not be able to do that to the runner, which holds the keys of every other machine.
 */
const schema = z.object({
  clusters: z.array(z.object({ cluster: z.object({ "certificate-authority-data": z.string() }) })).length(1),
  users: z
    .array(z.object({ user: z.object({ "client-certificate-data": z.string(), "client-key-data": z.string() }) }))
    .length(1),
});

/**
 * The same credentials under the cluster's name and endpoint.
 *
 * @param text content of /etc/rancher/k3s/k3s.yaml on a server.
 * @returns undefined when the text is no kubeconfig of K3s; its content is never quoted.
 */
export function renderKubeconfig(text: string, name: string, endpoint: string): string | undefined {
  let value: unknown;
  try {
    value = load(text);
  } catch {
    return undefined;
  }
  const parsed = schema.safeParse(value);
  if (!parsed.success) return undefined;
  const [cluster] = parsed.data.clusters;
  const [user] = parsed.data.users;
  return dump({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name, cluster: { ...cluster?.cluster, server: endpoint } }],
    users: [{ name, user: user?.user }],
    contexts: [{ name, context: { cluster: name, user: name } }],
    "current-context": name,
  });
}
