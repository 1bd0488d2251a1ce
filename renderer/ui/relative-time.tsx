import { useEngineClock } from '../world/clock.ts';
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
  const text = useEngineClock((now) => (form === 'short' ? formatAge(now - at) : wholeSeconds(now - at)));
  return (
    <time dateTime={new Date(at).toISOString()} title={formatExact(at)}>
      {text}
      {suffix}
    </time>
  );
}

/** Tenths of a second would only flicker in a text that is renewed once a second. */
function wholeSeconds(span: number): string {
  return span < 10_000 ? formatAge(span) : formatDuration(span);
}
