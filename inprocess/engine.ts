/** What an in-process run records, and what it asks of the engine that stands behind it. */

/** Resource options, each present only where the program or an ancestor set it. */
export interface RecordedOptions {
  readonly protect?: boolean;
  readonly retainOnDelete?: boolean;
  readonly deleteBeforeReplace?: boolean;
  readonly ignoreChanges?: readonly string[];
  readonly replaceOnChanges?: readonly string[];
  readonly additionalSecretOutputs?: readonly string[];
  readonly hideDiffs?: readonly string[];
  /** Durations as Pulumi writes them, such as `10m`. */
  readonly customTimeouts?: Readonly<Partial<Record<"create" | "update" | "delete" | "read", string>>>;
  /** URNs, or the alias' parts where the program gave parts. */
  readonly aliases?: readonly unknown[];
  /** URNs of the resources and components named in `dependsOn`, components not expanded. */
  readonly dependsOn?: readonly string[];
  /** URNs of the providers that a component hands to its children, by package. */
  readonly providers?: Readonly<Record<string, string>>;
  readonly deletedWith?: string;
  readonly replaceWith?: readonly string[];
  readonly import?: string;
  readonly version?: string;
}

/** One resource as the program registered it. */
export interface RecordedResource {
  readonly urn: string;
  readonly type: string;
  readonly name: string;
  /** False for components. */
  readonly custom: boolean;
  /** URN of the parent; only the stack has none. */
  readonly parent?: string;
  /** URN of the provider, custom resources only. */
  readonly provider?: string;
  /** Inputs with secrets as `SecretValue`. */
  readonly inputs: Readonly<Record<string, unknown>>;
  /** What a component (or the stack) passed to `registerOutputs`. */
  readonly outputs?: Readonly<Record<string, unknown>>;
  /** URNs of all direct dependencies, sorted; components expanded to the custom resources in them. */
  readonly dependencies: readonly string[];
  /** The same by the input that brings them. */
  readonly propertyDependencies: Readonly<Record<string, readonly string[]>>;
  readonly options: RecordedOptions;
}

/** What a created resource answers with. */
export interface CreatedResource {
  /** Provider's id of the resource. */
  readonly id: string;
  /** Computed outputs; inputs that are not named here pass through. `SecretValue`s stay secret. */
  readonly state: Record<string, unknown>;
}

/** Creates custom resources, once everything they depend on has been created. Components never reach it. */
export interface ResourceEngine {
  /** @throws Error for a type that it does not know, or when the resource cannot be made. */
  create(resource: RecordedResource): Promise<CreatedResource>;
}
