/**
 * The environment that a container really has, as far as the API tells it. Pure.
 *
 * Seldon's operator appends the variables of a Server's podSpec to those of its ServerConfig, and of a name that stands
 * twice Kubernetes takes the last one. Only variables that a rule reads are kept: nothing else of an environment is
 * anybody's evidence, and values from Secrets never come over the wire here at all.
 */
import type { WireContainer, WireEnvVar } from "./objects";
import { redact } from "./redact";

export interface EnvValue {
  /** The literal value, with credentials in URLs replaced; absent where the value comes from elsewhere. */
  readonly text?: string;
  /** Where it comes from: `fieldRef status.podIP`, `Secret x`. */
  readonly from?: string;
  /** How often the name stands in the container; above 1 the earlier ones have no effect. */
  readonly times: number;
}

/** Variables that some rule reads. */
const READ =
  /^(MLSERVER_(HOST|HTTP_PORT|GRPC_PORT|METRICS_PORT)|SELDON_(SERVER|REVERSE_PROXY|SCHEDULER|READINESS|OVERCOMMIT|KAFKA)_\w+|SERVER_(HTTP|GRPC)_PORT|MEMORY_REQUEST|SCHEDULER_READY_TIMEOUT_SECONDS|(HTTPS?|NO|ALL)_PROXY)$/i;

export class Env {
  private constructor(
    private readonly values: ReadonlyMap<string, EnvValue>,
    /** Names of ConfigMaps and Secrets whose keys become variables too, where nobody here knows them. */
    readonly from: readonly string[],
  ) {}

  static of({ env = [], envFrom = [] }: Pick<WireContainer, "env" | "envFrom">): Env {
    const values = new Map<string, EnvValue>();
    for (const variable of env) {
      if (!READ.test(variable.name)) continue;
      const times = (values.get(variable.name)?.times ?? 0) + 1;
      values.set(variable.name, { ...valueOf(variable, values), times });
    }
    const from = envFrom.flatMap(({ configMapRef, secretRef }) => [
      ...(configMapRef?.name === undefined ? [] : [`ConfigMap ${configMapRef.name}`]),
      ...(secretRef?.name === undefined ? [] : [`Secret ${secretRef.name}`]),
    ]);
    return new Env(values, from);
  }

  get(name: string): EnvValue | undefined {
    return this.values.get(name);
  }

  /** Names of the variables that are kept. */
  get names(): readonly string[] {
    return [...this.values.keys()];
  }

  /** The literal value of a variable, or undefined. */
  text(name: string): string | undefined {
    return this.values.get(name)?.text;
  }

  /** The variable as a number; the default where the container does not set it; undefined where nobody can know it. */
  port(name: string, unset: number): number | undefined {
    const value = this.values.get(name);
    if (value === undefined) return this.from.length === 0 ? unset : undefined;
    const number = Number(value.text);
    return value.text === undefined || !Number.isInteger(number) ? undefined : number;
  }

  /** `NAME=value`, and what is odd about it. */
  show(name: string): string {
    const value = this.values.get(name);
    if (value === undefined) return `${name} is not set`;
    const twice = value.times > 1 ? ` (stands ${value.times} times; the last one counts)` : "";
    return `${name}=${value.text ?? `(from ${value.from ?? "elsewhere"})`}${twice}`;
  }
}

function valueOf(
  { value, valueFrom }: WireEnvVar,
  earlier: ReadonlyMap<string, EnvValue>,
): Pick<EnvValue, "text" | "from"> {
  if (valueFrom !== undefined) {
    const { fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef } = valueFrom;
    if (fieldRef !== undefined) return { from: `fieldRef ${fieldRef.fieldPath ?? "?"}` };
    if (resourceFieldRef !== undefined) return { from: `resource ${resourceFieldRef.resource ?? "?"}` };
    if (configMapKeyRef !== undefined) return { from: `ConfigMap ${configMapKeyRef.name ?? "?"}` };
    return { from: `Secret ${secretKeyRef?.name ?? "?"}` };
  }
  return { text: redact(expand(value ?? "", earlier)) };
}

/** Kubernetes replaces `$(NAME)` by an earlier variable; one that it does not know stays as it is. */
const expand = (text: string, earlier: ReadonlyMap<string, EnvValue>): string =>
  text.replace(/\$\((\w+)\)/g, (whole, name: string) => earlier.get(name)?.text ?? whole);
