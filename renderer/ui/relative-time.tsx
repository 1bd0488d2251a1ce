import { useEngineNow } from '../world/clock.ts';
import { formatAge, formatDuration, formatExact } from './format.ts';

interface RelativeTimeProps {
  /** Epoch ms on the engine's clock. */
  readonly at: number;
  /** `short`: one unit, for columns. `long`: two units, for sentences. */
  readonly form?: 'short' | 'long';
  /** Stands after the span: " ago", " old". */
  readonly suffix?: string;
}

/** How long ago something was, counted on the engine's clock; the exact moment on hover. */
export function RelativeTime({ at, form = 'short', suffix = '' }: RelativeTimeProps) {
  const span = useEngineNow() - at;
  const text =
    form === 'short' ? formatAge(span) : formatDuration(Math.floor(Math.max(0, span) / 1_000) * 1_000);
  return (
    <time dateTime={new Date(at).toISOString()} title={formatExact(at)}>
      {text}
      {suffix}
    </time>
  );
}
