/** Every rule that a configuration must keep beyond the shape of single values, by topic. */
import { BACKUP_RULES } from "./backup";
import { CHART_VALUE_RULES } from "./chart-values";
import { CALICO_RULES } from "./calico";
import { CLUSTER_RULES } from "./cluster";
import { CNI_RULES } from "./cni";
import { ENFORCEMENT_RULES } from "./enforcement";
import { HOST_RULES } from "./hosts";
import { INGRESS_RULES } from "./ingress";
import { K3S_RULES } from "./k3s";
import { KAFKA_RULES } from "./kafka";
import { LIST_RULES } from "./lists";
import { NETWORK_RULES } from "./network";
import { OBSERVABILITY_RULES } from "./observability";
import { PIPELINE_RULES } from "./pipelines";
import { POLICY_RULES } from "./policies";
import { POOL_RULES } from "./pools";
import { ROOM_RULES } from "./room";
import type { Rule } from "./rule";
import { REMOTE_RULES } from "./remotes";
import { SELDON_RULES } from "./seldon";
import { SERVER_RULES } from "./servers";
import { TENANT_RULES } from "./tenants";
import { TLS_RULES } from "./tls";
import { VERSION_RULES } from "./versions";

export const RULES: readonly Rule[] = [
  ...VERSION_RULES,
  ...CLUSTER_RULES,
  ...K3S_RULES,
  ...NETWORK_RULES,
  ...ROOM_RULES,
  ...CNI_RULES,
  ...CALICO_RULES,
  ...POOL_RULES,
  ...HOST_RULES,
  ...BACKUP_RULES,
  ...SELDON_RULES,
  ...SERVER_RULES,
  ...TENANT_RULES,
  ...REMOTE_RULES,
  ...CHART_VALUE_RULES,
  ...PIPELINE_RULES,
  ...KAFKA_RULES,
  ...TLS_RULES,
  ...INGRESS_RULES,
  ...POLICY_RULES,
  ...ENFORCEMENT_RULES,
  ...OBSERVABILITY_RULES,
  ...LIST_RULES,
];
