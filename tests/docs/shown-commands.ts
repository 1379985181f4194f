/**
 * Every command that pages show, by whether a test runs it (tests/e2e/docs-commands.test.ts) or why none does. A command
 * that no row is about fails tests/docs/shown-commands.test.ts.
 */

/** Where a test runs a command, and with what. */
export const RUN = {
  alone: "in a copy of this tree, with nothing else",
  sandbox: "in the same copy, against a sandbox that is kept; the reader's stack is the stack sandbox there",
  training: "as it is written, in the order of docs/training.md",
} as const;

/** Why a test does not run a command. */
export const NOT_RUN = {
  machines: "it asks or changes machines, of which the sandbox has none; tests/lab runs the programs behind it",
  engine: "it needs the Pulumi CLI and a state; tests/e2e/cli-engine.test.ts and adopt-cli.test.ts run that engine",
  internet: "it fetches or asks something on the Internet",
  containers: "it needs containers that run; the sandbox's pods are simulated",
  releases: "it needs Helm's program; tests/e2e/releases.test.ts and adopt.test.ts run it on releases",
  lab: "it is the lab or starts it: root, and minutes to hours",
  suite: "it is the test suite itself",
  writes: "it would change this machine, or take something away for good",
} as const;

export interface Row {
  readonly command: RegExp;
  readonly where: keyof typeof RUN | keyof typeof NOT_RUN;
  /** Page that the row is about; undefined: every page. */
  readonly page?: string;
  /** Exit code that the page implies. @default 0 */
  readonly exit?: number;
  /** Why the sandbox's exit code is another one than a healthy stack's. */
  readonly because?: string;
  /** What its output must hold. */
  readonly says?: readonly RegExp[];
  /** What no line of its output may be. */
  readonly never?: RegExp;
}

const TRAINING = "docs/training.md";

/** First match wins. */
export const ROWS: readonly Row[] = [
  { page: "docs/benchmarks/newcomer.md", command: /./, where: "internet" },
  { page: TRAINING, command: /^npm run diagnose -- --rules$/, where: "alone", says: [/model-capability/] },
  { page: TRAINING, command: /^(npm run|kubectl|sed|export KUBECONFIG|rm training)/, where: "training" },

  { command: /^npm run sandbox$/, where: "alone", says: [/^Validation: \d+ pass, 0 fail/m] },
  { command: /^npm run sandbox -- --(keep|stop)$/, where: "training" },
  { command: /^npm run sandbox -- --engine cli/, where: "engine" },
  { command: /^npm run sandbox -- .*--pod-ports/, where: "containers" },
  { command: /^npm run (test:e2e\b|bench -- )/, where: "suite" },
  { command: /^npm test$/, where: "suite" },
  { command: /^npm run (test:lab|bench:cni)\b/, where: "lab" },
  { command: /^npm run (charts|pin)\b/, where: "internet" },
  { command: /^npm run golden$/, where: "alone", never: /rewritten/ },
  { command: /^npm run plan -- .* --(graph|flows) FILE\.svg$/, where: "alone" },
  { command: /^npm run plan -- .* --json$/, where: "alone", says: [/"guardrails": \[/] },
  { command: /^npm run plan -- /, where: "alone", says: [/^resources:$/m] },
  {
    command: /^npm run delivery:plan -- --base-ref origin\/main$/,
    where: "alone",
    says: [/^### Plan: no environment changes/m],
  },
  { command: /^npm run delivery:drift-key -- /, where: "writes" },
  { command: /^ssh-keygen .* -f drift-prod$/, where: "writes" },
  { command: /^npm run delivery:gate\b/, where: "engine" },
  { command: /^\.ci\/deliver (preview|deploy|drift) /, where: "engine" },

  { command: /^npm run (preflight|rotate|kubeconfig|rollout)\b/, where: "machines" },
  {
    command: /^npm run drift -- \S+ --only (certificates|leftovers|k3s-version)/,
    where: "machines",
  },
  { command: /^npm run (--silent )?sbom -- \S+$/, where: "alone", says: [/"bomFormat": "CycloneDX"/] },
  { command: /^npm run --silent sbom -- \S+ > sbom\.json$/, where: "alone" },
  { command: /^npm run changelog -- check$/, where: "alone" },
  { command: /^npm run changelog -- release /, where: "writes" },
  { command: /^npm run bench:network\b/, where: "containers" },
  { command: /^npm run diagnose -- \S+ --json$/, where: "sandbox", says: [/"exitCode": 0/] },
  { command: /^npm run diagnose -- \S+$/, where: "sandbox", says: [/^nothing wrong found/m] },
  { command: /^npm run validate -- \S+ --report markdown=-/, where: "sandbox" },
  { command: /^npm run validate -- /, where: "sandbox", says: [/^PASS +cluster-identity /m, / 0 failed, /] },
  { command: /^npm run policies -- /, where: "sandbox", says: [/^PASS +cluster-identity /m, / 0 failed, /] },
  {
    command: /^npm run drift -- \S+ --only declared-objects,undeclared-objects$/,
    where: "sandbox",
    says: [/^PASS +declared-objects /m],
  },
  { command: /^npm run drift -- \S+ --json$/, where: "sandbox", says: [/"DRIFT": 0/] },
  { command: /^npm run drift -- \S+ --report markdown=-$/, where: "sandbox" },
  {
    command: /^npm run drift -- \S+$/,
    where: "sandbox",
    says: [/^PASS +declared-objects /m, /^PASS +helm-objects /m],
    never: /^DRIFT/,
  },
  { command: /^npm run adopt -- \S+ --remove-workarounds$/, where: "sandbox" },
  {
    command: /^npm run adopt -- \S+$/,
    where: "sandbox",
    says: [/^The stack's already \(\d+\)$/m],
    never: /^(Made by the first up|Stands in the way)/,
  },

  { command: /^pulumi /, where: "engine" },
  { command: /^npm run state -- /, where: "engine" },
  { command: /^export PULUMI_CONFIG_PASSPHRASE_FILE=/, where: "engine" },
  { command: /^rm new-token$/, where: "engine" },
  { command: /^umask 077$/, where: "alone" },
  { command: /^helm -n /, where: "releases" },
  { command: /^crane /, where: "internet" },
  { command: /^ssh-keyscan /, where: "machines" },
  { command: /^(systemctl|journalctl|k3s) /, where: "machines" },
  { command: /\/etc\/rancher\/k3s\/|^printf .*\/usr\/local\/lib\/seldon-k3s\/run /, where: "machines" },
  { command: /^ssh -i drift-prod /, where: "machines" },
  { command: /^curl /, where: "containers" },

  { command: /^kubectl .*\b(logs|port-forward)\b/, where: "containers" },
  { command: /^kubectl -n <namespace> (delete|rollout restart) /, where: "writes" },
  { command: /^kubectl uncordon <node>$/, where: "sandbox", says: [/already uncordoned/] },
  { command: /^kubectl get etcdsnapshotfile$/, where: "machines" },
  { command: /^kubectl get nodes .*projectcalico\.org\/IPv4Address$/, where: "containers" },
  { command: /^kubectl .*calico-system\.seldon-k3s-metrics$/, where: "engine" },
  { command: /^kubectl label --dry-run=server /, where: "sandbox", says: [/^namespace\/financial-ml labeled/m] },
  { command: /^kubectl .*get nodes -o wide$/, where: "sandbox", says: [/^NAME +STATUS/m] },
  { command: /^kubectl .*get models,servers$/, where: "sandbox", says: [/mlserver/] },
  { command: /^kubectl /, where: "sandbox", says: [/\S/] },
];

/** Words that stand for the reader's own; what they are in the sandbox. */
const READERS_WORDS: readonly (readonly [RegExp, string])[] = [
  [/^(npm run plan -- )<stack>/, "$1staging"],
  [/^(npm run (?:diagnose|drift|validate|policies|adopt) -- )(?:<stack>|(?:staging|prod)\b)/, "$1SANDBOX"],
  [/^(npm run --silent sbom -- )STACK\b/, "$1staging"],
  [/ --kubeconfig kubeconfig-staging\.yaml/, ""], // KUBECONFIG names the sandbox's
  [/<namespace>/, "financial-ml"],
  [/(?<=get tigerastatus )<name>/, "calico"],
  [/(?<=get model )<name>/, "test-model-simple"],
  [/(?<=get server )<name>/, "mlserver"],
  [/(?<=describe deployment )<name>/, "calico-apiserver"],
  [/<kind>/, "networkpolicies"],
  [/<node>/, "sandbox-1"],
];

/** A command as a reader with the sandbox types it. @param stackFile stack file of the sandbox. */
export const inSandbox = (command: string, stackFile: string): string =>
  READERS_WORDS.reduce((text, [word, own]) => text.replace(word, own), command).replace(
    / SANDBOX/,
    ` sandbox --config-file ${stackFile}`,
  );

export const rowOf = (page: string, command: string): Row | undefined =>
  ROWS.find((row) => (row.page === undefined || row.page === page) && row.command.test(command));

/**
 * Blocks of output, by the page and the beginning of their first line: which command's output they are, or why no test
 * makes it again.
 */
export interface ShownOutput {
  readonly page: string;
  readonly begins: string;
  /** The command, as it is shown. */
  readonly of?: string;
  readonly because?: string;
}

export const OUTPUTS: readonly ShownOutput[] = [
  { page: "README.md", begins: "[   5.3s] Kubernetes", of: "npm run sandbox" },
  { page: "docs/benchmarks/network.md", begins: "path ", because: "measured in the lab" },
  { page: "docs/delivery.md", begins: "restrict,command=", because: "a line of a file" },
  { page: "docs/diagnosis.md", begins: "Symptoms", because: "measured in the lab, with a real MLServer" },
  { page: "docs/drift.md", begins: "DRIFT ", because: "tests/e2e/drift.test.ts makes each of these findings" },
  { page: "docs/observability.md", begins: "seldon_model_condition", because: "metrics of kube-state-metrics" },
  { page: "docs/probe-pods.md", begins: "FAIL policy-table", because: "measured in the lab" },
  { page: "docs/reports.md", begins: "validate staging (", because: "a live list: tests/checks/cli has its lines" },
  { page: "docs/reports.md", begins: "### validate staging", because: "tests/checks/report/markdown.test.ts has it" },
];
