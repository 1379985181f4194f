import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { Subject } from "../../checks/subject";
import type { StackConfig } from "../../config/schema";
import { needsOwnCa } from "../../config/tls";
import { digest } from "../canonical";
import { labels, token } from "../component";
import { gate } from "../gate";
import { release } from "../helm";
import { type CertificateResource, ownAuthority } from "./objects";
import { seldonCertificates } from "./seldon-certificates";

/** Arguments of {@link Certificates}. */
export interface CertificatesArgs extends Pick<StackConfig, "seldon" | "ingress" | "network" | "charts"> {
  /** Refuse to delete cert-manager's namespace and its definitions: with them go all certificates of the cluster. */
  readonly protect: boolean;
  /** What the gate looks at. */
  readonly subject: Subject;
}

/** Name of the resource of one Certificate. */
export const certificateName = (name: string, { metadata }: CertificateResource): string =>
  `${name}-${metadata.namespace}-${metadata.name}`;

/** What a gate waits for. */
export const awaitedCertificates = (certificates: readonly CertificateResource[]): NonNullable<Subject["awaited"]> =>
  certificates.map(({ metadata: { namespace, name } }) => ({
    resource: "certificates.v1.cert-manager.io",
    namespace,
    name,
  }));

/**
 * cert-manager where the stack shall install it, the stack's own authority where no issuer is named, and the
 * Certificates of Seldon's components. A gate waits until they are signed: Envoy takes its certificate from an
 * environment variable when it starts, and a scheduler without its Secret does not start at all.
 *
 * The namespaces must exist. What depends on the component starts when all of this is done.
 */
export class Certificates extends pulumi.ComponentResource {
  constructor(name: string, args: CertificatesArgs, opts?: pulumi.ComponentResourceOptions) {
    super(token("Certificates"), name, args, opts);
    const { seldon, charts, subject } = args;
    const child = (own: pulumi.CustomResourceOptions = {}): pulumi.CustomResourceOptions => ({ parent: this, ...own });

    const manager = seldon.tls.certManager.install ? createManager() : undefined;
    const authority = createAuthority(manager === undefined ? [] : [manager]);
    const signer = authority ?? manager;
    const certificates = seldonCertificates(args);
    if (certificates.length > 0) createCertificates();

    this.registerOutputs({});

    function createManager(): k8s.helm.v3.Release {
      const { namespace, version } = seldon.tls.certManager;
      const place = new k8s.core.v1.Namespace(
        `${name}-namespace`,
        { metadata: { name: namespace, labels: labels() } },
        child({ protect: args.protect }),
      );
      return release(
        `${name}-cert-manager`,
        {
          folder: charts.folder,
          chart: "cert-manager",
          version,
          releaseName: "cert-manager",
          namespace: place.metadata.name,
          // The definitions are templates of the chart; `keep` leaves them, and so every certificate, when it goes.
          values: { crds: { enabled: true, keep: true } },
        },
        child({ protect: args.protect }),
      );
    }

    function createAuthority(dependsOn: pulumi.Resource[]): pulumi.Resource | undefined {
      if (!needsOwnCa(args)) return undefined;
      const [root, certificate, issuer] = ownAuthority(seldon.tls);
      const self = new k8s.apiextensions.CustomResource(`${name}-self-signed`, root, child({ dependsOn }));
      const own = new k8s.apiextensions.CustomResource(`${name}-authority`, certificate, child({ dependsOn: [self] }));
      return new k8s.apiextensions.CustomResource(`${name}-issuer`, issuer, child({ dependsOn: [own] }));
    }

    function createCertificates(): void {
      const dependsOn = signer === undefined ? [] : [signer];
      const created = certificates.map(
        (one) => new k8s.apiextensions.CustomResource(certificateName(name, one), one, child({ dependsOn })),
      );
      gate(
        `${name}-ready`,
        {
          id: "objects-ready",
          subject: { ...subject, awaited: awaitedCertificates(certificates) },
          triggers: [digest(certificates)],
        },
        child({ dependsOn: created }),
      );
    }
  }
}
