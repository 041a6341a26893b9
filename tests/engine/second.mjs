// Runs definitions on aws-local-stepfunctions, an interpreter that has nothing in common with the first one.
// Arguments: the folder it is installed in. Standard input: a JSON array of {definition, worlds: [{input, answers}]}, an answer
// being {value} or {error}. Standard output: for each world, what its tasks were called with: [[state, parameters], ...].
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const MOST_EVENTS = 500;

// The library needs node 22 for this alone.
Promise.withResolvers ??= function () {
  let resolve, reject;
  const promise = new Promise((yes, no) => { [resolve, reject] = [yes, no]; });
  return { promise, resolve, reject };
};

const build = join(process.argv[2], 'node_modules', 'aws-local-stepfunctions', 'build', 'main.node.esm.js');
const { StateMachine } = await import(pathToFileURL(build));

function* states(scope) {
  for (const [name, state] of Object.entries(scope.States)) {
    yield [name, state];
    for (const inner of [...(state.Branches ?? []), state.ItemProcessor, state.Iterator]) {
      if (inner) yield* states(inner);
    }
  }
}

async function run(definition, world) {
  const called = [];
  const tasks = {}, waits = {};
  for (const [name, state] of states(definition)) {
    if (state.Type === 'Wait') waits[name] = 0;
    if (state.Type === 'Task') {
      tasks[name] = async (parameters) => {
        called.push([name, structuredClone(parameters ?? null)]);
        const answer = world.answers[(called.length - 1) % world.answers.length];
        if ('error' in answer) throw Object.assign(new Error('chosen by the test'), { name: answer.error });
        return structuredClone(answer.value);
      };
    }
  }
  const machine = new StateMachine(definition, { validationOptions: { noValidate: true } });
  const context = { ...world.context, Execution: { ...world.context.Execution, Input: structuredClone(world.input) } };
  const overrides = { taskResourceLocalHandlers: tasks, waitTimeOverrides: waits };
  const execution = machine.run(structuredClone(world.input), { overrides, context, noThrowOnAbort: true });
  const end = execution.result.catch(() => null);
  let events = 0;
  for await (const _ of execution.eventLogs) {
    if (++events > MOST_EVENTS) { execution.abort(); break; }
  }
  await end;
  return called;
}

const answers = [];
for (const { definition, worlds } of JSON.parse(readFileSync(0, 'utf8'))) {
  for (const world of worlds) {
    try { answers.push(await run(definition, world)); } catch (error) { answers.push({ refused: String(error) }); }
  }
}
process.stdout.write(JSON.stringify(answers), () => process.exit(0));
