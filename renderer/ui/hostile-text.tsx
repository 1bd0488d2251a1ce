import { cx } from './cx.ts';
import { splitHostile } from './hostile.ts';
import styles from './hostile-text.module.css';

interface HostileTextProps {
  readonly text: string;
  readonly mono?: boolean;
  readonly className?: string | undefined;
}

/**
 * Text that a managed system chose. Control, bidi and invisible characters are shown by name; the rest is isolated, so
 * that right-to-left text cannot reorder what stands around it.
 */
export function HostileText({ text, mono = false, className }: HostileTextProps) {
  const parts = splitHostile(text);
  return (
    <bdi className={cx(mono && styles.mono, className)}>
      {parts.length === 1 && parts[0]?.type === 'text'
        ? text
        : parts.map((part) =>
            part.type === 'text' ? (
              part.text
            ) : (
              <span key={part.at} className={styles.acting} title="A character that does not show itself">
                {part.name}
              </span>
            ),
          )}
    </bdi>
  );
}
