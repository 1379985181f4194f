/** Files of pinned Go modules: CustomResourceDefinitions that projects ship inside their sources. */
import { spawnSync } from "node:child_process";
import { tmpdir } from "node:os";

/** One module at one version. */
export interface GoModule {
  readonly path: string;
  readonly version: string;
  /** `h1:` sum of its files, as go.sum has it; what was downloaded must have it. */
  readonly sum: string;
}

/** Where the module lies, or why it cannot be had. */
export type ProvidedModule = { readonly folder: string } | { readonly absent: string };

/** The prometheus-operator, with its definitions under `example/prometheus-operator-crd`. */
export const PROMETHEUS_OPERATOR: GoModule = {
  path: "github.com/prometheus-operator/prometheus-operator",
  version: "v0.85.0",
  sum: "h1:M5xLCLEoaW2IJfnuCwFzzpL+jSVQu3KGT84Pye+fW8s=",
};

/** cert-manager, with its definitions under `deploy/crds`. */
export const CERT_MANAGER: GoModule = {
  path: "github.com/cert-manager/cert-manager",
  version: "v1.21.2",
  sum: "h1:UWgoYM+KLNtRlqmoWOKjKBOBUPVHeepQ6/ac3ERJW68=",
};

/** Istio's API, with its definitions in `kubernetes/customresourcedefinitions.gen.yaml`. */
export const ISTIO: GoModule = {
  path: "istio.io/api",
  version: "v1.31.1",
  sum: "h1:5Yb5ihcz4YQsCkciusK7DnFpBMwRB6EFWeUKH1Atuyk=",
};

/** Traefik, with its definitions in `docs/content/reference/dynamic-configuration/kubernetes-crd-definition-v1.yml`. */
export const TRAEFIK: GoModule = {
  path: "github.com/traefik/traefik/v3",
  version: "v3.6.12",
  sum: "h1:6pe4s7aaDTQs+AsF7KP3sM/xnq7zOVvibRQe5tw9eFo=",
};

/**
 * The module in Go's own cache, which is outside the clone; downloaded when it is not there.
 *
 * @throws Error when what was downloaded is not what is pinned.
 */
export function provideModule({ path, version, sum }: GoModule): ProvidedModule {
  const { status, stdout, stderr, error } = spawnSync("go", ["mod", "download", "-json", `${path}@${version}`], {
    cwd: tmpdir(),
    env: { ...process.env, GOWORK: "off", GOFLAGS: "" },
    encoding: "utf8",
    timeout: 300_000,
  });
  if (error !== undefined) return { absent: `${path} ${version} needs Go: ${error.message}` };
  if (status !== 0) return { absent: `${path} ${version} cannot be had: ${`${stderr}${stdout}`.trim().slice(0, 300)}` };
  const got = JSON.parse(stdout) as { Dir: string; Sum: string };
  if (got.Sum !== sum) throw new Error(`${path} ${version}: got sum ${got.Sum}; pinned: ${sum}`);
  return { folder: got.Dir };
}
