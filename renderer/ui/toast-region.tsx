import { X } from 'lucide-react';
import { Toast as Radix } from 'radix-ui';
import { IconButton, Button } from './button.tsx';
import { HostileText } from './hostile-text.tsx';
import { StateMark } from './state-mark.tsx';
import { dismissToast, useToasts, type Toast } from './toasts.ts';
import styles from './toast-region.module.css';

/** Bad news stays long enough to read twice; hovering or focusing holds it. Its page has it for good. */
const SHOWN_MS: Readonly<Record<Toast['tone'], number>> = { bad: 12_000, good: 5_000, plain: 4_000 };

/** Where toasts appear: at the lower right, above the status bar. F8 moves the focus there. */
export function ToastRegion() {
  const toasts = useToasts((state) => state.toasts);
  return (
    <Radix.Provider swipeDirection="right" label="Notice">
      {toasts.map((toast) => (
        <ToastCard key={toast.key} toast={toast} />
      ))}
      <Radix.Viewport className={styles.viewport} label="Notices ({hotkey})" />
    </Radix.Provider>
  );
}

function ToastCard({ toast }: { readonly toast: Toast }) {
  const { key, tone, title, text, error, action } = toast;
  return (
    <Radix.Root
      className={styles.toast}
      data-tone={tone}
      duration={SHOWN_MS[tone]}
      type={tone === 'bad' ? 'foreground' : 'background'}
      onOpenChange={(open) => {
        if (!open) dismissToast(key);
      }}
    >
      {tone === 'plain' ? <span /> : <StateMark state={tone === 'bad' ? 'down' : 'healthy'} decorative />}
      <div className={styles.words}>
        <Radix.Title className={styles.title}>
          <HostileText text={title} />
        </Radix.Title>
        <Radix.Description className={styles.text}>
          <HostileText text={error?.advice ?? text ?? ''} />
        </Radix.Description>
        {action ? (
          <Radix.Action asChild altText={action.title}>
            <Button tone="quiet" className={styles.action} onClick={action.run}>
              {action.title}
            </Button>
          </Radix.Action>
        ) : null}
      </div>
      <IconButton icon={X} label="Dismiss" side="left" onClick={() => dismissToast(key)} />
    </Radix.Root>
  );
}
