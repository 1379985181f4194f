/** States as `pulumi stack export` writes them. */
import type { Tree } from "../../../../config/tree";

export const urn = (name: string, type = "command:local:Command", stack = "dev", project = "p"): string =>
  `urn:pulumi:${stack}::${project}::${type}::${name}`;

export const ROOT = { urn: urn("p-dev", "pulumi:pulumi:Stack"), type: "pulumi:pulumi:Stack" };

export const command = (name: string, inputs: Tree = {}) => ({
  urn: urn(name),
  type: "command:local:Command",
  id: `${name}1`,
  inputs,
});

export const configMap = (name: string, extra: Tree = {}) => ({
  urn: urn(name, "kubernetes:core/v1:ConfigMap"),
  type: "kubernetes:core/v1:ConfigMap",
  inputs: { metadata: { name, namespace: "seldon" } },
  ...extra,
});

export const SECRET = {
  "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
  ciphertext: "v1:abc",
};

export function stateText(resources: readonly Tree[], pending: readonly Tree[] = [], extra: Tree = {}): string {
  return JSON.stringify({
    version: 3,
    deployment: {
      manifest: { time: "2026-11-23T08:00:00Z", version: "3.259.0" },
      secrets_providers: { type: "passphrase", state: { salt: "v1:salt" } },
      resources,
      ...(pending.length > 0 ? { pending_operations: pending } : {}),
      ...extra,
    },
  });
}
