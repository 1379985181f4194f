/** Objects of cert-manager (`cert-manager.io/v1`), as plain data. */
import type { StackConfig } from "../../config/schema";
import { type IssuerRef, OWN_CA } from "../../config/tls";
import { labels } from "../component";

export const CERT_MANAGER_API = "cert-manager.io/v1";

/** A Certificate: what cert-manager keeps signed in a Secret with the keys `tls.crt`, `tls.key` and `ca.crt`. */
export interface CertificateResource {
  readonly apiVersion: typeof CERT_MANAGER_API;
  readonly kind: "Certificate";
  readonly metadata: { readonly name: string; readonly namespace: string; readonly labels: Record<string, string> };
  readonly spec: {
    readonly secretName: string;
    readonly commonName?: string;
    readonly isCA?: boolean;
    readonly dnsNames?: readonly string[];
    readonly usages: readonly string[];
    readonly duration: string;
    readonly renewBefore: string;
    readonly privateKey: {
      readonly algorithm: "ECDSA";
      readonly size: 256;
      readonly encoding: "PKCS8";
      readonly rotationPolicy: "Always" | "Never";
    };
    readonly issuerRef: IssuerRef;
  };
}

/** An issuer that every namespace can use. */
export interface ClusterIssuerResource {
  readonly apiVersion: typeof CERT_MANAGER_API;
  readonly kind: "ClusterIssuer";
  readonly metadata: { readonly name: string; readonly labels: Record<string, string> };
  readonly spec: { readonly selfSigned: object } | { readonly ca: { readonly secretName: string } };
}

/** How long certificates hold. */
type Lifetime = Pick<StackConfig["seldon"]["tls"], "duration" | "renewBefore">;

/** PKCS#8, because brokers on Java take no other form; a new key with every renewal. */
const LEAF_KEY = { algorithm: "ECDSA", size: 256, encoding: "PKCS8", rotationPolicy: "Always" } as const;

/** Arguments of {@link certificate}. */
export interface CertificateArgs {
  /** Name of the Certificate, and of its Secret unless `secretName` says otherwise. */
  readonly name: string;
  readonly namespace: string;
  /** @default name */
  readonly secretName?: string;
  /** Names that a caller may dial. */
  readonly dnsNames: readonly string[];
  /** @default server and client */
  readonly usages?: readonly string[];
  readonly issuer: IssuerRef;
  readonly lifetime: Lifetime;
}

/** Both directions: Seldon's health probes dial their own port and show the server's certificate as the client's. */
const BOTH_WAYS = ["digital signature", "server auth", "client auth"] as const;

/** Usages of a certificate that is only ever shown to callers. */
export const SERVER_ONLY = ["digital signature", "server auth"] as const;

/** One Certificate. */
export function certificate(args: CertificateArgs): CertificateResource {
  const { name, namespace, secretName = name, dnsNames, usages = BOTH_WAYS, issuer, lifetime } = args;
  const { duration, renewBefore } = lifetime;
  return {
    apiVersion: CERT_MANAGER_API,
    kind: "Certificate",
    metadata: { name, namespace, labels: labels() },
    spec: { secretName, dnsNames, usages, duration, renewBefore, privateKey: LEAF_KEY, issuerRef: issuer },
  };
}

const clusterIssuer = (name: string, spec: ClusterIssuerResource["spec"]): ClusterIssuerResource => ({
  apiVersion: CERT_MANAGER_API,
  kind: "ClusterIssuer",
  metadata: { name, labels: labels() },
  spec,
});

/** Name of the issuer that signs nothing but the authority's own certificate. */
const SELF_SIGNED = "seldon-self-signed";

/** Ten years; every leaf is signed again long before, so that the authority's key may stay. */
const AUTHORITY_LIFETIME = { duration: "87600h", renewBefore: "8760h" } as const;

/**
 * The stack's own certificate authority, in the order of declaration. It is one for the whole cluster: an operator that
 * serves several namespaces shows the schedulers of all of them one client certificate. A ClusterIssuer's Secret must be
 * in cert-manager's own namespace, so the authority's key is in none of Seldon's.
 */
export function ownAuthority({
  certManager,
}: Pick<StackConfig["seldon"]["tls"], "certManager">): readonly [
  ClusterIssuerResource,
  CertificateResource,
  ClusterIssuerResource,
] {
  const authority: CertificateResource = {
    apiVersion: CERT_MANAGER_API,
    kind: "Certificate",
    metadata: { name: OWN_CA, namespace: certManager.namespace, labels: labels() },
    spec: {
      secretName: OWN_CA,
      commonName: OWN_CA,
      isCA: true,
      usages: ["cert sign", "crl sign", "digital signature"],
      ...AUTHORITY_LIFETIME,
      // With a new key, certificates signed by the old one would be strangers to those signed by the new one.
      privateKey: { ...LEAF_KEY, rotationPolicy: "Never" },
      issuerRef: { name: SELF_SIGNED, kind: "ClusterIssuer", group: "cert-manager.io" },
    },
  };
  return [
    clusterIssuer(SELF_SIGNED, { selfSigned: {} }),
    authority,
    clusterIssuer(OWN_CA, { ca: { secretName: OWN_CA } }),
  ];
}
