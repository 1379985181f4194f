/** Who signs which certificates, and which parts of a stack need any. Pure. */
import { strimziOf } from "./kafka";
import type { StackConfig } from "./schema";

/** Reference to an issuer, as a Certificate holds it. */
export interface IssuerRef {
  readonly name: string;
  readonly kind: string;
  readonly group: string;
}

/** Name of the certificate authority that the stack declares: a ClusterIssuer, its Certificate and its Secret. */
export const OWN_CA = "seldon-ca";

/** Issuer of the certificates between the components: as configured, else the stack's own authority. */
export const issuerOf = ({ seldon }: Pick<StackConfig, "seldon">): IssuerRef =>
  seldon.tls.issuer ?? { name: OWN_CA, kind: "ClusterIssuer", group: "cert-manager.io" };

/** Issuer of the ingress' Certificates; undefined where the stack declares none. */
export function ingressIssuer(config: Pick<StackConfig, "seldon" | "ingress">): IssuerRef | undefined {
  const { provider, tls } = config.ingress;
  if (provider === "none" || tls?.from !== "cert-manager") return undefined;
  return tls.issuer ?? issuerOf(config);
}

/** Whether Seldon's own components speak TLS anywhere. */
export const componentTls = ({ seldon }: Pick<StackConfig, "seldon">): boolean =>
  seldon.tls.controlPlane || seldon.tls.dataPlane;

/** Whether the stack declares any Certificate, so that cert-manager must be there. */
export const needsCertManager = (config: Pick<StackConfig, "seldon" | "ingress">): boolean =>
  componentTls(config) || strimziOf(config) !== undefined || ingressIssuer(config) !== undefined;

/** Whether the stack's own authority signs any of them. */
export function needsOwnCa(config: Pick<StackConfig, "seldon" | "ingress">): boolean {
  if (config.seldon.tls.issuer !== undefined) return false;
  return componentTls(config) || strimziOf(config) !== undefined || ingressIssuer(config)?.name === OWN_CA;
}
