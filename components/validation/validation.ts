import { local } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { type Subject, validationSubject } from "../../checks/subject";
import type { StackConfig } from "../../config/schema";
import { canonicalJson, digest } from "../canonical";
import { token } from "../component";

/** Arguments of {@link Validation}. */
export interface ValidationArgs {
  /** What the criteria are applied to. Holds no secret: it is passed and stored in clear. */
  readonly subject: Subject;
  /** Whether to validate at all. The time limit is in the subject. */
  readonly validation: StackConfig["validation"];
  /**
   * What a verdict is about: rendered values and objects, chart versions. Plain data without secrets; a change of any of
   * it makes the validation run again.
   */
  readonly proves: Readonly<Record<string, unknown>>;
  /**
   * Further values that only a deployment knows, such as the version of a release.
   *
   * @default none
   */
  readonly triggers?: readonly pulumi.Input<string>[];
}

/**
 * The success criteria, run at the end of an `up` that changed what they prove: the loopback probes in every server pod,
 * the Model's readiness, the scheduler's log, one inference through the ingress Service, and from short-lived probe pods
 * the policies and the server pods' addresses (`checks/`). It fails the deployment when one of them fails.
 *
 * It is a command whose trigger is the digest of what it proves: an `up` without a change of that leaves it alone, and
 * `npm run validate -- <stack>` runs the same criteria by hand. A criterion that could not be looked at is reported as
 * skipped, not as passed.
 */
export class Validation extends pulumi.ComponentResource {
  /** Report of the last run as text; empty when validation is disabled. */
  public readonly report: pulumi.Output<string>;

  constructor(name: string, args: ValidationArgs, opts?: pulumi.ComponentResourceOptions) {
    super(token("Validation"), name, args, opts);
    const { validation, proves, triggers = [] } = args;
    const subject = validationSubject(args.subject);

    const commands = validation.enabled
      ? [
          new local.Command(
            `${name}-criteria`,
            {
              create: "node tools/run.mjs validate --subject -",
              stdin: canonicalJson(subject),
              addPreviousOutputInEnv: false,
              triggers: [digest({ subject, proves }), ...triggers],
            },
            { parent: this },
          ),
        ]
      : [];
    this.report = pulumi.all(commands.map((command) => command.stdout)).apply((texts) => texts.join(""));

    this.registerOutputs({ report: this.report });
  }
}
