import styles from './keys.module.css';
import { keyWords } from './key-words.ts';

/** Keys as caps: `mod+k` → "Ctrl K" or "⌘ K"; `g o` → "g o". */
export function Keys({ keys }: { readonly keys: string }) {
  return (
    <span className={styles.keys}>
      {keyWords(keys, isMac()).map((word) => (
        <kbd key={word} className={styles.key}>
          {word}
        </kbd>
      ))}
    </span>
  );
}

function isMac(): boolean {
  return /mac/i.test(navigator.userAgent);
}
