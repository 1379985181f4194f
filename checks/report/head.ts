/** The head of a report, from what looked. */
import { programVersion } from "../../config/version";
import type { ReportHead } from "./report";

interface Looked {
  readonly subject: { readonly stack: string; readonly uid?: string | undefined };
  readonly kubeconfigPath: string;
}

export const headOf = (command: string, { subject: { stack, uid }, kubeconfigPath }: Looked): ReportHead => ({
  command,
  stack,
  uid,
  kubeconfig: kubeconfigPath,
  program: programVersion(),
});
