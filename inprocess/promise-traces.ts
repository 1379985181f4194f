/**
 * Takes a cost out of the Pulumi SDK (3.248.0, runtime/debuggable): it records a stack trace for every promise it makes,
 * ten or more a property, and mapped back to TypeScript these are half the time of an evaluation. They are read only
 * under PULUMI_DEBUG_PROMISE_LEAKS. Errors of the program keep their traces.
 */
import { createRequire } from "node:module";

interface Debuggable {
  debuggablePromise: <T>(promise: Promise<T>, context: string) => Promise<T>;
}

// The SDK calls the function through its module's exports; an ES import would be a copy of them.
const debuggable = createRequire(__filename)("@pulumi/pulumi/runtime/debuggable") as Debuggable;

let done = false;

/** Stops the SDK from recording traces in this process. Does nothing the second time, or when leaks are looked for. */
export function skipPromiseTraces(): void {
  if (done || process.env["PULUMI_DEBUG_PROMISE_LEAKS"]) return;
  done = true;
  const original = debuggable.debuggablePromise;
  debuggable.debuggablePromise = (promise, context) => {
    const limit = Error.stackTraceLimit;
    Error.stackTraceLimit = 0;
    try {
      return original(promise, context);
    } finally {
      Error.stackTraceLimit = limit;
    }
  };
}
