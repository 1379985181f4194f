/** The syntax of Kubernetes labels (k8s.io/apimachinery, util/validation). */

const NAME = /^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;
const PREFIX = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

export const LABEL_KEY_FORM = "an optional DNS name and /, then up to 63 letters, digits, '-', '_' or '.'";
export const LABEL_VALUE_FORM =
  "nothing, or up to 63 letters, digits, '-', '_' or '.', starting and ending with a letter or digit";

/** Whether `text` may be the key of a label or taint. */
export function isLabelKey(text: string): boolean {
  const parts = text.split("/");
  const name = parts.pop() ?? "";
  const [prefix, ...more] = parts;
  return (
    more.length === 0 && NAME.test(name) && (prefix === undefined || (prefix.length <= 253 && PREFIX.test(prefix)))
  );
}

/** Whether `text` may be the value of a label or taint. */
export const isLabelValue = (text: string): boolean => text === "" || NAME.test(text);
