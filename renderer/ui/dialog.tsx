import { X } from 'lucide-react';
import { useEffect, useRef, type ReactNode } from 'react';
import { Button } from './button.tsx';
import { cx } from './cx.ts';
import styles from './dialog.module.css';

interface DialogProps {
  readonly open: boolean;
  readonly onClose: () => void;
  /** Read by screen readers; shown as the heading unless `bare`. */
  readonly title: string;
  /** Without heading and padding: the palette. */
  readonly bare?: boolean;
  readonly children: ReactNode;
}

/**
 * A modal over the console. The platform's own `<dialog>`: it traps focus, makes the rest inert, closes on Escape and
 * gives focus back, without the inline style elements that the content security policy refuses.
 */
export function Dialog({ open, onClose, title, bare = false, children }: DialogProps) {
  const ref = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const dialog = ref.current;
    if (!open || !dialog) return undefined;
    dialog.showModal();
    // The platform would take the first element that can have the focus, which is rarely the one to begin with.
    dialog.querySelector<HTMLElement>('[data-autofocus]')?.focus();
    return () => dialog.close();
  }, [open]);
  if (!open) return null;
  return (
    // A click on the scrim is a click on the dialog element itself; the keyboard has Escape.
    <dialog
      ref={ref}
      aria-label={title}
      className={cx(styles.dialog, bare && styles.bare)}
      onClose={onClose}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onClick={(event) => {
        if (event.target === event.currentTarget) onClose();
      }}
    >
      {bare ? (
        children
      ) : (
        <div className={styles.content}>
          <header className={styles.head}>
            <h2 tabIndex={-1} data-autofocus>
              {title}
            </h2>
            <Button tone="quiet" icon={X} aria-label="Close" onClick={onClose} />
          </header>
          {children}
        </div>
      )}
    </dialog>
  );
}
