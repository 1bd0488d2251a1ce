import type { ComponentProps, ReactNode } from 'react';
import styles from './chip.module.css';
import { cx } from './cx.ts';

interface ChipProps extends Omit<ComponentProps<'button'>, 'children'> {
  readonly children: ReactNode;
  readonly pressed?: boolean;
}

/** A small rounded button: filters, counts, states that can be opened. */
export function Chip({ children, pressed, className, ...rest }: ChipProps) {
  return (
    <button
      type="button"
      className={cx(styles.chip, className)}
      {...(pressed === undefined ? {} : { 'aria-pressed': pressed })}
      {...rest}
    >
      {children}
    </button>
  );
}
