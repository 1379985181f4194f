/** The section about the way in from outside the cluster: part of `config/schema.ts`. */
import { z } from "zod";
import { issuerRef } from "./schema-tls";
import { dnsLabel } from "./values";

const tls = z.strictObject({
  from: z
    .enum(["secret", "cert-manager"])
    .default("cert-manager")
    .describe("`secret`: the Secret exists already. `cert-manager`: the stack declares a Certificate that fills it."),
  secretName: dnsLabel
    .max(200)
    .default("seldon-ingress-tls")
    .describe(
      "Secret with `tls.crt` and `tls.key`. Traefik: in each runtime namespace. Istio: `<secretName>-<runtime namespace>` in the gateway's namespace.",
    ),
  issuer: issuerRef
    .optional()
    .describe("Issuer of the Certificates, for example an ACME one. Default: that of seldon.tls."),
  plainHttp: z
    .enum(["redirect", "refuse"])
    .default("redirect")
    .describe("What plain HTTP gets: a redirect to https, or nothing (gRPC clients do not follow redirects)."),
});

const istio = z.strictObject({
  namespace: dnsLabel.default("istio-system").describe("Namespace of the ingress gateway's pods."),
  selector: z
    .record(z.string(), z.string())
    .default({ istio: "ingressgateway" })
    .describe("Labels of these pods; Gateway and policies select them by it."),
});

const traefik = z.strictObject({
  http: dnsLabel.default("web").describe("Entry point for plain HTTP; `web` in K3s' chart."),
  https: dnsLabel.default("websecure").describe("Entry point for TLS; `websecure` in K3s' chart."),
});

export const ingress = z.strictObject({
  provider: z
    .enum(["none", "traefik", "istio"])
    .default("none")
    .describe(
      "Who brings requests to Envoy. `traefik`: the one that K3s deploys. `istio`: a gateway that the platform has. `none`: the stack declares no route.",
    ),
  paths: z
    .array(z.string().regex(/^\/[A-Za-z0-9._~/-]*$/, { error: "expected a path such as /v2/models/" }))
    .min(1)
    .default(["/v2/models/", "/v2/pipelines/", "/inference.GRPCInferenceService/"])
    .describe(
      "Beginnings of paths that are let in, REST and gRPC. `/v2/repository` is not among them: it would load and unload models past the scheduler.",
    ),
  models: z
    .array(
      z.string().regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.(pipeline|experiment))?$/, {
        error: "expected a name such as iris, or iris.pipeline for a pipeline",
      }),
    )
    .default([])
    .describe(
      "Values of the header `Seldon-Model` that are let in; others, and requests without the header, find nothing. Empty: all.",
    ),
  tls: tls.optional().describe("TLS at the ingress. Absent: plain HTTP and gRPC."),
  traefik: traefik.prefault({}).describe("How K3s' Traefik is set up."),
  istio: istio.prefault({}).describe("Where Istio's ingress gateway runs."),
});
