/** The part of `seldon` about certificates: part of `config/schema-seldon.ts`. */
import { z } from "zod";
import { CERT_MANAGER_VERSIONS } from "./compatibility";
import { dnsLabel, dnsSubdomain } from "./values";

/** A length of time as cert-manager writes it, in hours. */
const hours = z.string().regex(/^[1-9]\d{0,5}h$/, { error: "expected whole hours such as 2160h" });

/** Which issuer signs; it must sign for every namespace, so it is no namespaced Issuer. */
export const issuerRef = z.strictObject({
  name: dnsSubdomain.describe("Name of the issuer."),
  kind: z
    .string()
    .min(1)
    .default("ClusterIssuer")
    .describe("Its kind: ClusterIssuer, or the one of an external issuer."),
  group: dnsSubdomain.default("cert-manager.io").describe("API group of that kind."),
});

const certManager = z.strictObject({
  install: z
    .boolean()
    .default(false)
    .describe("Install cert-manager by Helm. Off: the platform has it, with its CRDs (cert-manager.io/v1)."),
  version: z.enum(CERT_MANAGER_VERSIONS).default("1.21.2").describe("Version that is installed."),
  namespace: dnsLabel
    .default("cert-manager")
    .describe(
      "Where cert-manager runs; it looks for the Secrets of ClusterIssuers there (its cluster resource namespace).",
    ),
});

export const tls = z.strictObject({
  controlPlane: z
    .boolean()
    .default(false)
    .describe("TLS with client certificates between scheduler, operator, agents and gateways (ports 9044 and 9055)."),
  dataPlane: z
    .boolean()
    .default(false)
    .describe(
      "TLS for inference: callers to Envoy, Envoy to agents and pipeline gateway with client certificates, and Envoy's own configuration.",
    ),
  issuer: issuerRef
    .optional()
    .describe(
      "Issuer of all these certificates; it must fill `ca.crt`, which public ones do not. Default: a certificate authority that the stack declares.",
    ),
  duration: hours.default("2160h").describe("How long a certificate holds, in hours."),
  renewBefore: hours.default("720h").describe("How long before its end a certificate is renewed, in hours."),
  certManager: certManager
    .prefault({})
    .describe("Who signs: cert-manager, the platform's own unless it says otherwise."),
});
