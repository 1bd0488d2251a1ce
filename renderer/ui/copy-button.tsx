import { Check, Copy } from 'lucide-react';
import { useEffect, useState } from 'react';
import { IconButton } from './button.tsx';
import { copyText } from './clipboard.ts';

const SHOWN_MS = 1_500;

/** Copies and says so for a moment. */
export function CopyButton({ text, label }: { readonly text: () => string; readonly label: string }) {
  const [result, setResult] = useState<'copied' | 'refused' | null>(null);
  useEffect(() => {
    if (result === null) return undefined;
    const timer = setTimeout(() => setResult(null), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [result]);
  const shown = { copied: 'Copied', refused: 'The clipboard is not available here' };
  return (
    <IconButton
      icon={result === 'copied' ? Check : Copy}
      label={result === null ? label : shown[result]}
      onClick={() => {
        void copyText(text()).then((done) => setResult(done ? 'copied' : 'refused'));
      }}
    />
  );
}
