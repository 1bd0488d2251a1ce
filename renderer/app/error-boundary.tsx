import { Component, type ReactNode } from 'react';
import { toErrorData, type GantryErrorData } from '../../shared/model/error.ts';
import { Button } from '../ui/button.tsx';
import { ErrorNotice } from '../ui/error-notice.tsx';
import styles from './frame.module.css';

interface Props {
  /** What was being shown: "show topology". */
  readonly attempted: string;
  readonly children: ReactNode;
}

interface State {
  readonly error: GantryErrorData | null;
}

/** Keeps a defect in one view from taking the console away. Give it the view's id as `key`, so that leaving resets it. */
export class ErrorBoundary extends Component<Props, State> {
  override state: State = { error: null };

  static getDerivedStateFromError(thrown: unknown): State {
    return { error: toErrorData(thrown, 'show this view', 'console') };
  }

  override render() {
    const { error } = this.state;
    if (!error) return this.props.children;
    return (
      <div className={styles.failed}>
        <ErrorNotice
          error={{
            ...error,
            attempted: this.props.attempted,
            knownEffect: 'nothing was changed on any system',
          }}
          actions={<Button onClick={() => this.setState({ error: null })}>Show it again</Button>}
        />
      </div>
    );
  }
}
