import type { ReactNode } from 'react';
import type { GantryErrorData } from '../../shared/model/error.ts';
import { CopyButton } from './copy-button.tsx';
import styles from './error-notice.module.css';
import { errorText, errorTitle } from './error-text.ts';
import { HostileText } from './hostile-text.tsx';
import { StateMark } from './state-mark.tsx';

interface ErrorNoticeProps {
  readonly error: GantryErrorData;
  /** The next step, where there is one to press. */
  readonly actions?: ReactNode;
  /** Smaller, for toasts and rows: without target and details. */
  readonly brief?: boolean;
}

/** The one component that shows a failure: what was tried, on what, what is known to have happened, what to do. */
export function ErrorNotice({ error, actions, brief = false }: ErrorNoticeProps) {
  return (
    <div className={styles.error} role="group" aria-label={errorTitle(error)}>
      <div className={styles.head}>
        <StateMark state="down" decorative className={styles.mark} />
        <p className={styles.title}>
          <HostileText text={errorTitle(error)} />
        </p>
        <CopyButton label="Copy this error" text={() => errorText(error)} />
      </div>
      <p className={styles.advice}>
        <HostileText text={error.advice} />
      </p>
      {brief ? null : (
        <dl className={styles.facts}>
          <dt>On</dt>
          <dd>
            <HostileText mono text={error.target} />
          </dd>
          <dt>Effect</dt>
          <dd>
            <HostileText text={error.knownEffect} />
          </dd>
          {error.detail === undefined ? null : (
            <>
              <dt>Answer</dt>
              <dd className={styles.detail}>
                <HostileText mono text={error.detail} />
              </dd>
            </>
          )}
        </dl>
      )}
      {actions === undefined ? null : <div className={styles.actions}>{actions}</div>}
    </div>
  );
}
