import { writeFileSync } from 'node:fs';

/**
 * A vitest reporter that writes every test with its outcome, and why it was skipped, to the file named by
 * `GANTRY_UNIT_REPORT`. Vitest's own JSON leaves the reasons out.
 */
// oxlint-disable-next-line import/no-default-export -- how vitest loads a reporter
export default class OutcomeReporter {
  onTestRunEnd(modules, unhandledErrors) {
    const tests = modules.flatMap((module) =>
      [...module.children.allTests()].map((test) => {
        const result = test.result();
        return {
          name: `${module.relativeModuleId ?? module.moduleId} › ${test.fullName}`,
          state: result.state,
          reason: result.note ?? (setUpFailed(test.parent) ? 'its set-up failed' : undefined),
          errors: (result.errors ?? []).map(textOf),
        };
      }),
    );
    const broken = modules.flatMap((module) =>
      [module, ...module.children.allSuites()].flatMap((suite) =>
        suite.errors().map((error) => ({
          name: `${module.relativeModuleId ?? module.moduleId} › ${suite.type === 'suite' ? suite.fullName : 'the file'}: set-up`,
          state: 'failed',
          errors: [textOf(error)],
        })),
      ),
    );
    const unhandled = unhandledErrors.map((error) => ({
      name: 'an error that no test caught',
      state: 'failed',
      errors: [textOf(error)],
    }));
    writeFileSync(process.env.GANTRY_UNIT_REPORT, JSON.stringify([...tests, ...broken, ...unhandled]));
  }
}

/** Whether a suite that a test is in, at any depth, has an error of its own. */
function setUpFailed(suite) {
  return suite !== undefined && (suite.errors().length > 0 || setUpFailed(suite.parent));
}

function textOf(error) {
  return error.diff ? `${error.message}\n${error.diff}` : (error.stack ?? error.message ?? String(error));
}
