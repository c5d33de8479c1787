// Tests one after the other, told as TAP.
import { inspect, isDeepStrictEqual } from "node:util";

const tests = [];

export const test = (name, run) => tests.push({ name, run });

export function is(got, want, what = "") {
  if (!isDeepStrictEqual(got, want))
    throw new Error(
      `${what}\ngot:  ${inspect(got, { depth: 6, breakLength: 150 })}\nwant: ${inspect(want, { depth: 6, breakLength: 150 })}`,
    );
}

export function ok(value, what) {
  if (!value) throw new Error(what);
}

// Run them all; each gets `context`. `after` is called behind each, and may fail it.
export async function runAll(context, after) {
  let failed = 0,
    n = 0;
  for (const { name, run } of tests) {
    n++;
    let problem = null;
    const began = Date.now();
    try {
      await run(context);
    } catch (error) {
      problem = error;
    }
    try {
      await after(problem, name);
    } catch (error) {
      problem ??= error;
    }
    if (!problem) {
      console.log(`ok ${n} - ${name} # ${Date.now() - began} ms`);
    } else {
      failed++;
      console.log(`not ok ${n} - ${name}`);
      console.log(String(problem.stack ?? problem).replace(/^/gm, "# "));
    }
  }
  console.log(`1..${n}`);
  return failed;
}
