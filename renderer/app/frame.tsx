import { Compass, LoaderCircle } from 'lucide-react';
import { lazy, Suspense } from 'react';
import { EmptyState } from '../ui/empty-state.tsx';
import { Button } from '../ui/button.tsx';
import { ErrorNotice } from '../ui/error-notice.tsx';
import { ToastRegion } from '../ui/toast-region.tsx';
import { TooltipProvider } from '../ui/tooltip.tsx';
import { useWorld } from '../world/store.ts';
import { EngineBanner } from './banner.tsx';
import { ErrorBoundary } from './error-boundary.tsx';
import styles from './frame.module.css';
import { Palette } from './palette.tsx';
import { Rail } from './rail.tsx';
import { navigate, useParam, useRoute } from './route.ts';
import { useSession } from './session-store.ts';
import { Shortcuts } from './shortcuts.tsx';
import { StatusBar } from './status-bar.tsx';
import { TopBar } from './top-bar.tsx';
import { views } from './views.tsx';

const EntityPanel = lazy(async () => ({
  default: (await import('../features/entity-panel/entity-panel.tsx')).EntityPanel,
}));

/** The console: bars around one view, and the selected entity beside it in whatever view. */
export function Frame() {
  return (
    <TooltipProvider>
      <div className={styles.frame}>
        <TopBar />
        <Rail />
        <Content />
        <StatusBar />
      </div>
      <Palette />
      <Shortcuts />
      <ToastRegion />
    </TooltipProvider>
  );
}

function Content() {
  const hasWorld = useWorld((mirror) => mirror.seq >= 0);
  const { view } = useRoute();
  const selected = useParam('sel');
  return (
    <div className={styles.content}>
      <EngineBanner />
      <div className={styles.split}>
        <main className={styles.main} tabIndex={-1}>
          {hasWorld ? <CurrentView key={view} id={view} /> : <Starting />}
        </main>
        {hasWorld && selected !== null ? (
          <ErrorBoundary key={selected} attempted="show this entity">
            <Suspense fallback={null}>
              <EntityPanel id={selected} />
            </Suspense>
          </ErrorBoundary>
        ) : null}
      </div>
    </div>
  );
}

function CurrentView({ id }: { readonly id: string }) {
  const view = views.find((candidate) => candidate.id === id);
  if (!view)
    return (
      <EmptyState
        icon={Compass}
        title="There is no such view"
        actions={<Button onClick={() => navigate('overview', {})}>Open the overview</Button>}
      >
        The address names “{id}”.
      </EmptyState>
    );
  const { Component, title } = view;
  return (
    <ErrorBoundary attempted={`show ${title.toLowerCase()}`}>
      <Suspense fallback={null}>
        <Component />
      </Suspense>
    </ErrorBoundary>
  );
}

/** Before anything is known. Tells of failures only when there is something to tell. */
function Starting() {
  const { error, attempt } = useSession();
  if (error && attempt > 1)
    return (
      <div className={styles.failed}>
        <ErrorNotice error={error} />
        <p className={styles.trying}>Trying again by itself, attempt {attempt + 1}.</p>
      </div>
    );
  return (
    <EmptyState icon={LoaderCircle} title="Opening the engine">
      The first systems answer within seconds.
    </EmptyState>
  );
}
