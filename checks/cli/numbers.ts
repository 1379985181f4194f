/** Values of options. */
import { ToolError } from "../../tools/cli";

/** A number of seconds. @throws ToolError */
export function secondsOf(flag: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (text.trim() !== "" && Number.isFinite(value) && value >= 0 && value <= 86_400) return value;
  throw new ToolError(`--${flag}: got "${text}"; allowed: seconds from 0 to 86400; fix: such as --${flag} 60`);
}

/** A moment. @throws ToolError */
export function momentOf(flag: string, text: string | undefined): Date | undefined {
  if (text === undefined) return undefined;
  const moment = new Date(text);
  if (/^\d{4}-\d\d-\d\dT/.test(text) && !Number.isNaN(moment.getTime())) return moment;
  throw new ToolError(`--${flag}: got "${text}"; allowed: a moment such as 2026-11-22T16:00:00Z`);
}
