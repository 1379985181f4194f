/** Reads from a kubeconfig what a connection needs. */
import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { load, YAMLException } from "js-yaml";
import { z } from "zod";
import { messageOf } from "../../config/thrown";
import { yamlFault } from "../../config/yaml-fault";
import { SandboxError } from "../failure";

/** Where an API server is, and who asks. */
export interface Connection {
  readonly server: string;
  readonly ca?: string;
  readonly token?: string;
  readonly cert?: string;
  readonly key?: string;
}

const data = z.string().transform((base64) => Buffer.from(base64, "base64").toString("utf8"));
const schema = z.object({
  "current-context": z.string(),
  contexts: z.array(z.object({ name: z.string(), context: z.object({ cluster: z.string(), user: z.string() }) })),
  clusters: z.array(
    z.object({
      name: z.string(),
      cluster: z.object({
        server: z.url(),
        "certificate-authority-data": data.optional(),
        "certificate-authority": z.string().optional(),
      }),
    }),
  ),
  users: z.array(
    z.object({
      name: z.string(),
      user: z.object({
        token: z.string().optional(),
        "client-certificate-data": data.optional(),
        "client-key-data": data.optional(),
      }),
    }),
  ),
});

/** The connection of the current context. @throws SandboxError when the file cannot be used. */
export function readKubeconfig(file: string): Connection {
  try {
    const config = schema.parse(load(readFileSync(file, "utf8")));
    const context = named(config.contexts, config["current-context"], "context").context;
    const { cluster } = named(config.clusters, context.cluster, "cluster");
    const { user } = named(config.users, context.user, "user");
    const caFile = cluster["certificate-authority"];
    const ca =
      cluster["certificate-authority-data"] ?? (caFile && readFileSync(resolve(dirname(file), caFile), "utf8"));
    return {
      server: cluster.server,
      ca,
      token: user.token,
      cert: user["client-certificate-data"],
      key: user["client-key-data"],
    };
  } catch (error) {
    // An exception of YAML holds the text; so would an error that has it as its cause.
    const isYaml = error instanceof YAMLException;
    const reason = isYaml ? `no YAML: ${yamlFault(error)}` : messageOf(error);
    throw new SandboxError(
      `the kubeconfig ${file} cannot be used: ${reason}`,
      undefined,
      isYaml ? {} : { cause: error },
    );
  }
}

function named<T extends { readonly name: string }>(items: readonly T[], name: string, what: string): T {
  const found = items.find((item) => item.name === name);
  if (!found) throw new Error(`it has no ${what} "${name}"`);
  return found;
}

/** A kubeconfig with one context, for an API server that knows its users by token. */
export function renderKubeconfig(name: string, { server, ca = "", token }: Connection): string {
  const document = {
    apiVersion: "v1",
    kind: "Config",
    "current-context": name,
    contexts: [{ name, context: { cluster: name, user: name } }],
    clusters: [{ name, cluster: { server, "certificate-authority-data": Buffer.from(ca).toString("base64") } }],
    users: [{ name, user: { token } }],
  };
  return `${JSON.stringify(document, undefined, 2)}\n`;
}
