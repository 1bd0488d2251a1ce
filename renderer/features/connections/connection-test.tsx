import { ListChecks, Square } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import type { CheckStep, SystemKind } from '../../../shared/model/connection.ts';
import { toErrorData, type GantryErrorData } from '../../../shared/model/error.ts';
import { testConnection } from '../../app/queries.ts';
import { Button } from '../../ui/button.tsx';
import { ErrorNotice } from '../../ui/error-notice.tsx';
import { formatLatency } from '../../ui/format.ts';
import { HostileText } from '../../ui/hostile-text.tsx';
import { Section } from '../../ui/section.tsx';
import { StateMark } from '../../ui/state-mark.tsx';
import styles from './connections.module.css';
import { stepRows } from './test-steps.ts';

interface Run {
  readonly running: boolean;
  readonly steps: readonly CheckStep[];
  readonly error: GantryErrorData | null;
}

interface ConnectionTestProps {
  readonly id: string;
  readonly system: SystemKind;
  readonly live: boolean;
}

/** The way to a system step by step: where it stops is what to fix. */
export function ConnectionTest({ id, system, live }: ConnectionTestProps) {
  const { run, start, stop } = useConnectionTest(id);
  const button = run?.running ? (
    <Button tone="quiet" icon={Square} onClick={stop}>
      Stop the test
    </Button>
  ) : (
    <Button tone="quiet" icon={ListChecks} disabled={!live} onClick={start}>
      Test the connection
    </Button>
  );
  return (
    <Section title="Test" aside={button}>
      {run === null ? (
        <p className={styles.muted}>
          Goes from the name to the rights, one step after the other, and stops at the first that fails.
        </p>
      ) : (
        <ol aria-label="Steps of the test" aria-live="polite">
          {stepRows(run.steps, run.running, system).map(({ name, state, step }) => (
            <li key={name} className={styles.step}>
              <StateMark state={state} />
              <span>{stepWords[name]}</span>
              <span className={styles.stepDetail}>{step ? <HostileText text={step.detail} /> : null}</span>
              <span className={styles.muted}>{step ? formatLatency(step.ms) : ''}</span>
              {step?.error ? (
                <div className={styles.stepError}>
                  <ErrorNotice error={step.error} />
                </div>
              ) : null}
            </li>
          ))}
        </ol>
      )}
      {run?.error ? <ErrorNotice error={run.error} /> : null}
    </Section>
  );
}

const stepWords: Readonly<Record<CheckStep['step'], string>> = {
  configuration: 'Configuration',
  dns: 'Name',
  tcp: 'Connection',
  tls: 'Certificate',
  'host-key': 'Host key',
  auth: 'Credentials',
  version: 'Version',
  permissions: 'Rights',
};

/** One test at a time; leaving the page ends it. */
function useConnectionTest(id: string) {
  const [run, setRun] = useState<Run | null>(null);
  const abort = useRef<AbortController>(null);
  useEffect(() => () => abort.current?.abort(), []);

  const follow = async (controller: AbortController) => {
    const { signal } = controller;
    const steps: CheckStep[] = [];
    setRun({ running: true, steps, error: null });
    try {
      for await (const step of testConnection(id, signal)) {
        steps.push(step);
        setRun({ running: true, steps: [...steps], error: null });
      }
      setRun({ running: false, steps: [...steps], error: null });
    } catch (thrown) {
      const error = signal.aborted ? null : toErrorData(thrown, 'test the connection', id);
      setRun({ running: false, steps: [...steps], error });
    }
  };
  return {
    run,
    start: () => {
      abort.current?.abort();
      abort.current = new AbortController();
      void follow(abort.current);
    },
    stop: () => abort.current?.abort(),
  };
}
