import { X } from 'lucide-react';
import { useEffect, useRef, type ReactNode } from 'react';
import { IconButton } from './button.tsx';
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
            <h2>{title}</h2>
            <IconButton icon={X} label="Close" keys="escape" onClick={onClose} />
          </header>
          {children}
        </div>
      )}
    </dialog>
  );
}
