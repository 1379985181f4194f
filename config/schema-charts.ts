/** The section about Helm charts: part of `config/schema.ts`. */
import { z } from "zod";

/**
 * Helm repositories of the publishers (Calico docs "Install using Helm"; Seldon Core 2 docs "Helm installation";
 * cert-manager docs "Helm"; Strimzi docs "Deploying the Cluster Operator using Helm").
 */
export const PUBLISHERS = {
  calico: "https://docs.tigera.io/calico/charts",
  seldon: "https://seldonio.github.io/helm-charts",
  certManager: "https://charts.jetstack.io",
  strimzi: "https://strimzi.io/charts",
} as const;

const repository = z.string().regex(/^(https?|oci):\/\/[^\s/]+(\/[^\s]*)?$/, {
  error: "expected the URL of a Helm repository (https://...) or of a registry's folder (oci://registry/folder)",
});

export const charts = z.strictObject({
  folder: z
    .string()
    .min(1)
    .default("charts")
    .describe(
      "Folder that `npm run charts` fills, relative to the project folder: one sub-folder a chart and version.",
    ),
  repositories: z
    .strictObject({
      calico: repository.default(PUBLISHERS.calico).describe("Where Calico's charts are."),
      seldon: repository.default(PUBLISHERS.seldon).describe("Where Seldon Core's charts are."),
      certManager: repository.default(PUBLISHERS.certManager).describe("Where cert-manager's chart is."),
      strimzi: repository.default(PUBLISHERS.strimzi).describe("Where the chart of the Strimzi operator is."),
    })
    .prefault({})
    .describe(
      "Where `npm run charts` pulls from. Whatever the place, an archive must have the SHA-256 that charts.lock.yaml records.",
    ),
});
