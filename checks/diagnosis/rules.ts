/** Every rule of the diagnosis. Of causes that are equally sure the one that stands first here is named first. */
import { ADDRESS_RULES } from "./rules/addresses";
import { AGENT_RULES } from "./rules/agent";
import { API_SERVER_RULES } from "./rules/api-server";
import { CALICO_RULES } from "./rules/calico";
import { CONTAINER_NAME_RULES } from "./rules/container-name";
import { CRASHED_RULES } from "./rules/crashed";
import { ENVIRONMENT_RULES } from "./rules/environment";
import { KAFKA_RULES } from "./rules/kafka";
import { LEFTOVER_RULES } from "./rules/leftovers";
import { LISTENING_RULES } from "./rules/listening";
import { MODEL_RULES } from "./rules/models";
import { PENDING_RULES } from "./rules/pending";
import { PORT_RULES } from "./rules/ports";
import { SCHEDULER_RULES } from "./rules/scheduler";
import { STARTING_RULES } from "./rules/starting";
import { WORKAROUND_RULES } from "./rules/workarounds";
import type { Rule } from "./rule";

export const RULES: readonly Rule[] = [
  ...CONTAINER_NAME_RULES,
  ...ENVIRONMENT_RULES,
  ...LISTENING_RULES,
  ...PENDING_RULES,
  ...AGENT_RULES,
  ...CRASHED_RULES,
  ...STARTING_RULES,
  ...PORT_RULES,
  ...SCHEDULER_RULES,
  ...API_SERVER_RULES,
  ...MODEL_RULES,
  ...KAFKA_RULES,
  ...LEFTOVER_RULES,
  ...ADDRESS_RULES,
  ...CALICO_RULES,
  ...WORKAROUND_RULES,
];
